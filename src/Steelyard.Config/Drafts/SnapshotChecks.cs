using Steelyard.Config.Text;

namespace Steelyard.Config.Drafts;

/// <summary>The checks across settings, the same for every dialect; what passes them becomes a snapshot.</summary>
internal sealed class SnapshotChecks
{
    // Lists of hosts and of paths multiply.
    private const int MostRoutes = 100_000;

    private readonly ProblemList _problems;
    private readonly Dictionary<string, PoolDraft> _pools = [];
    private readonly HashSet<string> _routedPools = [];
    private readonly Dictionary<NetworkAddress, Place> _bound = [];
    private int _routes;
    private bool _aRouteIsLost;

    private SnapshotChecks(ProblemList problems) => _problems = problems;

    /// <summary>Reports what does not fit together.</summary>
    /// <returns>The snapshot; null when anything was reported as an error, here or before.</returns>
    public static Snapshot? Check(SnapshotDraft draft, ProblemList problems) => new SnapshotChecks(problems).Check(draft);

    private Snapshot? Check(SnapshotDraft draft)
    {
        foreach (var pool in draft.Pools ?? [])
        {
            if (!_pools.TryAdd(pool.Name.Value, pool))
                _problems.Error(pool.Name.Place, $"the pool {Shown.Quote(pool.Name.Value)} is given again; it stands in line {_pools[pool.Name.Value].Name.Place.Line} already", "another name, or one pool with the servers of both");
        }

        var pools = (draft.Pools ?? []).Select(Pool).ToValueList();
        var listeners = (draft.Listeners ?? []).Select(listener => Listener(listener, draft.Pools is not null)).ToValueList();
        // A route that could not be read, or leads nowhere, may be the one to the pool that seems unused.
        if (draft.Listeners is { Count: > 0 } && !_aRouteIsLost && !draft.Listeners.Any(listener => listener.IsFaulty))
            WarnOfUnusedPools(draft.Pools ?? []);

        return _problems.HasErrors ? null : new()
        {
            Listeners = listeners,
            Pools = pools,
            Loops = draft.Loops,
            Shutdown = draft.Shutdown,
            Timeouts = draft.Timeouts,
            Limits = draft.Limits,
        };
    }

    private PoolSettings Pool(PoolDraft draft)
    {
        Dictionary<NetworkAddress, Place> seen = [];
        List<ServerSettings> servers = [];
        foreach (var server in draft.Servers)
        {
            if (server.Address is not { } address)
                continue;
            if (!seen.TryAdd(address.Value, address.Place))
                _problems.Error(address.Place, $"the server {Shown.Quote(address.Value.ToString())} is given again; it stands in line {seen[address.Value].Line} already", "each server once; give it a larger 'weight' for a larger share");
            servers.Add(new() { Address = address.Value, Weight = server.Weight });
        }

        if (servers.Count > 0 && draft.App is null && servers.TrueForAll(server => server.Weight == 0))
            _problems.Warn(draft.Name.Place, $"every server of the pool {Shown.Quote(draft.Name.Value)} has weight 0, so it answers nothing", "a weight of at least 1 for one of them");

        return new()
        {
            Name = draft.Name.Value,
            Balance = draft.Balance,
            Servers = servers.ToValueList(),
            App = draft.App is { Command: { } command } app ? new() { Command = command.Value, Instances = app.Instances } : null,
        };
    }

    private ListenerSettings Listener(ListenerDraft draft, bool poolsAreKnown)
    {
        foreach (var (address, place) in draft.Bind ?? [])
        {
            // Port 0 is another port each time.
            if ((address.Port != 0 || address.UnixPath is not null) && !_bound.TryAdd(address, place))
                _problems.Error(place, $"{Shown.Quote(address.ToString())} is bound again; it stands in line {_bound[address].Line} already", "each address once; one listener can have many routes");
        }

        if (draft is { Routes: not null, To: { } both })
            _problems.Error(both.Place, "'to' beside 'routes' in a listener", "either of them; a route without host and path takes the rest");

        Dictionary<(string?, string?), Place> seen = [];
        List<RouteSettings> routes = [];
        if (draft.To is { } to)
            AddRoute(new(to.Place) { To = to }, seen, routes, poolsAreKnown);
        foreach (var route in draft.Routes ?? [])
            AddRoute(route, seen, routes, poolsAreKnown);

        return new()
        {
            Bind = (draft.Bind ?? []).Select(bind => bind.Value).ToValueList(),
            Routes = routes.ToValueList(),
            TrustedProxies = draft.TrustedProxies.Select(network => network.Value).ToValueList(),
        };
    }

    private void AddRoute(RouteDraft draft, Dictionary<(string?, string?), Place> seen, List<RouteSettings> routes, bool poolsAreKnown)
    {
        if (draft.To is not { } to)
            return;
        if (!_pools.ContainsKey(to.Value) && poolsAreKnown)
        {
            var near = _problems.Names.Nearest(to.Value, _pools.Keys);
            _aRouteIsLost = true;
            _problems.Error(to.Place, $"no pool is called {Shown.Quote(to.Value)}", _pools.Count is > 0 and <= 10 ? Shown.OneOf(_pools.Keys) : "the name of one of the 'pools'", near);
        }

        _routedPools.Add(to.Value);
        if ((long)Math.Max(1, draft.Hosts.Count) * Math.Max(1, draft.Paths.Count) > MostRoutes - _routes)
        {
            _problems.Error(draft.Place, $"more than {MostRoutes} routes, each host counted with each path", "fewer hosts or paths in one route; wildcards cover many");
            return;
        }

        foreach (var host in OrAny(draft.Hosts))
        {
            foreach (var path in OrAny(draft.Paths))
            {
                _routes++;
                var place = path?.Place ?? host?.Place ?? draft.Place;
                if (!draft.IsFaulty && !seen.TryAdd((host?.Value, path?.Value), place))
                    _problems.Error(place, $"a route for {Describe(host?.Value, path?.Value)} again; it stands in line {seen[(host?.Value, path?.Value)].Line} already", "each host with each path once in a listener");
                routes.Add(new() { Host = host?.Value, Path = path?.Value, Pool = to.Value });
            }
        }
    }

    private void WarnOfUnusedPools(IReadOnlyList<PoolDraft> pools)
    {
        foreach (var pool in pools)
        {
            if (!_routedPools.Contains(pool.Name.Value))
                _problems.Warn(pool.Name.Place, $"no route leads to the pool {Shown.Quote(pool.Name.Value)}", "a route with it as 'to', or the file without it");
        }
    }

    private static IEnumerable<Located<string>?> OrAny(IReadOnlyList<Located<string>> patterns) =>
        patterns.Count == 0 ? [null] : patterns.Select(pattern => (Located<string>?)pattern);

    private static string Describe(string? host, string? path) => (host, path) switch
    {
        (null, null) => "every request",
        (null, _) => Shown.Quote(path),
        (_, null) => $"every path of {Shown.Quote(host)}",
        _ => Shown.Quote(host + path),
    };
}
