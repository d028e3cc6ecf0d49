using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Limits of servers, and who waits before them, over real sockets.</summary>
public sealed class QueueTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static TestBalancer Start(RecordingOrigin origin, int most, QueueSettings? queue = null, int loops = 1, Func<Snapshot, Snapshot>? change = null) => TestBalancer.Start(
        [origin.Address],
        snapshot =>
        {
            snapshot = snapshot with { Loops = loops, Pools = [snapshot.Pools[0] with { MaxConnections = most, Queue = queue ?? new() { Timeout = TimeSpan.FromMinutes(1) } }] };
            return change?.Invoke(snapshot) ?? snapshot;
        });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Who_waits_is_served_in_turn_and_never_more_at_once_than_may_be(int loops)
    {
        var (now, most) = (0, 0);
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
            {
                var seen = Interlocked.Increment(ref now);
                InterlockedMax(ref most, seen);
                await Task.Yield();
                Interlocked.Decrement(ref now);
                await connection.Send(Hello);
            }
        });
        await using var balancer = Start(origin, 2, loops: loops);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var client = await balancer.Connect();
            for (var i = 0; i < 25; i++)
                Assert.Equal("hello", (await client.Ask(Get)).Text);
        })).Patiently();

        Assert.Equal(500, origin.Requests);
        Assert.InRange(most, 1, 2);
        Assert.True(balancer.Counters.QueueWaits > 0);
        Assert.Equal((0, 0, 0), (balancer.Counters.QueueFull, balancer.Counters.QueueTimeouts, balancer.Counters.QueueLeft));
    }

    [Fact]
    public async Task Who_waits_too_long_is_told_when_to_come_again()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 1, new() { Timeout = TimeSpan.FromMilliseconds(50) });
        using var first = await balancer.Connect();
        await first.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();

        using var second = await balancer.Connect();
        var refused = await second.Ask(Get);
        Assert.Equal((503, "1"), (refused.Status, refused["Retry-After"]));
        Assert.Contains("none had room in time", refused.Text, StringComparison.Ordinal);
        await server.Send(Hello);
        Assert.Equal(200, (await first.ReadResponse()).Status);

        // The connection of the one who was refused is as good as any.
        await second.Send(Get);
        await server.Serve(Hello);
        Assert.Equal(200, (await second.ReadResponse()).Status);
        Assert.Equal(1, balancer.Counters.QueueTimeouts);
    }

    [Fact]
    public async Task As_many_wait_as_may_and_the_next_is_refused_at_once()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 1, new() { Most = 1, Timeout = TimeSpan.FromMinutes(1) });
        using var first = await balancer.Connect();
        await first.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();
        using var second = await balancer.Connect();
        await second.Send(Get);
        await Patience.Until(() => balancer.Counters.QueueWaits == 1);

        var refused = await balancer.Ask(Get);
        Assert.Equal((503, "1"), (refused.Status, refused["Retry-After"]));
        Assert.Contains("too many requests wait", refused.Text, StringComparison.Ordinal);
        await server.Send(Hello);
        await first.ReadResponse();
        await server.Serve(Hello);
        Assert.Equal(200, (await second.ReadResponse()).Status);
    }

    [Fact]
    public async Task A_limit_that_finds_itself_refuses_what_is_beyond_it_and_is_told_by_explain()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { AdaptiveLimit = new() { Start = 1, Least = 1, Most = 1 }, Queue = new() { Most = 0 } }],
        });
        using var first = await balancer.Connect();
        await first.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();

        var refused = await balancer.Ask(Get);
        Assert.Equal((503, "1"), (refused.Status, refused["Retry-After"]));
        var candidate = balancer.Explain(new() { Request = "GET http://x/" }).Pools[0].Candidates[0];
        Assert.Equal((CandidateState.Full, 1, 1), (candidate.State, candidate.Active, candidate.Limit));
        Assert.Equal((1, 1), (balancer.Servers[0].Limit, balancer.Servers[0].Adaptive!.Value.Limit));
        await server.Send(Hello);
        Assert.Equal(200, (await first.ReadResponse()).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_goes_away_leaves_the_queue_and_bothers_no_server(bool reset)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 1);
        using var first = await balancer.Connect();
        await first.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();
        using (var second = await balancer.Connect())
        {
            await second.Send("GET /gone HTTP/1.1\r\nHost: x\r\n\r\n");
            await Patience.Until(() => balancer.Counters.QueueWaits == 1);
            if (reset)
                second.Reset();
        }

        await Patience.Until(() => balancer.Counters.QueueLeft == 1);
        await server.Send(Hello);
        await first.ReadResponse();
        await first.Send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("GET /next ", (await server.ReadRequest()).Head, StringComparison.Ordinal);
        await server.Send(Hello);
        await first.ReadResponse();
    }

    [Fact]
    public async Task A_route_that_matters_goes_first()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 1, new() { Timeout = TimeSpan.FromMinutes(1), PriorityField = "X-Class" }, change: snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Routes = [new() { Pool = "web" }, new() { Path = "/pay", Pool = "web", Priority = -5 }] }],
        });
        using var first = await balancer.Connect();
        await first.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();
        string[] waiting = ["GET /slow HTTP/1.1\r\nHost: x\r\nx-class: 7\r\n\r\n", "GET /usual HTTP/1.1\r\nHost: x\r\nX-Class: soon\r\n\r\n", "GET /pay HTTP/1.1\r\nHost: x\r\n\r\n"];
        var clients = new List<RawClient>();
        foreach (var request in waiting)
        {
            var client = await balancer.Connect();
            clients.Add(client);
            await client.Send(request);
            await Patience.Until(() => balancer.Counters.QueueWaits == clients.Count);
        }

        await server.Send(Hello);
        string[] expected = ["GET /pay ", "GET /usual ", "GET /slow "];
        foreach (var start in expected)
        {
            Assert.StartsWith(start, (await server.ReadRequest()).Head, StringComparison.Ordinal);
            await server.Send(Hello);
        }

        foreach (var client in clients)
        {
            Assert.Equal(200, (await client.ReadResponse()).Status);
            client.Dispose();
        }
    }

    [Fact]
    public async Task A_session_in_TCP_mode_waits_too()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 1, change: snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Mode = ListenerMode.Tcp }] });
        using var first = await balancer.Connect();
        using var one = await origin.Accept();
        using var second = await balancer.Connect();
        await second.Send("ping");
        second.FinishSending();
        await Patience.Until(() => balancer.Counters.QueueWaits == 1);
        first.Dispose();
        await one.ReadToEnd();
        one.Dispose();

        // Half an end belongs to what is spoken here.
        using var other = await origin.Accept();
        Assert.Equal("ping", RawSocket.Latin1.GetString(await other.ReadToEnd()));
    }

    [Fact]
    public async Task A_request_that_is_sent_again_waits_for_a_server_it_has_not_tried()
    {
        await using var bad = RecordingOrigin.Start();
        await using var good = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(
            [bad.Address, good.Address],
            snapshot => snapshot with { Pools = [snapshot.Pools[0] with { MaxConnections = 1, Queue = new() { Timeout = TimeSpan.FromMinutes(1) } }] });
        using var first = await balancer.Connect();
        using var second = await balancer.Connect();
        await first.Send(Get);
        using var one = await bad.Accept();
        await one.ReadRequest();
        await second.Send(Get);
        using var other = await good.Accept();
        await other.ReadRequest();

        one.Dispose();
        await Patience.Until(() => balancer.Counters.QueueWaits == 1);
        await other.Send(Hello);
        Assert.Equal(200, (await second.ReadResponse()).Status);
        await other.Serve(Hello);
        Assert.Equal(200, (await first.ReadResponse()).Status);
    }

    [Fact]
    public async Task A_stop_serves_those_who_wait_and_its_end_cuts_them()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 1);
        var clients = new List<RawClient>();
        for (var i = 0; i < 3; i++)
        {
            clients.Add(await balancer.Connect());
            await clients[i].Send(Get);
            if (i == 0)
                await Patience.Until(() => origin.Connections.Count == 1);
            else
                await Patience.Until(() => balancer.Counters.QueueWaits == i);
        }

        using var server = await origin.Accept();
        await server.ReadRequest();
        var force = new TaskCompletionSource();
        var stop = balancer.Stop(TimeSpan.FromMinutes(1), force.Task);
        await server.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
        Assert.Equal(200, (await clients[0].ReadResponse()).Status);
        using var next = await origin.Accept();
        await next.ReadRequest();
        force.SetResult();
        Assert.Equal(2, await stop);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_reload_that_raises_the_limit_lets_those_in_who_wait()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 1);
        using var first = await balancer.Connect();
        using var second = await balancer.Connect();
        await first.Send(Get);
        using var one = await origin.Accept();
        await one.ReadRequest();
        await second.Send(Get);
        await Patience.Until(() => balancer.Counters.QueueWaits == 1);
        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { MaxConnections = 2 }] });
        using var other = await origin.Accept();
        await other.Serve(Hello);
        await one.Send(Hello);
        Assert.Equal((200, 200), ((await first.ReadResponse()).Status, (await second.ReadResponse()).Status));
    }

    private static void InterlockedMax(ref int most, int seen)
    {
        for (var before = Volatile.Read(ref most); before < seen;)
            before = Interlocked.CompareExchange(ref most, seen, before) is var found && found == before ? seen : found;
    }
}
