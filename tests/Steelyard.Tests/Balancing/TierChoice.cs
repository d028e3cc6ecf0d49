using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Backups and tiers: who goes before whom, and who takes what the others cannot.</summary>
public sealed class TierChoice
{
    private static Pool PoolOf(string tiers, Func<PoolSettings, PoolSettings>? change = null)
    {
        var settings = new PoolSettings
        {
            Balance = BalancePolicy.RoundRobin,
            Name = "pool",
            Servers = tiers.Select((tier, i) => new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", 1000 + i), Backup = tier == 'b', Priority = tier == 'b' ? 0 : tier - '0' }).ToValueList(),
        };
        return new(change?.Invoke(settings) ?? settings, 0);
    }

    private static string Choose(Pool pool, int count, params int[] tried) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => pool.Choose(new() { Tried = Pools.Tried(pool, tried) }).Server is { } server ? (char)('a' + server.Index) : '-'));

    private static void Down(Pool pool, params int[] servers)
    {
        foreach (var server in servers)
            pool.Checked(pool.Servers[server], false, ProbeFault.Refused, 0, 0);
    }

    [Fact]
    public void Backups_serve_when_no_other_can()
    {
        var pool = PoolOf("00bb");
        Assert.Equal("abab", Choose(pool, 4));
        Down(pool, 0);
        Assert.Equal("bbbb", Choose(pool, 4));
        Down(pool, 1);
        Assert.Equal("cdcd", Choose(pool, 4));
        pool.Checked(pool.Servers[1], true, ProbeFault.None, 200, 0);
        Assert.Equal("bbbb", Choose(pool, 4));
    }

    [Fact]
    public void One_backup_is_enough_where_the_configuration_says_so()
    {
        var pool = PoolOf("0bb", settings => settings with { AllBackups = false });
        Down(pool, 0);
        Assert.Equal("bbbb", Choose(pool, 4));
        Down(pool, 1);
        Assert.Equal("cccc", Choose(pool, 4));
    }

    // HAProxy: a backend of nothing but backups, without option allbackups.
    [Fact]
    public void Of_nothing_but_backups_the_first_that_can_serves_where_the_configuration_says_so()
    {
        var pool = PoolOf("bbb", settings => settings with { AllBackups = false, BackupsWhenFull = false });
        Assert.Equal("aaaa", Choose(pool, 4));
        Down(pool, 0);
        Assert.Equal("bbbb", Choose(pool, 4));
        Down(pool, 1, 2);
        Assert.Equal("-", Choose(pool, 1));
        Assert.Equal("abca", Choose(PoolOf("bbb"), 4));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whether_a_backup_serves_for_others_that_are_full_is_said(bool whenFull)
    {
        var pool = PoolOf("0b", settings => settings with { MaxConnections = 1, BackupsWhenFull = whenFull });
        Assert.Equal("a", Choose(pool, 1));
        if (whenFull)
        {
            Assert.Equal("b", Choose(pool, 1));
            return;
        }

        // Who comes waits for the first, and gets the backup when the first goes.
        var waits = new Waiter();
        Assert.Equal(DecisionReason.AllFull, pool.Choose(new() { Tried = Pools.Tried(pool) }).Reason);
        Assert.Equal(QueueState.Waiting, pool.Join(waits, Pools.Tried(pool), null, 0, again: false, 0));
        pool.Refresh(0);
        Assert.Equal(QueueState.Waiting, waits.State);
        Down(pool, 0);
        Assert.Equal(pool.Servers[1], waits.Server);
        waits.Server!.End();

        // Who has tried all others goes there all the same.
        pool.Checked(pool.Servers[0], true, ProbeFault.None, 200, 0);
        Assert.Equal("b", Choose(pool, 1, 0));
    }

    private sealed class Waiter : QueuedRequest
    {
        protected internal override void Called()
        {
        }
    }

    [Fact]
    public void A_request_that_was_tried_on_all_others_goes_to_a_backup()
    {
        var pool = PoolOf("00b");
        Assert.Equal("c", Choose(pool, 1, 0, 1));
        Assert.True(pool.HasServerBeside(Pools.Tried(pool, 0, 1)));
        Assert.Equal("-", Choose(pool, 1, 0, 1, 2));
    }

    [Fact]
    public void Drained_servers_let_backups_serve()
    {
        var pool = PoolOf("0b");
        pool.SetState(pool.Servers[0], ServerState.Drain, 0);
        Assert.Equal("bb", Choose(pool, 2));
        pool.SetState(pool.Servers[0], ServerState.Ready, 0);
        Assert.Equal("aa", Choose(pool, 2));
    }

    [Theory]
    [InlineData(0, new[] { 100, 0 })]
    [InlineData(1, new[] { 100, 0 })]
    [InlineData(2, new[] { 100, 0 })]
    [InlineData(3, new[] { 98, 2 })]
    [InlineData(5, new[] { 70, 30 })]
    [InlineData(9, new[] { 14, 86 })]
    [InlineData(10, new[] { 0, 100 })]
    public void A_tier_keeps_what_it_can_take_and_the_next_gets_the_rest(int down, int[] shares)
    {
        var pool = PoolOf("0000000000" + "1111111111");
        Down(pool, [.. Enumerable.Range(0, down)]);
        var chosen = Choose(pool, 1000);
        Assert.Equal(shares[0] * 10, chosen.Count(server => server < 'k'));
        Assert.Equal(shares[1] * 10, chosen.Count(server => server >= 'k'));
    }

    private static BalanceSettings HashTo(HashPlacement placement) => new() { Policy = BalancePolicy.Hash, Hash = new() { Key = RequestKey.Address, Placement = placement } };

    private static Decision[] Place(Pool pool) => [.. Enumerable.Range(0, 2000).Select(i =>
    {
        var decision = pool.Choose(new() { Tried = Pools.Tried(pool), Key = BitConverter.GetBytes(i) });
        decision.Server!.End();
        return decision;
    })];

    [Theory]
    [InlineData(HashPlacement.Ketama)]
    [InlineData(HashPlacement.Modulo)]
    [InlineData(HashPlacement.Ring)]
    [InlineData(HashPlacement.Map)]
    [InlineData(HashPlacement.Maglev)]
    public void A_key_stays_with_its_server_while_a_tier_takes_what_another_cannot(HashPlacement placement)
    {
        var pool = PoolOf("0000000000" + "1111111111", settings => settings with { Balance = HashTo(placement) });
        var before = Place(pool);
        Assert.All(before, decision => Assert.InRange(decision.Server!.Index, 0, 9));
        Down(pool, 0, 1, 2, 3, 4);
        var (first, second) = (Place(pool), Place(pool));
        Assert.Equal(first, second);
        Assert.InRange(first.Count(decision => decision.Server!.Index >= 10) / 2000.0, 0.27, 0.33);

        // By tier and server alike: nobody of a tier is left without keys.
        Assert.Equal(Enumerable.Range(5, 15), first.Select(decision => decision.Server!.Index).Distinct().Order());
    }

    [Theory]
    [InlineData(HashPlacement.Ketama)]
    [InlineData(HashPlacement.Modulo)]
    [InlineData(HashPlacement.Ring)]
    [InlineData(HashPlacement.Map)]
    [InlineData(HashPlacement.Maglev)]
    public void Any_number_of_backups_changes_nothing_of_where_keys_lie(HashPlacement placement)
    {
        PoolSettings Hashing(PoolSettings settings) => settings with { Balance = HashTo(placement) };
        var (alone, backed) = (Place(PoolOf("00", Hashing)), Place(PoolOf("00" + new string('b', 98), Hashing)));
        Assert.Equal(alone.Select(decision => (decision.Server!.Index, decision.Reason)), backed.Select(decision => (decision.Server!.Index, decision.Reason)));
    }

    [Fact]
    public void Tiers_that_together_cannot_take_all_share_it_by_what_they_can()
    {
        var pool = PoolOf("0000000000" + "1111111111");
        Down(pool, [.. Enumerable.Range(0, 8), .. Enumerable.Range(10, 8)]);
        var chosen = Choose(pool, 1000);
        Assert.Equal(500, chosen.Count(server => server < 'k'));
        Assert.DoesNotContain(chosen, server => server is < 'i' or (>= 'k' and < 's'));
    }

    [Fact]
    public void Explanations_name_those_that_wait()
    {
        var pool = PoolOf("0b");
        List<Candidate> candidates = [];
        pool.Explain(new() { Tried = Pools.Tried(pool) }, candidates);
        Assert.Equal([CandidateState.Eligible, CandidateState.InReserve], candidates.Select(candidate => candidate.State));
        Assert.Equal("aa", Choose(pool.Copy(), 2));
    }

    [Fact]
    public void Those_left_out_for_their_failures_wait_behind_backups()
    {
        var pool = PoolOf("00b", settings => settings with { Outlier = new() { Consecutive = 1, MostEjected = 100 } });
        pool.Learn(pool.Servers[0], ServerFailure.Refused, 0, 0);
        Assert.Equal("bb", Choose(pool, 2));
        pool.Learn(pool.Servers[1], ServerFailure.Refused, 0, 0);
        Assert.Equal("cc", Choose(pool, 2));
    }
}
