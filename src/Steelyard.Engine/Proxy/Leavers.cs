using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Engine.Proxy;

/// <summary>Servers that reloads took out of their pools, for as long as something of theirs is in flight.</summary>
internal sealed class Leavers
{
    private readonly List<(Pool Pool, Server Server)> _all = [];

    /// <summary>Adds those that one plan has and the next has not, and forgets those that are done.</summary>
    /// <param name="before">The plan that was followed.</param>
    /// <param name="after">The plan that is.</param>
    /// <param name="now">The time, in milliseconds.</param>
    public void Note(ProxyPlan before, ProxyPlan after, long now)
    {
        // Nobody waits for the end of servers but for that of workers, and requests that began before and have no server yet may have no other.
        _all.RemoveAll(leaver => leaver.Pool.Settings.App is null ? leaver.Server.Active == 0 : IsClosed(leaver.Pool, leaver.Server, now));
        foreach (var (name, pool) in before.Pools)
        {
            foreach (var server in pool.Servers)
            {
                if (after.Pools.GetValueOrDefault(name)?.Find(server.Settings.Address) is null)
                    _all.Add((pool, server));
            }
        }
    }

    /// <summary>Whether a server that left has something in flight. Once it has not, nobody chooses it any more.</summary>
    /// <param name="pool">The name of its pool.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="now">The time, in milliseconds.</param>
    public bool IsBusy(string pool, NetworkAddress address, long now)
    {
        var busy = false;
        foreach (var (leaver, server) in _all)
        {
            if (leaver.Name == pool && server.Settings.Address == address)
                busy |= !IsClosed(leaver, server, now);
        }

        return busy;
    }

    // Closed to new requests before it is looked at again: nobody comes in between the two.
    private static bool IsClosed(Pool pool, Server server, long now)
    {
        if (server.Active > 0)
            return false;
        if (server.Wanted != ServerState.Maintenance)
            pool.SetState(server, ServerState.Maintenance, now);
        return server.Active == 0;
    }
}
