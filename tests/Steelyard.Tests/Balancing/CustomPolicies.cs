using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>A policy that is written elsewhere chooses, and the rest is as ever.</summary>
public sealed class CustomPolicies
{
    /// <summary>Chooses what the test says, and remembers what it saw.</summary>
    private sealed class Scripted(Func<int> index) : IServerPolicy
    {
        public string Seen { get; private set; } = "";

        public int Choose(in ServerChoices servers)
        {
            Seen = "";
            for (var i = 0; i < servers.Count; i++)
                Seen += servers.MayBeChosen(i) ? servers.Weight(i).ToString() : "-";
            Assert.Equal((7L, 9UL, 1), (servers.Now, servers.Chance, servers.Key.Length));
            return index();
        }
    }

    private static Pool Of(IServerPolicy policy, params ServerSettings[] servers)
    {
        var ordinal = 0;
        return new(new() { Name = "web", Servers = [.. servers] }, () => ordinal++, before: null, custom: policy);
    }

    private static ServerSettings Server(int port, int weight = 1, bool backup = false) => new() { Address = NetworkAddress.ForHost("10.0.0.1", port), Weight = weight, Backup = backup };

    private static Decision Choose(Pool pool, params int[] tried) => pool.Choose(new() { Tried = Pools.Tried(pool, tried), Now = 7, Chance = 9, Key = "k"u8 });

    [Fact]
    public void It_has_the_choice_among_those_that_may_be_chosen()
    {
        var index = 2;
        var policy = new Scripted(() => index);
        var pool = Of(policy, Server(1, weight: 3), Server(2, weight: 0), Server(3, weight: 5));
        Assert.Equal((2, DecisionReason.Custom), Choose(pool) is { Server: { } server, Reason: var reason } ? (server.Index, reason) : default);
        Assert.Equal("3-5", policy.Seen);
        Assert.Equal(1, pool.Servers[2].Active);

        // What may not be chosen is not, whatever it says.
        Assert.Equal(0, Choose(pool, tried: 2).Server!.Index);
        Assert.Equal("3--", policy.Seen);
        index = 1;
        Assert.Equal(0, Choose(pool).Server!.Index);
        index = 3;
        Assert.Equal(2, Choose(pool, tried: 0).Server!.Index);
        index = -1;
        Assert.Equal(new Decision(null, DecisionReason.NoneLeft), Choose(pool));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_may_want_none_where_servers_have_limits_too(bool backup)
    {
        var index = -1;
        var pool = Of(new Scripted(() => index), Server(1) with { MaxConnections = 1 }, Server(2) with { MaxConnections = 1 }, Server(3, backup ? 1 : 0, backup) with { MaxConnections = 1 });
        Assert.Equal(new Decision(null, DecisionReason.NoneLeft), Choose(pool));

        if (backup)
            return;

        // Where it wants one there may be nobody with room.
        index = 0;
        Assert.Equal(0, Choose(pool).Server!.Index);
        Assert.Equal(1, Choose(pool).Server!.Index);
        Assert.Equal(DecisionReason.AllFull, Choose(pool).Reason);
    }

    [Fact]
    public void It_goes_on_when_weights_change_and_after_a_reload_and_chooses_within_tiers()
    {
        var policy = new Scripted(() => 1);
        var pool = Of(policy, Server(1), Server(2), Server(3, backup: true));
        pool.SetWeight(pool.Servers[0], 4, now: 0);
        Assert.Equal(1, Choose(pool).Server!.Index);
        Assert.Equal("41-", policy.Seen);
        pool.SetState(pool.Servers[0], ServerState.Maintenance, 0);
        pool.SetState(pool.Servers[1], ServerState.Maintenance, 0);
        Assert.Equal(2, Choose(pool).Server!.Index);

        var after = new Pool(pool.Settings with { Servers = [pool.Settings.Servers[0], pool.Settings.Servers[1]] }, () => 0, pool, custom: policy);
        after.SetState(after.Servers[1], ServerState.Ready, 0);
        Assert.Equal((1, DecisionReason.Custom), Choose(after.Copy()) is { Server: { } server, Reason: var reason } ? (server.Index, reason) : default);
    }
}
