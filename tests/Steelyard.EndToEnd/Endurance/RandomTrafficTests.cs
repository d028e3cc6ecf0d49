using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Endurance;

/// <summary>
/// Bodies of every size, framing and rhythm, both ways at once: not a byte may be lost, added or mixed up. The count, for
/// each number of loops, is STEELYARD_REQUESTS (10,000 by default), the seed STEELYARD_SEED (another one each run, printed when it fails).
/// </summary>
[Trait("Category", "Endurance")]
public sealed class RandomTrafficTests
{
    private const int LargestBody = 8 << 20;
    private const int Clients = 24;
    private static readonly int Requests = int.Parse(Environment.GetEnvironmentVariable("STEELYARD_REQUESTS") ?? "10000", CultureInfo.InvariantCulture);

    // Every body is a piece of this; where it starts and how long it is are drawn.
    private static readonly byte[] Noise = MakeNoise();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_body_arrives_whole_both_ways(int loops)
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("STEELYARD_SEED") ?? Environment.TickCount.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        await using var origin = RecordingOrigin.Start(connection => Serve(connection, seed));
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Loops = loops });

        var numbers = Enumerable.Range(0, Requests).Chunk((Requests / Clients) + 1);
        try
        {
            await Task.WhenAll(numbers.Select(chunk => Task.Run(() => Client(balancer, seed, chunk))));
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"Failed with STEELYARD_SEED={seed}: {failure.Message}", failure);
        }

        Assert.Equal(Requests, balancer.Counters.Requests);
        Assert.Equal((0, 0, 0), (balancer.Counters.Refused, balancer.Counters.Cut, balancer.Counters.Retries));
    }

    private static async Task Client(TestBalancer balancer, int seed, int[] numbers)
    {
        RawClient? client = null;
        foreach (var number in numbers)
        {
            var plan = new Plan(seed, number);
            client ??= await balancer.Connect();
            client.Records = false;
            var sending = Send(client, plan.RequestHead, plan.Request, plan);
            var head = new HttpMessage(await client.ReadHead());
            var body = await ReadBody(client, head);
            await sending;

            Assert.True(head.Status == 200, $"Request {number}: {head.StartLine}");
            Assert.True(Hash(plan.Response.Bytes) == body, $"Request {number}: the answer of {plan.Response} is another.");
            Assert.True(head["X-Request-Hash"] == Hash(plan.Request.Bytes), $"Request {number}: the server got another request than {plan.Request}.");
            if (plan.ClientCloses)
            {
                Assert.Equal(Ending.Closed, await client.ReadEnding());
                client.Dispose();
                client = null;
            }
        }

        client?.Dispose();
    }

    private static async Task Serve(OriginConnection connection, int seed)
    {
        connection.Records = false;
        while (true)
        {
            HttpMessage head;
            try
            {
                head = await connection.ReadRequestHead();
            }
            catch (EndOfStreamException)
            {
                return;
            }

            var plan = new Plan(seed, int.Parse(head.Target[1..], CultureInfo.InvariantCulture));
            var hash = await ReadBody(connection, head);
            await Send(connection, $"{plan.ResponseHead}X-Request-Hash: {hash}\r\n\r\n", plan.Response, plan);
            if (plan.Response.Framing == Framing.UntilClose || plan.ServerCloses)
                return;
        }
    }

    /// <summary>Sends head and body in pieces that do not care where one ends and the other begins.</summary>
    private static async Task Send(RawSocket to, string head, Body body, Plan plan)
    {
        var random = new Random(plan.Rhythm);
        var bytes = Frame(head, body, random).AsMemory();
        to.Socket.NoDelay = true;
        while (!bytes.IsEmpty)
        {
            var piece = random.Next(4) switch
            {
                0 => random.Next(1, 20),
                1 => random.Next(1, 2000),
                2 => random.Next(1, 70_000),
                _ => bytes.Length,
            };
            piece = Math.Min(piece, bytes.Length);
            await to.Send(bytes[..piece]);
            bytes = bytes[piece..];
            if (random.Next(20) == 0)
                await Task.Delay(random.Next(4));
        }
    }

    private static byte[] Frame(string head, Body body, Random random)
    {
        var framed = new MemoryStream(head.Length + body.Length + 64);
        framed.Write(RawSocket.Latin1.GetBytes(head));
        if (body.Framing != Framing.Chunked)
        {
            framed.Write(body.Bytes);
            return framed.ToArray();
        }

        for (var rest = body.Bytes; !rest.IsEmpty;)
        {
            var size = Math.Min(rest.Length, random.Next(3) switch { 0 => random.Next(1, 10), 1 => random.Next(1, 5000), _ => random.Next(1, 200_000) });
            framed.Write(RawSocket.Latin1.GetBytes($"{size:X}{(random.Next(10) == 0 ? ";a=b" : "")}\r\n"));
            framed.Write(rest[..size]);
            framed.Write("\r\n"u8);
            rest = rest[size..];
        }

        framed.Write("0\r\n\r\n"u8);
        return framed.ToArray();
    }

    private static async Task<string> ReadBody(RawSocket from, HttpMessage head)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (head["Transfer-Encoding"] is not null)
        {
            hash.AppendData((await from.ReadChunks()).Body);
        }
        else if (head["Content-Length"] is { } length)
        {
            for (var rest = int.Parse(length, CultureInfo.InvariantCulture); rest > 0;)
            {
                var piece = await from.ReadSome(rest);
                if (piece.IsEmpty)
                    throw new EndOfStreamException($"{rest} of {length} bytes are missing.");
                hash.AppendData(piece.Span);
                rest -= piece.Length;
            }
        }
        else if (head.StartLine.StartsWith("HTTP/", StringComparison.Ordinal))
        {
            hash.AppendData(await from.ReadToEnd());
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    private static byte[] MakeNoise()
    {
        var noise = new byte[LargestBody + 65_536];
        new Random(1).NextBytes(noise);
        return noise;
    }

    private enum Framing
    {
        Counted,
        Chunked,
        UntilClose,
    }

    private readonly record struct Body(Framing Framing, int Start, int Length)
    {
        public ReadOnlySpan<byte> Bytes => Noise.AsSpan(Start, Length);
    }

    /// <summary>All that is drawn of one request; client and server draw the same.</summary>
    private sealed class Plan
    {
        private readonly bool _old;

        public Plan(int seed, int number)
        {
            Span<byte> mixed = stackalloc byte[8];
            BinaryPrimitives.WriteInt32LittleEndian(mixed, seed);
            BinaryPrimitives.WriteInt32LittleEndian(mixed[4..], number);
            var random = new Random(BinaryPrimitives.ReadInt32LittleEndian(SHA256.HashData(mixed)));
            _old = random.Next(20) == 0;
            Request = Draw(random, random.Next(2) == 0 && !_old ? Framing.Chunked : Framing.Counted);
            Response = Draw(random, (Framing)(random.Next(10) switch { < 5 => 0, < 9 => 1, _ => 2 }));
            ClientCloses = random.Next(30) == 0 || (_old && Response.Framing != Framing.Counted);
            ServerCloses = random.Next(30) == 0;
            Rhythm = random.Next();
            RequestHead = $"POST /{number} HTTP/1.{(_old ? 0 : 1)}\r\nHost: x\r\n" +
                (ClientCloses ? "Connection: close\r\n" : _old ? "Connection: keep-alive\r\n" : "") + FramingField(Request) + "\r\n";
            ResponseHead = "HTTP/1.1 200 OK\r\n" + (ServerCloses ? "Connection: close\r\n" : "") + FramingField(Response);
        }

        public Body Request { get; }

        public Body Response { get; }

        public bool ClientCloses { get; }

        public bool ServerCloses { get; }

        public int Rhythm { get; }

        public string RequestHead { get; }

        /// <summary>Without the empty line.</summary>
        public string ResponseHead { get; }

        private static string FramingField(Body body) => body.Framing switch
        {
            Framing.Counted => $"Content-Length: {body.Length}\r\n",
            Framing.Chunked => "Transfer-Encoding: chunked\r\n",
            _ => "",
        };

        private static Body Draw(Random random, Framing framing)
        {
            // Most are small, and the smallest are the most; one in a hundred goes up to the largest.
            var length = random.Next(100) switch
            {
                < 80 => (int)Math.Pow(4096, random.NextDouble()) - 1,
                < 99 => (int)Math.Pow(128 * 1024, random.NextDouble()) - 1,
                _ => random.Next(LargestBody),
            };
            return new(framing, random.Next(65_536), length);
        }
    }
}
