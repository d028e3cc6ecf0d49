using Steelyard.Balancing;
using Steelyard.Engine.Metering;

namespace Steelyard.Engine.Proxy;

/// <summary>What an exchange leaves behind: counts, a line in a log, an error for people to look at. Owned by the exchange.</summary>
internal sealed class ExchangeAccount(ExchangeContext context, OutgoingRequest outgoing)
{
    // Who had the attempt before, where the request is to go to another server: whether there is one is not known yet.
    private ServerMeter? _left;
    private bool _connected;

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
        _connected = true;
        if (context.Upstream!.Reused)
        {
            meter.Reused();
            return;
        }

        var took = context.Events.Now - context.AttemptBegun;
        meter.Connected(took);
        context.RouteMeter.ConnectTime += took;
    }

    /// <summary>Counts an attempt that is not its request's first.</summary>
    /// <param name="server">To whom it goes.</param>
    /// <param name="elsewhere">Whether a server was chosen for it.</param>
    public void CountRetry(ServerMeter server, bool elsewhere)
    {
        server.Retried();
        context.RouteMeter.Retried++;
        if (!elsewhere || _left is null)
            return;
        _left.Redispatched();
        context.RouteMeter.Redispatched++;
    }

    /// <summary>Counts what came of an attempt; one over a kept connection that was closed meanwhile is none.</summary>
    public void CountAttempt(Pool pool, Server server, in Outcome outcome, int status)
    {
        (_left, var connected, _connected) = (null, _connected, false);
        if (outcome.Retry == Retry.OnFreshConnection)
            return;
        var (meter, route, firstByte) = (context.Meters.Server(pool, server), context.RouteMeter, context.AnsweredAt - context.AttemptBegun);
        meter.Answered(status, firstByte, End - context.AttemptBegun);
        if (connected && !outcome.IsUnsent)
            meter.Sent(BytesRead);
        meter.Received(BytesAnswered);
        if (status != 0)
            route.FirstByteTime += firstByte;
        _left = outcome.Retry == Retry.OnAnotherServer ? meter : null;
    }

    /// <summary>Counts a request that is over.</summary>
    /// <param name="status">What the client was told; 499, as nginx has it, where it left before.</param>
    /// <param name="sent">Bytes of an answer of the proxy's own.</param>
    public void Count(int status, long sent = 0)
    {
        var (took, received, answered) = (End - context.Begun, BytesRead, BytesAnswered + sent);
        var route = context.RouteMeter;
        route.Count(context.Request.Method, status, took);
        route.BytesReceived += received;
        route.BytesSent += answered;
        if (context.Client.Copy is null)
            context.ListenerMeter.Answered(status, received, answered, took);
        if (context.Pool is { } pool)
            context.Meters.Pool(pool).Answered(status, took);
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
