using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class ServerFailureTests
{
    /// <summary>How a client sees an answer end that was cut, where its framing shows it.</summary>
    private protected virtual Ending CutEnd => Ending.Closed;

    /// <summary>The same where nothing but a reset would show it.</summary>
    private protected virtual Ending CutEndByReset => Ending.Reset;

    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static readonly Func<OriginConnection, Task> ReadsAndCloses = async connection => await connection.ReadRequest();

    private static readonly Func<OriginConnection, Task> ReadsAndResets = async connection =>
    {
        await connection.ReadRequest();
        connection.Reset();
    };

    [Theory]
    [InlineData(Get)]
    [InlineData(Post)]
    public async Task A_server_that_refuses_costs_nothing_but_the_next_ones_time(string request)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(RecordingOrigin.Refusing(), RecordingOrigin.Refusing(), RecordingOrigin.Refusing(), RecordingOrigin.Refusing(), origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 10; i++)
            Assert.Equal("hello", (await client.Ask(request)).Text);
        Assert.Equal(10, origin.Requests);
    }

    [Fact]
    public async Task When_every_server_refuses_the_answer_is_503()
    {
        await using var balancer = TestBalancer.Start(RecordingOrigin.Refusing(), RecordingOrigin.Refusing());
        using var client = await balancer.Connect();

        Assert.Equal(503, (await client.Ask(Get)).Status);
        Assert.Equal(503, (await client.Ask(Post)).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_get_whose_server_closes_without_an_answer_is_served_by_another(bool reset)
    {
        await using var bad = RecordingOrigin.Start(reset ? ReadsAndResets : ReadsAndCloses);
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(bad.Address, good.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 6; i++)
            Assert.Equal("hello", (await client.Ask(Get)).Text);

        Assert.Equal(6, good.Requests);
        Assert.InRange(bad.Requests, 2, 6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_post_whose_server_closes_without_an_answer_is_not_sent_twice(bool reset)
    {
        await using var bad = RecordingOrigin.Start(reset ? ReadsAndResets : ReadsAndCloses);
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(bad.Address, good.Address);
        using var client = await balancer.Connect();

        var answer = await client.Ask(Post);

        Assert.Equal((502, null), (answer.Status, answer["Connection"]));
        Assert.Equal((1, 0), (bad.Requests, good.Requests));
        Assert.Equal(200, (await client.Ask(Post)).Status);
    }

    [Fact]
    public async Task A_get_that_breaks_every_server_is_not_tried_on_all_of_them()
    {
        await using var bad = RecordingOrigin.Start(ReadsAndCloses);
        await using var balancer = TestBalancer.Start([.. Enumerable.Repeat(bad.Address, 10)]);

        Assert.Equal(502, (await balancer.Ask(Get)).Status);
        Assert.Equal(3, bad.Requests);
    }

    [Fact]
    public async Task A_put_with_its_whole_body_at_hand_is_sent_again_with_it()
    {
        await using var bad = RecordingOrigin.Start(ReadsAndCloses);
        await using var good = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(bad.Address, good.Address);
        using var client = await balancer.Connect();

        await client.Send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + Get);
        using var server = await good.Accept();
        var request = await server.Serve(Hello);

        Assert.Equal(("PUT", "abc"), (request.Method, request.Text));
        Assert.Equal("hello", (await client.ReadResponse()).Text);
        Assert.Equal("GET", (await server.Serve(Hello)).Method);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
    }

    [Fact]
    public async Task A_put_whose_body_is_too_large_to_keep_is_not_sent_again()
    {
        await using var bad = RecordingOrigin.Start();
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(bad.Address, good.Address);
        using var client = await balancer.Connect();

        await client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 16385\r\n\r\nabc");
        using var server = await bad.Accept();
        await server.ReadRequestHead();
        await server.ReadExactly(3);
        await client.Send(new string('d', 16382));
        await server.ReadExactly(16382);
        server.Close();
        var answer = await client.ReadResponse();

        Assert.Equal(502, answer.Status);
        Assert.Equal(0, good.Requests);
    }

    [Theory]
    [InlineData("HTTP/1.1 20", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", false)]
    public async Task An_answer_that_breaks_off_in_its_head_never_reaches_a_client(string part, bool reset)
    {
        await using var bad = RecordingOrigin.Start(async connection =>
        {
            await connection.Serve(part);
            if (reset)
                connection.Reset();
        });
        await using var balancer = TestBalancer.Start(bad.Address);
        using var client = await balancer.Connect();

        var answer = await client.Ask(Post);

        Assert.Equal(502, answer.Status);
        Assert.DoesNotContain("200 OK", client.Received, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\nhello", false)]
    [InlineData("Content-Length: 10\r\n\r\nhello", true)]
    [InlineData("Content-Length: 100000\r\n\r\nhello", false)]
    [InlineData("Content-Length: 100000\r\n\r\nhello", true)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\na\r\nhello", true)]
    [InlineData("X: until close\r\n\r\nhello", true)]
    public async Task A_client_can_tell_an_answer_that_broke_off(string rest, bool reset)
    {
        var gate = new TaskCompletionSource();
        await using var bad = RecordingOrigin.Start(async connection =>
        {
            await connection.Serve($"HTTP/1.1 200 OK\r\n{rest}");
            await gate.Task.Patiently();
            if (reset)
                connection.Reset();
        });
        await using var balancer = TestBalancer.Start(bad.Address);
        using var client = await balancer.Connect();

        await client.Send(Get);
        var head = new HttpMessage(await client.ReadHead());
        while (!client.Received.Contains("hello", StringComparison.Ordinal))
            await client.ReadSome();
        gate.SetResult();
        var (bytes, ending) = await client.ReadToEnding();

        Assert.Equal(200, head.Status);
        Assert.Equal(CutEnd, ending);
        Assert.DoesNotContain("0\r\n\r\n", RawSocket.Latin1.GetString(bytes), StringComparison.Ordinal);
        Assert.Equal(1, balancer.Counters.Cut);
    }

    [Theory]
    [InlineData("Content-Length: 3000000\r\n\r\n", "")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n1e8480\r\n", "1")]
    public async Task What_came_before_an_answer_broke_off_reaches_a_slow_client(string framing, string brokenEnd)
    {
        const int sent = 2_000_000;
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect(receiveBuffer: 4096);

        await client.Send(Get);
        using var server = await origin.Accept();
        await server.Serve($"HTTP/1.1 200 OK\r\n{framing}");
        var sending = server.Send(new string('z', sent) + brokenEnd);
        await client.ReadHead();
        var got = 0;
        while (!sending.IsCompleted)
            got += Count(await client.ReadSome());
        await sending;
        server.FinishSending();
        var (rest, ending) = await client.ReadToEnding();

        Assert.Equal((sent, CutEnd), (got + Count(rest), ending));

        static int Count(ReadOnlyMemory<byte> bytes) => bytes.Span.Count((byte)'z');
    }

    [Fact]
    public async Task Inside_of_TLS_a_cut_answer_ends_without_close_notify()
    {
        await using var bad = RecordingOrigin.Start(connection => connection.Serve("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"));
        await using var balancer = TestBalancer.Start([bad.Address], snapshot => snapshot, tls: true);
        using var client = await balancer.Connect();

        await client.Send(Get);
        await client.ReadHead();
        var (bytes, ending) = await client.ReadToEnding();

        Assert.Equal(("hello", Ending.Truncated), (RawSocket.Latin1.GetString(bytes), ending));
    }

    [Fact]
    public async Task An_old_client_can_tell_an_answer_until_close_that_was_reset()
    {
        var gate = new TaskCompletionSource();
        await using var bad = RecordingOrigin.Start(async connection =>
        {
            await connection.Serve("HTTP/1.0 200 OK\r\n\r\nhello");
            await gate.Task.Patiently();
            connection.Reset();
        });
        await using var balancer = TestBalancer.Start(bad.Address);
        using var client = await balancer.Connect();

        await client.Send("GET / HTTP/1.0\r\n\r\n");
        await client.ReadHead();
        await client.ReadExactly(5);
        gate.SetResult();

        Assert.Equal(CutEndByReset, await client.ReadEnding());
    }

    [Theory]
    [InlineData("Content-Length: 100000\r\n\r\nhello")]
    [InlineData("Content-Length: 10\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("X: y\r\n\r\nhello")]
    public async Task A_server_that_stalls_in_its_answer_is_cut(string rest)
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.Serve($"HTTP/1.1 200 OK\r\n{rest}");
            await connection.Drain();
        });
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { ServerBody = TimeSpan.FromMilliseconds(100) } });
        using var client = await balancer.Connect();

        await client.Send(Get);
        await client.ReadHead();

        Assert.Equal(CutEnd, await client.Drain());
        Assert.DoesNotContain("\r\n0\r\n\r\n", client.Received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_whose_connection_does_not_open_in_time_is_passed_over()
    {
        using var deaf = new DeafServer();
        await using var good = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([deaf.Address, good.Address], snapshot => snapshot with { Timeouts = new() { Connect = TimeSpan.FromMilliseconds(100) } });
        using var client = await balancer.Connect();

        for (var i = 0; i < 4; i++)
            Assert.Equal("hello", (await client.Ask(Post)).Text);
        Assert.Equal(4, good.Requests);
    }

    [Fact]
    public async Task An_answer_before_the_end_of_the_upload_is_passed_on_and_the_upload_dropped()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + new string('a', 50_000));
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.Send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
        var answer = await client.ReadResponse();
        await client.Send(new string('a', 50_000));

        Assert.Equal((413, "no", "close"), (answer.Status, answer.Text, answer["Connection"]));
        await server.Drain();
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task An_answer_of_a_server_that_stops_reading_the_upload_and_closes_is_passed_on()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.ReadExactly(8);
        await server.Send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        server.Close();
        var answer = await client.ReadResponse();

        Assert.Equal((403, "no"), (answer.Status, answer.Text));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Theory]
    [InlineData("Content-Length: 1000000\r\n\r\n")]
    [InlineData("Content-Length: 1000\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")]
    public async Task When_a_client_goes_in_the_middle_of_its_upload_the_server_sees_it(string start)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);

        foreach (var reset in new[] { false, true })
        {
            using var client = await balancer.Connect();
            await client.Send($"POST / HTTP/1.1\r\nHost: x\r\n{start}");
            using var server = await origin.Accept();
            await server.ReadRequestHead();
            if (reset)
                client.Reset();
            else
                client.Close();
            await server.Drain();

            Assert.False(server.Received.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("Content-Length: 100000000\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n")]
    public async Task When_a_client_goes_in_the_middle_of_its_answer_the_server_sees_it(string start)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);

        foreach (var reset in new[] { false, true })
        {
            using var client = await balancer.Connect();
            await client.Send(Get);
            using var server = await origin.Accept();
            await server.Serve($"HTTP/1.1 200 OK\r\n{start}");
            await client.ReadHead();
            if (reset)
                client.Reset();
            else
                client.Close();

            await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(async () =>
            {
                while (true)
                    await server.Send(new byte[65_536]);
            });
        }
    }

    [Fact]
    public async Task A_client_that_resets_its_connection_frees_the_server_at_once()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
        using var server = await origin.Accept();
        await server.ReadRequest();

        client.Reset();

        await server.ReadEnding();
        Assert.Equal(1, balancer.Counters.Requests);
    }

    [Fact]
    public async Task A_client_that_only_finishes_sending_still_gets_its_answer()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
        client.FinishSending();
        using var server = await origin.Accept();

        await server.Serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

        Assert.Equal("ok", (await client.ReadResponse()).Text);
    }
}
