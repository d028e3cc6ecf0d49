using Steelyard.Config.Expressions;
using Steelyard.Config.Lints;
using Steelyard.Config.Text;

namespace Steelyard.Config.Drafts;

/// <summary>The checks across settings, the same for every dialect; what passes them becomes a snapshot.</summary>
internal sealed class SnapshotChecks
{
    // Lists of hosts and of paths multiply.
    private const int MostRoutes = 100_000;

    private const long MostBytesOfTable = 2L << 30;

    private readonly ProblemList _problems;
    private readonly Dictionary<string, CounterTableSettings> _tables = [];
    private readonly Dictionary<string, PatternListSettings> _lists = [];
    private readonly List<(string List, ListUse Use)> _uses = [];
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
        // Without the key there are no pools; with errors they may be there and could not be read.
        var poolsAreKnown = draft.Pools is not null || !_problems.HasErrors;
        foreach (var pool in draft.Pools ?? [])
        {
            if (!_pools.TryAdd(pool.Name.Value, pool))
                _problems.Error(pool.Name.Place, $"the pool {Shown.Quote(pool.Name.Value)} is given again; it stands in line {_pools[pool.Name.Value].Name.Place.Line} already", "another name, or one pool with the servers of both");
        }

        foreach (var (table, place) in draft.Tables)
            AddTable(table, place);
        foreach (var (list, place) in draft.Lists)
            AddList(list, place);
        var pools = (draft.Pools ?? []).Select(Pool).ToValueList();
        StickyChecks.CheckTables(draft.Pools ?? [], _problems);
        var listeners = (draft.Listeners ?? []).Select(listener => Listener(listener, poolsAreKnown)).ToValueList();
        var admin = AdminChecks.Check(draft.Admin, _problems);
        CheckFallbacks(draft.Pools ?? []);
        AppChecks.Order(_pools, _problems);
        AccessLogChecks.Check(draft, new RuleChecks(_problems, _pools, _tables, _lists, _uses), _problems);

        SharedChecks.Check(draft, _problems);

        // A route that could not be read, or leads nowhere, may be the one to the pool that seems unused.
        if (draft.Listeners is { Count: > 0 } && !_aRouteIsLost && !draft.Listeners.Any(listener => listener.IsFaulty))
            WarnOfUnusedPools(draft.Pools ?? []);

        if (draft is { Group: { } group, User: null })
            _problems.Error(group.Place, "'group' without 'user'", "both, or 'user' alone for that user's own group");
        if (!_problems.HasErrors)
            SnapshotLints.Check(draft, _problems);

        return _problems.HasErrors ? null : new()
        {
            Listeners = listeners,
            Pools = pools,
            Loops = draft.Loops,
            Shutdown = draft.Shutdown,
            User = draft.User,
            Admin = admin,
            Group = draft.Group?.Value,
            Metrics = draft.Metrics,
            Tables = draft.Tables.Select(table => table.Value).ToValueList(),
            Lists = draft.Lists.Select(list => list.Value with { Uses = _uses.Where(use => use.List == list.Value.Name).Select(use => use.Use).ToValueList() }).ToValueList(),
            AccessLog = draft.AccessLog?.Value,
            RequestId = draft.RequestId,
            TraceContext = draft.TraceContext,
            Resolver = draft.Resolver,
            Shared = draft.Shared?.Value,
            StateFile = draft.StateFile?.Value,
            Timeouts = draft.Timeouts,
            Limits = draft.Limits,
            Expectations = draft.Expectations.Select(expectation => expectation.Value).ToValueList(),
        };
    }

    private void AddList(PatternListSettings list, Place place)
    {
        if (!_lists.TryAdd(list.Name, list))
            _problems.Error(place, $"the list {Shown.Quote(list.Name)} is given again", "another name");
        if (list.Number is { } number && _lists.Values.Any(other => other != list && other.Number == number))
            _problems.Error(place, $"another list has the number {number}", "another number");
    }

    private void AddTable(CounterTableSettings table, Place place)
    {
        if (!_tables.TryAdd(table.Name, table))
            _problems.Error(place, $"the table {Shown.Quote(table.Name)} is given again", "another name");

        // Room is taken at once, and in powers of two.
        var room = (long)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)table.Size) * (table.KeyLength + 32 + (table.Store.Count * 24L));
        if (room > MostBytesOfTable)
            _problems.Error(place, $"the table {Shown.Quote(table.Name)} would take up {new ByteSize(room)}", "a smaller 'size' or 'key-length': at most 2GiB");
    }

    private PoolSettings Pool(PoolDraft draft)
    {
        Dictionary<NetworkAddress, Place> seen = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        List<ServerSettings> servers = [];
        foreach (var server in draft.Servers)
        {
            if (server.Address is not { } address)
                continue;
            if (!seen.TryAdd(address.Value, address.Place))
                _problems.Error(address.Place, $"the server {Shown.Quote(address.Value.ToString())} is given again; it stands in line {seen[address.Value].Line} already", "each server once; give it a larger 'weight' for a larger share");
            if (server.Name is { Value: { } called } name && !names.Add(called))
                _problems.Error(name.Place, $"a server of this pool is called {Shown.Quote(called)} already", "another name");
            if (server.MinConnections is { } least && (server.MaxConnections ?? draft.MaxConnections) is var most && (most is null || least > most))
                _problems.Error(address.Place, $"'min-connections: {least}' of a server that may have {(most is null ? "any number" : $"{most}")}", "a larger 'max-connections'");
            if ((server.MaxFails?.Place ?? server.FailTimeout?.Place) is { } rule && draft.Outlier is not { MaxFails: not null })
                _problems.Error(rule, "a server's own rule beside an 'outlier' of its pool that is not nginx's", "'max-fails' in 'outlier'");
            if (server.FailTimeout is { Value.Milliseconds: not 0 } part)
                _problems.Error(part.Place, "'fail-timeout' with a part of a second", "whole seconds");
            servers.Add(ServerChecks.Server(server, address, _problems));
        }

        var discover = draft.Discover.Select(one => DiscoverChecks.Check(one, draft, _problems)).ToValueList();
        if (servers.Count > 0 && draft.App is null && discover.Count == 0 && servers.TrueForAll(server => server.Weight == 0))
            _problems.Warn(draft.Name.Place, $"every server of the pool {Shown.Quote(draft.Name.Value)} has weight 0, so it answers nothing", "a weight of at least 1 for one of them");

        StickyChecks.Check(draft, servers, _problems);
        AgentChecks.Check(draft, _problems);
        if (draft is { Queue: { } queue, MaxConnections: null, AdaptiveLimit: null } && servers.TrueForAll(server => server.MaxConnections is null) && discover.All(one => one.File is null && one.Server?.MaxConnections is null))
            _problems.Error(queue.Place, "'queue' in a pool where no server has a limit, so that nobody ever waits", "'max-connections' in the pool or in its servers, 'adaptive-limit', or no 'queue'");
        if (draft.AdaptiveLimit is { } adaptive && (adaptive.Value.Least > adaptive.Value.Start || adaptive.Value.Start > adaptive.Value.Most))
            _problems.Error(adaptive.Place, $"an 'adaptive-limit' from {adaptive.Value.Least} to {adaptive.Value.Most} that starts with {adaptive.Value.Start}", "'least' up to 'start', and 'start' up to 'most'");
        return new()
        {
            Name = draft.Name.Value,
            Balance = draft.Balance,
            ProxyProtocol = draft.ProxyProtocol,
            Source = draft.Source,
            Tls = TlsChecks.Servers(draft.Tls, AddressesOf(draft), _problems),
            Retries = draft.Retries,
            Health = draft.Health,
            Agent = draft.Agent?.Value,
            Outlier = draft.Outlier,
            SlowStart = draft.SlowStart,
            Panic = draft.Panic,
            Sticky = draft.Sticky?.Value,
            MaxConnections = draft.MaxConnections,
            FullConnections = draft.FullConnections,
            AdaptiveLimit = draft.AdaptiveLimit?.Value,
            Queue = draft.Queue?.Value ?? new(),
            Timeouts = draft.Timeouts,
            AllBackups = draft.AllBackups,
            BackupsWhenFull = draft.BackupsWhenFull,
            Rules = draft.Rules.Select(rule => rule.Value).ToValueList(),
            ResponseRules = draft.ResponseRules.Select(rule => rule.Value).ToValueList(),
            RateLimit = draft.RateLimit?.Value,
            Concurrency = draft.Concurrency?.Value,
            Breaker = draft.Breaker?.Value,
            Servers = servers.ToValueList(),
            Discover = discover,
            Resolver = draft.Resolver,
            App = AppChecks.App(draft.App, limited: draft.MaxConnections is not null || draft.AdaptiveLimit is not null, overTls: draft.Tls is not null, _problems),
        };
    }

    private static IEnumerable<Located<NetworkAddress>> AddressesOf(PoolDraft draft) =>
        draft.Servers.Where(server => server is { Tls: null, Address: not null }).Select(server => server.Address!.Value);

    private ListenerSettings Listener(ListenerDraft draft, bool poolsAreKnown)
    {
        foreach (var (address, place) in draft.Bind ?? [])
        {
            if (address.Number > 0)
                _problems.Error(place, $"{Shown.Quote(address.ToString())} is one of several servers", "an address without #");

            // Port 0 is another port each time.
            if ((address.Port != 0 || address.UnixPath is not null || address.Descriptor is not null) && !_bound.TryAdd(address, place))
                _problems.Error(place, $"{Shown.Quote(address.ToString())} is bound again; it stands in line {_bound[address].Line} already", "each address once; one listener can have many routes");
        }

        if ((draft.Bind ?? []).FirstOrDefault(bind => bind.Value.IsOfApp) is { Value: not null } ofApp)
            CheckBindOfApp(draft, ofApp.Place);
        if (draft.ClientField is { } field && draft.TrustedProxies.Count > 0)
            _problems.Error(field.Place, "'client-field' beside 'trusted-proxies'", "one of the two");
        if (draft is { Routes: not null, To: { } both })
            _problems.Error(both.Place, "'to' beside 'routes' in a listener", "either of them; a route without host and path takes the rest");

        Dictionary<RouteSettings, Place> seen = [];
        List<RouteSettings> routes = [];
        if (draft.To is { } to)
            AddRoute(new(to.Place) { To = to }, seen, routes, poolsAreKnown);
        foreach (var route in draft.Routes ?? [])
            AddRoute(route, seen, routes, poolsAreKnown);

        if (draft.Mode is { Value: ListenerMode.Tcp })
        {
            TcpChecks.Check(draft, _problems);
            foreach (var route in routes)
            {
                foreach (var name in route.Split.Select(share => share.Pool).Append(route.Pool ?? ""))
                {
                    StickyChecks.CheckTcp(draft.Mode.Value.Place, _pools.GetValueOrDefault(name), _problems);
                    if (_pools.GetValueOrDefault(name)?.AdaptiveLimit is { } adaptive)
                        _problems.Error(draft.Mode.Value.Place, $"'mode: tcp' leads to the pool {Shown.Quote(name)} with 'adaptive-limit' (line {adaptive.Place.Line}), which goes by how long answers take", "'max-connections' in the pool, or 'mode: http'");
                }
            }
        }

        foreach (var pool in PoolsOf(draft))
            CheckKey(pool, draft);
        new RuleChecks(_problems, _pools, _tables, _lists, _uses).Check(draft, PoolsOf(draft));

        return new()
        {
            Mode = draft.Mode?.Value ?? ListenerMode.Http,
            Name = draft.Name,
            Serving = draft.Serving,
            Bind = (draft.Bind ?? []).Select(bind => bind.Value).ToValueList(),
            Tls = TlsChecks.Listener(draft.Tls, _problems),
            Routes = routes.ToValueList(),
            TrustedProxies = draft.TrustedProxies.Select(network => network.Value).ToValueList(),
            ProxyProtocol = draft.ProxyProtocol.Select(network => network.Value).ToValueList(),
            ProxyProtocolClients = draft.ProxyProtocolClients?.Select(network => network.Value).ToValueList(),
            Explain = draft.Explain.Select(network => network.Value).ToValueList(),
            MaxConnections = draft.MaxConnections,
            MaxConnectionsPerAddress = draft.MaxConnectionsPerAddress,
            MaxConnectionsPerSecond = draft.MaxConnectionsPerSecond,
            RateLimit = draft.RateLimit?.Value,
            Concurrency = draft.Concurrency?.Value,
            ClientField = draft.ClientField?.Value,
            Connect = draft.Connect,
            Tolerant = draft.Tolerant,
            KeepsSlashes = draft.KeepsSlashes,
            AsNginx = draft.AsNginx,
            FieldNames = draft.FieldNames,
            GatewayStatuses = draft.GatewayStatuses,
            Compress = draft.Compress,
            Forwarded = draft.Forwarded,
            Rules = draft.Rules.Select(rule => rule.Value).ToValueList(),
            ResponseRules = draft.ResponseRules.Select(rule => rule.Value).ToValueList(),
            Timeouts = draft.Timeouts,
            AccessLog = draft.AccessLog?.Value,
            RequestId = draft.RequestId,
            TraceContext = draft.TraceContext,
            RequestHeaders = draft.RequestHeaders,
            ResponseHeaders = draft.ResponseHeaders,
        };
    }

    private void CheckBindOfApp(ListenerDraft draft, Place place)
    {
        if (draft.Bind!.Count > 1)
            _problems.Error(place, "'app' among other addresses", "'app' alone, or addresses");
        var pools = PoolsOf(draft).Select(pool => pool.Value).Distinct(StringComparer.Ordinal).ToList();
        var clusters = pools.Where(name => _pools.GetValueOrDefault(name)?.App is { Command: { } command } app && (app.Settings with { Command = command.Value }).ListensBy == WorkerListen.Cluster);
        if (!clusters.Any() || pools.Count > 1)
            _problems.Error(place, "'app' in a listener that does not lead to one pool with workers of a Node cluster", "an address such as \":8080\"");
    }

    private static IEnumerable<Located<string>> PoolsOf(ListenerDraft draft)
    {
        if (draft.To is { } all)
            yield return all;
        foreach (var route in draft.Routes ?? [])
        {
            if (route.To is { } to)
                yield return to;
            foreach (var (pool, _) in route.Split?.Value ?? [])
                yield return pool;
        }
    }

    /// <summary>What a pool hashes has to be there to be hashed.</summary>
    private void CheckKey(Located<string> pool, ListenerDraft listener)
    {
        if (!_pools.TryGetValue(pool.Value, out var draft) || draft.Balance.Hash is not { Key: var key })
            return;
        var isTcp = listener.Mode is { Value: ListenerMode.Tcp };
        if (isTcp && key.Kind is not (RequestKeyKind.Address or RequestKeyKind.ServerName) && !IsOfConnections(key))
            _problems.Error(pool.Place, $"the pool {Shown.Quote(pool.Value)} hashes '{key}', and a listener with 'mode: tcp' reads no requests", "a pool with 'hash: address' or 'hash: sni'");
        else if (key.Kind == RequestKeyKind.ServerName && (!isTcp || listener.Tls is not null))
            _problems.Error(pool.Place, $"the pool {Shown.Quote(pool.Value)} hashes the name in a TLS hello, which only a listener with 'mode: tcp' and without 'tls' reads", isTcp ? "a listener without 'tls'" : "'hash: header:Host'");
    }

    /// <summary>Whether a text is made of what is known of a connection.</summary>
    private static bool IsOfConnections(RequestKey key) => key.Kind == RequestKeyKind.Text && !TcpChecks.AsksOfRequests(TextTemplate.Parse(key.Name!));

    private void AddRoute(RouteDraft draft, Dictionary<RouteSettings, Place> seen, List<RouteSettings> routes, bool poolsAreKnown)
    {
        CheckAction(draft);
        if (draft is { To: null, ToNamed: null, Split: null, Redirect: null, Respond: null, Files: null, Statistics: null })
            return;
        _aRouteIsLost |= draft.ToNamed is not null;
        if (draft.Internal && (draft.Name is null || draft.Hosts.Count + draft.Paths.Count > 0))
            _problems.Error(draft.Place, "an 'internal' route that has no name, or asks for a host or a path", "'name', by which rules and error pages find it");
        if (draft.To is { } to)
            CheckPool(to, poolsAreKnown);
        if (draft.Server is { } server)
            CheckServer(server, draft.To);
        foreach (var (pool, _) in draft.Split?.Value ?? [])
            CheckPool(pool, poolsAreKnown);
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
                var match = draft.Match with { Host = host?.Value, Path = path?.Value };
                if (!draft.IsFaulty && !draft.Internal && !(match.When is { } when && ExpressionSearch.Varies(when)) && !seen.TryAdd(match, place))
                    _problems.Error(place, $"a route for {Describe(match)} again; it stands in line {seen[match].Line} already", "each host with each path once in a listener, or other 'methods', 'headers' or 'query'");
                routes.Add(match with
                {
                    Name = draft.Name,
                    Rules = draft.Rules.Select(rule => rule.Value).ToValueList(),
                    AccessRules = draft.AccessRules.Select(rule => rule.Value).ToValueList(),
                    Internal = draft.Internal,
                    ResponseRules = draft.ResponseRules.Select(rule => rule.Value).ToValueList(),
                    ErrorPages = draft.ErrorPages.Select(page => page.Value).ToValueList(),
                    InterceptErrors = draft.InterceptErrors,
                    RecursiveErrors = draft.RecursiveErrors,
                    MaxBody = draft.MaxBody,
                    PoolName = draft.ToNamed?.Value,
                    Pool = draft.To?.Value,
                    Server = draft.Server?.Value,
                    Split = (draft.Split?.Value ?? []).Select(share => new PoolShare(share.Key.Value, share.Value)).ToValueList(),
                    Redirect = draft.Redirect?.Value,
                    Respond = draft.Respond?.Value,
                    Files = draft.Files?.Value,
                    Statistics = draft.Statistics?.Value,
                    AccessLog = draft.AccessLog?.Value,
                    Compress = draft.Compress,
                    Unpack = draft.Unpack,
                    Substitute = draft.Substitute,
                    Ask = draft.Ask?.Value,
                    AskWhen = draft.AskWhen,
                    Mirror = draft.Mirror?.Value,
                    Bandwidth = draft.Bandwidth,
                    SendMethod = draft.SendMethod,
                    SendBody = draft.SendBody,
                    DropsBody = draft.DropsBody,
                    DropsFields = draft.DropsFields,
                    AskRules = draft.AskRules.Select(rule => rule.Value).ToValueList(),
                    RateLimit = draft.RateLimit?.Value,
                    Concurrency = draft.Concurrency?.Value,
                    Priority = draft.Priority,
                    Timeouts = draft.Timeouts,
                    StripPrefix = draft.StripPrefix?.Value,
                    Rewrite = draft.Rewrite?.Value,
                    ServerTarget = draft.ServerTarget?.Value,
                    RequestHeaders = draft.RequestHeaders?.Value ?? HeaderEdits.None,
                    ResponseHeaders = draft.ResponseHeaders,
                });
            }
        }
    }

    /// <summary>A route does one thing, and changes only what there is to change.</summary>
    private void CheckAction(RouteDraft draft)
    {
        ReadOnlySpan<(string Name, Place? Place)> actions =
            [("to", draft.To?.Place), ("to-named", draft.To is null ? draft.ToNamed?.Place : null), ("split", draft.Split?.Place), ("redirect", draft.Redirect?.Place), ("respond", draft.Respond?.Place), ("files", draft.Files?.Place), ("statistics", draft.Statistics?.Place)];
        string? first = null;
        foreach (var (name, given) in actions)
        {
            if (given is not { } place)
                continue;
            if (first is not null)
                _problems.Error(place, $"'{name}' beside '{first}' in a route", "one of them");
            first ??= name;
        }

        if (draft.Split is { } split && split.Value.Count > 0 && split.Value.All(share => share.Value == 0))
            _problems.Error(split.Place, "every pool of the split has weight 0", "a weight of at least 1 for one of them");
        if (draft.Respond is { Value: { Status: 204 or 304, Body.Length: > 0 } } respond)
            _problems.Error(respond.Place, $"an answer with status {respond.Value.Status} has no body (RFC 9110, 6.4.1)", "another status, or no 'body'");
        if (first is not ("redirect" or "respond" or "files" or "statistics"))
            return;
        ReadOnlySpan<(string Name, Place? Place)> changes =
            [("strip-prefix", draft.StripPrefix?.Place), ("rewrite", draft.Rewrite?.Place), ("server-target", draft.ServerTarget?.Place), ("request-headers", draft.RequestHeaders?.Place)];
        foreach (var (name, given) in changes)
        {
            if (given is { } place)
                _problems.Error(place, $"'{name}' in a route with '{first}', where no request goes to a server", "'to' or 'split', or a route without it");
        }
    }

    // A server may be taken out while its pool is served.
    private void CheckServer(Located<string> name, Located<string>? to)
    {
        if (to is null)
            _problems.Error(name.Place, "'server' in a route without 'to'", "'to' with the pool of the server");
        else if (_pools.TryGetValue(to.Value.Value, out var pool) && !pool.Servers.Any(server => server.Name?.Value == name.Value))
            _problems.Warn(name.Place, $"no server of {Shown.Quote(to.Value.Value)} is called {Shown.Quote(name.Value)}: any of them takes these requests", "the 'name' of one of its servers");
    }

    private void CheckPool(Located<string> name, bool poolsAreKnown)
    {
        if (!_pools.ContainsKey(name.Value) && poolsAreKnown)
        {
            var near = _problems.Names.Nearest(name.Value, _pools.Keys);
            _aRouteIsLost = true;
            _problems.Error(name.Place, $"no pool is called {Shown.Quote(name.Value)}", _pools.Count switch { 0 => "'pools' in the file, with this name and its servers", <= 10 => Shown.OneOf(_pools.Keys), _ => "the name of one of the 'pools'" }, near);
        }

        if (_pools.TryGetValue(name.Value, out var pool) && AppChecks.TakesNoRequests(pool))
            _problems.Error(name.Place, $"the workers of {Shown.Quote(name.Value)} get no requests from routes (listen)", "a pool with servers, or another 'listen' for its app");
        _routedPools.Add(name.Value);
    }

    /// <summary>Each fallback leads to a pool, and none back to where it came from.</summary>
    private void CheckFallbacks(IReadOnlyList<PoolDraft> pools)
    {
        foreach (var pool in pools)
        {
            if (pool.Breaker is not { Value.Fallback.Pool: { } name } breaker)
                continue;
            CheckPool(new(name, breaker.Place), poolsAreKnown: true);
            var next = _pools.GetValueOrDefault(name);
            for (var steps = 0; next is not null && steps <= pools.Count; steps++)
            {
                if (next == pool)
                {
                    _problems.Error(breaker.Place, $"the fallbacks of {Shown.Quote(pool.Name.Value)} lead back to it", "an end: a pool without a fallback, or an answer");
                    break;
                }

                next = next.Breaker?.Value.Fallback?.Pool is { } further ? _pools.GetValueOrDefault(further) : null;
            }
        }
    }

    private void WarnOfUnusedPools(IReadOnlyList<PoolDraft> pools)
    {
        foreach (var pool in pools)
        {
            if (!_routedPools.Contains(pool.Name.Value) && !AppChecks.TakesNoRequests(pool))
                _problems.Warn(pool.Name.Place, $"no route leads to the pool {Shown.Quote(pool.Name.Value)}", "a route with it as 'to', or the file without it");
        }
    }

    private static IEnumerable<Located<string>?> OrAny(IReadOnlyList<Located<string>> patterns) =>
        patterns.Count == 0 ? [null] : patterns.Select(pattern => (Located<string>?)pattern);

    private static string Describe(RouteSettings match)
    {
        var what = (match.Host, match.Path) switch
        {
            (null, null) => "every request",
            (null, _) => Shown.Quote(match.Path),
            (_, null) => $"every path of {Shown.Quote(match.Host)}",
            _ => Shown.Quote(match.Host + match.Path),
        };
        return match.Methods.Count + match.Headers.Count + match.Query.Count == 0 ? what : $"{what} with the same conditions";
    }
}
