using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class BodyTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Done = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    public async Task The_answer_to_head_has_no_body(string response)
    {
        await using var origin = RecordingOrigin.Answering(response);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send("HEAD /1 HTTP/1.1\r\nHost: x\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(200, (await client.ReadResponse("HEAD")).Status);
        Assert.Equal(200, (await client.ReadResponse("HEAD")).Status);
        Assert.DoesNotContain("hello", client.Received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_to_head_keeps_its_length()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
        await using var balancer = TestBalancer.Start(origin.Address);

        Assert.Equal("12345", (await balancer.Ask("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"))["Content-Length"]);
    }

    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public async Task An_answer_without_a_body_ends_with_its_head(string response)
    {
        await using var origin = RecordingOrigin.Answering(response);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 3; i++)
        {
            var answer = await client.Ask(Get);

            Assert.Equal(response[9..12], answer.Status.ToString());
            Assert.True(answer.Status != 204 || answer["Content-Length"] is null);
        }

        Assert.Single(origin.Connections);
    }

    public static readonly TheoryData<int, int> SizesAndPieces = new()
    {
        { 0, 1 }, { 1, 1 }, { 9, 1 }, { 100, 7 }, { 4096, 1000 }, { 16_383, 5000 }, { 16_385, 16_385 }, { 32_736, 40_000 },
        { 32_768, 8191 }, { 65_536, 65_536 }, { 100_000, 333 }, { 1_000_003, 9973 },
    };

    [Theory]
    [MemberData(nameof(SizesAndPieces))]
    public async Task Counted_bodies_pass_both_ways_in_any_pieces(int size, int piece)
    {
        var body = Bytes(size);
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
                await connection.SendInPieces($"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{request.Text}", piece, 1, piece + 13);
        });
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 2; i++)
        {
            var sending = client.SendInPieces($"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n{body}", piece, 3, piece + 11);
            var answer = await client.ReadResponse();
            await sending;

            Assert.Equal(body, answer.Text);
            Assert.Equal((size.ToString(), null), (answer["Content-Length"], answer["Transfer-Encoding"]));
        }
    }

    [Theory]
    [MemberData(nameof(SizesAndPieces))]
    public async Task Chunked_bodies_pass_both_ways_in_any_pieces(int size, int piece)
    {
        var body = Bytes(size);
        var chunks = Chunks(body, 1, piece, 17, 4095, 15, 16) + "0\r\n\r\n";
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                Assert.Equal(("chunked", null), (request["Transfer-Encoding"], request["Content-Length"]));
                await connection.SendInPieces($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{Chunks(request.Text, 16, piece, 1, 255)}0\r\n\r\n", piece, 1, piece + 13);
            }
        });
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 2; i++)
        {
            var sending = client.SendInPieces($"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}", piece, 3, piece + 11);
            var answer = await client.ReadResponse();
            await sending;

            Assert.Equal(body, answer.Text);
            Assert.NotNull(answer.Chunks);
        }

        Assert.Single(origin.Connections);
    }

    [Theory]
    [MemberData(nameof(SizesAndPieces))]
    public async Task An_answer_until_close_is_put_in_chunks_and_the_client_stays(int size, int piece)
    {
        var body = Bytes(size);
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.SendInPieces($"HTTP/1.1 200 OK\r\nX: y\r\n\r\n{body}", piece, 1, piece + 13);
        });
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 2; i++)
        {
            var answer = await client.Ask(Get);

            Assert.Equal(body, answer.Text);
            Assert.NotNull(answer.Chunks);
            Assert.Equal("y", answer["X"]);
        }
    }

    [Fact]
    public async Task Chunks_are_framed_anew_without_extensions()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n003;a=b;c=\"d\"\r\nabc\r\n1 \t;x\r\nd\r\n00\r\nX-Sum: 1\r\nHost: evil\r\n\r\n");
        using var server = await origin.Accept();
        var received = await server.ReadHead();
        var chunks = "";
        while (!chunks.EndsWith("\r\n\r\n", StringComparison.Ordinal))
            chunks += RawSocket.Latin1.GetString((await server.ReadSome()).Span);
        await server.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n0005;q\r\nhello\r\n0;z\r\nX-Sum: 2\r\nSet-Cookie: evil=1\r\n\r\n");
        var answer = await client.ReadResponse();

        Assert.Contains("\r\nTrailer: X-Sum\r\n", received, StringComparison.Ordinal);
        Assert.EndsWith("\r\n0\r\nX-Sum: 1\r\n\r\n", chunks, StringComparison.Ordinal);
        Assert.DoesNotContain(";", chunks, StringComparison.Ordinal);
        Assert.Equal(("hello", null), (answer.Text, answer["Trailer"]));
        Assert.DoesNotContain("X-Sum", client.Received, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", server.Received + client.Received, StringComparison.Ordinal);
        Assert.Equal(Done[^4..], (await Again(client, server)).Text);
    }

    private static async Task<HttpMessage> Again(RawClient client, OriginConnection server)
    {
        await client.Send(Get);
        await server.Serve(Done);
        return await client.ReadResponse();
    }

    [Fact]
    public async Task An_answer_flows_while_the_request_still_comes()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.ReadHead();
        for (var i = 0; i < 20; i++)
        {
            await client.Send("4\r\nping\r\n");
            Assert.Equal("4\r\nping\r\n", RawSocket.Latin1.GetString(await server.ReadExactly(9)));
            await server.Send("4\r\npong\r\n");
            Assert.Equal("4\r\npong\r\n", RawSocket.Latin1.GetString(await client.ReadExactly(9)));
        }

        await client.Send("0\r\n\r\n");
        Assert.Equal("0\r\n\r\n", RawSocket.Latin1.GetString(await server.ReadExactly(5)));
        await server.Send("0\r\n\r\n");
        Assert.Equal("0\r\n\r\n", RawSocket.Latin1.GetString(await client.ReadExactly(5)));
        Assert.Equal("done", (await Again(client, server)).Text);
    }

    [Fact]
    public async Task A_slow_drip_of_a_counted_body_arrives_drop_by_drop()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await client.Send(Get);
        using var server = await origin.Accept();
        server.Socket.NoDelay = true;
        await server.Serve("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        await client.ReadHead();
        var since = Environment.TickCount64;
        for (var i = 0; i < 20; i++)
        {
            await server.Send("drop");
            Assert.Equal("drop", RawSocket.Latin1.GetString(await client.ReadExactly(4)));
        }

        // Held back for a full packet, each drop would take 200 ms.
        Assert.InRange(Environment.TickCount64 - since, 0, 2000);
    }

    [Fact]
    public async Task A_slow_upload_may_take_longer_than_a_server_may_to_answer()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { ServerResponse = TimeSpan.FromMilliseconds(300) } });
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
        using var server = await origin.Accept();
        for (var i = 0; i < 10; i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            await client.Send("x");
        }

        var request = await server.Serve(Done);

        Assert.Equal("xxxxxxxxxx", request.Text);
        Assert.Equal("done", (await client.ReadResponse()).Text);
    }

    /// <summary>Every byte value, in no period that a buffer has.</summary>
    private static string Bytes(int size) => string.Create(size, 0, static (span, _) =>
    {
        for (var i = 0; i < span.Length; i++)
            span[i] = (char)((i * 31 + (i / 251)) & 0xff);
    });

    private static string Chunks(string body, params int[] sizes)
    {
        var chunks = new System.Text.StringBuilder();
        for (var (i, at) = (0, 0); at < body.Length; i++)
        {
            var size = Math.Min(sizes[i % sizes.Length], body.Length - at);
            chunks.Append($"{size:x}\r\n").Append(body, at, size).Append("\r\n");
            at += size;
        }

        return chunks.ToString();
    }
}
