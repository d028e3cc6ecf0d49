using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class ConnectionTests
{
    private const string Get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static readonly Func<OriginConnection, Task> EchoTargetAndBody = async connection =>
    {
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            var answer = $"{request.Method} {request.Target} {request.Text}";
            await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {answer.Length}\r\n\r\n{answer}");
        }
    };

    [Fact]
    public async Task Many_requests_pass_over_one_connection()
    {
        await using var origin = RecordingOrigin.Start(EchoTargetAndBody);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 100; i++)
        {
            var answer = await client.Ask($"GET /{i} HTTP/1.1\r\nHost: x\r\n\r\n");

            Assert.Equal($"GET /{i} ", answer.Text);
            Assert.Null(answer["Connection"]);
        }

        Assert.Single(origin.Connections);
        Assert.Equal((1, 100, 1, 99), (balancer.Counters.Connections, balancer.Counters.Requests, balancer.Counters.UpstreamConnections, balancer.Counters.UpstreamReuses));
    }

    [Fact]
    public async Task Requests_in_one_packet_are_answered_in_their_order()
    {
        await using var origin = RecordingOrigin.Start(EchoTargetAndBody);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send(
            "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n" +
            "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" +
            "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n2\r\ngh\r\n0\r\n\r\n" +
            "GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.Equal("GET /1 ", (await client.ReadResponse()).Text);
        Assert.Equal("POST /2 abc", (await client.ReadResponse()).Text);
        Assert.Equal("POST /3 defgh", (await client.ReadResponse()).Text);
        var last = await client.ReadResponse();
        Assert.Equal("GET /4 ", last.Text);
        Assert.Equal("close", last["Connection"]);
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task It_does_not_matter_where_packets_split_the_requests()
    {
        const string requests =
            "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" +
            "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\ndef\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: 1\r\n\r\n" +
            "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n";
        await using var origin = RecordingOrigin.Start(EchoTargetAndBody);
        await using var balancer = TestBalancer.Start(origin.Address);

        for (var split = 1; split < requests.Length; split++)
        {
            using var client = await balancer.Connect();
            client.Socket.NoDelay = true;
            await client.Send(requests[..split]);
            // Not in the hope that it has been read, but so that it can have been.
            await Task.Delay(1, TestContext.Current.CancellationToken);
            await client.Send(requests[split..]);

            Assert.Equal("POST /1 abc", (await client.ReadResponse()).Text);
            Assert.Equal("POST /2 def0123456789abcdef", (await client.ReadResponse()).Text);
            Assert.Equal("GET /3 ", (await client.ReadResponse()).Text);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task A_conversation_in_tiny_packets_on_both_sides_is_the_same(int size)
    {
        const string response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nX: y\r\n\r\n";
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.SendInPieces(response, size);
        });
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 3; i++)
        {
            await client.SendInPieces("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", size);
            var answer = await client.ReadResponse();

            Assert.Equal("Wikipedia", answer.Text);
            Assert.Equal("b", answer["X-A"]);
        }
    }

    [Fact]
    public async Task A_client_that_says_close_gets_its_answer_and_a_clean_end()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        var answer = await client.Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.Equal(("hello", "close"), (answer.Text, answer["Connection"]));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task A_client_that_closes_its_sending_half_still_gets_its_answer()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send(Get);
        client.FinishSending();
        using var server = await origin.Accept();
        await server.Serve(Hello);

        Assert.Equal("hello", (await client.ReadResponse()).Text);
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task A_client_that_closes_its_sending_half_after_a_long_body_still_gets_its_answer()
    {
        var body = new string('b', 300_000);
        await using var origin = RecordingOrigin.Start(EchoTargetAndBody);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        client.FinishSending();

        Assert.Equal($"POST / {body}", (await client.ReadResponse()).Text);
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task What_a_client_sends_behind_its_last_request_does_not_cost_it_the_answer()
    {
        // More than the kernel takes at once, so that the answer is still on its way when more comes.
        var body = new string('b', 20_000_000);
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect(receiveBuffer: 8192);

        await client.Send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        using var server = await origin.Accept();
        var serving = server.Serve($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await client.ReadHead();
        await client.Send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(body, RawSocket.Latin1.GetString(await client.ReadExactly(body.Length)));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        await serving;
        Assert.DoesNotContain("never", server.Received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_empty_line_before_a_request_is_forgiven()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        Assert.Equal(200, (await client.Ask("\r\n" + Get)).Status);
        Assert.Equal(200, (await client.Ask("\r\n" + Get)).Status);
        Assert.All(origin.Connections, connection => Assert.StartsWith("GET", connection.Received, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_silent_client_is_closed_without_a_word()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { ClientIdle = TimeSpan.FromMilliseconds(50) } });
        using var fresh = await balancer.Connect();
        using var kept = await balancer.Connect();

        await kept.Ask(Get);

        Assert.Equal(Ending.Closed, await fresh.ReadEnding());
        Assert.Equal(Ending.Closed, await kept.ReadEnding());
    }

    [Fact]
    public async Task Urgent_data_harms_nobody_else()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { ClientHeader = TimeSpan.FromMilliseconds(200) } });
        using var client = await balancer.Connect();

        await client.Send("GET / HTTP");
        client.Socket.Send([(byte)'!'], System.Net.Sockets.SocketFlags.OutOfBand);
        await client.Send("/1.1\r\nHost: x\r\n\r\n");
        client.Socket.Send([(byte)'!'], System.Net.Sockets.SocketFlags.OutOfBand);
        client.FinishSending();

        Assert.Equal(200, (await balancer.Ask(Get)).Status);
        await client.Drain();
    }

    [Fact]
    public async Task A_client_that_comes_and_goes_without_a_word_leaves_nothing()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(origin.Address);

        for (var i = 0; i < 50; i++)
        {
            using var closing = await balancer.Connect();
            using var resetting = await balancer.Connect();
            using var breaking = await balancer.Connect();
            await breaking.Send("GET / HT");
            resetting.Reset();
        }

        Assert.Equal(200, (await balancer.Ask(Get)).Status);
        Assert.Equal(1, origin.Requests);
    }
}
