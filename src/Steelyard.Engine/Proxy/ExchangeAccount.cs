using Steelyard.Balancing;

namespace Steelyard.Engine.Proxy;

/// <summary>What an exchange leaves behind: counts, a line in a log, an error for people to look at. Owned by the exchange.</summary>
internal sealed class ExchangeAccount(ExchangeContext context, OutgoingRequest outgoing)
{
    // What goes on as another protocol is not a request any more.
    private long End => context.Switched ? context.AnsweredAt : context.Events.Now;

    /// <summary>Bytes of the request that were taken so far.</summary>
    private long BytesRead => (context.HeadHeld ? context.Request.Length : 0) + outgoing.Upload.Passed;

    /// <summary>Bytes of the answer, without those of a tunnel, which are counted where they pass.</summary>
    private long BytesAnswered => context.BytesPassed - context.TunneledDown;

    /// <summary>Counts the connection that an attempt goes by.</summary>
    public void CountConnection(Pool pool, Server server)
    {
        var meter = context.Meters.Server(pool, server);
        if (context.Upstream!.Reused)
        {
            meter.Reused++;
            return;
        }

        meter.Connected(context.Events.Now - context.AttemptBegun);
    }

    /// <summary>Counts what came of an attempt; one over a kept connection that was closed meanwhile is none.</summary>
    public void CountAttempt(Pool pool, Server server, in Outcome outcome, int status, bool retried)
    {
        if (outcome.Retry == Retry.OnFreshConnection)
            return;
        var meter = context.Meters.Server(pool, server);
        meter.Answered(status, context.AnsweredAt - context.AttemptBegun, End - context.AttemptBegun);
        meter.Retried += retried ? 1 : 0;
        meter.Redispatched += outcome.Retry == Retry.OnAnotherServer ? 1 : 0;
        meter.BytesSent += BytesRead;
        meter.BytesReceived += BytesAnswered;
    }

    /// <summary>Counts a request that is over.</summary>
    /// <param name="status">What the client was told; 499, as nginx has it, where it left before.</param>
    /// <param name="sent">Bytes of an answer of the proxy's own.</param>
    public void Count(int status, long sent = 0)
    {
        context.RouteMeter.Count(context.Request.Method, status, End - context.Begun);
        context.ListenerMeter.Answered(status, BytesRead, BytesAnswered + sent);
        if (context.Pool is { } pool)
            context.Meters.Pool(pool).Answered(status);
        context.Tracking?.Answered(status, BytesRead + context.TunneledUp, context.BytesPassed + sent);
    }

    /// <summary>Writes down an exchange that is over, where somebody wants that.</summary>
    /// <param name="status">What the client was told; -1 for nothing.</param>
    /// <param name="own">An answer of the proxy's own; empty where there was none.</param>
    public void Log(int status, ReadOnlySpan<byte> own = default)
    {
        if (context.Log is not { } log)
            return;
        if (!own.IsEmpty && log.KeepsResponse)
            context.Record.Capture(log, null, default, own);

        // An error page's place may be a server, whose own status the client does not see.
        if (own.IsEmpty && context.ToldStatus > 0 && context.ResponseBegun && status is not (204 or 304))
            status = context.ToldStatus;
        var headBytes = own.IsEmpty ? context.Record.HeadBytes : own.IndexOf("\r\n\r\n"u8) + 4;
        var sent = context.BytesPassed + own.Length;
        context.Record.Write(log, !context.HeadHeld && context.Client.Input.IsEmpty, status, sent, Math.Max(sent - headBytes, 0), BytesRead + context.TunneledUp);
    }

    /// <summary>Keeps an error for people to look at.</summary>
    /// <param name="outcome">What has gone wrong.</param>
    /// <param name="status">What the client is told; 0 where it sees an answer that breaks off.</param>
    public void Note(in Outcome outcome, int status)
    {
        if (context.Loop.Errors.HasRoom(context.Events.Now))
            context.Loop.Errors.Add(ErrorNote.Of(outcome, status, context));
    }
}
