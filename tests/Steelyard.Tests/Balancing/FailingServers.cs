using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Explain;

namespace Steelyard.Tests.Balancing;

/// <summary>What a server that fails cannot do is spread over the others, and it draws nothing for having little to do.</summary>
public sealed class FailingServers
{
    private const long Now = 1_000_000;

    [Theory]
    [InlineData(BalancePolicy.RoundRobin, new[] { 1, 1, 1, 1 })]
    [InlineData(BalancePolicy.StaticRoundRobin, new[] { 1, 1, 1, 1 })]
    [InlineData(BalancePolicy.HaproxyRoundRobin, new[] { 1, 1, 1, 1 })]
    [InlineData(BalancePolicy.RoundRobin, new[] { 2, 3, 1, 4 })]
    public void Who_comes_again_goes_to_all_others_by_their_weights(BalancePolicy policy, int[] weights)
    {
        var pool = Pools.Of(policy, weights);
        var others = weights.Sum() - weights[1];
        var (first, again) = (new int[4], new int[4]);
        for (var i = 0; i < 100 * weights.Sum() * others; i++)
        {
            var server = Choose(pool);
            first[server.Index]++;
            if (server.Index == 1)
                again[pool.Choose(new() { Tried = Pools.Tried(pool, 1), Now = Now }).Server!.Index]++;
        }

        Assert.Equal(weights.Select(weight => 100 * others * weight), first);
        Assert.Equal(weights.Select((weight, i) => i == 1 ? 0 : 100 * weights[1] * weight), again);
    }

    // Nor does the next in the file get all that one cannot do, nor all that finds one full.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void By_lot_who_comes_again_goes_to_all_others_by_their_weights_too(bool full)
    {
        int[] weights = [1, 4, 1, 3];
        var pool = PoolOf(4, settings => settings with
        {
            Balance = BalancePolicy.Random,
            MaxConnections = full ? 1 : null,
            Servers = settings.Servers.Select((server, i) => server with { Weight = weights[i] }).ToValueList(),
        });
        if (full)
            Pools.Occupy(pool.Servers[1], 1);
        var counts = new int[4];
        for (var i = 0UL; i < 20_000; i++)
        {
            var server = pool.Choose(new() { Tried = full ? Pools.Tried(pool) : Pools.Tried(pool, 1), Now = Now, Chance = Hashes.Mix(i) }).Server!;
            counts[server.Index]++;
            server.End();
        }

        Assert.Equal(0, counts[1]);
        Assert.InRange(counts[0] / 20_000.0, 0.19, 0.21);
        Assert.InRange(counts[2] / 20_000.0, 0.19, 0.21);
        Assert.InRange(counts[3] / 20_000.0, 0.59, 0.61);
    }

    [Fact]
    public void The_first_that_comes_again_goes_where_the_next_turn_stands()
    {
        var pool = Pools.Of(BalancePolicy.RoundRobin, 1, 1, 1, 1);
        Assert.Equal((0, 1), (Choose(pool).Index, Choose(pool).Index));
        Assert.Equal(2, pool.Choose(new() { Tried = Pools.Tried(pool, 1), Now = Now }).Server!.Index);
        Assert.Equal(2, Choose(pool).Index);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(100)]
    public void Who_was_passed_over_for_its_trial_was_not_tried(int? most)
    {
        var pool = PoolOf(3, settings => settings with { Outlier = new(), MaxConnections = most });
        for (var i = 0; i < 5; i++)
            pool.Learn(pool.Servers[0], ServerFailure.Refused, 0, Now);
        pool.Tick(Now + 1_000_000);
        Assert.True(pool.Servers[0].Trying);
        var tried = Pools.Tried(pool);
        var chosen = string.Concat(Enumerable.Range(0, 6).Select(_ => pool.Choose(new() { Tried = tried, Now = Now + 1_000_000 }).Server!.Index));
        Assert.Equal((1, 6), (chosen.Count(server => server == '0'), chosen.Length));
        Assert.Equal((0, false), (tried.Count, tried.Contains(0)));
        Assert.Equal(1, pool.Servers[0].Active);
    }

    [Fact]
    public void Where_all_others_are_full_one_waits_for_who_is_on_trial_too()
    {
        const long Later = Now + 1_000_000;
        var pool = PoolOf(3, settings => settings with { Outlier = new(), MaxConnections = 2 });
        for (var i = 0; i < 5; i++)
            pool.Learn(pool.Servers[0], ServerFailure.Refused, 0, Now);
        pool.Tick(Later);
        Pools.Occupy(pool.Servers[1], 2);
        Pools.Occupy(pool.Servers[2], 2);
        Assert.Equal("0", Choices(pool, 1, Later));
        var (waits, tried) = (new Waiter(), Pools.Tried(pool, 1));
        Assert.Equal(new Decision(null, DecisionReason.AllFull), pool.Choose(new() { Tried = tried, Now = Later }));
        Assert.Equal(QueueState.Waiting, pool.Join(waits, tried, null, 0, again: false, Later));
        pool.Learn(pool.Servers[0], ServerFailure.None, 200, Later);
        Assert.Equal((QueueState.Served, pool.Servers[0]), (waits.State, waits.Server));
    }

    [Fact]
    public void By_nginxs_rule_nobody_waits_for_who_is_on_trial()
    {
        const long Later = Now + 1_000_000;
        var pool = PoolOf(2, settings => settings with { Outlier = new() { MaxFails = 1, FailTimeout = TimeSpan.FromSeconds(10) }, MaxConnections = 2 });
        pool.Learn(pool.Servers[0], ServerFailure.Refused, 0, Now);
        pool.Tick(Later);
        Assert.Equal("0", string.Concat(Choices(pool, 2, Later).Where(server => server == '0')));
        Assert.Equal(new Decision(null, DecisionReason.NoneLeft), pool.Choose(new() { Tried = Pools.Tried(pool, 1), Now = Later }));
    }

    [Theory]
    [InlineData(BalancePolicy.RoundRobin)]
    [InlineData(BalancePolicy.LeastConnections)]
    [InlineData(BalancePolicy.TwoChoices)]
    [InlineData(BalancePolicy.Random)]
    [InlineData(BalancePolicy.PeakEwma)]
    public void Where_all_others_are_full_it_gets_its_share_of_those_who_come_and_the_others_wait(BalancePolicy policy)
    {
        var pool = FirstFailsAndOthersAreFull(3, settings => settings with { Balance = policy });
        var waiting = new List<Waiter>();
        for (var i = 0; i < 300; i++)
        {
            Come(pool, waiting);
            if (pool.Servers[0].Active > 0)
                pool.Servers[0].End();
        }

        // The first of those who wait, in their turn.
        Assert.Equal((100, 200, 200), (waiting.Count(request => request.State == QueueState.Served), waiting.Count(request => request.State == QueueState.Waiting), pool.Waiting));
        Assert.All(waiting.Take(100), request => Assert.Equal(pool.Servers[0], request.Server));
        pool.Servers[2].End();
        Assert.Equal((pool.Servers[2], QueueState.Waiting), (waiting[100].Server!, waiting[101].State));
    }

    [Theory]
    [InlineData(BalancePolicy.RoundRobin)]
    [InlineData(BalancePolicy.LeastConnections)]
    [InlineData(BalancePolicy.TwoChoices)]
    [InlineData(BalancePolicy.Random)]
    [InlineData(BalancePolicy.PeakEwma)]
    [InlineData(BalancePolicy.HaproxyLeastConnections)]
    public void Where_all_others_of_its_tier_are_full_a_backup_goes_before_it_but_for_its_share(BalancePolicy policy)
    {
        var pool = FirstFailsAndOthersAreFull(3, settings => settings with { Balance = policy, Servers = settings.Servers.Select((server, i) => server with { Backup = i == 2 }).ToValueList() });
        var counts = new int[3];
        for (var i = 0; i < 300; i++)
        {
            var server = pool.Choose(new() { Tried = Pools.Tried(pool), Now = Now, Chance = (ulong)i * 0x9E3779B97F4A7C15 }).Server!;
            counts[server.Index]++;
            server.End();
        }

        Assert.Equal(policy == BalancePolicy.HaproxyLeastConnections ? [300, 0, 0] : [100, 0, 200], counts);

        // A tier in which nobody does well serves as ever.
        pool.SetState(pool.Servers[1], ServerState.Maintenance, Now);
        Assert.Equal("0", Choices(pool, 1));
    }

    [Fact]
    public void It_gets_all_that_wait_where_nobody_does_better_and_where_it_does_well_again()
    {
        var pool = FirstFailsAndOthersAreFull(2, settings => settings with { Balance = BalancePolicy.LeastConnections });
        var waiting = new List<Waiter>();
        Come(pool, waiting);
        Assert.Equal(QueueState.Waiting, waiting[0].State);
        pool.SetState(pool.Servers[1], ServerState.Maintenance, Now);
        Assert.Equal(pool.Servers[0], waiting[0].Server);
        pool.SetState(pool.Servers[1], ServerState.Ready, Now);
        Come(pool, waiting);
        for (var i = 0; i < 40; i++)
            pool.Learn(pool.Servers[0], ServerFailure.None, 200, Now);
        pool.Servers[0].End();
        Assert.Equal(pool.Servers[0], waiting[1].Server);
    }

    [Fact]
    public void Who_has_tried_all_others_waits_for_it()
    {
        var pool = PoolOf(2, settings => settings with { Balance = BalancePolicy.LeastConnections, MaxConnections = 1 });
        Break(pool, pool.Servers[0]);
        Pools.Occupy(pool.Servers[0], 1);
        var again = new Waiter();
        Assert.Equal(QueueState.Waiting, pool.Join(again, Pools.Tried(pool, 1), null, 0, again: true, Now));
        pool.Servers[0].End();
        Assert.Equal(pool.Servers[0], again.Server);
    }

    [Fact]
    public void Nobody_is_refused_for_a_full_queue_while_it_has_room()
    {
        var pool = FirstFailsAndOthersAreFull(2, settings => settings with { Balance = BalancePolicy.LeastConnections, Queue = new() { Most = 1 } });
        var waiting = new List<Waiter>();
        for (var i = 0; i < 3; i++)
            Come(pool, waiting);
        Assert.Equal([QueueState.Waiting, QueueState.Served, QueueState.Full], waiting.Select(request => request.State).Order());
        Assert.Equal(1, pool.Servers[0].Active);
    }

    // HAProxy: any server that is up takes from the queue of the backend.
    [Theory]
    [InlineData(BalancePolicy.HaproxyLeastConnections)]
    [InlineData(BalancePolicy.HaproxyRoundRobin)]
    [InlineData(BalancePolicy.StaticRoundRobin)]
    [InlineData(BalancePolicy.First)]
    public void By_HAProxys_policies_it_gets_all_that_others_have_no_room_for(BalancePolicy policy)
    {
        var pool = FirstFailsAndOthersAreFull(3, settings => settings with { Balance = policy });
        for (var i = 0; i < 9; i++)
        {
            Assert.Equal(0, Choose(pool).Index);
            pool.Servers[0].End();
        }
    }

    [Theory]
    [InlineData(BalancePolicy.LeastConnections)]
    [InlineData(BalancePolicy.HaproxyLeastConnections)]
    [InlineData(BalancePolicy.HaproxyRoundRobin)]
    public void Who_is_down_or_left_out_gets_nobody_who_waits(BalancePolicy policy)
    {
        var pool = PoolOf(3, settings => settings with { Balance = policy, MaxConnections = 1, Outlier = new(), Health = new() });
        pool.Checked(pool.Servers[0], up: false, ProbeFault.Refused, 0, Now);
        for (var i = 0; i < 5; i++)
            pool.Learn(pool.Servers[1], ServerFailure.Refused, 0, Now);
        Assert.True(pool.Servers[1].Ejected);
        Pools.Occupy(pool.Servers[2], 1);
        var waiting = new List<Waiter>();
        for (var i = 0; i < 9; i++)
            Come(pool, waiting);
        pool.Refresh(Now);
        Assert.All(waiting, request => Assert.Equal(QueueState.Waiting, request.State));
        pool.Servers[2].End();
        Assert.Equal((pool.Servers[2], 8), (waiting[0].Server!, pool.Waiting));
    }

    // Three failures are an eighth: by lot one that is on trial would be tried by no more than every second request.
    [Theory]
    [InlineData(BalancePolicy.LeastConnections)]
    [InlineData(BalancePolicy.RoundRobin)]
    public void Whoever_is_on_trial_is_tried_as_soon_as_the_others_are(BalancePolicy policy)
    {
        for (var chance = 0UL; chance < 64; chance++)
        {
            var pool = PoolOf(2, settings => settings with { Balance = policy, Outlier = new() { Consecutive = 3 } });
            for (var i = 0; i < 3; i++)
                pool.Learn(pool.Servers[0], ServerFailure.ClosedEarly, 0, Now);
            Assert.True(pool.Servers[0].Ejected && pool.Servers[0].Fails);
            pool.Tick(Now + 1000);
            Assert.Contains(0, Enumerable.Range(0, 2).Select(_ =>
            {
                var server = pool.Choose(new() { Tried = Pools.Tried(pool), Now = Now + 1000, Chance = chance << 58 | chance << 26 }).Server!;
                server.End();
                return server.Index;
            }));
        }
    }

    /// <summary>One more comes, and goes to a server or waits.</summary>
    private static void Come(Pool pool, List<Waiter> waiting)
    {
        var request = new Waiter();
        Assert.Equal(new Decision(null, DecisionReason.AllFull), pool.Choose(new() { Tried = Pools.Tried(pool), Now = Now }));
        pool.Join(request, Pools.Tried(pool), null, 0, again: false, Now);
        waiting.Add(request);
    }

    [Fact]
    public void What_a_hash_leads_on_for_want_of_room_does_not_go_there()
    {
        var pool = PoolOf(4, settings => settings with { Balance = new() { Policy = BalancePolicy.Hash, Hash = new() { Key = RequestKey.Address, Load = 110 } } });
        Break(pool, pool.Servers[0]);
        var (own, led) = (0, 0);
        for (var i = 0UL; i < 20_000; i++)
        {
            var decision = pool.Choose(new() { Tried = Pools.Tried(pool), Now = Now, Key = BitConverter.GetBytes(i % 100), Chance = i });
            if (decision.Server != pool.Servers[0])
                continue;
            if (decision.Reason == DecisionReason.Hash)
                own++;
            else
                led++;
            decision.Server.End();
        }

        // The others fill up to the bound, and it gets no more for that than its turns.
        Assert.InRange(own, 1, 10_000);
        Assert.InRange(led, 0, 20_000 / 4);
    }

    [Fact]
    public void It_is_said_of_it()
    {
        var pool = PoolOf(2);
        Break(pool, pool.Servers[0]);
        var candidates = new List<Candidate>();
        pool.Explain(new() { Tried = Pools.Tried(pool), Now = Now }, candidates);
        Assert.Equal(["many of its last requests failed", null], candidates.Select(candidate => Words.Of(candidate)));
    }

    // HAProxy: the weight of a server that starts slowly counts in sixteenths.
    [Fact]
    public void HAProxys_least_connections_count_finely_during_a_slow_start()
    {
        var pool = PoolOf(2, settings => settings with { Balance = BalancePolicy.HaproxyLeastConnections, SlowStart = TimeSpan.FromSeconds(16), Servers = settings.Servers.Select(server => server with { Weight = 200 }).ToValueList() });
        pool.SetState(pool.Servers[0], ServerState.Maintenance, Now);
        pool.SetState(pool.Servers[0], ServerState.Ready, Now);
        pool.Tick(Now + 8_000);
        var counts = new int[2];
        for (var i = 0; i < 12; i++)
            counts[pool.Choose(new() { Tried = Pools.Tried(pool), Now = Now + 8_000 }).Server!.Index]++;
        Assert.Equal([4, 8], counts);
    }

    private static void Break(Pool pool, Server server)
    {
        for (var i = 0; i < 5; i++)
            pool.Learn(server, ServerFailure.None, 500, Now);
        Assert.True(server.Fails);
    }

    /// <summary>Servers for one request each, of which the first fails and the others but for backups have theirs.</summary>
    private static Pool FirstFailsAndOthersAreFull(int servers, Func<PoolSettings, PoolSettings> change)
    {
        var pool = PoolOf(servers, settings => change(settings) with { MaxConnections = 1 });
        Break(pool, pool.Servers[0]);
        foreach (var server in pool.Servers.Skip(1).Where(server => !server.Settings.Backup))
            Pools.Occupy(server, 1);
        return pool;
    }

    private static Pool PoolOf(int servers, Func<PoolSettings, PoolSettings>? change = null)
    {
        var settings = new PoolSettings
        {
            Name = "pool",
            Balance = BalancePolicy.RoundRobin,
            Servers = Enumerable.Range(0, servers).Select(i => new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", 1000 + i) }).ToValueList(),
        };
        return new(change is null ? settings : change(settings), 0);
    }

    private static Server Choose(Pool pool) => pool.Choose(new() { Tried = Pools.Tried(pool), Now = Now }).Server!;

    private static string Choices(Pool pool, int count, long now = Now) => string.Concat(Enumerable.Range(0, count).Select(_ => pool.Choose(new() { Tried = Pools.Tried(pool), Now = now }).Server!.Index));

    private sealed class Waiter : QueuedRequest
    {
        protected internal override void Called()
        {
        }
    }
}
