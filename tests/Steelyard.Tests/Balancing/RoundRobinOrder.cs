using CsCheck;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Smooth weighted round robin: nginx's order, and exact shares however many threads take turns.</summary>
public sealed class RoundRobinOrder
{
    private static Pool PoolOf(params int[] weights) => Pools.Of(BalancePolicy.RoundRobin, weights);

    private static ServerSet Tried(Pool pool, params int[] servers) => Pools.Tried(pool, servers);

    private static string Turns(Pool pool, int count)
    {
        var tried = Tried(pool);
        return string.Concat(Enumerable.Range(0, count).Select(_ => (char)('a' + pool.Choose(new() { Tried = tried }).Server!.Index)));
    }

    [Theory]
    [InlineData(new[] { 5, 1, 1 }, "aabacaa")]
    [InlineData(new[] { 1, 1, 1 }, "abcabcabc")]
    [InlineData(new[] { 50, 10, 10 }, "aabacaa")]
    [InlineData(new[] { 3, 2, 1 }, "abacba")]
    [InlineData(new[] { 1, 0, 2 }, "cac")]
    [InlineData(new[] { 0, 1 }, "bbb")]
    [InlineData(new[] { 256 }, "aaa")]
    public void Turns_come_in_nginxs_order(int[] weights, string order)
    {
        var pool = PoolOf(weights);
        Assert.Equal(order, Turns(pool, order.Length));
        Assert.Equal(order, Turns(pool, order.Length));
    }

    /// <summary>ngx_http_upstream_get_peer, once more and step by step.</summary>
    private static IEnumerable<int> Nginx(int[] weights)
    {
        var current = new int[weights.Length];
        while (true)
        {
            var best = -1;
            for (var i = 0; i < weights.Length; i++)
            {
                if (weights[i] == 0)
                    continue;
                current[i] += weights[i];
                if (best < 0 || current[i] > current[best])
                    best = i;
            }

            current[best] -= weights.Sum();
            yield return best;
        }
    }

    [Fact]
    public void Any_weights_give_nginxs_order() =>
        Gen.Int[0, 20].Array[1, 8].Where(weights => weights.Sum() > 0).Sample(
            weights =>
            {
                var pool = PoolOf(weights);
                var tried = Tried(pool);
                foreach (var expected in Nginx(weights).Take(2 * weights.Sum()))
                    Assert.Equal(expected, pool.Choose(new() { Tried = tried }).Server!.Index);
            },
            iter: 1_000);

    [Fact]
    public void Ten_thousand_servers_of_any_weights_are_in_order_within_a_second_not_a_minute()
    {
        var weights = Enumerable.Range(0, 10_000).Select(i => i * 7 % 257).ToArray();
        var pool = PoolOf(weights);

        var (tried, counts) = (Tried(pool), new int[weights.Length]);
        for (var i = 0; i < weights.Sum(); i++)
            counts[pool.Choose(new() { Tried = tried }).Server!.Index]++;
        Assert.Equal(weights, counts);
    }

    [Fact]
    public void Shares_are_exact_over_all_threads()
    {
        const int Threads = 4;
        const int Rounds = 3_500;
        var pool = PoolOf(5, 1, 1);
        var counts = new int[pool.Count];
        var threads = Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            var (tried, own) = (Tried(pool), new int[pool.Count]);
            for (var i = 0; i < Rounds * 7; i++)
                own[pool.Choose(new() { Tried = tried }).Server!.Index]++;
            for (var i = 0; i < own.Length; i++)
                Interlocked.Add(ref counts[i], own[i]);
        })).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();

        Assert.Equal([Threads * Rounds * 5, Threads * Rounds, Threads * Rounds], counts);
    }

    [Fact]
    public void A_server_that_was_tried_is_not_chosen_again()
    {
        var pool = PoolOf(5, 1, 1);
        for (var i = 0; i < 20; i++)
        {
            Assert.NotEqual(0, pool.Choose(new() { Tried = Tried(pool, 0) }).Server!.Index);
            Assert.Equal(2, pool.Choose(new() { Tried = Tried(pool, 0, 1) }).Server!.Index);
        }

        var decision = pool.Choose(new() { Tried = Tried(pool, 0, 1, 2) });
        Assert.Equal(new Decision(null, DecisionReason.NoneLeft), decision);
    }

    [Fact]
    public void The_decision_says_why()
    {
        var pool = PoolOf(1, 1);
        Assert.Equal(new Decision(pool.Servers[0], DecisionReason.Turn), pool.Choose(new() { Tried = Tried(pool) }));
        Assert.Equal(new Decision(pool.Servers[0], DecisionReason.TurnAfterTried), pool.Choose(new() { Tried = Tried(pool, 1) }));
    }

    [Theory]
    [InlineData(new int[0])]
    [InlineData(new[] { 0 })]
    [InlineData(new[] { 0, 0 })]
    public void A_pool_without_a_weight_has_nobody_to_choose(int[] weights)
    {
        var pool = PoolOf(weights);
        Assert.Equal(new Decision(null, DecisionReason.NoneLeft), pool.Choose(new() { Tried = Tried(pool) }));
    }

    [Fact]
    public void A_server_of_weight_0_is_not_chosen_even_when_all_others_were_tried()
    {
        var pool = PoolOf(1, 0, 1);
        Assert.Null(pool.Choose(new() { Tried = Tried(pool, 0, 2) }).Server);
    }

    [Fact]
    public void A_set_of_servers_holds_what_was_added_and_forgets_it()
    {
        var set = new ServerSet();
        Gen.Select(Gen.Int[1, 300], Gen.Int[0, 299].List[0, 40]).Sample(
            (capacity, servers) =>
            {
                set.Clear(capacity);
                var expected = servers.Where(server => server < capacity).ToHashSet();
                foreach (var server in expected.Concat(expected))
                    set.Add(server);
                Assert.Equal(expected.Count, set.Count);
                for (var i = 0; i < capacity; i++)
                    Assert.Equal(expected.Contains(i), set.Contains(i));
            },
            iter: 2_000,
            threads: 1);
    }

    [Fact]
    public void A_choice_allocates_nothing()
    {
        var pool = PoolOf(5, 1, 1);
        var tried = Tried(pool, 0);
        Choose(1_000);
        Steady.RequireNone(() => Choose(1_000));

        void Choose(int times)
        {
            for (var i = 0; i < times; i++)
                pool.Choose(new() { Tried = tried });
        }
    }
}
