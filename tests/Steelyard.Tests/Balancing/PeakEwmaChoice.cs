using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Peak EWMA: up at once, down by and by, and no reward for failing fast.</summary>
public sealed class PeakEwmaChoice
{
    private const double Decay = 10_000;

    private static Pool PoolOf(int servers) => Pools.Of(BalancePolicy.PeakEwma, [.. Enumerable.Repeat(1, servers)]);

    private static int[] Run(Pool pool, int requests, Func<int, (long Milliseconds, int Status)> answer, long gap = 1)
    {
        var counts = new int[pool.Count];
        var now = 1000L;
        for (var i = 0; i < requests; i++, now += gap)
        {
            var server = pool.Choose(new() { Tried = Pools.None, Now = now, Chance = Hashes.Mix((ulong)i) }).Server!;
            counts[server.Index]++;
            server.End();
            var (milliseconds, status) = answer(server.Index);
            pool.Learn(server, ServerFailure.None, status, now, milliseconds);
        }

        return counts;
    }

    [Fact]
    public void A_worse_answer_counts_at_once_and_a_better_one_as_time_passes()
    {
        var latency = new Latency();
        Assert.True(double.IsNaN(latency.Estimate(0, Decay)));
        latency.Observe(10, 0, Decay);
        latency.Observe(100, 0, Decay);
        Assert.Equal(100, latency.Estimate(0, Decay));
        latency.Observe(10, 0, Decay);
        Assert.Equal(100, latency.Estimate(0, Decay), 3);
        latency.Observe(10, 10_000, Decay);
        Assert.Equal(10 + (90 / Math.E), latency.Estimate(10_000, Decay), 3);
        Assert.Equal((10 + (90 / Math.E)) / Math.E, latency.Estimate(20_000, Decay), 3);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(256)]
    public void Equal_weights_are_alike_of_whatever_size(int weight)
    {
        int[] Loaded(int weight)
        {
            var pool = Pools.Of(BalancePolicy.PeakEwma, weight, weight, weight);
            for (var i = 0; i < pool.Count; i++)
            {
                pool.Learn(pool.Servers[i], ServerFailure.None, 200, 0, 10 + (5 * i));
                Pools.Occupy(pool.Servers[i], 4 - (2 * i));
            }

            return [.. Enumerable.Range(0, 300).Select(i => pool.Choose(new() { Tried = Pools.None, Now = 0, Chance = Hashes.Mix((ulong)i) }).Server!.Index)];
        }

        Assert.Equal(Loaded(1), Loaded(weight));
    }

    [Fact]
    public void A_clock_that_lags_or_has_run_for_months_does_no_harm()
    {
        var latency = new Latency();
        latency.Observe(10, uint.MaxValue, Decay);
        Assert.Equal(10, latency.Estimate(uint.MaxValue - 5L, Decay));
        Assert.Equal(10 / Math.E, latency.Estimate(uint.MaxValue + 10_000L, Decay), 3);
    }

    [Fact]
    public void The_slow_one_of_five_gets_little()
    {
        var counts = Run(PoolOf(5), 10_000, server => (server == 2 ? 100 : 10, 200));
        Assert.InRange(counts[2], 1, 400);
    }

    [Fact]
    public void Who_fails_fast_attracts_nobody()
    {
        var counts = Run(PoolOf(5), 10_000, server => server == 2 ? (0, 500) : (10, 200));
        Assert.InRange(counts[2], 1, 100);
    }

    [Fact]
    public void Who_failed_comes_back_when_that_is_forgotten()
    {
        var failing = 3;
        var counts = Run(PoolOf(2), 100_000, server => server == 1 && failing-- > 0 ? (0, 503) : (10, 200), gap: 10);
        Assert.InRange(counts[1], 30_000, 60_000);
    }

    [Fact]
    public void Of_whom_nothing_is_known_gets_one_request_to_show_it()
    {
        var pool = PoolOf(2);
        pool.Learn(pool.Servers[0], ServerFailure.None, 200, 0, 10);
        Assert.Same(pool.Servers[1], pool.Choose(new() { Tried = Pools.None, Now = 0, Chance = 1 }).Server);
        for (var i = 0UL; i < 100; i++)
            Assert.Same(pool.Servers[0], pool.Choose(new() { Tried = Pools.None, Now = 0, Chance = Hashes.Mix(i) }).Server);
    }

    // Nobody waits for the first answer of a server that was away for long, whose old latency has come down to nothing.
    [Fact]
    public void Who_has_come_back_gets_one_request_to_show_how_it_does_now()
    {
        const long Later = 60_000;
        var pool = PoolOf(2);
        pool.Learn(pool.Servers[1], ServerFailure.None, 200, 0, 10);
        pool.Checked(pool.Servers[1], up: false, ProbeFault.Refused, 0, 0);
        pool.Learn(pool.Servers[0], ServerFailure.None, 200, Later, 10);
        pool.Checked(pool.Servers[1], up: true, ProbeFault.None, 200, Later);
        Assert.Equal(1, Enumerable.Range(0, 20).Count(i => pool.Choose(new() { Tried = Pools.None, Now = Later, Chance = Hashes.Mix((ulong)i) }).Server == pool.Servers[1]));
    }

    [Fact]
    public void Those_of_whom_nothing_is_known_get_what_their_weights_say()
    {
        var pool = Pools.Of(BalancePolicy.PeakEwma, 1, 3);
        for (var i = 0; i < 400; i++)
            pool.Choose(new() { Tried = Pools.None, Now = 0, Chance = Hashes.Mix((ulong)i) });
        Assert.InRange(pool.Servers[0].Active, 98, 102);
    }

    [Fact]
    public void Who_has_more_to_do_costs_more()
    {
        var pool = PoolOf(2);
        pool.Learn(pool.Servers[0], ServerFailure.None, 200, 0, 10);
        pool.Learn(pool.Servers[1], ServerFailure.None, 200, 0, 25);
        Pools.Occupy(pool.Servers[0], 2);
        Assert.Equal(new Decision(pool.Servers[1], DecisionReason.LowerCostOfTwo), pool.Choose(new() { Tried = Pools.None, Now = 0, Chance = 1 }));
    }
}
