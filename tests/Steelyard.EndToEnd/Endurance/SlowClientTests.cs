using System.Diagnostics;
using System.Net;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Endurance;

/// <summary>Clients that hold on to what they have, against the real program.</summary>
[Trait("Category", "Endurance")]
public sealed class SlowClientTests : IDisposable
{
    private const int Slowloris = 1000;
    private const long MostPerClient = 64 * 1024;
    private const long BodyBytes = 1L << 30;
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    private static readonly TimeSpan s_unharmed = TimeSpan.FromMilliseconds(5);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_thousand_slowloris_and_a_slow_reader_cost_little_memory_and_nobody_else_time()
    {
        await using var origin = RecordingOrigin.Start(SmallOrHuge);
        await using var up = Up(origin, "timeouts: { client-header: 4s }");
        var address = await AddressOf(up);
        var calm = await AskMany(address, 500);
        var before = Memory(up.Id);

        using var reader = await RawClient.Connect(address, receiveBuffer: 4096);
        reader.Records = false;
        await reader.Send("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(200, new HttpMessage(await reader.ReadHead()).Status);
        var clients = await Task.WhenAll(Enumerable.Range(0, Slowloris).Select(_ => RawClient.Connect(address))).Patiently();
        var besieged = new List<TimeSpan>();
        foreach (var piece in (string[])["GET / HTTP/1.1\r\nHost: x\r\nX-A: ", "b", "c", "d"])
        {
            foreach (var client in clients)
                await client.Send(piece);
            await reader.ReadExactly(1024);
            besieged.Add(await AskMany(address, 200));
        }

        var grown = Memory(up.Id) - before;
        Assert.True(grown < MostPerClient * (Slowloris + 1), $"{grown / 1024} KiB more for {Slowloris} clients and a reader.");

        // A pause of ours would be there in each round, one of the machine's is not.
        var times = $"{besieged.Min().TotalMilliseconds:0.0} ms, {calm.TotalMilliseconds:0.0} ms in calm";
        Assert.True(besieged.Min() < calm + s_unharmed, $"The 99th percentile of the others: {times}.");
        foreach (var client in clients)
        {
            Assert.Equal(408, (await client.ReadResponse()).Status);
            client.Dispose();
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{grown / 1024} KiB more; the 99th percentile of the others: {times}");
    }

    [Fact]
    public async Task Without_descriptors_clients_wait_and_are_served_when_there_are_some_again()
    {
        await using var origin = RecordingOrigin.Start(SmallOrHuge);
        await using var up = Up(origin, "");
        var address = await AddressOf(up);
        await AskMany(address, 10);
        const int spare = 20;
        SetDescriptorLimit(up.Id, beyondOpen: spare);

        var clients = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => RawClient.Connect(address))).Patiently();
        foreach (var client in clients)
            await client.Send(Get);

        // Those that were taken are answered, with 503 where nothing was left for a server; the others wait until these go.
        var (answered, release) = (0, new TaskCompletionSource());
        var all = clients.Select(async client =>
        {
            var status = (await client.ReadResponse()).Status;
            Interlocked.Increment(ref answered);
            await release.Task;
            client.Close();
            return status;
        }).ToArray();
        await Patience.Until(() => answered > 0);
        Assert.InRange(answered, 1, spare);
        release.SetResult();
        Assert.All(await Task.WhenAll(all).Patiently(), status => Assert.Contains(status, (int[])[200, 503]));

        await AskMany(address, 20);
        Assert.False(up.HasExited);
        Assert.DoesNotContain("fault", up.Error, StringComparison.Ordinal);
    }

    private static async Task SmallOrHuge(OriginConnection connection)
    {
        connection.Records = false;
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            if (request.Target != "/huge")
            {
                await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
                continue;
            }

            await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {BodyBytes}\r\n\r\n");
            var piece = new byte[64 * 1024];
            for (var sent = 0L; sent < BodyBytes; sent += piece.Length)
            {
                // As long as nobody reads, which is most of the test.
                for (var rest = piece.AsMemory(); !rest.IsEmpty;)
                    rest = rest[await connection.Socket.SendAsync(rest)..];
            }
        }
    }

    private SteelyardProcess Up(RecordingOrigin origin, string settings) => SteelyardProcess.Start("up", _folder.Write(
        "steelyard.yaml",
        $$"""
        loops: 2
        {{settings}}
        listen: [ { bind: "127.0.0.1:0", to: web } ]
        pools: { web: { servers: [ "{{origin.Address}}" ] } }

        """));

    private static async Task<IPEndPoint> AddressOf(SteelyardProcess up)
    {
        var url = await up.UrlAsync("http://");
        await up.LineAsync("ready");
        return new(IPAddress.Loopback, url.Port);
    }

    /// <summary>Requests on new connections and on kept ones; the 99th percentile of their times.</summary>
    private static async Task<TimeSpan> AskMany(IPEndPoint address, int count)
    {
        var times = new List<TimeSpan>(count);
        for (var asked = 0; asked < count; asked += 10)
        {
            using var client = await RawClient.Connect(address);
            for (var i = 0; i < 10; i++)
            {
                var begun = Stopwatch.GetTimestamp();
                Assert.Equal("hello", (await client.Ask(Get)).Text);
                times.Add(Stopwatch.GetElapsedTime(begun));
            }
        }

        return times.Order().ElementAt(times.Count * 99 / 100);
    }

    /// <summary>Resident memory of the program with all its processes.</summary>
    private static long Memory(int pid) => ProcessesOf(pid).Sum(process =>
        long.Parse(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024);

    private static void SetDescriptorLimit(int pid, int beyondOpen)
    {
        foreach (var process in ProcessesOf(pid))
        {
            var limit = Directory.GetFileSystemEntries($"/proc/{process}/fd").Length + beyondOpen;
            using var prlimit = Process.Start("prlimit", ["--pid", $"{process}", $"--nofile={limit}:"]);
            prlimit.WaitForExit();
            Assert.Equal(0, prlimit.ExitCode);
        }
    }

    private static List<int> ProcessesOf(int pid) => [pid, .. Processes.ChildrenOf(pid).SelectMany(ProcessesOf)];
}
