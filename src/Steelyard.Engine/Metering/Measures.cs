using Steelyard.Config;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Metering;

/// <summary>What has been counted since the start, over all loops; a moment old.</summary>
/// <param name="bounds">The longest time of each bucket of the requests' times, in milliseconds.</param>
/// <param name="poolBounds">The same of the pools' times; those of the requests are among them.</param>
public sealed class Measures(IReadOnlyList<long> bounds, IReadOnlyList<long> poolBounds)
{
    private readonly Dictionary<(string Route, KnownMethod Method, int Status), RequestMeasure> _requests = [];
    private readonly Dictionary<string, RouteMeasure> _routes = [];
    private readonly Dictionary<string, PoolMeasure> _pools = [];
    private readonly Dictionary<(string Pool, NetworkAddress Address), ServerMeasure> _servers = [];
    private readonly Dictionary<string, ListenerMeasure> _listeners = [];

    /// <summary>The longest time of each bucket in milliseconds, ascending; one more takes the rest.</summary>
    public IReadOnlyList<long> Bounds => bounds;

    /// <summary>The same of <see cref="PoolMeasure"/>: finer, with all of <see cref="Bounds"/> among them.</summary>
    public IReadOnlyList<long> PoolBounds => poolBounds;

    /// <summary>The pools that have had something to do.</summary>
    public IReadOnlyCollection<PoolMeasure> Pools => _pools.Values;

    /// <summary>The requests by route, method and status.</summary>
    public IReadOnlyCollection<RequestMeasure> Requests => _requests.Values;

    /// <summary>The routes that have had something to do.</summary>
    public IReadOnlyCollection<RouteMeasure> Routes => _routes.Values;

    /// <summary>The servers that have had something to do.</summary>
    public IReadOnlyCollection<ServerMeasure> Servers => _servers.Values;

    /// <summary>The listeners.</summary>
    public IReadOnlyCollection<ListenerMeasure> Listeners => _listeners.Values;

    /// <summary>What is counted of a pool; null for nothing yet.</summary>
    public PoolMeasure? FindPool(string name) => _pools.GetValueOrDefault(name);

    /// <summary>What is counted of a server; null for nothing yet.</summary>
    public ServerMeasure? FindServer(string pool, NetworkAddress address) => _servers.GetValueOrDefault((pool, address));

    /// <summary>What is counted of a listener; null where there is none of that name.</summary>
    public ListenerMeasure? FindListener(string name) => _listeners.GetValueOrDefault(name);

    /// <summary>The times of a pool in the buckets of <see cref="Bounds"/>.</summary>
    public Distribution Coarse(Distribution fine)
    {
        if (fine.Counts is not { } counts)
            return fine;
        var (coarse, bucket) = (new long[bounds.Count + 1], 0);
        for (var i = 0; i < counts.Length; i++)
        {
            coarse[bucket] += counts[i];
            if (bucket < bounds.Count && i < poolBounds.Count && poolBounds[i] == bounds[bucket])
                bucket++;
        }

        return fine with { Counts = coarse };
    }

    internal RequestMeasure Request(string route, KnownMethod method, int status)
    {
        if (!_requests.TryGetValue((route, method, status), out var measure))
            _requests[(route, method, status)] = measure = new(route, NameOf(method), status >= RouteMeter.FirstClass ? $"{status - RouteMeter.FirstClass}xx" : status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return measure;
    }

    internal RouteMeasure Route(string name)
    {
        if (!_routes.TryGetValue(name, out var measure))
            _routes[name] = measure = new(name);
        return measure;
    }

    internal PoolMeasure Pool(string name)
    {
        if (!_pools.TryGetValue(name, out var measure))
            _pools[name] = measure = new(name);
        return measure;
    }

    internal ServerMeasure Server(string pool, NetworkAddress address)
    {
        if (!_servers.TryGetValue((pool, address), out var measure))
            _servers[(pool, address)] = measure = new(pool, address);
        return measure;
    }

    internal ListenerMeasure Listener(string name)
    {
        if (!_listeners.TryGetValue(name, out var measure))
            _listeners[name] = measure = new(name);
        return measure;
    }

    private static string NameOf(KnownMethod method) => method == KnownMethod.Other ? "other" : method.ToString().ToUpperInvariant();
}

/// <summary>The requests of a route with one method and one status.</summary>
/// <param name="route">The route's name.</param>
/// <param name="method">GET and the like; other for all that are not of RFC 9110.</param>
/// <param name="status">What the client was told.</param>
public sealed class RequestMeasure(string route, string method, string status)
{
    internal Distribution Times;

    /// <summary>The route's name.</summary>
    public string Route => route;

    /// <summary>GET and the like; other for all that are not of RFC 9110.</summary>
    public string Method => method;

    /// <summary>What the client was told; 499 where it left before, 2xx and the like where there are too many to tell apart.</summary>
    public string Status => status;

    /// <summary>How long they took, from their first byte to the last of the answer.</summary>
    public Distribution Duration => Times;
}

/// <summary>What goes through a route.</summary>
/// <param name="name">Its name.</param>
public sealed class RouteMeasure(string name)
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Requests, tunnels and sessions under way.</summary>
    public long UnderWay { get; internal set; }

    /// <summary>Sessions in TCP mode.</summary>
    public long Sessions { get; internal set; }

    /// <summary>Attempts after a request's first.</summary>
    public long Retried { get; internal set; }

    /// <summary>Attempts after which the request went to another server.</summary>
    public long Redispatched { get; internal set; }

    /// <summary>Bytes of requests, heads and bodies.</summary>
    public long BytesReceived { get; internal set; }

    /// <summary>Bytes of answers, heads and bodies.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>How long requests waited for a server with room, all together.</summary>
    public long QueueMilliseconds { get; internal set; }

    /// <summary>How long it took to open connections to servers, all together.</summary>
    public long ConnectMilliseconds { get; internal set; }

    /// <summary>From the beginning of an attempt to the head of its answer, all together.</summary>
    public long FirstByteMilliseconds { get; internal set; }
}

/// <summary>What attempts have come to with a server, or with all servers of a pool, those that have left it too.</summary>
public abstract class AttemptMeasure
{
    /// <summary>Attempts over a connection that was kept.</summary>
    public long Reused { get; internal set; }

    /// <summary>Attempts after a request's first.</summary>
    public long Retried { get; internal set; }

    /// <summary>Attempts after which the request went to another server.</summary>
    public long Redispatched { get; internal set; }

    /// <summary>TLS handshakes done.</summary>
    public long TlsHandshakes { get; internal set; }

    /// <summary>TLS handshakes that came to nothing.</summary>
    public long TlsFailures { get; internal set; }

    /// <summary>Bytes of heads and bodies sent.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>Bytes of heads and bodies of answers.</summary>
    public long BytesReceived { get; internal set; }
}

/// <summary>What a pool has had to do.</summary>
/// <param name="name">Its name.</param>
public sealed class PoolMeasure(string name) : AttemptMeasure
{
    internal Distribution Queue;
    internal Distribution Connect;
    internal Distribution FirstByte;
    internal Distribution Whole;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Requests by the class of the status that clients were told, from 1 to 5; 0 for those that left before an answer.</summary>
    public long[] Answers { get; } = new long[6];

    /// <summary>Requests refused, for as many waited as may.</summary>
    public long QueueFull { get; internal set; }

    /// <summary>Requests that waited too long.</summary>
    public long QueueTimeouts { get; internal set; }

    /// <summary>Requests whose clients went away while they waited.</summary>
    public long QueueLeft { get; internal set; }

    /// <summary>From the first byte of a request to the last of its answer, all together.</summary>
    public long RequestMilliseconds { get; internal set; }

    /// <summary>Sessions in TCP mode.</summary>
    public long Sessions { get; internal set; }

    /// <summary>How long requests waited for a server with room; those that did not are not counted.</summary>
    public Distribution QueueTime => Queue;

    /// <summary>How long it took to open connections.</summary>
    public Distribution ConnectTime => Connect;

    /// <summary>From the beginning of an attempt to the head of the answer.</summary>
    public Distribution FirstByteTime => FirstByte;

    /// <summary>From the beginning of an attempt to its end.</summary>
    public Distribution WholeTime => Whole;
}

/// <summary>What a server has had to do.</summary>
/// <param name="pool">Its pool.</param>
/// <param name="address">Where it is.</param>
public sealed class ServerMeasure(string pool, NetworkAddress address) : AttemptMeasure
{
    /// <summary>Its pool.</summary>
    public string Pool => pool;

    /// <summary>Where it is.</summary>
    public NetworkAddress Address => address;

    /// <summary>Attempts by the class of their answer's status, from 1 to 5; 0 for those without an answer.</summary>
    public long[] Answers { get; } = new long[6];

    /// <summary>Connections opened.</summary>
    public long Opened { get; internal set; }

    /// <summary>How long it took to open connections, all together.</summary>
    public long ConnectMilliseconds { get; internal set; }

    /// <summary>From the beginning of an attempt to the head of the answer, all together.</summary>
    public long FirstByteMilliseconds { get; internal set; }

    /// <summary>From the beginning of an attempt to its end, all together.</summary>
    public long WholeMilliseconds { get; internal set; }
}

/// <summary>What has come to a listener.</summary>
/// <param name="name">Its first address, as the configuration writes it.</param>
public sealed class ListenerMeasure(string name)
{
    /// <summary>Its first address, as the configuration writes it.</summary>
    public string Name => name;

    /// <summary>Requests by the class of the status, from 1 to 5; 0 for those that left before an answer.</summary>
    public long[] Answers { get; } = new long[6];

    /// <summary>Requests, tunnels and sessions under way.</summary>
    public long UnderWay { get; internal set; }

    /// <summary>From the first byte of a request to the last of its answer, all together.</summary>
    public long RequestMilliseconds { get; internal set; }

    /// <summary>Connections accepted.</summary>
    public long Connections { get; internal set; }

    /// <summary>Connections closed at once, for their address had as many as it may.</summary>
    public long Refused { get; internal set; }

    /// <summary>TLS handshakes done.</summary>
    public long TlsHandshakes { get; internal set; }

    /// <summary>Connections that ended before their TLS handshake was done.</summary>
    public long TlsFailures { get; internal set; }

    /// <summary>Bytes of requests, heads and bodies.</summary>
    public long BytesReceived { get; internal set; }

    /// <summary>Bytes of answers, heads and bodies.</summary>
    public long BytesSent { get; internal set; }
}
