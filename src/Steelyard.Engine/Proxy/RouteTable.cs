using System.Diagnostics.CodeAnalysis;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The routes of one listener, compiled: exact host before the longest wildcard before any host, and within a host
/// exact path before the longest prefix before any path. A host whose paths do not match passes on to the next.
/// Immutable, shared by all loops; a match allocates nothing.
/// </summary>
internal sealed class RouteTable
{
    private readonly Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> _exactHosts;
    private readonly Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> _wildcardHosts;
    private readonly PathTable _anyHost;
    private readonly bool _byHost;

    /// <param name="routes">The routes of the configuration.</param>
    /// <param name="pools">The pools they name.</param>
    public RouteTable(ReadOnlySpan<RouteSettings> routes, IReadOnlyDictionary<string, Pool> pools)
    {
        var exact = new Dictionary<string, List<RouteSettings>>(StringComparer.OrdinalIgnoreCase);
        var wildcard = new Dictionary<string, List<RouteSettings>>(StringComparer.OrdinalIgnoreCase);
        var any = new List<RouteSettings>();
        foreach (var route in routes)
        {
            if (route.Host is null)
                any.Add(route);
            else if (route.Host.StartsWith("*.", StringComparison.Ordinal))
                Group(wildcard, route.Host[1..]).Add(route);
            else
                Group(exact, route.Host).Add(route);
        }

        _anyHost = new PathTable(any, pools);
        _exactHosts = Compile(exact, pools);
        _wildcardHosts = Compile(wildcard, pools);
        _byHost = exact.Count + wildcard.Count > 0;
    }

    private static List<RouteSettings> Group(Dictionary<string, List<RouteSettings>> groups, string host)
    {
        if (!groups.TryGetValue(host, out var group))
            groups[host] = group = [];
        return group;
    }

    private static Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> Compile(
        Dictionary<string, List<RouteSettings>> groups,
        IReadOnlyDictionary<string, Pool> pools)
    {
        var compiled = new Dictionary<byte[], PathTable>(BytesComparer.IgnoreCase);
        foreach (var (host, routes) in groups)
            compiled[Encoding.ASCII.GetBytes(host)] = new PathTable(routes, pools);
        return compiled.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Finds the pool for a request; null when no route matches.</summary>
    /// <param name="authority">Host and port as the client wrote them; may be empty.</param>
    /// <param name="path">The path without the query.</param>
    public Pool? Match(ReadOnlySpan<byte> authority, ReadOnlySpan<byte> path)
    {
        if (_byHost && MatchByHost(HostOf(authority), path) is { } pool)
            return pool;
        return _anyHost.Match(path);
    }

    private Pool? MatchByHost(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path)
    {
        if (_exactHosts.TryGetValue(host, out var paths) && paths.Match(path) is { } pool)
            return pool;

        // Each dot starts a shorter suffix, so the longest wildcard comes first.
        for (var dot = host.IndexOf((byte)'.'); dot >= 0; dot = NextDot(host, dot))
        {
            if (dot > 0 && _wildcardHosts.TryGetValue(host[dot..], out paths) && paths.Match(path) is { } below)
                return below;
        }

        return null;
    }

    private static int NextDot(ReadOnlySpan<byte> host, int dot)
    {
        var next = host[(dot + 1)..].IndexOf((byte)'.');
        return next < 0 ? -1 : dot + 1 + next;
    }

    /// <summary>The host without its port, and without the dot that makes a name absolute.</summary>
    private static ReadOnlySpan<byte> HostOf(ReadOnlySpan<byte> authority)
    {
        var bracket = authority.LastIndexOf((byte)']');
        var colon = authority[(bracket + 1)..].IndexOf((byte)':');
        var host = colon < 0 ? authority : authority[..(bracket + 1 + colon)];
        return host.Length > 1 && host[^1] == '.' ? host[..^1] : host;
    }

    /// <summary>The paths of one host.</summary>
    private sealed class PathTable
    {
        private readonly Dictionary<byte[], Pool>.AlternateLookup<ReadOnlySpan<byte>> _exact;
        private readonly Dictionary<byte[], Pool>.AlternateLookup<ReadOnlySpan<byte>> _prefixes;

        // Longest first; a look-up for each length there is, however many prefixes share it.
        private readonly int[] _prefixLengths;
        private readonly bool _hasExact;
        private readonly Pool? _any;

        public PathTable(List<RouteSettings> routes, IReadOnlyDictionary<string, Pool> pools)
        {
            var exact = new Dictionary<byte[], Pool>(BytesComparer.Exact);
            var prefixes = new Dictionary<byte[], Pool>(BytesComparer.Exact);
            var lengths = new SortedSet<int>(Comparer<int>.Create(static (a, b) => b.CompareTo(a)));
            foreach (var route in routes)
            {
                var pool = pools[route.Pool];
                if (route.Path is null)
                {
                    _any ??= pool;
                }
                else if (route.Path.EndsWith('*'))
                {
                    var prefix = Encoding.UTF8.GetBytes(route.Path[..^1]);
                    prefixes.TryAdd(prefix, pool);
                    lengths.Add(prefix.Length);
                }
                else
                {
                    exact.TryAdd(Encoding.UTF8.GetBytes(route.Path), pool);
                }
            }

            (_hasExact, _prefixLengths) = (exact.Count > 0, [.. lengths]);
            _exact = exact.GetAlternateLookup<ReadOnlySpan<byte>>();
            _prefixes = prefixes.GetAlternateLookup<ReadOnlySpan<byte>>();
        }

        public Pool? Match(ReadOnlySpan<byte> path)
        {
            if (_hasExact && _exact.TryGetValue(path, out var pool))
                return pool;
            foreach (var length in _prefixLengths)
            {
                if (length <= path.Length && _prefixes.TryGetValue(path[..length], out pool))
                    return pool;
            }

            return _any;
        }
    }

    /// <summary>Lets a dictionary with keys of bytes be asked with a span.</summary>
    private sealed class BytesComparer(bool ignoreCase) : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly BytesComparer Exact = new(ignoreCase: false);
        public static readonly BytesComparer IgnoreCase = new(ignoreCase: true);

        public bool Equals(byte[]? x, byte[]? y) => x is not null && y is not null && Equals(x.AsSpan(), y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) =>
            ignoreCase ? Ascii.EqualsIgnoreCase(alternate, other) : alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            if (!ignoreCase)
            {
                var hash = new HashCode();
                hash.AddBytes(alternate);
                return hash.ToHashCode();
            }

            Span<byte> lower = stackalloc byte[256];
            var length = Math.Min(alternate.Length, lower.Length);
            Ascii.ToLower(alternate[..length], lower, out _);
            var folded = new HashCode();
            folded.AddBytes(lower[..length]);
            return folded.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
