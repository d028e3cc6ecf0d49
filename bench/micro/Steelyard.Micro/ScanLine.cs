using System.Diagnostics;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Micro;

/// <summary>
/// What it costs to look at all servers of a pool, as least connections does up to a number of them, beside two choices: the
/// table of docs/balancing.md that says where the line lies. Two threads stand for two loops, whose counts move from core to core.
/// </summary>
internal static class ScanLine
{
    private const int Batches = 101;
    private const int InBatch = 500;

    /// <summary>Prints the nanoseconds of a choice, with letting go again, by how many servers there are.</summary>
    public static void Print()
    {
        Console.WriteLine("| Servers | all looked at | with a second loop | two choices | with a second loop |\n|--:|--:|--:|--:|--:|");
        foreach (var servers in (ReadOnlySpan<int>)[10, 32, 64, 128, 256, 512, 1024])
            Console.WriteLine($"| {servers} | {Measure(servers, scans: true, beside: false):0} ns | {Measure(servers, scans: true, beside: true):0} ns | {Measure(servers, scans: false, beside: false):0} ns | {Measure(servers, scans: false, beside: true):0} ns |");
    }

    private static double Measure(int count, bool scans, bool beside)
    {
        var settings = new PoolSettings
        {
            Name = "web",
            Servers = Enumerable.Range(0, count).Select(i => new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", 10_000 + i) }).ToValueList(),
        };
        var servers = new Pool(settings, firstOrdinal: 0).Servers.ToArray();
        var weights = Enumerable.Repeat(1, count).ToArray();

        // Each has something to do: among idle ones nobody looks further than the second.
        var begin = new LeastConnections(servers, weights, before: null);
        for (var i = 0; i < count; i++)
            Take(begin, count);
        Picker picker = scans ? new LeastConnections(servers, weights, before: null) : new TwoChoices(servers, weights);
        var stop = false;
        var other = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
                Choose(picker, count, InBatch);
        });
        if (beside)
            other.Start();
        var spans = new double[Batches];
        for (var i = -Batches / 2; i < Batches; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            Choose(picker, count, InBatch);
            if (i >= 0)
                spans[i] = Stopwatch.GetElapsedTime(begun).TotalNanoseconds / InBatch;
        }

        Volatile.Write(ref stop, true);
        if (beside)
            other.Join();
        Array.Sort(spans);
        return spans[Batches / 2];
    }

    private static void Take(Picker picker, int count)
    {
        var tried = new ServerSet();
        tried.Clear(count);
        picker.Pick(new() { Tried = tried });
    }

    private static void Choose(Picker picker, int count, int times)
    {
        var tried = new ServerSet();
        tried.Clear(count);
        var chance = (ulong)Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            chance = (chance * 6364136223846793005) + 1442695040888963407;
            picker.Pick(new() { Tried = tried, Chance = chance }).Server!.End();
        }
    }
}
