using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>The circuit breaker, over real sockets.</summary>
public sealed class BreakerTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private const string Broken = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nbroken";

    private static BreakerSettings Quick => new() { Volume = 2, Reset = TimeSpan.FromMinutes(5) };

    private static TestBalancer Start(BreakerSettings breaker, RecordingOrigin[] servers, Func<Snapshot, Snapshot>? change = null) => TestBalancer.Start(
        [.. servers.Select(server => server.Address)],
        snapshot =>
        {
            snapshot = snapshot with { Pools = [snapshot.Pools[0] with { Breaker = breaker }] };
            return change?.Invoke(snapshot) ?? snapshot;
        });

    [Fact]
    public async Task After_too_many_failures_no_request_reaches_the_servers()
    {
        await using var origin = RecordingOrigin.Answering(Broken);
        await using var balancer = Start(Quick, [origin]);
        using var client = await balancer.Connect();
        for (var i = 0; i < 2; i++)
            Assert.Equal((500, "broken"), await Ask(client, Get));
        var refused = await client.Ask(Get);
        Assert.Equal((503, "300"), (refused.Status, refused["Retry-After"]));
        Assert.Contains("have failed", refused.Text, StringComparison.Ordinal);
        Assert.Equal((2, 1), (origin.Requests, balancer.Counters.BreakerRejects));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whose_client_it_was_in_the_pool_before_counts_for_nothing_in_the_pool_of_the_fallback(bool cookie)
    {
        await using var first = RecordingOrigin.Answering(Hello);
        await using var second = RecordingOrigin.Answering(Hello);
        await using var spare = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(new() { Fallback = new() { Pool = "spare" } }, [first, second], snapshot => snapshot with
        {
            Pools =
            [
                snapshot.Pools[0] with { Sticky = cookie ? new() : new() { On = new(RequestKeyKind.Header, "X-User") } },
                new() { Name = "spare", Servers = [new() { Address = spare.Address }] },
            ],
        });
        using var client = await balancer.Connect();
        await client.Ask(Get);
        var belongs = (await client.Ask("GET / HTTP/1.1\r\nHost: x\r\nX-User: a\r\n\r\n"))["Set-Cookie"]?.Split(';')[0];
        Assert.Equal((cookie, 1), (belongs is not null, second.Requests));

        balancer.Pool.HoldBreakers(BreakerHold.Open);
        var answer = await client.Ask($"GET / HTTP/1.1\r\nHost: x\r\nX-User: a\r\nCookie: {belongs ?? "a=b"}\r\n\r\n");
        Assert.Equal((200, "hello", null), (answer.Status, answer.Text, answer["Set-Cookie"]));
        Assert.Equal((1, 1, 1), (first.Requests, second.Requests, spare.Requests));
    }

    [Fact]
    public async Task When_its_time_is_over_one_request_decides()
    {
        var broken = true;
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send(Volatile.Read(ref broken) ? Broken : Hello);
        });
        await using var balancer = Start(Quick with { Reset = TimeSpan.FromMilliseconds(1) }, [origin]);
        using var client = await balancer.Connect();
        await Ask(client, Get);
        await Ask(client, Get);
        Volatile.Write(ref broken, false);
        while ((await client.Ask(Get)).Status != 200)
            await Task.Yield();
        Assert.Equal((200, "hello"), await Ask(client, Get));
    }

    [Fact]
    public async Task A_call_that_takes_too_long_has_failed()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(Quick with { Timeout = TimeSpan.FromMilliseconds(30), Volume = 1 }, [origin]);
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();
        var late = await client.ReadResponse();
        Assert.Equal(504, late.Status);
        Assert.Contains("breaker allows", late.Text, StringComparison.Ordinal);
        await server.ReadEnding();
        Assert.Equal("it did not answer within the breaker's time (breaker: timeout)", Serving.ServerReports.Explain(balancer.Servers[0].LastReason));
        Assert.Equal(503, (await client.Ask(Get)).Status);
    }

    [Fact]
    public async Task An_answer_that_has_begun_may_take_its_time()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(Quick with { Timeout = TimeSpan.FromMilliseconds(200) }, [origin]);
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();
        await server.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        await client.ReadHead();
        await Task.Delay(300, TestContext.Current.CancellationToken);
        await server.Send("llo");
        Assert.Equal("hello", RawSocket.Latin1.GetString(await client.ReadExactly(5)));
    }

    [Fact]
    public async Task The_fallback_is_given_for_a_failure_and_for_a_refusal()
    {
        await using var origin = RecordingOrigin.Answering(Broken);
        await using var balancer = Start(Quick with { Fallback = new() { Status = 200, Body = "later", ContentType = "text/x" } }, [origin]);
        using var client = await balancer.Connect();
        for (var i = 0; i < 4; i++)
        {
            var answer = await client.Ask(Get);
            Assert.Equal((200, "later", "text/x"), (answer.Status, answer.Text, answer["Content-Type"]));
        }

        Assert.Equal((2, 4), (origin.Requests, balancer.Counters.Fallbacks));

        // The clients see nothing of it; who looks for why does.
        Assert.Equal(["503.breaker-open 200", "503.breaker-open 200", "cut.status-replaced 200", "cut.status-replaced 200"], balancer.RecentErrors.Select(error => $"{error.Cause} {error.Status}").Order(StringComparer.Ordinal));
        Assert.Single(origin.Connections);
    }

    [Fact]
    public async Task Another_pool_serves_what_is_refused_and_what_may_be_sent_again()
    {
        await using var bad = RecordingOrigin.Answering(Broken);
        await using var spare = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(Quick with { Fallback = new() { Pool = "spare" } }, [bad], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0], new() { Name = "spare", Servers = [new() { Address = spare.Address }] }],
        });
        using var client = await balancer.Connect();

        // A server may have acted on a POST that failed, and the client is to know.
        Assert.Equal((500, "broken"), await Ask(client, Post));
        Assert.Equal((200, "hello"), await Ask(client, Get));
        Assert.Equal((200, "hello"), await Ask(client, Post));
        Assert.Equal((2, 2), (bad.Requests, spare.Requests));
    }

    [Fact]
    public async Task With_a_breaker_for_each_server_another_one_serves()
    {
        await using var bad = RecordingOrigin.Answering(Broken);
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(Quick with { Scope = BreakerScope.Server }, [bad, good]);
        using var client = await balancer.Connect();
        var statuses = new List<int>();
        for (var i = 0; i < 12; i++)
            statuses.Add((await client.Ask(Get)).Status);
        Assert.Equal(2, statuses.Count(status => status == 500));
        Assert.Equal((2, 10), (bad.Requests, good.Requests));
    }

    [Theory]
    [InlineData(ListenerMode.Http, false)]
    [InlineData(ListenerMode.Http, true)]
    [InlineData(ListenerMode.Tcp, false)]
    [InlineData(ListenerMode.Tcp, true)]
    public async Task Whom_its_breaker_passes_over_was_not_tried(ListenerMode mode, bool anotherFails)
    {
        await using var held = RecordingOrigin.Answering(Hello);
        await using var last = RecordingOrigin.Answering(Hello);
        NetworkAddress[] servers = anotherFails ? [RecordingOrigin.Refusing(), held.Address, last.Address] : [held.Address, last.Address];
        await using var balancer = TestBalancer.Start(servers, snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Mode = mode }],
            Pools = [snapshot.Pools[0] with { Balance = BalancePolicy.RoundRobin, Breaker = Quick with { Scope = BreakerScope.Server } }],
        });
        Assert.True(balancer.Pool.HoldBreakers(BreakerHold.Open, held.Address));
        Assert.Equal(200, (await balancer.Ask(Get)).Status);
        Assert.Equal((anotherFails ? 1 : 0, 0, 1), (balancer.Counters.Retries, held.Requests, last.Requests));
    }

    [Fact]
    public async Task What_became_of_an_attempt_says_more_than_that_breakers_pass_over_the_others()
    {
        await using var held = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([RecordingOrigin.Refusing(), held.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { Balance = BalancePolicy.RoundRobin, Breaker = Quick with { Scope = BreakerScope.Server } }],
        });
        balancer.Pool.HoldBreakers(BreakerHold.Open, held.Address);
        var answer = await balancer.Ask(Get);
        Assert.Equal((503, null), (answer.Status, answer["Retry-After"]));
        Assert.Contains("refused", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_goes_away_from_the_one_that_decides_lets_another_decide()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(Quick with { Volume = 1, Reset = TimeSpan.FromMilliseconds(1) }, [origin]);
        using (var client = await balancer.Connect())
        {
            await client.Send(Get);
            using var server = await origin.Accept();
            await server.ReadRequest();
            await server.Send(Broken);
            await client.ReadResponse();
        }

        // Nothing tells that the time to reset is over, and within it nobody is let through.
        await Task.Delay(50, TestContext.Current.CancellationToken);
        var impatient = await balancer.Connect();
        await impatient.Send(Get);
        using var second = await origin.Accept();
        await second.ReadRequest();
        impatient.Reset();
        await second.ReadEnding();

        using var patient = await balancer.Connect();
        await patient.Send(Get);
        using var third = await origin.Accept();
        await third.Serve(Hello);
        Assert.Equal(200, (await patient.ReadResponse()).Status);
    }

    private static async Task<(int Status, string Text)> Ask(RawClient client, string request)
    {
        var answer = await client.Ask(request);
        return (answer.Status, answer.Text);
    }
}
