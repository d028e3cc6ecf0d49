namespace Steelyard.Engine.Proxy;

/// <summary>What one loop has done so far. Written by its loop only; others may read a moment-old value.</summary>
internal sealed class ProxyCounters
{
    public long Connections;
    public long ConnectionsRefused;
    public long AcceptPauses;
    public long Requests;
    public long Refused;
    public long Cut;
    public long TooSlow;
    public long Faults;
    public long Retries;
    public long RetriesDenied;
    public long QueueWaits;
    public long QueueFull;
    public long QueueTimeouts;
    public long QueueLeft;
    public long BreakerRejects;
    public long Fallbacks;
    public long LimitRefusals;
    public long LimitDelays;
    public long TlsHandshakes;
    public long TlsFailures;
    public long UpstreamConnections;
    public long UpstreamReuses;
    public long Sessions;
    public long SessionsRefused;
    public long Tunnels;
    public long ProxyHeadersRefused;
}
