using System.Diagnostics;

namespace Steelyard.Micro;

/// <summary>What each policy costs, in one short run: the table of docs/balancing.md. <see cref="Choices"/> measures the same at length.</summary>
internal static class ChoiceTable
{
    // So short that most batches pass undisturbed on a machine that does something else besides.
    private const int Batches = 401;
    private const int InBatch = 2000;
    private const int Changes = 9;

    /// <summary>Prints, for each policy: choosing a server and letting it go, and until choices go by a weight that was set live.</summary>
    public static void Print()
    {
        Console.WriteLine("| Policy | of 10 | of 100 | of 10,000 | a weight set, of 10 | of 10,000 |\n|---|--:|--:|--:|--:|--:|");
        foreach (var policy in Choices.Policies)
        {
            var (small, hundred, large) = (PoolOf(policy, 10), PoolOf(policy, 100), PoolOf(policy, 10_000));
            Console.WriteLine($"| {policy} | {Nanoseconds(small):0} ns | {Nanoseconds(hundred):0} ns | {Nanoseconds(large):0} ns | {Milliseconds(small):0.00} ms | {Milliseconds(large):0.0} ms |");
        }
    }

    private static Choices PoolOf(string policy, int servers)
    {
        var choices = new Choices { Policy = policy, Servers = servers };
        choices.MakePool();
        return choices;
    }

    private static double Nanoseconds(Choices choices) => Median(Batches, () =>
    {
        for (var i = 0; i < InBatch; i++)
            choices.Choose();
    }) * 1e6 / InBatch;

    private static double Milliseconds(Choices choices)
    {
        var weight = 3;
        return Median(Changes, () => choices.SetWeight(weight++));
    }

    private static double Median(int batches, Action action)
    {
        var spans = new double[batches];
        for (var i = -batches / 2; i < batches; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            action();
            if (i >= 0)
                spans[i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }

        Array.Sort(spans);
        return spans[batches / 2];
    }
}
