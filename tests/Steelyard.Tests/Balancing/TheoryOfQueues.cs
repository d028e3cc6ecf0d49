using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>
/// The supermarket model of Mitzenmacher (The Power of Two Choices in Randomized Load Balancing, IEEE TPDS 12(10), 2001):
/// requests come to n servers as a Poisson stream, take an exponential time with mean 1, first come first served. What he
/// computed for many servers, our pickers are held to. The table in docs/balancing.md is what this prints.
/// </summary>
public sealed class TheoryOfQueues(ITestOutputHelper output)
{
    private const int Servers = 100;

    /// <summary>The mean time in the system, with d choices and many servers.</summary>
    private static double Predicted(double load, int choices)
    {
        if (choices == 1)
            return 1 / (1 - load);
        var (sum, term) = (0.0, 1);
        for (var i = 1; term > 0; i++)
        {
            var power = (Math.Pow(choices, i) - choices) / (choices - 1);
            var next = Math.Pow(load, power);
            sum += next;
            term = next > 1e-12 ? 1 : 0;
        }

        return sum;
    }

    [Theory]
    [InlineData(BalancePolicy.Random, 0.5, 1)]
    [InlineData(BalancePolicy.Random, 0.7, 1)]
    [InlineData(BalancePolicy.Random, 0.9, 1)]
    [InlineData(BalancePolicy.TwoChoices, 0.5, 2)]
    [InlineData(BalancePolicy.TwoChoices, 0.7, 2)]
    [InlineData(BalancePolicy.TwoChoices, 0.8, 2)]
    [InlineData(BalancePolicy.TwoChoices, 0.9, 2)]
    [InlineData(BalancePolicy.TwoChoices, 0.95, 2)]
    public void The_time_in_the_system_is_what_was_computed(BalancePolicy policy, double load, int choices)
    {
        var mean = MeanTime(policy, load);
        var predicted = Predicted(load, choices);
        output.WriteLine($"| {policy} | {load} | {predicted:0.000} | {mean:0.000} |");
        Assert.InRange(mean / predicted, 0.94, 1.06);
    }

    [Fact]
    public void To_look_at_all_is_better_still()
    {
        var (all, two) = (MeanTime(BalancePolicy.LeastConnections, 0.9), MeanTime(BalancePolicy.TwoChoices, 0.9));
        output.WriteLine($"| {BalancePolicy.LeastConnections} | 0.9 | | {all:0.000} |");
        Assert.InRange(all, 1, two * 0.8);
    }

    private static double MeanTime(BalancePolicy policy, double load)
    {
        const double End = 3000, WarmUp = 500;
        var pool = Pools.Of(policy, [.. Enumerable.Repeat(1, Servers)]);
        var tried = Pools.Tried(pool);
        var random = new Random(7);
        var queues = Enumerable.Range(0, Servers).Select(_ => new Queue<double>()).ToArray();
        var ends = new PriorityQueue<int, double>();
        var (arrival, sum, count) = (Next(load * Servers), 0.0, 0);
        while (arrival < End)
        {
            if (ends.TryPeek(out var server, out var time) && time < arrival)
            {
                ends.Dequeue();
                var came = queues[server].Dequeue();
                pool.Servers[server].End();
                if (came > WarmUp)
                    (sum, count) = (sum + time - came, count + 1);
                if (queues[server].Count > 0)
                    ends.Enqueue(server, time + Next(1));
                continue;
            }

            var chosen = pool.Choose(new() { Tried = tried, Chance = (ulong)random.NextInt64(long.MinValue, long.MaxValue) }).Server!.Index;
            queues[chosen].Enqueue(arrival);
            if (queues[chosen].Count == 1)
                ends.Enqueue(chosen, arrival + Next(1));
            arrival += Next(load * Servers);
        }

        return sum / count;

        double Next(double rate) => -Math.Log(1 - random.NextDouble()) / rate;
    }
}
