using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class RetryTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private const string Busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nX-From: server\r\n\r\nbusy";

    private static readonly Func<OriginConnection, Task> ReadsAndCloses = async connection => await connection.ReadRequest();

    private static TestBalancer Start(RetrySettings retries, params RecordingOrigin[] servers) => Start(retries, new Timeouts(), servers);

    private static TestBalancer Start(RetrySettings retries, Timeouts timeouts, params RecordingOrigin[] servers) => TestBalancer.Start(
        [.. servers.Select(server => server.Address)],
        snapshot => snapshot with { Timeouts = timeouts, Pools = [snapshot.Pools[0] with { Retries = retries }] });

    [Fact]
    public async Task A_status_that_is_listed_leads_to_another_server()
    {
        await using var busy = RecordingOrigin.Answering(Busy);
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(new() { On = RetryConditions.Status503 }, busy, good);
        using var client = await balancer.Connect();

        for (var i = 0; i < 6; i++)
            Assert.Equal("hello", (await client.Ask(Get)).Text);

        Assert.Equal(6, good.Requests);
        Assert.InRange(busy.Requests, 2, 4);
        Assert.Equal(busy.Requests, balancer.Counters.Retries);

        // An answer that was all there has left its connection fit for the next request.
        Assert.Single(busy.Connections);
        Assert.Equal(Steelyard.Balancing.ServerFailure.RetriedStatus, balancer.Servers[0].LastFailure);
    }

    [Fact]
    public async Task A_status_that_is_not_listed_is_the_answer()
    {
        await using var busy = RecordingOrigin.Answering(Busy);
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(new() { On = RetryConditions.Status502 | RetryConditions.Reset }, busy, good);

        Assert.Equal("busy", (await balancer.Ask(Get)).Text);
        Assert.Equal(0, good.Requests);
    }

    [Theory]
    [InlineData(1, 3, 1)]
    [InlineData(3, 3, 3)]
    [InlineData(3, 2, 2)]
    public async Task The_answer_of_the_last_one_is_passed_on_as_it_is(int servers, int attempts, int requests)
    {
        await using var busy = RecordingOrigin.Answering(Busy);
        await using var balancer = Start(new() { On = RetryConditions.Status503, Attempts = attempts }, [.. Enumerable.Repeat(busy, servers)]);

        var answer = await balancer.Ask(Get);

        Assert.Equal((503, "busy", "server"), (answer.Status, answer.Text, answer["X-From"]));
        Assert.Equal(requests, busy.Requests);
    }

    [Fact]
    public async Task An_answer_that_is_not_all_there_is_dropped_with_its_connection()
    {
        await using var busy = RecordingOrigin.Answering("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000000\r\n\r\n" + new string('b', 1_000_000));
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(new() { On = RetryConditions.Status503 }, busy, good);

        Assert.Equal("hello", (await balancer.Ask(Get)).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_post_is_sent_again_only_where_that_was_asked_for(bool nonIdempotent)
    {
        await using var busy = RecordingOrigin.Answering(Busy);
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(new() { On = RetryConditions.Status503, NonIdempotent = nonIdempotent }, busy, good);

        Assert.Equal(nonIdempotent ? "hello" : "busy", (await balancer.Ask(Post)).Text);
        Assert.Equal(nonIdempotent ? 1 : 0, good.Requests);
        Assert.All(good.Connections, connection => Assert.EndsWith("abc", connection.Received, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(RetryConditions.ConnectFailure, 502)]
    [InlineData(RetryConditions.ConnectFailure | RetryConditions.Reset, 200)]
    public async Task A_close_before_the_answer_leads_on_unless_it_is_taken_out(RetryConditions on, int status)
    {
        await using var bad = RecordingOrigin.Start(ReadsAndCloses);
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(new() { On = on }, bad, good);

        Assert.Equal(status, (await balancer.Ask(Get)).Status);
    }

    [Fact]
    public async Task A_refused_connection_leads_on_unless_it_is_taken_out()
    {
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(
            [RecordingOrigin.Refusing(), good.Address],
            snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Retries = new() { On = RetryConditions.Reset } }] });

        Assert.Equal(503, (await balancer.Ask(Get)).Status);
        Assert.Equal(200, (await balancer.Ask(Get)).Status);
    }

    [Fact]
    public async Task A_server_that_takes_too_long_leads_to_another_where_that_is_listed()
    {
        await using var silent = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.ReadRequestOrEnd();
        });
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(new() { On = RetryConditions.Timeout }, new Timeouts { ServerResponse = TimeSpan.FromMilliseconds(200) }, silent, good);

        Assert.Equal("hello", (await balancer.Ask(Get)).Text);
        Assert.Equal(1, silent.Requests);
    }

    [Fact]
    public async Task All_attempts_together_have_no_more_than_the_whole_time()
    {
        await using var silent = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.ReadRequestOrEnd();
        });
        var timeouts = new Timeouts { ServerResponse = TimeSpan.FromMilliseconds(300), Request = TimeSpan.FromMilliseconds(450) };
        await using var balancer = Start(new() { On = RetryConditions.Timeout, Attempts = 16 }, timeouts, [.. Enumerable.Repeat(silent, 10)]);

        var answer = await balancer.Ask(Get);

        Assert.Equal(504, answer.Status);
        Assert.Contains("altogether", answer.Text, StringComparison.Ordinal);
        Assert.Equal(2, silent.Requests);
    }

    [Fact]
    public async Task An_answer_that_is_not_http_leads_to_another_where_that_is_listed()
    {
        await using var bad = RecordingOrigin.Answering("220 mail.example.com ESMTP\r\n");
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(new() { On = RetryConditions.BadAnswer }, bad, good);

        Assert.Equal("hello", (await balancer.Ask(Get)).Text);
    }

    [Fact]
    public async Task Without_a_budget_only_what_no_server_has_seen_is_sent_again()
    {
        await using var bad = RecordingOrigin.Start(ReadsAndCloses);
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(
            [bad.Address, RecordingOrigin.Refusing(), good.Address],
            snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Retries = new() { Budget = 0, LeastPerSecond = 0 } }] });

        Assert.Equal(502, (await balancer.Ask(Get)).Status);
        Assert.Equal((1, 0), (balancer.Counters.RetriesDenied, balancer.Counters.Retries));
        Assert.Equal(200, (await balancer.Ask(Get)).Status);
        Assert.Equal((1, 1), (balancer.Counters.RetriesDenied, balancer.Counters.Retries));
    }

    [Theory]
    [InlineData("Content-Length: 4000\r\n\r\n", "", "")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n", "7d0\r\n", "\r\n")]
    public async Task A_body_that_still_arrives_when_its_server_fails_goes_to_another_whole(string fields, string before, string after)
    {
        var (first, second) = (new string('a', 2000), new string('b', 2000));
        await using var bad = RecordingOrigin.Start();
        await using var good = RecordingOrigin.Start();
        await using var balancer = Start(new RetrySettings(), bad, good);
        using var client = await balancer.Connect();

        await client.Send($"PUT / HTTP/1.1\r\nHost: x\r\n{fields}");
        using var server = await bad.Accept();
        await server.ReadRequestHead();
        await client.Send(before + first + after);
        await server.ReadExactly(before.Length + first.Length);
        server.Reset();
        using var next = await good.Accept();
        var head = await next.ReadRequestHead();
        await client.Send(before + second + after + (after.Length > 0 ? "0\r\n\r\n" : ""));
        var request = await next.ReadRequestBody(head);
        await next.Send(Hello);

        Assert.Equal(first + second, request.Text);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
        Assert.Equal("hello", (await Next(client, next)).Text);

        static async Task<HttpMessage> Next(RawClient client, OriginConnection server)
        {
            await client.Send(Get);
            await server.Serve(Hello);
            return await client.ReadResponse();
        }
    }

    [Fact]
    public async Task A_chunked_body_that_has_grown_too_large_to_keep_is_not_sent_again()
    {
        await using var bad = RecordingOrigin.Start();
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(new() { Body = new(1000) }, bad, good);
        using var client = await balancer.Connect();

        await client.Send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        using var server = await bad.Accept();
        await server.ReadRequestHead();
        await client.Send($"3e8\r\n{new string('b', 1000)}\r\n0\r\n\r\n");
        await server.ReadChunks();
        server.Close();

        Assert.Equal(502, (await client.ReadResponse()).Status);
        Assert.Equal(0, good.Requests);
    }

    [Fact]
    public async Task An_early_refusal_of_a_kept_body_leads_to_another_server()
    {
        await using var busy = RecordingOrigin.Start();
        await using var good = RecordingOrigin.Start();
        await using var balancer = Start(new() { On = RetryConditions.Status503 }, busy, good);
        using var client = await balancer.Connect();

        await client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
        using var server = await busy.Accept();
        await server.ReadRequestHead();
        await server.Send(Busy);
        using var next = await good.Accept();
        var head = await next.ReadRequestHead();
        await client.Send("def");
        var request = await next.ReadRequestBody(head);
        await next.Send(Hello);

        Assert.Equal("abcdef", request.Text);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
    }
}
