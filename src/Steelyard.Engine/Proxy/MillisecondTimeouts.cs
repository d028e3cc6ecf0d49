using Steelyard.Config;

namespace Steelyard.Engine.Proxy;

/// <summary>Timeouts in the unit of the loop's clock; 0 for one that is not set.</summary>
internal sealed record MillisecondTimeouts(
    long Connect,
    long Queue,
    long TlsHandshake,
    long ClientHeader,
    long ClientBody,
    long ClientIdle,
    long ServerResponse,
    long ServerBody,
    long ServerIdle,
    long Tunnel,
    long ClientFin,
    long ServerFin,
    long Request)
{
    /// <summary>Those of a configuration that says nothing of them.</summary>
    public static MillisecondTimeouts Default { get; } = From(new Timeouts());

    public static MillisecondTimeouts From(Timeouts timeouts) => new(
        InMilliseconds(timeouts.Connect),
        InMilliseconds(timeouts.Queue),
        InMilliseconds(timeouts.TlsHandshake),
        InMilliseconds(timeouts.ClientHeader),
        InMilliseconds(timeouts.ClientBody),
        InMilliseconds(timeouts.ClientIdle),
        InMilliseconds(timeouts.ServerResponse),
        InMilliseconds(timeouts.ServerBody),
        InMilliseconds(timeouts.ServerIdle),
        InMilliseconds(timeouts.Tunnel),
        InMilliseconds(timeouts.ClientFin),
        InMilliseconds(timeouts.ServerFin),
        InMilliseconds(timeouts.Request));

    /// <summary>Those that differ; null where none does.</summary>
    public static MillisecondTimeouts? From(TimeoutOverrides timeouts) => timeouts == TimeoutOverrides.None ? null : new(
        InMilliseconds(timeouts.Connect),
        InMilliseconds(timeouts.Queue),
        InMilliseconds(timeouts.TlsHandshake),
        InMilliseconds(timeouts.ClientHeader),
        InMilliseconds(timeouts.ClientBody),
        InMilliseconds(timeouts.ClientIdle),
        InMilliseconds(timeouts.ServerResponse),
        InMilliseconds(timeouts.ServerBody),
        InMilliseconds(timeouts.ServerIdle),
        InMilliseconds(timeouts.Tunnel),
        InMilliseconds(timeouts.ClientFin),
        InMilliseconds(timeouts.ServerFin),
        InMilliseconds(timeouts.Request));

    /// <summary>These, and others where one of these is not set.</summary>
    public MillisecondTimeouts Over(MillisecondTimeouts others) => new(
        Or(Connect, others.Connect),

        // A queue for which nobody says anything waits as long as a connection may take.
        Or(Queue, Connect == 0 ? others.Queue : 0),
        Or(TlsHandshake, others.TlsHandshake),
        Or(ClientHeader, others.ClientHeader),
        Or(ClientBody, others.ClientBody),
        Or(ClientIdle, others.ClientIdle),
        Or(ServerResponse, others.ServerResponse),
        Or(ServerBody, others.ServerBody),
        Or(ServerIdle, others.ServerIdle),
        Or(Tunnel, others.Tunnel),
        Or(ClientFin, others.ClientFin),
        Or(ServerFin, others.ServerFin),
        Or(Request, others.Request));

    private static long Or(long time, long other) => time != 0 ? time : other;

    private static long InMilliseconds(TimeSpan? time) => time is { } span ? Math.Max(1, (long)span.TotalMilliseconds) : 0;
}

/// <summary>The timeouts of an exchange: its route's, else its pool's, else its listener's.</summary>
/// <param name="listener">Those of the listener, all of them.</param>
/// <param name="pool">Where the pool differs; null for nowhere.</param>
/// <param name="route">Where the route differs; null for nowhere.</param>
/// <param name="ofServer">What rules have said of the server's; 0 for nothing.</param>
/// <param name="ofTunnel">What rules have said of the tunnel's; 0 for nothing.</param>
internal readonly ref struct ExchangeTimeouts(MillisecondTimeouts listener, MillisecondTimeouts? pool, MillisecondTimeouts? route, long ofServer, long ofTunnel)
{
    public long Connect => route is { Connect: > 0 } ? route.Connect : pool is { Connect: > 0 } ? pool.Connect : listener.Connect;

    public long Queue => route is { Queue: > 0 } or { Connect: > 0 } ? Or(route.Queue, route.Connect)
        : pool is { Queue: > 0 } or { Connect: > 0 } ? Or(pool.Queue, pool.Connect)
        : Or(listener.Queue, listener.Connect);

    public long ClientBody => route is { ClientBody: > 0 } ? route.ClientBody : listener.ClientBody;

    public long ServerResponse => ofServer > 0 ? ofServer : route is { ServerResponse: > 0 } ? route.ServerResponse : pool is { ServerResponse: > 0 } ? pool.ServerResponse : listener.ServerResponse;

    public long ServerBody => ofServer > 0 ? ofServer : route is { ServerBody: > 0 } ? route.ServerBody : pool is { ServerBody: > 0 } ? pool.ServerBody : listener.ServerBody;

    public long ServerIdle => route is { ServerIdle: > 0 } ? route.ServerIdle : pool is { ServerIdle: > 0 } ? pool.ServerIdle : listener.ServerIdle;

    public TunnelTimes Tunnel => new(
        ofTunnel > 0 ? ofTunnel : route is { Tunnel: > 0 } ? route.Tunnel : pool is { Tunnel: > 0 } ? pool.Tunnel : listener.Tunnel,
        route is { ClientFin: > 0 } ? route.ClientFin : listener.ClientFin,
        route is { ServerFin: > 0 } ? route.ServerFin : pool is { ServerFin: > 0 } ? pool.ServerFin : listener.ServerFin);

    public long Request => listener.Request;

    public long ClientHeader => listener.ClientHeader;

    private static long Or(long time, long other) => time != 0 ? time : other;
}
