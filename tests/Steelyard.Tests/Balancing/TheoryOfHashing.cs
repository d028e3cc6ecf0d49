using CsCheck;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>What the papers say of the hashes: how even they are, who moves when a server goes, and how much one may have to do.</summary>
public sealed class TheoryOfHashing
{
    private const int Keys = 100_000;

    private static readonly byte[][] s_keys = [.. Enumerable.Range(0, Keys).Select(i => BitConverter.GetBytes(Hashes.Mix((ulong)i)))];

    private static Pool PoolOf(HashPlacement placement, int servers, int? load = null) => Pools.Of(
        new BalanceSettings { Policy = BalancePolicy.Hash, Hash = new() { Key = RequestKey.Address, Placement = placement, Load = load } },
        [.. Enumerable.Repeat(1, servers)]);

    private static int[] Place(Pool pool) => Array.ConvertAll(s_keys, key =>
    {
        var server = pool.Choose(new() { Tried = Pools.None, Key = key }).Server!;
        server.End();
        return server.Index;
    });

    private static int[] Counts(int[] placed, int servers)
    {
        var counts = new int[servers];
        foreach (var server in placed)
            counts[server]++;
        return counts;
    }

    // Maglev, NSDI 2016, 5.3: with 65,537 places the servers' shares of a table differ by less than 1%.
    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(655)]
    public void Maglev_gives_each_server_its_places_within_a_hundredth(int servers)
    {
        var pool = PoolOf(HashPlacement.Maglev, servers);
        var table = new MaglevTable([.. pool.Servers], [.. Enumerable.Repeat(1, servers)]);
        var counts = Counts(table.Places.ToArray(), servers);
        Assert.Equal(65_537, table.Places.Length);
        Assert.InRange(counts.Max() - counts.Min(), 0, 1);
    }

    [Fact]
    public void Maglev_gives_places_by_weight()
    {
        var pool = Pools.Of(BalancePolicy.RoundRobin, 1, 2, 3, 0);
        var counts = Counts(new MaglevTable([.. pool.Servers], [1, 2, 3, 0]).Places.ToArray(), 4);
        Assert.InRange(counts[0], 10_922, 10_924);
        Assert.InRange(counts[1], 21_844, 21_847);
        Assert.InRange(counts[2], 32_767, 32_770);
        Assert.Equal(0, counts[3]);
    }

    // Points that fall at random give shares with a deviation of one over the root of the points: 7.9% for 160.
    [Fact]
    public void Ketama_gives_shares_as_even_as_its_points()
    {
        var counts = Counts(Place(PoolOf(HashPlacement.Ketama, 100)), 100);
        var deviation = Math.Sqrt(counts.Average(count => Math.Pow(count - (Keys / 100.0), 2))) / (Keys / 100.0);
        Assert.InRange(deviation, 0.05, 0.12);
        Assert.InRange(counts.Max(), Keys / 100, Keys / 100 * 1.4);
    }

    [Theory]
    [InlineData(HashPlacement.Ketama, 0)]
    [InlineData(HashPlacement.Ring, 0)]
    [InlineData(HashPlacement.Maglev, 0.03)]
    [InlineData(HashPlacement.Modulo, 0)]
    public void When_one_of_a_hundred_goes_few_other_keys_move(HashPlacement placement, double most)
    {
        var pool = PoolOf(placement, 100);
        var before = Place(pool);
        pool.SetState(pool.Servers[42], ServerState.Maintenance, 0);
        var after = Place(pool);
        var (moved, others) = (0, 0);
        for (var i = 0; i < Keys; i++)
        {
            if (before[i] == 42)
                continue;
            others++;
            moved += before[i] != after[i] ? 1 : 0;
        }

        Assert.DoesNotContain(42, after);
        Assert.InRange(moved / (double)others, 0, most);
    }

    [Fact]
    public void When_one_of_a_hundred_goes_a_map_moves_nearly_all_keys()
    {
        var pool = PoolOf(HashPlacement.Map, 100);
        var before = Place(pool);
        pool.SetState(pool.Servers[42], ServerState.Maintenance, 0);
        var after = Place(pool);
        Assert.InRange(Enumerable.Range(0, Keys).Count(i => before[i] != after[i]) / (double)Keys, 0.5, 1);
    }

    // Mirrokni, Thorup, Zadimoghaddam 2016: with m requests under way on n servers nobody has more than ceil(c m / n).
    [Fact]
    public void Nobody_has_more_to_do_than_its_bound()
    {
        foreach (var placement in Enum.GetValues<HashPlacement>())
        {
            Gen.Select(Gen.Int[2, 12], Gen.Int[101, 200], Gen.Int[0, 3].Array[200]).Sample(
                (servers, load, steps) =>
                {
                    var pool = PoolOf(placement, servers, load);
                    var underWay = new List<Server>();
                    foreach (var step in steps)
                    {
                        // One key of four is asked for most of the time; now and then a request ends.
                        if (step == 3 && underWay.Count > 0)
                        {
                            underWay[0].End();
                            underWay.RemoveAt(0);
                            continue;
                        }

                        var server = pool.Choose(new() { Tried = Pools.None, Key = s_keys[step] }).Server!;
                        underWay.Add(server);
                        Assert.InRange(server.Active, 1, (int)Math.Ceiling(Math.Ceiling(underWay.Count * load / 100.0) / servers));
                    }
                },
                iter: 30);
        }
    }

    // The load of the fullest of n bins after n balls, as Azar, Broder, Karlin and Upfal
    // proved it for one choice, ln n / ln ln n, and for two, ln ln n / ln 2 and a constant.
    [Theory]
    [InlineData(256, 2, 4)]
    [InlineData(4096, 3, 4)]
    [InlineData(16_384, 3, 4)]
    public void The_fullest_of_n_servers_after_n_requests_has_little_more_than_the_log_of_the_log(int servers, int least, int most)
    {
        for (var seed = 0UL; seed < 10; seed++)
        {
            var pool = Pools.Of(BalancePolicy.TwoChoices, [.. Enumerable.Repeat(1, servers)]);
            var none = Pools.Tried(pool);
            for (var i = 0; i < servers; i++)
                pool.Choose(new() { Tried = none, Chance = Hashes.Mix((seed << 32) + (ulong)i) });
            var fullest = pool.Servers.Max(server => server.Active);
            Assert.InRange(fullest, least, most);
            Assert.InRange(fullest - (Math.Log(Math.Log(servers)) / Math.Log(2)), -1, 2);
        }
    }

    // After a reload the same place in the list may be another server.
    [Theory]
    [InlineData(HashPlacement.Ketama)]
    [InlineData(HashPlacement.Maglev)]
    public void Keys_follow_their_servers_when_a_reload_moves_them_in_the_list(HashPlacement placement)
    {
        var before = PoolOf(placement, 10);
        var ordinal = 0;
        var after = new Pool(before.Settings with { Servers = before.Settings.Servers.Reverse().ToValueList() }, () => ordinal++, before);
        var (placed, moved) = (Place(before), Place(after));

        Assert.InRange(Enumerable.Range(0, Keys).Count(i => before.Servers[placed[i]].Settings.Address == after.Servers[moved[i]].Settings.Address) / (double)Keys, 0.6, 1);
    }

    [Fact]
    public void Above_a_hundred_servers_least_connections_is_of_two()
    {
        Assert.Equal(DecisionReason.TurnOfLeastActive, Pools.Of(BalancePolicy.LeastConnections, [.. Enumerable.Repeat(1, 128)]).Choose(new() { Tried = Pools.None }).Reason);
        Assert.Equal(DecisionReason.LessActiveOfTwo, Pools.Of(BalancePolicy.LeastConnections, [.. Enumerable.Repeat(1, 129)]).Choose(new() { Tried = Pools.None }).Reason);
    }
}
