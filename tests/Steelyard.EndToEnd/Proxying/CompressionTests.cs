using System.IO.Compression;
using System.Text;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Answers that are compressed on their way, over real sockets.</summary>
public sealed class CompressionTests
{
    private const string Wants = "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, deflate\r\n\r\n";

    private static TestBalancer Start(RecordingOrigin origin, Func<CompressionSettings, CompressionSettings>? change = null, bool tls = false) => TestBalancer.Start(
        [origin.Address],
        snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Compress = change?.Invoke(new() { MinSize = new(0) }) ?? new() { MinSize = new(0) } }] },
        tls);

    private static string Counted(string body, string fields = "") => $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{fields}Content-Length: {body.Length}\r\n\r\n{body}";

    [Theory]
    [InlineData(ContentCoding.Gzip, false)]
    [InlineData(ContentCoding.Deflate, false)]
    [InlineData(ContentCoding.RawDeflate, false)]
    [InlineData(ContentCoding.Gzip, true)]
    public async Task One_body_after_the_other_is_what_the_server_sent(ContentCoding coding, bool tls)
    {
        // Of what a deflater had before nothing may be left: bodies are alike, and of every size there is.
        var random = new Random(7);
        var noise = Enumerable.Range(0, 300_000).Select(_ => (char)random.Next(256)).ToArray();
        var bodies = ((int[])[0, 1, 5, 300, 8_191, 32_768, 32_769, 65_536, 200_000]).SelectMany(size => (string[])
        [
            new string(noise, 0, size), string.Concat(Enumerable.Range(0, size / 7).Select(i => $"line {i % 100}\n")), new string('a', size), new string(noise, 0, size),
        ]).ToArray();
        var next = -1;
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
            {
                var body = bodies[Interlocked.Increment(ref next)];
                var pieces = new StringBuilder();
                for (var at = 0; at < body.Length; at += 10_000)
                    pieces.Append($"{Math.Min(10_000, body.Length - at):x}\r\n{body.AsSpan(at, Math.Min(10_000, body.Length - at))}\r\n");
                await connection.Send(next % 2 == 0 ? Counted(body) : $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n{pieces}0\r\n\r\n");
            }
        });
        await using var balancer = Start(origin, compression => compression with { Codings = [coding], Level = 1 + (int)coding }, tls);
        using var client = await balancer.Connect();
        foreach (var body in bodies)
        {
            var answer = await client.Ask(Wants);
            Assert.Equal(body.Length == 0 && answer["Content-Length"] is not null ? null : coding == ContentCoding.Gzip ? "gzip" : "deflate", answer["Content-Encoding"]);
            Assert.Equal(body, answer.Plain);
        }
    }

    [Fact]
    public async Task What_has_come_does_not_wait_for_what_is_still_to_come()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin);
        using var client = await balancer.Connect();
        await client.Send(Wants);
        var connection = await origin.Accept();
        await connection.ReadRequest();
        await connection.Send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst \r\n");
        Assert.Contains("Content-Encoding: gzip", await client.ReadHead());
        var packed = new MemoryStream();
        var plain = new GZipStream(packed, CompressionMode.Decompress);
        await ReadChunksUntil("first ");
        await connection.Send("6\r\nsecond\r\n");
        await ReadChunksUntil("second");
        await connection.Send("0\r\n\r\n");
        await ReadChunksUntil("");

        async Task ReadChunksUntil(string text)
        {
            // Each comes in a chunk of its own, whole: nothing else follows for now.
            var size = Convert.ToInt32((await client.ReadLine()).Trim(), 16);
            var (position, chunk) = (packed.Position, await client.ReadExactly(size + 2));
            packed.Position = packed.Length;
            packed.Write(chunk.AsSpan(0, size));
            packed.Position = position;
            var read = new byte[64];
            var length = text.Length == 0 ? 0 : plain.ReadAtLeast(read, text.Length);
            Assert.Equal(text, Encoding.ASCII.GetString(read, 0, length));
            if (text.Length == 0)
                Assert.Equal("0\r\n\r\n"u8.ToArray(), await client.ReadExactly(5));
        }
    }

    [Fact]
    public async Task An_answer_that_breaks_off_shows_it_and_the_next_one_is_whole()
    {
        var asked = 0;
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequestOrEnd();
            if (Interlocked.Increment(ref asked) % 2 == 1)
                await connection.Send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\nsecret of somebody");
            else
                await connection.Send(Counted("secret of nobody"));
        });
        await using var balancer = Start(origin);
        for (var i = 0; i < 5; i++)
        {
            using (var cut = await balancer.Connect())
            {
                await cut.Send(Wants);
                var (bytes, _) = await cut.ReadToEnding();
                Assert.DoesNotContain("\r\n0\r\n\r\n", RawSocket.Latin1.GetString(bytes));
            }

            using var client = await balancer.Connect();
            Assert.Equal("secret of nobody", (await client.Ask(Wants)).Plain);
        }
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_leaves_nothing_behind()
    {
        var body = string.Concat(Enumerable.Range(0, 400_000).Select(i => $"{i * 7919} "));
        await using var origin = RecordingOrigin.Answering(Counted(body));
        await using var balancer = Start(origin);
        for (var i = 0; i < 3; i++)
        {
            using var client = await balancer.Connect(receiveBuffer: 4096);
            await client.Send(Wants);
            await client.ReadHead();
        }

        using var whole = await balancer.Connect();
        Assert.Equal(body, (await whole.Ask(Wants)).Plain);
    }

    [Fact]
    public async Task What_is_compressed_says_so_and_what_is_not_stays_as_it_is()
    {
        await using var origin = RecordingOrigin.Answering(Counted("hello", "ETag: \"1\"\r\nAccept-Ranges: bytes\r\n"));
        await using var balancer = Start(origin);
        using var client = await balancer.Connect();
        var packed = await client.Ask(Wants);
        Assert.Equal(("gzip", "Accept-Encoding", "W/\"1\"", null, null, "chunked"), (packed["Content-Encoding"], packed["Vary"], packed["ETag"], packed["Accept-Ranges"], packed["Content-Length"], packed["Transfer-Encoding"]));
        var plain = await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal((null, "Accept-Encoding", "\"1\"", "bytes", "5"), (plain["Content-Encoding"], plain["Vary"], plain["ETag"], plain["Accept-Ranges"], plain["Content-Length"]));
        Assert.Equal("hello", plain.Text);
    }

    [Fact]
    public async Task Of_more_answers_than_there_is_room_for_the_others_pass_as_they_are()
    {
        const int Clients = Engine.Compression.DeflaterPool.Most + 3;
        var release = new TaskCompletionSource();
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequestOrEnd();
            await connection.Send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhello");
            await release.Task;
            await connection.Send("world");
        });
        await using var balancer = Start(origin);
        var clients = new List<RawClient>();
        for (var i = 0; i < Clients; i++)
        {
            clients.Add(await balancer.Connect());
            await clients[i].Send(Wants);
        }

        var heads = new List<HttpMessage>();
        foreach (var client in clients)
            heads.Add(new(await client.ReadHead()));
        release.SetResult();
        foreach (var (client, head) in clients.Zip(heads))
        {
            Assert.Equal("Accept-Encoding", head["Vary"]);
            var body = head["Content-Length"] is null ? (await client.ReadChunks()).Body : await client.ReadExactly(10);
            Assert.Equal("helloworld", (head with { Body = body }).Plain);
            client.Dispose();
        }

        Assert.Equal(3, heads.Count(head => head["Content-Encoding"] is null));
        Assert.Equal("gzip", (await balancer.Ask(Wants))["Content-Encoding"]);
    }
}
