using Steelyard.Balancing;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Metering;

/// <summary>
/// What one loop counts for a plan. What stays over a reload goes on to be counted where it was. Made on the first
/// request of each, so that what nobody uses costs nothing. Owned by its loop.
/// </summary>
internal sealed class LoopMeters
{
    private readonly RouteMeter?[] _routes;
    private readonly PoolMeter?[] _pools;
    private readonly ServerMeter?[] _servers;
    private readonly ListenerMeter[] _listeners;
    private readonly ProxyPlan _plan;

    /// <param name="plan">The plan.</param>
    /// <param name="before">What was counted before; null at the start.</param>
    public LoopMeters(ProxyPlan plan, LoopMeters? before)
    {
        _plan = plan;
        _routes = new RouteMeter?[plan.RouteNames.Count];
        _servers = new ServerMeter?[plan.Addresses.Length];
        _listeners = new ListenerMeter[plan.ListenerNames.Length];
        _pools = new PoolMeter?[plan.Pools.Count];
        var goesOn = before is not null && before._plan.RouteBuckets.SameAs(plan.RouteBuckets);
        for (var i = 0; i < _routes.Length && goesOn; i++)
            _routes[i] = before!._plan.RouteNames.Find(plan.RouteNames[i]) is >= 0 and var at ? before._routes[at] : null;
        foreach (var (name, pool) in goesOn ? plan.Pools : ProxyPlan.NoPools)
            _pools[plan.PoolOrdinals[pool]] = before!._plan.Pools.GetValueOrDefault(name) is { } its ? before._pools[before._plan.PoolOrdinals[its]] : null;
        for (var i = 0; i < _servers.Length && goesOn; i++)
            _servers[i] = plan.OrdinalsBefore[i] is >= 0 and var at ? before!._servers[at] : null;
        for (var i = 0; i < _listeners.Length; i++)
            _listeners[i] = before is not null && Array.IndexOf(before._plan.ListenerNames, plan.ListenerNames[i]) is >= 0 and var at ? before._listeners[at] : new();
    }

    /// <summary>A route's; that of no route is the first.</summary>
    public RouteMeter Route(int ordinal) => _routes[ordinal] ??= new(_plan.RouteBuckets);

    /// <summary>A pool's.</summary>
    public PoolMeter Pool(Pool pool) => _pools[_plan.PoolOrdinals[pool]] ??= new(_plan.PoolBuckets);

    /// <summary>A server's.</summary>
    /// <param name="pool">Its pool.</param>
    /// <param name="server">The server.</param>
    public ServerMeter Server(Pool pool, Server server) => _servers[server.Ordinal] ??= new(Pool(pool));

    /// <summary>A listener's, by its position in the configuration.</summary>
    public ListenerMeter Listener(int ordinal) => _listeners[ordinal];

    /// <summary>Adds what it holds to a sum over loops. May be called from any thread.</summary>
    public void AddTo(Measures sum)
    {
        for (var i = 0; i < _routes.Length; i++)
        {
            if (_routes[i] is not { } route)
                continue;
            route.AddTo(sum.Route(_plan.RouteNames[i]));
            foreach (var series in route.All)
                series!.Times.AddTo(ref sum.Request(_plan.RouteNames[i], series.Method, series.Status).Times);
        }

        foreach (var pool in _plan.Pools.Values)
        {
            if (_pools[_plan.PoolOrdinals[pool]] is { } meter)
                meter.AddTo(sum.Pool(pool.Name));
            foreach (var server in pool.Servers)
                _servers[server.Ordinal]?.AddTo(sum.Server(pool.Name, server.Settings.Address));
        }

        for (var i = 0; i < _listeners.Length; i++)
            _listeners[i].AddTo(sum.Listener(_plan.ListenerNames[i]));
    }
}
