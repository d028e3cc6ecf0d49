using Steelyard.Balancing;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Simulation;
using Steelyard.Simulation.Machinery;

namespace Steelyard.Simulation;

/// <summary>What a choice leaves behind when the exchange it was made for ends by a fault of ours.</summary>
public sealed class ServerChoiceTests
{
    [Fact]
    public async Task A_server_that_was_got_by_waiting_and_given_back_is_not_given_back_again()
    {
        using var proxy = new SimulatedProxy(1, new SimulatedConditions(), servers: 2, snapshot => snapshot with { Pools = [snapshot.Pools[0] with { MaxConnections = 1, Queue = new() { Timeout = TimeSpan.FromSeconds(1) } }] });
        var pool = proxy.Loop.Plan.Pools["origin"];
        var context = new ExchangeContext(proxy.Loop) { Pool = pool };
        var attempts = new Attempts(proxy.Events, proxy.Loop.Counters);
        var choice = new ServerChoice(context, attempts);
        var (other, tried) = (new Other(), new ServerSet());
        tried.Clear(2);
        for (var i = 0; i < 2; i++)
            pool.Choose(new() { Tried = tried });

        // Somebody waits who cannot use the room there is, so that the choice gets it by way of the queue.
        tried.Add(1);
        Assert.Equal(QueueState.Waiting, pool.Join(other, tried, null, 0, again: false, 0));
        pool.Servers[1].End();
        attempts.Begin(pool, null);
        choice.Begin();
        Assert.True((await choice.Choose(pool)).IsSuccess);
        Assert.Equal((pool.Servers[1], 1L), (context.Server, proxy.Loop.Counters.QueueWaits));
        context.EndWithServer();

        // The next attempt has another server when the fault comes.
        attempts.Tried.Add(1);
        Assert.True(pool.Leave(other));
        pool.Servers[0].End();
        Assert.True((await choice.Choose(pool)).IsSuccess);
        Assert.Equal(pool.Servers[0], context.Server);
        choice.Abandon(pool);
        Assert.Equal([1, 0], pool.Servers.Select(server => server.Active));
        context.EndWithServer();
        Assert.Equal([0, 0], pool.Servers.Select(server => server.Active));
    }

    private sealed class Other : QueuedRequest
    {
        protected override void Called()
        {
        }
    }
}
