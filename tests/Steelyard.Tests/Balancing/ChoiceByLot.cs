using CsCheck;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Random and two choices: shares by weight, two different draws, and the maximum load that theory promises.</summary>
public sealed class ChoiceByLot
{
    private static int[] Count(Pool pool, int times, bool end = true, int seed = 1)
    {
        var (random, tried) = (new Random(seed), Pools.Tried(pool));
        var counts = new int[pool.Count];
        for (var i = 0; i < times; i++)
        {
            var server = pool.Choose(new() { Tried = tried, Chance = (ulong)random.NextInt64(long.MinValue, long.MaxValue) }).Server!;
            counts[server.Index]++;
            if (end)
                server.End();
        }

        return counts;
    }

    [Theory]
    [InlineData(BalancePolicy.Random)]
    [InlineData(BalancePolicy.TwoChoices)]
    public void The_weight_0_gets_nothing(BalancePolicy policy) => Assert.Equal(0, Count(Pools.Of(policy, 1, 0, 3), 10_000)[1]);

    [Fact]
    public void Random_shares_are_as_the_weights()
    {
        var counts = Count(Pools.Of(BalancePolicy.Random, 5, 3, 2), 100_000);

        // Five standard deviations of a binomial distribution.
        Assert.InRange(counts[0], 50_000 - 800, 50_000 + 800);
        Assert.InRange(counts[1], 30_000 - 730, 30_000 + 730);
    }

    [Fact]
    public void Of_two_servers_the_idle_one_is_always_taken()
    {
        var pool = Pools.Of(BalancePolicy.TwoChoices, 1, 1);
        Pools.Occupy(pool.Servers[0], 1);
        Assert.Equal([0, 1000], Count(pool, 1000));
    }

    [Fact]
    public void Of_two_servers_one_that_fails_and_is_idle_gets_its_share()
    {
        var pool = Pools.Of(BalancePolicy.TwoChoices, 1, 1);
        Pools.Occupy(pool.Servers[1], 5);
        for (var i = 0; i < 3; i++)
            pool.Learn(pool.Servers[0], ServerFailure.None, 500, now: 0);
        Assert.InRange(Count(pool, 10_000)[0], 5_000 - 250, 5_000 + 250);
    }

    [Fact]
    public void Less_to_do_means_less_for_the_weight()
    {
        var pool = Pools.Of(BalancePolicy.TwoChoices, 10, 1);
        Pools.Occupy(pool.Servers[0], 5);
        Pools.Occupy(pool.Servers[1], 1);
        Assert.Equal([1000, 0], Count(pool, 1000));
    }

    [Fact]
    public void Whoever_is_left_is_found() =>
        Gen.Select(Gen.OneOf(BalancePolicy.Random, BalancePolicy.TwoChoices), Gen.Int[0, 256].Array[1, 70], Gen.ULong, Gen.Int).Sample(drawn =>
        {
            var (policy, weights, chance, left) = drawn;
            var pool = Pools.Of(policy, weights);
            var remaining = (int)((uint)left % (uint)weights.Length);
            var tried = Pools.Tried(pool, [.. Enumerable.Range(0, weights.Length).Where(index => index != remaining)]);

            var decision = pool.Choose(new() { Tried = tried, Chance = chance });

            Assert.Equal(weights[remaining] > 0 ? pool.Servers[remaining] : null, decision.Server);
        });

    // Mitzenmacher, The Power of Two Choices (2001): n balls in n bins, the fullest holds about ln n / ln ln n by one
    // choice and ln ln n / ln 2 + O(1) by two.
    [Fact]
    public void The_fullest_server_is_as_full_as_theory_says()
    {
        const int Servers = 10_000;
        var weights = Enumerable.Repeat(1, Servers).ToArray();
        for (var seed = 1; seed <= 5; seed++)
        {
            Assert.InRange(Count(Pools.Of(BalancePolicy.TwoChoices, weights), Servers, end: false, seed).Max(), 3, 4);
            Assert.InRange(Count(Pools.Of(BalancePolicy.Random, weights), Servers, end: false, seed).Max(), 5, 11);
        }
    }
}
