using Steelyard.Engine.Proxy;

namespace Steelyard.Engine;

/// <summary>What an engine has done since its start.</summary>
/// <param name="Connections">Client connections accepted.</param>
/// <param name="OpenConnections">Client connections open now.</param>
/// <param name="ConnectionsRefused">Client connections closed at once, for their address had as many as it may.</param>
/// <param name="AcceptPauses">How often a loop stopped to accept on a socket, for want of room under a limit, of descriptors or of memory.</param>
/// <param name="Requests">Requests whose heads arrived whole and right.</param>
/// <param name="Refused">Requests answered by the proxy itself, with an error.</param>
/// <param name="Cut">Responses broken off after they had begun.</param>
/// <param name="TooSlow">Requests ended because the client sent its body, or took its answer, below the least rate.</param>
/// <param name="Retries">Attempts after the first, at the same or another server.</param>
/// <param name="RetriesDenied">Attempts that were not made, for the pool's budget was spent.</param>
/// <param name="QueueWaits">Times that a request or a session had to wait for a server with room.</param>
/// <param name="QueueFull">Those of them that were refused, for as many waited as may.</param>
/// <param name="QueueTimeouts">Those of them that waited too long.</param>
/// <param name="QueueLeft">Those of them whose clients went away.</param>
/// <param name="BreakerRejects">Calls that a breaker refused.</param>
/// <param name="Fallbacks">Clients that got something else instead of a refusal or a failure.</param>
/// <param name="LimitRefusals">Requests refused with 429, for a client's rate or its requests at once.</param>
/// <param name="LimitDelays">Requests that had to wait for their client's rate.</param>
/// <param name="TlsHandshakes">TLS handshakes done with clients.</param>
/// <param name="TlsFailures">Client connections that ended before their TLS handshake was done.</param>
/// <param name="UpstreamConnections">Connections opened to servers.</param>
/// <param name="UpstreamReuses">Requests sent over a kept connection.</param>
/// <param name="Sessions">Connections of listeners in TCP mode.</param>
/// <param name="SessionsRefused">Those of them that no route or no server took.</param>
/// <param name="Tunnels">Exchanges that went on in another protocol, such as WebSocket.</param>
/// <param name="ProxyHeadersRefused">Connections broken off because a trusted proxy did not begin them with a PROXY header.</param>
/// <param name="Faults">Exchanges broken off by an error in this program itself.</param>
/// <param name="LastFault">The last of those errors; null for none.</param>
public readonly record struct EngineCounters(
    long Connections,
    long OpenConnections,
    long ConnectionsRefused,
    long AcceptPauses,
    long Requests,
    long Refused,
    long Cut,
    long TooSlow,
    long Retries,
    long RetriesDenied,
    long QueueWaits,
    long QueueFull,
    long QueueTimeouts,
    long QueueLeft,
    long BreakerRejects,
    long Fallbacks,
    long LimitRefusals,
    long LimitDelays,
    long TlsHandshakes,
    long TlsFailures,
    long UpstreamConnections,
    long UpstreamReuses,
    long Sessions,
    long SessionsRefused,
    long Tunnels,
    long ProxyHeadersRefused,
    long Faults,
    Exception? LastFault)
{
    /// <summary>Lines of access logs that were not written, for want of room or because they could not be.</summary>
    public long LogLinesDropped { get; init; }

    internal EngineCounters Plus(ProxyCounters loop, int openConnections, Exception? lastFault) => new(
        Connections + loop.Connections,
        OpenConnections + openConnections,
        ConnectionsRefused + loop.ConnectionsRefused,
        AcceptPauses + loop.AcceptPauses,
        Requests + loop.Requests,
        Refused + loop.Refused,
        Cut + loop.Cut,
        TooSlow + loop.TooSlow,
        Retries + loop.Retries,
        RetriesDenied + loop.RetriesDenied,
        QueueWaits + loop.QueueWaits,
        QueueFull + loop.QueueFull,
        QueueTimeouts + loop.QueueTimeouts,
        QueueLeft + loop.QueueLeft,
        BreakerRejects + loop.BreakerRejects,
        Fallbacks + loop.Fallbacks,
        LimitRefusals + loop.LimitRefusals,
        LimitDelays + loop.LimitDelays,
        TlsHandshakes + loop.TlsHandshakes,
        TlsFailures + loop.TlsFailures,
        UpstreamConnections + loop.UpstreamConnections,
        UpstreamReuses + loop.UpstreamReuses,
        Sessions + loop.Sessions,
        SessionsRefused + loop.SessionsRefused,
        Tunnels + loop.Tunnels,
        ProxyHeadersRefused + loop.ProxyHeadersRefused,
        Faults + loop.Faults,
        lastFault ?? LastFault);
}
