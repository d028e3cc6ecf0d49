using Steelyard.Balancing;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>What becomes of a client whose server is a backup, on trial, out, or gone; and what an operator's word means to it.</summary>
public sealed class StickyChoices
{
    private const long Now = 1_000_000;

    private static Pool PoolOf(Func<PoolSettings, PoolSettings>? change = null, int servers = 3, Pool? before = null)
    {
        var settings = new PoolSettings
        {
            Name = "pool",
            Sticky = new(),
            Outlier = new() { Consecutive = 1, Ejection = TimeSpan.FromSeconds(10) },
            Servers = Enumerable.Range(0, servers).Select(i => new ServerSettings { Address = NetworkAddress.ForHost("10.0.0.1", 1000 + i) }).ToValueList(),
        };
        var ordinal = 0;
        var pool = new Pool(change?.Invoke(settings) ?? settings, () => ordinal++, before);
        pool.TakeOver(Now);
        return pool;
    }

    private static Decision Choose(Pool pool, Server? owner, long now = Now) => pool.Choose(new() { Tried = Pools.Tried(pool), Owner = owner, Now = now });

    private static PoolSettings WithBackup(PoolSettings settings) =>
        settings with { Servers = [.. settings.Servers.AsEnumerable().Take(2), settings.Servers[2] with { Backup = true }] };

    [Fact]
    public void Who_came_to_belong_to_a_backup_stays_there_when_the_others_are_back_and_nobody_new_comes()
    {
        var pool = PoolOf(WithBackup);
        foreach (var server in pool.Servers.Take(2))
            pool.SetState(server, ServerState.Maintenance, Now);
        var backup = Choose(pool, null).Server!;
        Assert.Equal(2, backup.Index);
        foreach (var server in pool.Servers.Take(2))
            pool.SetState(server, ServerState.Ready, Now);

        Assert.Equal(new Decision(backup, DecisionReason.Sticky) { Sticky = StickyOutcome.Kept }, Choose(pool, backup));
        for (var i = 0; i < 6; i++)
            Assert.NotEqual(2, Choose(pool, null).Server!.Index);
        pool.SetState(backup, ServerState.Maintenance, Now);
        Assert.Equal(StickyOutcome.Maintenance, Choose(pool, backup).Sticky);
    }

    [Fact]
    public void Who_belongs_to_a_server_that_is_down_gets_the_backup_only_when_nobody_else_is_there()
    {
        var pool = PoolOf(settings => WithBackup(settings) with { Health = new() });
        pool.Checked(pool.Servers[0], up: false, ProbeFault.Refused, 0, Now);
        var other = Choose(pool, pool.Servers[0]);
        Assert.Equal((1, StickyOutcome.Down), (other.Server!.Index, other.Sticky));
        pool.Checked(pool.Servers[1], up: false, ProbeFault.Refused, 0, Now);
        var backup = Choose(pool, pool.Servers[0]);
        Assert.Equal((2, StickyOutcome.Down), (backup.Server!.Index, backup.Sticky));
    }

    [Theory]
    [InlineData(StickyDown.Redispatch)]
    [InlineData(StickyDown.Persist)]
    [InlineData(StickyDown.Refuse)]
    public void A_server_on_trial_has_one_of_its_clients_and_the_others_go_elsewhere_and_come_back(StickyDown whenDown)
    {
        var pool = PoolOf(settings => settings with { Sticky = new() { WhenDown = whenDown } });
        var owner = pool.Servers[1];
        pool.Learn(owner, ServerFailure.Refused, 0, Now);
        Assert.True(owner.Ejected);
        var out_ = Choose(pool, owner);
        Assert.Equal(
            whenDown switch { StickyDown.Redispatch => (false, StickyOutcome.Ejected), StickyDown.Persist => (true, StickyOutcome.Kept), _ => (false, StickyOutcome.Ejected) },
            (out_.Server == owner, out_.Sticky));
        Assert.Equal(whenDown == StickyDown.Refuse, out_.Reason == DecisionReason.StickyRefused);

        pool.Tick(Now + 10_000);
        Assert.True(owner.Trying);
        var trial = Choose(pool, owner, Now + 10_001);
        Assert.Equal((owner, StickyOutcome.Kept), (trial.Server, trial.Sticky));

        // Nobody is refused while one request finds out whether the server is well.
        for (var i = 0; i < 4; i++)
        {
            var meanwhile = Choose(pool, owner, Now + 10_002);
            Assert.Equal((true, StickyOutcome.OnTrial), (meanwhile.Server is not null && meanwhile.Server != owner, meanwhile.Sticky));
        }

        pool.Learn(owner, ServerFailure.None, 200, Now + 10_003);
        Assert.Equal((owner, StickyOutcome.Kept), (Choose(pool, owner, Now + 10_004).Server, Choose(pool, owner, Now + 10_004).Sticky));
    }

    /// <summary>An operator, a weight of 0, an agent and a check may all say that a server is to have no new clients.</summary>
    [Theory]
    [InlineData("operator", StickyDown.Redispatch)]
    [InlineData("operator", StickyDown.Always)]
    [InlineData("weight", StickyDown.Persist)]
    [InlineData("agent", StickyDown.Refuse)]
    [InlineData("check", StickyDown.Refuse)]
    public void Clients_of_a_server_that_drains_go_elsewhere_where_they_are_to_and_somebody_is_there(string who, StickyDown whenDown)
    {
        var pool = PoolOf(settings => settings with { Sticky = new() { WhenDown = whenDown, WhenDrained = StickyDrained.Redispatch }, Agent = new() { Port = 1 }, Health = new() { DrainStatuses = [new(404, 404)] } });
        var owner = pool.Servers[1];
        Assert.Equal(StickyOutcome.Kept, Choose(pool, owner).Sticky);
        Action drain = who switch
        {
            "operator" => () => pool.SetState(owner, ServerState.Drain, Now),
            "weight" => () => pool.SetWeight(owner, 0, Now),
            "agent" => () => pool.Heard(owner, new(null, false, ServerState.Drain, null, null), Now),
            _ => () => pool.DrainByCheck(owner, drains: true, Now),
        };
        drain();
        var other = Choose(pool, owner);
        Assert.Equal((true, StickyOutcome.Drained), (other.Server is not null && other.Server != owner, other.Sticky));
        Assert.Equal(owner, pool.Choose(new() { Tried = Pools.Tried(pool), Owner = owner, Forced = true, Now = Now }).Server);

        // That it is down as well changes nothing.
        pool.Checked(owner, up: false, ProbeFault.Refused, 0, Now);
        Assert.Equal(StickyOutcome.Drained, Choose(pool, owner).Sticky);
        pool.Checked(owner, up: true, ProbeFault.None, 0, Now);

        foreach (var server in pool.Servers)
        {
            if (server != owner)
                pool.SetState(server, ServerState.Maintenance, Now);
        }

        Assert.Equal((owner, StickyOutcome.Kept), (Choose(pool, owner).Server, Choose(pool, owner).Sticky));
    }

    [Fact]
    public void A_client_of_a_server_that_was_removed_is_nobodys_and_one_of_a_server_that_moved_in_the_list_keeps_it()
    {
        var before = PoolOf(settings => settings with { Sticky = new() { On = RequestKey.Address } });
        var clients = before.Clients!;
        var keys = Enumerable.Range(0, 3).Select(client => clients.Table.KeyOf([(byte)client])).ToArray();
        for (var i = 0; i < 3; i++)
            clients.Table.Set(keys[i], before.Servers[i].Id, Now);

        var after = PoolOf(settings => settings with { Sticky = new() { On = RequestKey.Address }, Servers = [settings.Servers[2], settings.Servers[0]] }, before: before);
        var owners = Array.ConvertAll(keys, key => after.Clients!.OwnerOf(key, Now));
        Assert.Equal([1, null, 0], owners.Select(owner => owner?.Index));
        Assert.Equal(after.Servers[0], Choose(after, owners[2]).Server);
        Assert.Equal((true, default(StickyOutcome)), (Choose(after, owners[1]).Server is not null, Choose(after, owners[1]).Sticky));

        // Back again it is the same server by its address, as long as the client is remembered.
        Assert.Equal(1, PoolOf(settings => settings with { Sticky = new() { On = RequestKey.Address } }, before: after).Clients!.OwnerOf(keys[1], Now)!.Index);
    }

    public static TheoryData<string> Policies => EveryPolicy.Names;

    [Theory]
    [MemberData(nameof(Policies))]
    public void By_whatever_policy_a_server_that_drains_has_its_own_clients_and_no_others_and_one_in_maintenance_has_nobody(string policy)
    {
        var pool = PoolOf(settings => settings with { Balance = EveryPolicy.Named(policy) });
        var owner = pool.Servers[1];
        for (var weight = 0; weight <= 256; weight += 32)
        {
            pool.SetWeight(owner, weight, Now);
            Assert.Equal((weight, weight), (owner.Weight, owner.LiveWeight));
            foreach (var state in Enum.GetValues<ServerState>())
            {
                pool.SetState(owner, state, Now);
                var (got, kept) = (0, 0);
                for (var i = 0UL; i < 60; i++)
                {
                    byte[] key = [.. BitConverter.GetBytes(Hashes.Mix(i)).Take(4)];
                    var choice = new Choice { Tried = Pools.Tried(pool), Now = Now, Chance = Hashes.Mix(i), Key = key };
                    var decision = pool.Choose(choice);
                    got += decision.Server == owner ? 1 : 0;
                    decision.Server!.End();
                    var his = pool.Choose(new() { Tried = Pools.Tried(pool), Now = Now, Chance = Hashes.Mix(i), Key = key, Owner = owner });
                    kept += his.Server == owner ? 1 : 0;
                    his.Server!.End();
                }

                Assert.Equal(state == ServerState.Maintenance ? 0 : 60, kept);
                Assert.True(state == ServerState.Ready && weight > 0 ? got > 0 || policy == nameof(BalancePolicy.First) : got == 0, $"{state} with weight {weight} got {got}");
            }
        }
    }
}
