using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class UpstreamReuseTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Fact]
    public async Task The_connection_used_last_is_used_first()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var one = await balancer.Connect();
        using var two = await balancer.Connect();
        await one.Send(Get);
        using var first = await origin.Accept();
        await first.ReadRequest();
        await two.Send(Get);
        using var second = await origin.Accept();
        await second.Serve(Hello);
        await two.ReadResponse();
        await first.Send(Hello);
        await one.ReadResponse();

        await two.Send(Get);
        await first.Serve(Hello);
        await two.ReadResponse();
        await one.Send(Get);
        await first.Serve(Hello);
        await one.ReadResponse();

        Assert.Equal(2, balancer.Counters.UpstreamConnections);
        Assert.Equal(2, balancer.Counters.UpstreamReuses);
    }

    [Fact]
    public async Task An_unused_connection_is_closed_on_time()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { ServerIdle = TimeSpan.FromMilliseconds(200) } });
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.Serve(Hello);
        await client.ReadResponse();

        var since = Environment.TickCount64;
        Assert.Equal(Ending.Closed, await server.ReadEnding());

        Assert.InRange(Environment.TickCount64 - since, 150, 5000);
    }

    [Fact]
    public async Task A_server_that_says_how_long_it_waits_is_believed()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.Serve("HTTP/1.1 200 OK\r\nKeep-Alive: max=100, timeout=2\r\nContent-Length: 0\r\n\r\n");
        await client.ReadResponse();

        // A second early, so that no request meets the server's own end.
        var since = Environment.TickCount64;
        Assert.Equal(Ending.Closed, await server.ReadEnding());

        Assert.InRange(Environment.TickCount64 - since, 900, 1900);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task A_server_that_will_close_is_not_kept(string response)
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.Serve(response);
            await connection.ReadEnding();
        });
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 5; i++)
            Assert.Equal("hello", (await client.Ask(Post)).Text);
        Assert.Equal(0, balancer.Counters.UpstreamReuses);
    }

    [Fact]
    public async Task A_server_of_http_1_0_that_says_keep_alive_is_kept()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello");
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 5; i++)
            Assert.Equal("hello", (await client.Ask(Get)).Text);
        Assert.Single(origin.Connections);
    }

    [Fact]
    public async Task A_kept_connection_the_server_closed_costs_no_post()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 20; i++)
        {
            await client.Send(Post);
            using var server = await origin.Accept();
            await server.Serve(Hello);
            await client.ReadResponse();
            // Closed while the balancer keeps it: an event tells it, and nothing is ever sent there.
            server.FinishSending();
            Assert.Equal(Ending.Closed, await server.ReadEnding());
        }

        Assert.Equal((20, 0, 0), (balancer.Counters.UpstreamConnections, balancer.Counters.UpstreamReuses, balancer.Counters.Retries));
    }

    [Fact]
    public async Task A_server_that_closes_right_behind_its_answer_costs_no_post()
    {
        await using var origin = RecordingOrigin.Start(async connection => await connection.Serve(Hello));
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal("hello", (await client.Ask(Post)).Text);
            // An end that races with the next request is the server's fault: here it is certain before.
            await origin.Connections[^1].ScriptEnded.Task.Patiently();
        }
    }

    [Fact]
    public async Task A_long_answer_with_the_end_right_behind_it_costs_no_post()
    {
        var body = new string('a', 200_000);
        await using var origin = RecordingOrigin.Start(async connection => await connection.Serve($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(body, (await client.Ask(Post)).Text);
            await origin.Connections[^1].ScriptEnded.Task.Patiently();
        }
    }

    [Fact]
    public async Task A_get_that_meets_the_servers_end_is_sent_again_on_a_fresh_connection()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var stale = await origin.Accept();
        await stale.Serve(Hello);
        await client.ReadResponse();

        await client.Send(Get);
        await stale.ReadRequest();
        stale.Close();
        using var fresh = await origin.Accept();
        await fresh.Serve(Hello);

        Assert.Equal("hello", (await client.ReadResponse()).Text);
        Assert.Equal(1, balancer.Counters.Retries);
    }

    [Fact]
    public async Task Bytes_nobody_asked_for_close_a_kept_connection()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.Serve(Hello);
        await client.ReadResponse();

        await server.Send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
        await server.Drain();
        await client.Send(Get);
        using var fresh = await origin.Accept();
        await fresh.Serve(Hello);

        Assert.Equal(200, (await client.ReadResponse()).Status);
    }

    public static readonly TheoryData<string> AnswersAndMore = new()
    {
        Hello,
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        // Ends where a read of the balancer's ends: a full block, a splice.
        "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + new string('a', 100_000),
        "HTTP/1.1 200 OK\r\nContent-Length: 32697\r\n\r\n" + new string('a', 32_697),
        "HTTP/1.1 200 OK\r\nContent-Length: 32696\r\n\r\n" + new string('a', 32_696),
    };

    [Theory]
    [MemberData(nameof(AnswersAndMore))]
    public async Task Bytes_behind_an_answer_never_reach_the_next_client(string response)
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send(response + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        });
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 10; i++)
        {
            var answer = await client.Ask(Get);

            Assert.Equal(response[9..12], answer.Status.ToString());
            Assert.DoesNotContain("evil", answer.Text, StringComparison.Ordinal);
        }
    }

    /// <summary>A server that authenticates connections would take the next client for the one before.</summary>
    [Theory]
    [InlineData("Authorization: Negotiate YIIKhgYGKwYBBQUC\r\n", "200 OK", "", 2)]
    [InlineData("authorization: ntlm TlRMTVNTUAABAAAA\r\n", "200 OK", "", 2)]
    [InlineData("", "401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\nwww-authenticate: NTLM\r\n", 2)]
    [InlineData("", "407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate\r\n", 2)]
    [InlineData("Authorization: Basic YTpi\r\n", "401 Unauthorized", "WWW-Authenticate: Basic realm=NTLM\r\n", 1)]
    public async Task A_connection_that_a_client_may_be_known_by_serves_nobody_else(string request, string status, string response, int connections)
    {
        await using var origin = RecordingOrigin.Answering($"HTTP/1.1 {status}\r\n{response}Content-Length: 0\r\n\r\n");
        await using var balancer = TestBalancer.Start(origin.Address);
        for (var i = 0; i < 2; i++)
            Assert.Equal(status[..3], $"{(await balancer.Ask($"GET / HTTP/1.1\r\nHost: x\r\n{request}\r\n")).Status}");

        Assert.Equal(connections, origin.Connections.Count);
    }

    [Fact]
    public async Task A_body_that_a_server_may_take_for_a_request_ends_its_connection()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 28\r\n\r\nGET /b HTTP/1.1\r\nHost: y\r\n\r\n");
        using var server = await origin.Accept();

        await server.Serve(Hello);

        Assert.Equal("hello", (await client.ReadResponse()).Text);
        await server.ReadEnding();
    }
}
