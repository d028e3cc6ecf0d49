using CsCheck;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>What holds for every policy there is.</summary>
public sealed class EveryPolicy
{
    private static readonly BalanceSettings[] Policies =
    [
        .. Enum.GetValues<BalancePolicy>().Select(BalanceSettings.FromBalancePolicy),
        BalanceSettings.Source,
        .. Enum.GetValues<HashPlacement>().Select(placement => Hash(placement)),
        .. Enum.GetValues<HashPlacement>().Select(placement => Hash(placement, load: 125)),
    ];

    public static TheoryData<string> Names => [.. Policies.Select(policy => policy.ToString())];

    private static BalanceSettings Hash(HashPlacement placement, int? load = null) =>
        new() { Policy = BalancePolicy.Hash, Hash = new() { Key = RequestKey.Address, Placement = placement, Load = load } };

    internal static BalanceSettings Named(string policy) => Policies.First(settings => settings.ToString() == policy);

    private static Pool PoolOf(string policy, int[] weights) => Pools.Of(Named(policy), weights);

    private static byte[] Key(ulong number) => BitConverter.GetBytes(Hashes.Mix(number))[..4];

    [Theory]
    [MemberData(nameof(Names))]
    public void Who_has_no_weight_was_tried_or_is_away_is_never_chosen(string policy) =>
        Gen.Select(Gen.Int[0, 256].Array[1, 12], Gen.ULong, Gen.Int[0, 7].Array[1, 12], Gen.ULong).Sample(
            (drawn, chance, states, key) =>
            {
                // Rings and tables take their time to be made.
                var weights = Array.ConvertAll(drawn, weight => policy.Contains('{') ? weight % 5 : weight);
                var pool = PoolOf(policy, weights);
                var tried = Pools.Tried(pool);
                for (var i = 0; i < weights.Length; i++)
                {
                    var state = states[i % states.Length];
                    if (state == 0)
                        tried.Add(i);
                    else if (state == 1)
                        pool.SetState(pool.Servers[i], ServerState.Drain, 0);
                    else if (state == 2)
                        pool.Checked(pool.Servers[i], false, ProbeFault.Refused, 0, 0);
                    else if (state == 3)
                        pool.SetWeight(pool.Servers[i], 0, 0);
                    else if (state == 4)
                        pool.SetWeight(pool.Servers[i], (weights[i] + 2) % 5, 0);
                }

                var usable = pool.Servers.Where(server => server is { Weight: > 0, Wanted: ServerState.Ready }).ToArray();
                var expected = usable.Where(server => server.Up && !tried.Contains(server.Index)).Select(server => server.Index).ToHashSet();
                Assert.Equal(expected.Count > 0, pool.HasServerBeside(tried));
                for (var i = 0UL; i < 20; i++)
                {
                    var decision = pool.Choose(new() { Tried = tried, Chance = Hashes.Mix(chance + i), Key = Key(key + i) });
                    if (expected.Count == 0)
                        Assert.Equal(new Decision(null, DecisionReason.NoneLeft), decision);
                    else
                        Assert.Contains(decision.Server!.Index, expected);
                }
            },
            iter: 30);

    [Theory]
    [MemberData(nameof(Names))]
    public void Weights_that_are_set_live_are_the_shares(string policy)
    {
        // Those do not ask for the weights of servers that have nothing to do.
        if (policy is nameof(BalancePolicy.First) or nameof(BalancePolicy.HaproxyLeastConnections))
            return;
        var pool = PoolOf(policy, [1, 1, 1, 1]);
        pool.SetWeight(pool.Servers[0], 40, 0);
        pool.SetWeight(pool.Servers[1], 80, 0);
        pool.SetWeight(pool.Servers[2], 120, 0);
        pool.SetWeight(pool.Servers[3], 0, 0);
        var counts = new int[4];
        const int All = 60_000;
        for (var i = 0UL; i < All; i++)
        {
            var server = pool.Choose(new() { Tried = Pools.None, Now = 1, Chance = Hashes.Mix(i), Key = Key(i) }).Server!;
            counts[server.Index]++;
            server.End();
            pool.Learn(server, ServerFailure.None, 200, 1, 10);
        }

        // The better of two is not drawn by its weight alone, and points on a ring are not spread evenly.
        var tolerance = policy.Contains("ring", StringComparison.Ordinal) ? 0.25 : 0.12;
        for (var i = 0; i < 3; i++)
            Assert.InRange(counts[i], All / 6.0 * (i + 1) * (1 - tolerance), All / 6.0 * (i + 1) * (1 + tolerance));
        Assert.Equal(0, counts[3]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_choice_allocates_nothing(string policy)
    {
        var pool = PoolOf(policy, [1, 2, 3, 0, 5, 6]);
        var tried = Pools.Tried(pool, 4);
        var key = Key(7);
        Choose();
        Steady.RequireNone(Choose);

        void Choose()
        {
            for (var i = 0; i < 100; i++)
                pool.Choose(new() { Tried = tried, Chance = (ulong)i << 32, Key = key, Now = i }).Server!.End();
        }
    }

    [Fact]
    public void A_key_has_one_server_as_long_as_nothing_changes()
    {
        foreach (var placement in Enum.GetValues<HashPlacement>())
        {
            var pool = Pools.Of(Hash(placement), 1, 2, 3);
            for (var i = 0UL; i < 200; i++)
            {
                var choice = new Choice { Tried = Pools.None, Key = Key(i) };
                Assert.Equal(DecisionReason.Hash, pool.Choose(choice).Reason);
                Assert.Same(pool.Choose(choice).Server, pool.Choose(choice).Server);
            }
        }
    }

    [Fact]
    public void Without_a_key_servers_take_turns()
    {
        var pool = Pools.Of(Hash(HashPlacement.Ketama), 1, 1, 1);
        Assert.Equal([0, 1, 2, 0], Enumerable.Range(0, 4).Select(_ => pool.Choose(new() { Tried = Pools.None }).Server!.Index));
    }
}
