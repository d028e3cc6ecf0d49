using System.Diagnostics;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>
/// How bodies end: their last bytes, and what comes with them. What is to arrive together is sent while the loop stands still.
/// </summary>
public class BodyEndTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    // What passes through memory, and what through a pipe where it is counted.
    private const int Short = 1000;
    private const int Long = 30_000;

    // What a pipe holds.
    private const int Full = 64 * 1024;

    public enum Framing
    {
        Counted,
        Chunked,
        UntilClose,
    }

    public enum Behind
    {
        /// <summary>The server finishes in an orderly way.</summary>
        End,

        /// <summary>It breaks the connection off.</summary>
        Reset,

        /// <summary>It sends what nobody has asked for.</summary>
        More,
    }

    public static readonly TheoryData<Framing, int, Behind, bool> Endings = [];

    static BodyEndTests()
    {
        foreach (var framing in Enum.GetValues<Framing>())
        {
            foreach (var size in new[] { Short, Long })
            {
                foreach (var behind in Enum.GetValues<Behind>())
                {
                    // Without a length whatever comes is part of it, and a reset no end.
                    if (framing == Framing.UntilClose && behind != Behind.End)
                        continue;
                    Endings.Add(framing, size, behind, true);
                    Endings.Add(framing, size, behind, false);
                }
            }
        }
    }

    private static string HeadOf(Framing framing, int size) => "HTTP/1.1 200 OK\r\n" + framing switch
    {
        Framing.Counted => $"Content-Length: {size}\r\n\r\n",
        Framing.Chunked => "Transfer-Encoding: chunked\r\n\r\n",
        _ => "\r\n",
    };

    private static string Framed(Framing framing, string body) => framing == Framing.Chunked ? $"{body.Length:x}\r\n{body}\r\n0\r\n\r\n" : body;

    private static string Body(int size) => string.Create(size, 0, static (span, _) =>
    {
        for (var i = 0; i < span.Length; i++)
            span[i] = (char)('a' + ((i + (i / 251)) % 26));
    });

    private static async Task<string> ReadBody(RawClient client, Framing framing, int size) =>
        RawSocket.Latin1.GetString(framing == Framing.Counted ? await client.ReadExactly(size) : (await client.ReadChunks()).Body);

    private static async Task Follow(OriginConnection server, Behind behind)
    {
        if (behind == Behind.End)
            server.FinishSending();
        else if (behind == Behind.Reset)
            server.Reset();
        else
            await server.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task What_comes_with_or_behind_the_last_bytes_of_an_answer_costs_nobody_anything(Framing framing, int size, Behind behind, bool together)
    {
        var body = Body(size);
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.Serve(HeadOf(framing, size));
        await client.ReadHead();

        if (together)
        {
            await balancer.WhileItStandsStill(async () =>
            {
                await server.Send(Framed(framing, body));
                await Follow(server, behind);
            });
        }
        else
        {
            await server.Send(Framed(framing, body));
            if (framing != Framing.UntilClose)
                Assert.Equal(body, await ReadBody(client, framing, size));
            await Follow(server, behind);
        }

        if (together || framing == Framing.UntilClose)
            Assert.Equal(body, await ReadBody(client, framing, size));
        if (behind != Behind.Reset)
            await server.Drain();
        await client.Send(Post);
        using var next = await origin.Accept();
        await next.Serve(Hello);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
        Assert.Equal((0, 0), (balancer.Counters.Retries, balancer.Counters.Cut));
    }

    public static readonly TheoryData<Framing, int, bool, bool> Cuts = new()
    {
        { Framing.Counted, Short, true, false }, { Framing.Counted, Short, false, false }, { Framing.Counted, Short, true, true }, { Framing.Counted, Short, false, true },
        { Framing.Counted, Long, true, false }, { Framing.Counted, Long, false, false }, { Framing.Counted, Long, true, true }, { Framing.Counted, Long, false, true },
        { Framing.Chunked, Short, true, false }, { Framing.Chunked, Short, false, false }, { Framing.Chunked, Short, true, true }, { Framing.Chunked, Short, false, true },
    };

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task An_answer_of_which_the_last_byte_is_missing_arrives_up_to_there_and_is_seen_to_be_cut(Framing framing, int size, bool together, bool reset)
    {
        var body = Body(size);
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.Serve(HeadOf(framing, size));
        await client.ReadHead();

        // Of chunks it is the line feed behind the last one.
        var came = framing == Framing.Chunked ? $"{size:x}\r\n{body}\r\n" : body[..^1];
        var sent = framing == Framing.Chunked ? $"{came}0\r\n\r" : came;
        var read = "";
        if (together)
        {
            await balancer.WhileItStandsStill(async () =>
            {
                await server.Send(sent);
                await Follow(server, reset ? Behind.Reset : Behind.End);
            });
        }
        else
        {
            await server.Send(sent);
            read = RawSocket.Latin1.GetString(await client.ReadExactly(came.Length));
            await Follow(server, reset ? Behind.Reset : Behind.End);
        }

        var (rest, ending) = await client.ReadToEnding();
        Assert.Equal((came, Ending.Closed), (read + RawSocket.Latin1.GetString(rest), ending));
        Assert.Equal(1, balancer.Counters.Cut);
    }

    [Theory]
    [InlineData(Framing.Counted)]
    [InlineData(Framing.Chunked)]
    [InlineData(Framing.UntilClose)]
    public async Task A_client_that_does_not_read_until_its_server_is_long_gone_gets_all_of_its_answer(Framing framing)
    {
        // More than the two ends hold, less than the kernel holds between them.
        var body = Body(1_500_000);
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect(receiveBuffer: 4096);
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.Serve(HeadOf(framing, body.Length));
        await client.ReadHead();
        await server.Send(Framed(framing, body));
        server.FinishSending();

        if (framing == Framing.Counted)
        {
            // All but what is the very last: the server's end is known by then, and the client stops once more.
            var most = body.Length - 100;
            Assert.Equal(body[..most], RawSocket.Latin1.GetString(await client.ReadExactly(most)));
            await server.Drain();
            Assert.Equal(body[most..], RawSocket.Latin1.GetString(await client.ReadExactly(100)));
        }
        else
        {
            Assert.Equal(body, await ReadBody(client, framing, body.Length));
            await server.Drain();
        }

        await client.Send(Post);
        using var next = await origin.Accept();
        await next.Serve(Hello);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
    }

    /// <summary>A full pipe lets the kernel wait for more; behind the last one nothing comes, and behind another perhaps not soon.</summary>
    [Theory]
    [InlineData(Full)]
    [InlineData(Full + 1)]
    public async Task What_a_full_pipe_held_reaches_the_client_at_once_where_nothing_follows(int size)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();

        // Held back, each takes 200 ms; on a busy machine one of them is quick all the same.
        var quick = false;
        for (var i = 0; i < 10 && !quick; i++)
        {
            await server.Serve(HeadOf(Framing.Counted, size));
            await client.ReadHead();
            await balancer.WhileItStandsStill(() => server.Send(new byte[Full]));
            var since = Stopwatch.GetTimestamp();
            await client.ReadExactly(Full);
            quick = Stopwatch.GetElapsedTime(since).TotalMilliseconds < 100;
            await server.Send(new byte[size - Full]);
            await client.ReadExactly(size - Full);
            await client.Send(Get);
        }

        Assert.True(quick, "Each of them took 100 ms.");
        await server.Serve(Hello);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
    }

    [Theory]
    [InlineData(Framing.Counted, Short)]
    [InlineData(Framing.Counted, Long)]
    [InlineData(Framing.Chunked, Short)]
    public async Task A_client_that_ends_with_the_last_bytes_of_its_request_gets_the_answer(Framing framing, int size)
    {
        var body = Body(size);
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(UploadHead(framing, size));
        using var server = await origin.Accept();
        var request = await server.ReadRequestHead();

        await balancer.WhileItStandsStill(async () =>
        {
            await client.Send(Framed(framing, body));
            client.FinishSending();
        });

        Assert.Equal(body, (await server.ReadRequestBody(request)).Text);
        await server.Send(Hello);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Theory]
    [InlineData(Framing.Counted, Short, true)]
    [InlineData(Framing.Counted, Short, false)]
    [InlineData(Framing.Counted, Long, true)]
    [InlineData(Framing.Counted, Long, false)]
    [InlineData(Framing.Chunked, Short, true)]
    [InlineData(Framing.Chunked, Short, false)]
    public async Task A_client_that_breaks_off_with_the_last_bytes_of_its_request_or_behind_them_frees_the_server(Framing framing, int size, bool together)
    {
        var body = Body(size);
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(UploadHead(framing, size));
        using var server = await origin.Accept();
        var request = await server.ReadRequestHead();

        if (together)
        {
            await balancer.WhileItStandsStill(async () =>
            {
                await client.Send(Framed(framing, body));
                client.Reset();
            });
        }
        else
        {
            await client.Send(Framed(framing, body));
            await server.ReadRequestBody(request);
            client.Reset();
        }

        await server.Drain();
        await balancer.CheckAtRest();
    }

    [Fact]
    public async Task A_client_that_breaks_off_with_its_request_frees_the_server()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        await balancer.WhileItStandsStill(async () =>
        {
            await client.Send(Get);
            client.Reset();
        });

        using var server = await origin.Accept();
        await server.Drain();
    }

    /// <summary>The answer comes in the same moment as the last bytes of the request, which had gone on before it was seen.</summary>
    [Theory]
    [InlineData(Framing.Counted, Short)]
    [InlineData(Framing.Counted, Long)]
    [InlineData(Framing.Chunked, Short)]
    public async Task An_answer_that_comes_with_the_last_bytes_of_its_request_leaves_both_connections_as_they_are(Framing framing, int size)
    {
        var body = Body(size);
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(UploadHead(framing, size));
        using var server = await origin.Accept();
        var request = await server.ReadRequestHead();

        await balancer.WhileItStandsStill(async () =>
        {
            await client.Send(Framed(framing, body));
            await server.Send(Hello);
        });

        Assert.Equal("hello", (await client.ReadResponse()).Text);
        Assert.Equal(body, (await server.ReadRequestBody(request)).Text);
        await client.Send(Post);
        await server.Serve(Hello);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
        Assert.Single(origin.Connections);
    }

    private static string UploadHead(Framing framing, int size) =>
        "PUT / HTTP/1.1\r\nHost: x\r\n" + (framing == Framing.Counted ? $"Content-Length: {size}\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
}
