using System.Globalization;
using System.Net.Sockets;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Endurance;

/// <summary>
/// Garbage on real sockets, from a kept corpus, mutated: the balancer answers with a status of its own or closes, and
/// nothing of it is left. Lasts a few seconds, or STEELYARD_FUZZ_MINUTES; starts from STEELYARD_SEED.
/// </summary>
[Trait("Category", "Endurance")]
public sealed class FuzzTests
{
    private static readonly TimeSpan Duration = Environment.GetEnvironmentVariable("STEELYARD_FUZZ_MINUTES") is { } minutes
        ? TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture))
        : TimeSpan.FromSeconds(5);

    private static readonly byte[][] Requests = ReadCorpus("request");
    private static readonly byte[][] Responses = ReadCorpus("response");

    private static byte[][] ReadCorpus(string kind) =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Corpus", kind)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    [Fact]
    public async Task Garbage_from_clients_and_servers_leaves_nothing()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("STEELYARD_SEED") ?? Environment.TickCount.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var serverSeed = seed;
        await using var sane = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var mad = RecordingOrigin.Start(connection => Answer(connection, new Random(Interlocked.Increment(ref serverSeed))));
        await using var balancer = TestBalancer.Start([sane.Address, mad.Address], snapshot => snapshot with
        {
            Loops = 2,
            Limits = new() { Body = Config.ByteSize.FromKibibytes(256) },
            Timeouts = new()
            {
                ClientHeader = TimeSpan.FromMilliseconds(200),
                ClientIdle = TimeSpan.FromMilliseconds(500),
                ClientBody = TimeSpan.FromMilliseconds(200),
                ServerResponse = TimeSpan.FromMilliseconds(200),
                ServerBody = TimeSpan.FromMilliseconds(200),
                ServerIdle = TimeSpan.FromMilliseconds(500),
            },
        });
        await Round(balancer, seed, TimeSpan.FromMilliseconds(300));
        await AtRest(balancer);
        var descriptors = await StableDescriptors();

        var rounds = 0;
        for (var since = Environment.TickCount64; Environment.TickCount64 - since < Duration.TotalMilliseconds; rounds++)
        {
            try
            {
                await Round(balancer, seed + (1000 * rounds), TimeSpan.FromSeconds(Math.Min(30, Duration.TotalSeconds)));
                await AtRest(balancer);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"Failed with STEELYARD_SEED={seed} in round {rounds}: {failure.Message}", failure);
            }

            Assert.True(balancer.Counters.Faults == 0, balancer.Counters.LastFault?.ToString());
        }

        // Pipes and connections to servers that are kept come on top, and are few.
        Assert.InRange(await StableDescriptors(), 0, descriptors + 80);
        Assert.True(await IsSane(balancer) || await IsSane(balancer), "Of two servers in turn, the sane one has to answer one of two requests.");
        TestContext.Current.SendDiagnosticMessage($"{balancer.Counters.Connections} connections, {balancer.Counters.Requests} requests, {balancer.Counters.Refused} refused, {balancer.Counters.Cut} cut");
    }

    /// <summary>Asks once; the mad server may answer anything, or break off.</summary>
    private static async Task<bool> IsSane(TestBalancer balancer)
    {
        using var client = await balancer.Connect();
        try
        {
            return (await client.Ask("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\na")).Text == "ok";
        }
        catch (Exception mad) when (mad is EndOfStreamException or Xunit.Sdk.XunitException)
        {
            // Its answer broke off, or began with an interim one.
            return false;
        }
    }

    private static Task Round(TestBalancer balancer, int seed, TimeSpan duration)
    {
        var end = Environment.TickCount64 + (long)duration.TotalMilliseconds;
        return Task.WhenAll(Enumerable.Range(0, 16).Select(number => Task.Run(async () =>
        {
            var random = new Random(seed + number);
            while (Environment.TickCount64 < end)
                await Pester(balancer, random);
        })));
    }

    private static async Task AtRest(TestBalancer balancer)
    {
        await balancer.CheckAtRest();
        GC.Collect();
    }

    /// <summary>The origin's sockets close a moment after the balancer's.</summary>
    private static async Task<int> StableDescriptors()
    {
        var before = -1;
        for (var i = 0; i < 100; i++)
        {
            var now = Directory.GetFiles("/proc/self/fd").Length;
            if (now == before)
                return now;
            before = now;
            await Task.Delay(700, TestContext.Current.CancellationToken);
        }

        return before;
    }

    private static async Task Pester(TestBalancer balancer, Random random)
    {
        using var client = await balancer.Connect();
        try
        {
            await SendBadly(client, Mutate(Requests, random), random);
            switch (random.Next(6))
            {
                case 0:
                    client.Reset();
                    return;
                case 1:
                    return;
                case 2:
                    client.FinishSending();
                    break;
                case 3:
                    await Task.Delay(random.Next(20));
                    break;
            }

            await CheckReply(client);
        }
        catch (SocketException)
        {
            // The balancer had seen enough.
        }
    }

    /// <summary>What comes back first is HTTP, and one of our statuses where the answer is ours; or the end comes.</summary>
    private static async Task CheckReply(RawClient client)
    {
        string head;
        try
        {
            head = await client.ReadHead();
        }
        catch (EndOfStreamException)
        {
            return;
        }

        Assert.True(head.StartsWith("HTTP/1.1 ", StringComparison.Ordinal), head);
        var message = new HttpMessage(head);
        Assert.InRange(message.Status, 100, 999);
        if (IsOurs(message))
            Assert.Contains(message.Status, new[] { 400, 404, 408, 413, 414, 417, 431, 501, 502, 503, 504, 505 });
        if (message["Connection"] == "close")
            await client.Drain();
    }

    private static bool IsOurs(HttpMessage message) => message.All("Cache-Control") is ["no-store"];

    private static async Task Answer(OriginConnection connection, Random random)
    {
        connection.Records = false;
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            // It does not care what it was asked, nor whether that was all.
            if ((await connection.ReadSome()).IsEmpty)
                return;
            await SendBadly(connection, Mutate(Responses, random), random);
        }

        if (random.Next(3) == 0)
            connection.Reset();
    }

    private static async Task SendBadly(RawSocket to, byte[] bytes, Random random)
    {
        for (var rest = bytes.AsMemory(); !rest.IsEmpty;)
        {
            var piece = random.Next(3) == 0 ? Math.Min(random.Next(1, 50), rest.Length) : rest.Length;
            await to.Send(rest[..piece]);
            rest = rest[piece..];
            if (random.Next(30) == 0)
                await Task.Delay(random.Next(3));
        }
    }

    /// <summary>One or more of the corpus, and some of it changed.</summary>
    private static byte[] Mutate(byte[][] corpus, Random random)
    {
        var bytes = new List<byte>(corpus[random.Next(corpus.Length)]);
        while (random.Next(3) == 0 && bytes.Count < 200_000)
            bytes.AddRange(corpus[random.Next(corpus.Length)]);
        for (var changes = random.Next(4) == 0 ? 0 : random.Next(1, 6); changes > 0 && bytes.Count > 0; changes--)
            Change(bytes, random, corpus);
        return [.. bytes];
    }

    private static void Change(List<byte> bytes, Random random, byte[][] corpus)
    {
        var at = random.Next(bytes.Count);
        var length = Math.Min(random.Next(1, 12), bytes.Count - at);
        switch (random.Next(8))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                string[] words = ["\r\n", "\r\n\r\n", "\0", "\n", "0\r\n\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "ffffffff\r\n", "Expect: 100-continue\r\n", " ", ":"];
                bytes.InsertRange(at, RawSocket.Latin1.GetBytes(words[random.Next(words.Length)]));
                break;
            case 6:
                bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), random.Next(40_000)));
                break;
            default:
                var other = corpus[random.Next(corpus.Length)];
                bytes.InsertRange(at, other.AsSpan(random.Next(other.Length)).ToArray());
                break;
        }
    }
}
