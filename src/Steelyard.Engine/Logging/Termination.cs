using Steelyard.Balancing.Sticky;
using Steelyard.Config;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Logging;

/// <summary>
/// How a session has ended, by the four letters of HAProxy's logs (its manual, 8.5): who ended it, where it stood, what
/// cookie the client brought, and what became of it.
/// </summary>
internal static class Termination
{
    /// <summary>The first two letters.</summary>
    public static (byte Who, byte Where) Of(ExchangeContext context)
    {
        var record = context.Record;
        return record.Ending.Cause switch
        {
            Cause.None when record.IsKeptBack => Letters("PT"u8),
            Cause.None when record.IsDenied => Letters("PR"u8),
            Cause.None when record.IsLocal => Letters("LR"u8),
            Cause.None => OfTunnel(record.Tunnel),
            Cause.ClientGone => ((byte)'C', WhereOf(context)),
            Cause.ClientStalled => Letters("cD"u8),
            Cause.HeaderTimeout => Letters("cR"u8),
            Cause.BodyTimeout => ((byte)'c', WhereOf(context)),
            Cause.QueueFull => Letters("PQ"u8),
            Cause.QueueTimeout => Letters("sQ"u8),
            Cause.NoServer or Cause.ConnectFailed or Cause.TlsFailed or Cause.CertificateUntrusted or Cause.CertificateExpired or Cause.CertificateForOther => Letters("SC"u8),
            Cause.ConnectTimeout => Letters("sC"u8),
            Cause.BreakerOpen => Letters("PC"u8),
            Cause.OutOfResources => Letters("RC"u8),
            Cause.ServerClosed => Letters("SH"u8),
            Cause.BadResponse or Cause.ResponseDenied => Letters("PH"u8),
            Cause.StatusReplaced or Cause.StatusRetried => Letters("LH"u8),
            Cause.ServerTimeout => Letters("sH"u8),
            Cause.RequestTimeout or Cause.BreakerTimeout => ((byte)'s', WhereOf(context)),
            Cause.ServerClosedInBody => Letters("SD"u8),
            Cause.ServerStalledInBody => Letters("sD"u8),
            Cause.Stopped => ((byte)'K', WhereOf(context)),
            _ => ((byte)'P', record.HeadAt < 0 ? (byte)'R' : WhereOf(context)),
        };
    }

    /// <summary>The letters of the cookie; where a pool knows clients by none, or by one that nobody changes, hyphens.</summary>
    public static (byte Sent, byte Returned) OfCookie(ExchangeContext context)
    {
        if (context.Pool?.Cookies is null or { Settings.Kind: StickyKind.Passive })
            return Letters("--"u8);
        var affinity = context.Affinity;
        var sent = affinity.Seen switch
        {
            StickyCookieState.Absent => (byte)'N',
            _ when affinity.Unused => (byte)'U',
            StickyCookieState.Invalid => (byte)'I',
            StickyCookieState.Idle => (byte)'E',
            StickyCookieState.Old => (byte)'O',
            _ => affinity.OwnerWasDown ? (byte)'D' : context.Server is null || context.Server == affinity.Owner ? (byte)'V' : (byte)'D',
        };
        var returned = context.Record.Cookie switch
        {
            CookieFate.Inserted => (byte)'I',
            CookieFate.Updated => (byte)'U',
            CookieFate.Passed => (byte)'P',
            CookieFate.Rewritten => (byte)'R',
            CookieFate.Deleted => (byte)'D',
            _ => (byte)'N',
        };
        return (sent, returned);
    }

    private static (byte, byte) OfTunnel(TunnelEnd end) => Letters(end switch
    {
        TunnelEnd.ClientBroke => "CD"u8,
        TunnelEnd.ServerBroke => "SD"u8,
        TunnelEnd.TimedOut => "cD"u8,
        TunnelEnd.Cut => "KD"u8,
        _ => "--"u8,
    });

    /// <summary>How far it had come: the request, the queue, the connection, the head of the answer, its rest.</summary>
    private static byte WhereOf(ExchangeContext context) =>
        context.ResponseBegun || context.Record.IsCut ? (byte)'D'
        : context.Record.ConnectedAt >= 0 ? (byte)'H'
        : context.Record.ChosenAt >= 0 ? (byte)'C'
        : context.Record.QueuePosition > 0 ? (byte)'Q'
        : (byte)'R';

    private static (byte, byte) Letters(ReadOnlySpan<byte> two) => (two[0], two[1]);
}
