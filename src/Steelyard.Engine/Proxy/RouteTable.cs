using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Metering;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The routes of one listener, compiled: exact host before the longest wildcard, in front and then behind, before the
/// first expression before any host; within a host exact path before the longest prefix that says so before the first
/// expression before the longest prefix before any path; and of the same path who asks for more before who asks for
/// less. Who does not match passes on to the next. Paths are compared in the form <see cref="PathNormalizer"/> gives.
/// Immutable, shared by all loops; a match allocates nothing.
/// </summary>
internal sealed class RouteTable
{
    private readonly Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> _exactHosts;
    private readonly Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> _wildcardHosts;
    private readonly Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> _hostStarts;
    private readonly (BytePattern Host, PathTable Paths)[] _hostPatterns;
    private readonly bool _hasHostStarts;
    private readonly PathTable _anyHost;
    private readonly Dictionary<byte[], Route> _internal = new(BytesComparer.Exact);

    // Asks for nothing, and is never read: what a connection without requests is matched with.
    private static readonly RequestHead s_none = new();

    private static readonly ForwardedFields s_nobody = new();

    private static readonly Func<Expression, bool> s_ofHello = static one => one is FetchExpression { Kind: FetchKind.ServerName or FetchKind.TlsHello or FetchKind.TlsOffer or FetchKind.HelloVersion or FetchKind.HelloProtocols };

    /// <param name="routes">The routes of the configuration.</param>
    /// <param name="pools">The pools they name.</param>
    /// <param name="requestEdits">What the listener changes in requests.</param>
    /// <param name="responseEdits">What the listener changes in responses.</param>
    /// <param name="names">What the routes are counted under; null where they are not.</param>
    /// <param name="limits">What each client may do by a route; null for anything.</param>
    /// <param name="logs">What writes the requests of a route down; null for nothing.</param>
    /// <param name="pathOf">Where a folder is that the configuration names; null for where it says.</param>
    /// <param name="compress">How answers are compressed of routes that say nothing else; null for not at all.</param>
    /// <param name="decided">The fields that are decided for all of them; null for none.</param>
    /// <param name="asNginx">Whether paths are what they stand for, all decoded.</param>
    public RouteTable(ReadOnlySpan<RouteSettings> routes, IReadOnlyDictionary<string, Pool> pools, HeaderEdits? requestEdits = null, HeaderEdits? responseEdits = null, RouteNames? names = null, Func<RouteSettings, PlaceLimits?>? limits = null, Func<RouteSettings, AccessLog?>? logs = null, Func<string, string>? pathOf = null, CompressionSettings? compress = null, DecidedByListener? decided = null, bool asNginx = false)
    {
        Route Compile(RouteSettings settings)
        {
            var route = new Route(settings, pools, requestEdits ?? HeaderEdits.None, responseEdits ?? HeaderEdits.None, limits?.Invoke(settings), pathOf, compress, decided) { Ordinal = names?.OrdinalOf(settings) ?? 0, Log = logs?.Invoke(settings) };
            Asks |= route.Conditions is not null;
            return route;
        }

        var exact = new Dictionary<string, List<RouteSettings>>(StringComparer.OrdinalIgnoreCase);
        var wildcard = new Dictionary<string, List<RouteSettings>>(StringComparer.OrdinalIgnoreCase);
        var starts = new Dictionary<string, List<RouteSettings>>(StringComparer.OrdinalIgnoreCase);
        var patterns = new List<(string Host, List<RouteSettings> Routes)>();
        var any = new List<RouteSettings>();
        foreach (var route in routes)
        {
            if (route.Internal)
                _internal.TryAdd(Encoding.ASCII.GetBytes(route.Name!), Compile(route));
            else if (route.Host is null)
                any.Add(route);
            else if (route.Host[0] == '~')
                Group(patterns, route.Host).Add(route);
            else if (route.Host.EndsWith(".*", StringComparison.Ordinal))
                Group(starts, route.Host[..^1]).Add(route);
            else if (route.Host.StartsWith("*.", StringComparison.Ordinal))
                Group(wildcard, route.Host[1..]).Add(route);
            else
                Group(exact, route.Host).Add(route);
        }

        _anyHost = new PathTable(any, Compile, asNginx);
        _exactHosts = CompileHosts(exact, Compile, asNginx);
        _wildcardHosts = CompileHosts(wildcard, Compile, asNginx);
        _hostStarts = CompileHosts(starts, Compile, asNginx);
        _hostPatterns = [.. patterns.ConvertAll(pattern => (BytePattern.Parse(pattern.Host[1..], ignoreCase: true), new PathTable(pattern.Routes, Compile, asNginx)))];
        _hasHostStarts = starts.Count > 0;
        ByHost = exact.Count + wildcard.Count + starts.Count + patterns.Count > 0;
        foreach (var pool in pools.Values)
            ByServerName |= (AsksName(pool.Settings.Balance.Hash?.Key) || MakesOfName(pool.Settings)) && Names(routes, pool.Name);
        foreach (var route in routes)
            ByServerName |= AsksName(route.When) || AsksName(route.PoolName) || AsksName(route.Respond?.Text) || AsksName(route.Concurrency?.Key);
        ResponseEdits = FieldEdits.From(responseEdits ?? HeaderEdits.None, HeaderEdits.None);
    }

    /// <summary>Whether any route asks for more than host and path.</summary>
    public bool Asks { get; private set; }

    /// <summary>Whether any route asks for a host.</summary>
    public bool ByHost { get; }

    /// <summary>Whether a route asks, or a pool it leads to chooses, by the name in a TLS hello.</summary>
    public bool ByServerName { get; }

    /// <summary>Whether a condition looks at the name in a TLS hello.</summary>
    public static bool AsksName(Condition? condition) => condition is not null && ExpressionSearch.Any(condition, s_ofHello);

    private static bool AsksName(TextTemplate? text) => text is not null && ExpressionSearch.Any(text, s_ofHello);

    private static bool AsksName(RequestKey? key) =>
        key is { Kind: RequestKeyKind.ServerName } || (key is { Kind: RequestKeyKind.Text } && AsksName(TextTemplate.Parse(key.Name!)));

    private static bool MakesOfName(PoolSettings pool)
    {
        foreach (var server in pool.Servers)
        {
            if (AsksName(server.Made) || AsksName((server.Tls ?? pool.Tls)?.NameOfRequest))
                return true;
        }

        return false;
    }

    /// <summary>Whether a condition of rules does.</summary>
    public static bool AskName(ValueList<RuleSettings> rules)
    {
        foreach (var rule in rules)
        {
            if (AsksName(rule.When))
                return true;
        }

        return false;
    }

    private static bool Names(ReadOnlySpan<RouteSettings> routes, string pool)
    {
        foreach (var route in routes)
        {
            if (route.Pool == pool)
                return true;
            foreach (var share in route.Split)
            {
                if (share.Pool == pool)
                    return true;
            }
        }

        return false;
    }

    /// <summary>What is changed in a response to a request that has no route, or was not understood so far; null for nothing.</summary>
    public FieldEdits? ResponseEdits { get; }

    private static List<RouteSettings> Group(Dictionary<string, List<RouteSettings>> groups, string host)
    {
        if (!groups.TryGetValue(host, out var group))
            groups[host] = group = [];
        return group;
    }

    private static List<RouteSettings> Group(List<(string Pattern, List<RouteSettings> Routes)> groups, string pattern)
    {
        foreach (var (other, routes) in groups)
        {
            if (other == pattern)
                return routes;
        }

        groups.Add((pattern, []));
        return groups[^1].Routes;
    }

    private static Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> CompileHosts(
        Dictionary<string, List<RouteSettings>> groups,
        Func<RouteSettings, Route> compile,
        bool asNginx)
    {
        var compiled = new Dictionary<byte[], PathTable>(BytesComparer.IgnoreCase);
        foreach (var (host, routes) in groups)
            compiled[Encoding.ASCII.GetBytes(host)] = new PathTable(routes, compile, asNginx);
        return compiled.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Finds the route of a request; null when none matches.</summary>
    /// <param name="request">The request.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="path">Its path without the query, in the form <see cref="PathNormalizer"/> gives.</param>
    public Route? Match(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> path) =>
        Match(new() { Request = request, Head = head, Client = s_nobody }, path);

    /// <summary>Finds the route of a request; null when none matches.</summary>
    /// <param name="scope">The request, and what is known beside it.</param>
    /// <param name="path">Its path without the query, in the form <see cref="PathNormalizer"/> gives.</param>
    public Route? Match(in TemplateScope scope, ReadOnlySpan<byte> path)
    {
        if (ByHost && MatchByHost(HostOf(scope.Request.Authority(scope.Head)), path, scope) is { } route)
            return route;
        return _anyHost.Match(path, scope);
    }

    /// <summary>The internal route of a name; null for none.</summary>
    public Route? Find(byte[] name) => _internal.GetValueOrDefault(name);

    /// <summary>Finds the route of a connection that carries no requests; null when none matches.</summary>
    /// <param name="scope">What is known of it; the name its client asks for is empty where it asks for none.</param>
    public Route? MatchConnection(in TemplateScope scope)
    {
        if (ByHost && !scope.ServerName.IsEmpty && MatchByHost(HostOf(scope.ServerName), default, scope) is { } route)
            return route;
        return _anyHost.Match(default, scope);
    }

    /// <summary>A request that asks for nothing, for what is known of a connection without any.</summary>
    public static RequestHead NoRequest => s_none;

    private Route? MatchByHost(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path, in TemplateScope scope)
    {
        if (_exactHosts.TryGetValue(host, out var paths) && paths.Match(path, scope) is { } route)
            return route;

        // Each dot starts a shorter suffix, so the longest wildcard comes first.
        for (var dot = host.IndexOf((byte)'.'); dot >= 0; dot = NextDot(host, dot))
        {
            if (dot > 0 && _wildcardHosts.TryGetValue(host[dot..], out paths) && paths.Match(path, scope) is { } below)
                return below;
        }

        for (var dot = _hasHostStarts ? host.LastIndexOf((byte)'.') : -1; dot > 0; dot = host[..dot].LastIndexOf((byte)'.'))
        {
            if (_hostStarts.TryGetValue(host[..(dot + 1)], out paths) && paths.Match(path, scope) is { } started)
                return started;
        }

        foreach (var (pattern, its) in _hostPatterns)
        {
            if (pattern.IsMatch(host) && its.Match(path, scope) is { } matched)
                return matched;
        }

        return null;
    }

    private static int NextDot(ReadOnlySpan<byte> host, int dot)
    {
        var next = host[(dot + 1)..].IndexOf((byte)'.');
        return next < 0 ? -1 : dot + 1 + next;
    }

    /// <summary>The host without its port, and without the dot that makes a name absolute.</summary>
    public static ReadOnlySpan<byte> HostOf(ReadOnlySpan<byte> authority)
    {
        var bracket = authority.LastIndexOf((byte)']');
        var colon = authority[(bracket + 1)..].IndexOf((byte)':');
        var host = colon < 0 ? authority : authority[..(bracket + 1 + colon)];
        return host.Length > 1 && host[^1] == '.' ? host[..^1] : host;
    }

    /// <summary>The paths of one host.</summary>
    private sealed class PathTable
    {
        private readonly Dictionary<byte[], Route[]>.AlternateLookup<ReadOnlySpan<byte>> _exact;
        private readonly Dictionary<byte[], Route[]>.AlternateLookup<ReadOnlySpan<byte>> _prefixes;

        // Longest first; a look-up for each length there is, however many prefixes share it.
        private readonly int[] _prefixLengths;
        private readonly bool _hasExact;
        private readonly Route[] _any;

        // In the order of the file; null where there are none.
        private readonly (BytePattern Path, Route[] Routes)[]? _patterns;
        private readonly HashSet<Route>? _beforePatterns;

        public PathTable(List<RouteSettings> routes, Func<RouteSettings, Route> compile, bool asNginx)
        {
            var exact = new Dictionary<byte[], List<RouteSettings>>(BytesComparer.Exact);
            var prefixes = new Dictionary<byte[], List<RouteSettings>>(BytesComparer.Exact);
            var any = new List<RouteSettings>();
            var patterns = new List<(string Path, List<RouteSettings> Routes)>();
            var lengths = new SortedSet<int>(Comparer<int>.Create(static (a, b) => b.CompareTo(a)));
            foreach (var route in routes)
            {
                if (route.Path is null)
                {
                    any.Add(route);
                }
                else if (route.Path[0] == '~')
                {
                    GroupOf(patterns, route).Add(route);
                }
                else if (route.Path.EndsWith('*'))
                {
                    var prefix = Normalize(route.Path[(IsBeforePatterns(route) ? 2 : 0)..^1], asNginx);
                    Group(prefixes, prefix).Add(route);
                    lengths.Add(prefix.Length);
                }
                else
                {
                    Group(exact, Normalize(route.Path, asNginx)).Add(route);
                }
            }

            (_hasExact, _prefixLengths, _any) = (exact.Count > 0, [.. lengths], Compile(any, compile));
            _exact = Compile(exact, compile);
            _prefixes = Compile(prefixes, compile);
            if (patterns.Count == 0)
                return;
            _patterns = [.. patterns.ConvertAll(pattern => (PatternOf(pattern.Path), Compile(pattern.Routes, compile)))];
            _beforePatterns = [];
            foreach (var (_, its) in _prefixes.Dictionary)
                _beforePatterns.UnionWith(Array.FindAll(its, route => IsBeforePatterns(route.Settings)));
        }

        // The order of expressions counts: what asks for more goes to the front only where the same expression asks for nothing.
        private static List<RouteSettings> GroupOf(List<(string Path, List<RouteSettings> Routes)> patterns, RouteSettings route)
        {
            if (patterns.Find(group => group.Path == route.Path && group.Routes.Exists(other => other.When is null)) is { Routes: { } known })
                return known;
            if (patterns is not [.., (var last, _)] || last != route.Path)
                patterns.Add((route.Path!, []));
            return patterns[^1].Routes;
        }

        private static bool IsBeforePatterns(RouteSettings route) => route.Path!.StartsWith("^~", StringComparison.Ordinal);

        private static BytePattern PatternOf(string path) =>
            path.StartsWith("~*", StringComparison.Ordinal) ? BytePattern.Parse(path[2..], ignoreCase: true) : BytePattern.Parse(path[1..], ignoreCase: false);

        public Route? Match(ReadOnlySpan<byte> path, in TemplateScope scope)
        {
            if (_hasExact && _exact.TryGetValue(path, out var routes) && First(routes, scope) is { } exact)
                return exact;
            var prefixed = MatchPrefix(path, scope);
            return _patterns is null || (prefixed is not null && _beforePatterns!.Contains(prefixed)) ? prefixed ?? First(_any, scope)
                : MatchPattern(path, scope) ?? prefixed ?? First(_any, scope);
        }

        private Route? MatchPrefix(ReadOnlySpan<byte> path, in TemplateScope scope)
        {
            foreach (var length in _prefixLengths)
            {
                if (length <= path.Length && _prefixes.TryGetValue(path[..length], out var routes) && First(routes, scope) is { } prefixed)
                    return prefixed;
            }

            return null;
        }

        private Route? MatchPattern(ReadOnlySpan<byte> path, in TemplateScope scope)
        {
            foreach (var (pattern, routes) in _patterns!)
            {
                if (pattern.IsMatch(path) && First(routes, scope) is { } matched)
                    return matched;
            }

            return null;
        }

        private static Route? First(Route[] routes, in TemplateScope scope)
        {
            foreach (var route in routes)
            {
                if (route.Conditions is null || route.Conditions.Hold(scope))
                    return route;
            }

            return null;
        }

        private static byte[] Normalize(string path, bool asNginx)
        {
            var bytes = Encoding.UTF8.GetBytes(path);

            // nginx compares with what a location says, doubled slashes and dots included.
            if (asNginx)
                return bytes[..PathNormalizer.DecodeAll(bytes, bytes)];
            return PathNormalizer.IsNeeded(bytes) ? PathNormalizer.Normalize(bytes, new byte[bytes.Length]).ToArray() : bytes;
        }

        private static List<RouteSettings> Group(Dictionary<byte[], List<RouteSettings>> groups, byte[] path)
        {
            if (!groups.TryGetValue(path, out var group))
                groups[path] = group = [];
            return group;
        }

        private static Dictionary<byte[], Route[]>.AlternateLookup<ReadOnlySpan<byte>> Compile(Dictionary<byte[], List<RouteSettings>> groups, Func<RouteSettings, Route> compile)
        {
            var compiled = new Dictionary<byte[], Route[]>(groups.Count, BytesComparer.Exact);
            foreach (var (path, routes) in groups)
                compiled[path] = Compile(routes, compile);
            return compiled.GetAlternateLookup<ReadOnlySpan<byte>>();
        }

        // Among those that ask for as much, the order of the file.
        private static Route[] Compile(List<RouteSettings> routes, Func<RouteSettings, Route> compile)
        {
            var order = new (int Asked, int Place)[routes.Count];
            for (var i = 0; i < order.Length; i++)
                order[i] = (-RouteConditions.CountOf(routes[i]), i);
            Array.Sort(order);
            return Array.ConvertAll(order, entry => compile(routes[entry.Place]));
        }
    }
}
