using CsCheck;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Least connections: nobody has more to do for its weight than another could have taken, and equals take turns.</summary>
public sealed class LeastConnectionsChoice
{
    private static Pool PoolOf(params int[] weights) => Pools.Of(BalancePolicy.LeastConnections, weights);

    private static string Choose(Pool pool, int count)
    {
        var tried = Pools.Tried(pool);
        return string.Concat(Enumerable.Range(0, count).Select(_ => (char)('a' + pool.Choose(new() { Tried = tried }).Server!.Index)));
    }

    private static string ChooseAndEnd(Pool pool, int count) => string.Concat(Enumerable.Range(0, count).Select(_ =>
    {
        var server = pool.Choose(new() { Tried = Pools.Tried(pool) }).Server!;
        server.End();
        return (char)('a' + server.Index);
    }));

    [Theory]
    [InlineData(new[] { 1, 1, 1 }, "abcabc")]
    [InlineData(new[] { 3, 1 }, "aaba")]
    [InlineData(new[] { 1, 0, 1 }, "acac")]
    public void Idle_servers_take_turns_by_weight(int[] weights, string order) => Assert.Equal(order, ChooseAndEnd(PoolOf(weights), order.Length));

    [Fact]
    public void The_one_with_less_to_do_is_chosen()
    {
        var pool = PoolOf(1, 1, 1);
        Pools.Occupy(pool.Servers[0], 2);
        Pools.Occupy(pool.Servers[1], 1);
        Pools.Occupy(pool.Servers[2], 2);

        Assert.Equal(new Decision(pool.Servers[1], DecisionReason.LeastActive), pool.Choose(new() { Tried = Pools.Tried(pool) }));
        Assert.Equal(2, pool.Servers[1].Active);
        Assert.Equal(DecisionReason.TurnOfLeastActive, pool.Choose(new() { Tried = Pools.Tried(pool) }).Reason);
    }

    [Fact]
    public void What_stays_active_is_shared_by_weight()
    {
        var pool = PoolOf(5, 3, 2, 0);
        Choose(pool, 1000);
        Assert.Equal([500, 300, 200, 0], pool.Servers.Select(server => server.Active));
    }

    [Fact]
    public void Tried_servers_are_left_out_however_idle()
    {
        var pool = PoolOf(1, 1);
        Pools.Occupy(pool.Servers[1], 50);
        Assert.Same(pool.Servers[1], pool.Choose(new() { Tried = Pools.Tried(pool, 0) }).Server);
        Assert.Equal(new Decision(null, DecisionReason.NoneLeft), pool.Choose(new() { Tried = Pools.Tried(pool, 0, 1) }));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    public void One_that_fails_gets_its_share_however_idle_it_is(int status)
    {
        var pool = PoolOf(1, 1, 2);
        Pools.Occupy(pool.Servers[1], 5);
        Pools.Occupy(pool.Servers[2], 10);
        for (var i = 0; i < 3; i++)
            pool.Learn(pool.Servers[0], ServerFailure.None, status, now: 0);

        Assert.Equal(250, ChosenByLot(pool));

        // Well again, it fills up.
        for (var i = 0; i < 33; i++)
            pool.Learn(pool.Servers[0], ServerFailure.None, 200, now: 0);
        Assert.Equal(1000, ChosenByLot(pool));
    }

    // How many of a thousand requests the first server gets, whose lots lie side by side, and that have ended at once.
    private static int ChosenByLot(Pool pool)
    {
        var first = 0;
        for (var i = 0; i < 1000; i++)
        {
            var server = pool.Choose(new() { Tried = Pools.Tried(pool), Chance = (uint)(((ulong)i << 32) / 1000) }).Server!;
            server.End();
            first += server.Index == 0 ? 1 : 0;
        }

        return first;
    }

    [Fact]
    public void One_that_fails_is_chosen_where_no_other_is_left()
    {
        var pool = PoolOf(1, 1);
        pool.Learn(pool.Servers[0], ServerFailure.Refused, 0, now: 0);
        pool.Learn(pool.Servers[0], ServerFailure.Refused, 0, now: 0);
        pool.Learn(pool.Servers[0], ServerFailure.Refused, 0, now: 0);
        Assert.Same(pool.Servers[0], pool.Choose(new() { Tried = Pools.Tried(pool, 1), Chance = ulong.MaxValue }).Server);
    }

    [Fact]
    public void Where_all_fail_the_one_with_less_to_do_is_chosen()
    {
        var pool = PoolOf(1, 1);
        foreach (var server in pool.Servers)
        {
            for (var i = 0; i < 3; i++)
                pool.Learn(server, ServerFailure.None, 503, now: 0);
        }

        Pools.Occupy(pool.Servers[0], 2);
        Assert.Equal("bb", Choose(pool, 2));
    }

    [Fact]
    public void The_choice_is_always_a_least_one() =>
        Gen.Select(Gen.Int[0, 256].Array[1, 12], Gen.Int[0, 40].Array[12], Gen.Int[0, 11].Array[0, 3]).Sample(drawn =>
        {
            var (weights, active, left) = drawn;
            var pool = PoolOf(weights);
            var tried = Pools.Tried(pool, [.. left.Where(index => index < weights.Length)]);
            for (var i = 0; i < weights.Length; i++)
                Pools.Occupy(pool.Servers[i], active[i]);

            var chosen = pool.Choose(new() { Tried = tried }).Server;

            var eligible = pool.Servers.Where(server => server.Settings.Weight > 0 && !tried.Contains(server.Index)).ToList();
            Assert.Equal(eligible.Count == 0, chosen is null);
            if (chosen is null)
                return;
            Assert.Contains(chosen, eligible);
            Assert.Equal(eligible.Min(server => (double)active[server.Index] / server.Settings.Weight), (double)active[chosen.Index] / chosen.Settings.Weight, 9);
            Assert.Equal(active[chosen.Index] + 1, chosen.Active);
        });

    // Two loops that see the same least one must not both take it.
    [Fact]
    public async Task It_is_exact_over_threads()
    {
        var pool = PoolOf(1, 1, 1, 1);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var tried = Pools.Tried(pool);
            for (var i = 0; i < 10_000; i++)
                pool.Choose(new() { Tried = tried });
        })));

        Assert.Equal([10_000, 10_000, 10_000, 10_000], pool.Servers.Select(server => server.Active));
    }

    [Fact]
    public void Choosing_allocates_nothing()
    {
        foreach (var policy in Enum.GetValues<BalancePolicy>())
        {
            var pool = Pools.Of(policy, 3, 1, 2);
            var tried = Pools.Tried(pool);
            var chance = 1UL;
            Choose(1_000);
            Steady.RequireNone(() => Choose(1_000));

            void Choose(int times)
            {
                for (var i = 0; i < times; i++)
                    pool.Choose(new() { Tried = tried, Chance = chance *= 6364136223846793005 }).Server!.End();
            }
        }
    }
}
