using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>What a pool has of the one before a reload, and what requests that began before it still do.</summary>
public sealed class PoolAfterPool
{
    private const long Now = 1_000_000;

    private static PoolSettings Settings(int? most, int servers = 2) => new()
    {
        Name = "pool",
        MaxConnections = most,
        Outlier = new() { Consecutive = 1 },
        Servers = Enumerable.Range(0, servers).Select(i => new ServerSettings { Address = NetworkAddress.ForHost("10.0.0.1", 1000 + i) }).ToValueList(),
    };

    private static Pool After(Pool? before, PoolSettings settings)
    {
        var ordinal = 0;
        return new(settings, () => ordinal++, before);
    }

    private static Pool Used(Pool pool)
    {
        pool.TakeOver(Now);
        return pool;
    }

    private static Server Choose(Pool pool) => pool.Choose(new() { Tried = Pools.Tried(pool), Now = Now }).Server!;

    [Fact]
    public void Who_waits_for_a_server_that_had_no_limit_before_gets_the_room_of_a_request_from_then()
    {
        var before = Used(After(null, Settings(null, servers: 1)));
        var old = Choose(before);
        var after = Used(After(before, Settings(1, servers: 1)));
        var request = new Request();
        Assert.Equal(QueueState.Waiting, after.Join(request, Pools.Tried(after), null, 0, again: false, Now));

        old.End();
        Assert.Equal((QueueState.Served, 1, after.Servers[0]), (request.State, request.Calls, request.Server));
        request.Server!.End();
        Assert.Equal(0, after.Servers[0].Active);
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(1, 4)]
    [InlineData(4, null)]
    [InlineData(null, 1)]
    public void A_pool_that_is_never_put_to_use_changes_nothing(int? most, int? other)
    {
        var pool = Used(After(null, Settings(most)));
        After(pool, Settings(other) with { Balance = BalancePolicy.PeakEwma, Breaker = new(), Health = new() { Start = HealthStart.Down } });
        Assert.All(pool.Servers, server => Assert.Equal((most ?? int.MaxValue, true), (server.Limit, server.Up)));
        Choose(pool).End();

        Assert.Equal(other ?? int.MaxValue, Used(After(pool, Settings(other))).Servers[0].Limit);
    }

    [Fact]
    public void A_request_from_before_a_reload_that_ejects_a_server_sets_no_limit_of_then_and_ejects_it_for_all()
    {
        var before = Used(After(null, Settings(8)));
        var failed = Choose(before);
        var after = Used(After(before, Settings(2)));

        before.Learn(failed, ServerFailure.Refused, 0, Now);
        Assert.Equal([2, 2], after.Servers.Select(server => server.Limit));
        for (var i = 0; i < 2; i++)
            Assert.Equal(1 - failed.Index, Choose(after).Index);
    }

    [Fact]
    public void A_server_that_left_is_closed_without_a_limit_of_then_for_those_that_stay()
    {
        var before = Used(After(null, Settings(8)));
        var after = Used(After(before, Settings(2, servers: 1)));
        before.SetState(before.Servers[1], ServerState.Maintenance, Now);
        Assert.Equal(2, after.Servers[0].Limit);
    }

    [Fact]
    public void A_breaker_that_is_held_stays_held_when_its_settings_change()
    {
        var before = Used(After(null, Settings(null) with { Breaker = new() { Scope = BreakerScope.Server } }));
        Assert.True(before.HoldBreakers(BreakerHold.Open, before.Servers[1].Settings.Address));
        Assert.False(before.HoldBreakers(BreakerHold.Open, NetworkAddress.ForHost("10.0.0.9", 1)));
        var after = Used(After(before, Settings(null) with { Breaker = new() { Scope = BreakerScope.Server, Volume = 77 } }));
        Assert.Equal([BreakerState.Closed, BreakerState.Open], after.Servers.Select(server => server.Breaker!.StateAt(Now)));

        Assert.True(after.HoldBreakers(BreakerHold.None));
        Assert.All(after.Servers, server => Assert.Equal(BreakerHold.None, server.Breaker!.Hold));
        Assert.False(Used(After(after, Settings(null))).HoldBreakers(BreakerHold.Closed));
    }

    private sealed class Request : QueuedRequest
    {
        public int Calls { get; private set; }

        protected internal override void Called() => Calls++;
    }
}
