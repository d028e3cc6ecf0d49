using Steelyard.Balancing;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Logging;

/// <summary>
/// What a log says of one exchange or session, gathered while it goes on. Moments are of the loop's clock; -1 for one
/// that has not come. Used again and again; owned by an exchange or a session.
/// </summary>
internal sealed class AccessRecord(ExchangeContext context)
{
    private Pool? _counted;
    private byte[] _captured = [];
    private int[] _capturedLengths = [];
    private int _setCookieStart;
    private int _setCookieLength;
    private byte[]? _keptHead;

    /// <summary>When the head was there.</summary>
    public long HeadAt;

    /// <summary>When the server of the last attempt was chosen.</summary>
    public long ChosenAt;

    /// <summary>When the connection of the last attempt stood.</summary>
    public long ConnectedAt;

    /// <summary>When the head of the answer of the last attempt was there.</summary>
    public long AnswerAt;

    /// <summary>Attempts after the first.</summary>
    public int Retries;

    /// <summary>The last attempt went to another server than the one before.</summary>
    public bool Redispatched;

    /// <summary>How many waited for a server when it came to wait, itself among them; 0 where it did not.</summary>
    public int QueuePosition;

    /// <summary>What has ended it; none where nothing has.</summary>
    public Outcome Ending;

    /// <summary>The answer was one of the configuration's.</summary>
    public bool IsLocal;

    /// <summary>A rule has refused the request.</summary>
    public bool IsDenied;

    /// <summary>Bytes of <see cref="ExchangeContext.BytesPassed"/> that are the head's.</summary>
    public long HeadBytes;

    /// <summary>How the tunnel has ended, where it was one.</summary>
    public TunnelEnd Tunnel;

    /// <summary>What the client was told to be known again by.</summary>
    public CookieFate Cookie;

    /// <summary>Forgets the exchange before.</summary>
    public void Begin()
    {
        (HeadAt, ChosenAt, ConnectedAt, AnswerAt, Retries, QueuePosition) = (-1, -1, -1, -1, 0, 0);
        (Redispatched, IsLocal, IsDenied, Ending, HeadBytes, Tunnel, Cookie) = (false, false, false, Outcome.Success, 0, TunnelEnd.None, CookieFate.None);
    }

    /// <summary>The head of the request, also when its connection has gone on to something else.</summary>
    public ReadOnlySpan<byte> Head => _keptHead ?? context.Head;

    /// <summary>Keeps the head for a log, before its block is used for something else.</summary>
    public void KeepHead()
    {
        _ = context.Identity.Name;
        _ = context.Identity.Trace;
        _keptHead = context.Head.ToArray();
    }

    /// <summary>An attempt begins.</summary>
    /// <param name="again">It is not the first.</param>
    /// <param name="elsewhere">It goes to another server than the one before.</param>
    public void BeginAttempt(bool again, bool elsewhere)
    {
        (ConnectedAt, AnswerAt) = (-1, -1);
        if (!again)
            return;
        Retries++;
        Redispatched = elsewhere;
    }

    /// <summary>Counts the exchange in a pool from now on, and no more in the one before.</summary>
    public void Enter(Pool pool)
    {
        Leave();
        _counted = pool;
        pool.EnterSession();
    }

    /// <summary>The exchange is over.</summary>
    public void Leave()
    {
        _counted?.LeaveSession();
        _counted = null;
    }

    /// <summary>The exchange or session is over: writes its line, if it gets one, and forgets what was kept for it.</summary>
    /// <param name="log">What writes it.</param>
    /// <param name="isWorthALine">Whether it is more than a connection on which nothing was sent, or those are written too.</param>
    /// <param name="status">What the client was told; -1 for nothing.</param>
    /// <param name="sent">Bytes of answers.</param>
    /// <param name="body">Those of them that are behind heads.</param>
    /// <param name="received">Bytes of the request.</param>
    public void Write(AccessLog log, bool isWorthALine, int status, long sent, long body, long received)
    {
        // HAProxy's counts are those without it.
        Leave();
        if (isWorthALine)
            log.Write(context, status, sent, body, received);
        End();
    }

    /// <summary>Forgets what was kept for the line.</summary>
    public void End()
    {
        Leave();
        (_keptHead, _setCookieLength) = (null, 0);
        Array.Clear(_capturedLengths);
    }

    /// <summary>Keeps what a log wants of an answer, before its head is gone.</summary>
    public void Capture(AccessLog log, ResponseHead response, ReadOnlySpan<byte> head)
    {
        var (wanted, kept) = (log.ResponseFields, log.Line?.KeptCount ?? 0);
        var fields = response.Fields;
        var room = wanted.Room + (log.Cookie?.Most ?? 0) + (kept * LineFormat.MostKept);
        if (_captured.Length < room)
            _captured = new byte[room];
        if (_capturedLengths.Length < wanted.Count + kept)
            _capturedLengths = new int[wanted.Count + kept];
        wanted.Capture(fields, head, _captured, _capturedLengths);
        for (var i = 0; i < kept; i++)
            Keep(log, i, response, head);
        if (log.Cookie is not { } cookie)
            return;
        var value = cookie.SetBy(fields, head);
        (_setCookieStart, _setCookieLength) = (wanted.Room, Math.Min(value.Length, cookie.Most));
        value[.._setCookieLength].CopyTo(_captured.AsSpan(_setCookieStart));
    }

    // A length of 0 is of what is absent: those of the others are one more than they are.
    private void Keep(AccessLog log, int index, ResponseHead response, ReadOnlySpan<byte> head)
    {
        ref var length = ref _capturedLengths[log.ResponseFields.Count + index];
        length = 0;
        if (!log.Line!.TryFind(index, context.ScopeOfResponse(response, head), out var value))
            return;
        value = value.Length > LineFormat.MostKept ? value[..LineFormat.MostKept] : value;
        value.CopyTo(_captured.AsSpan(StartOfKept(log, index)));
        length = value.Length + 1;
    }

    private static int StartOfKept(AccessLog log, int index) => log.ResponseFields.Room + (log.Cookie?.Most ?? 0) + (index * LineFormat.MostKept);

    /// <summary>What an expression has found in the answer; false where it was not there.</summary>
    public bool TryGetKept(AccessLog log, int index, out ReadOnlySpan<byte> value)
    {
        var place = log.ResponseFields.Count + index;
        var length = place < _capturedLengths.Length ? _capturedLengths[place] - 1 : -1;
        value = length < 0 ? default : _captured.AsSpan(StartOfKept(log, index), length);
        return length >= 0;
    }

    /// <summary>What the answer has set the cookie to that is written; empty where it has not.</summary>
    public ReadOnlySpan<byte> SetCookie => _captured.AsSpan(_setCookieStart, _setCookieLength);

    /// <summary>A field of the answer that was kept; empty for one that it did not have.</summary>
    public ReadOnlySpan<byte> Captured(CaptureList wanted, int index) =>
        index < _capturedLengths.Length ? _captured.AsSpan(wanted.StartOf(index), _capturedLengths[index]) : default;
}

/// <summary>How a tunnel has ended.</summary>
internal enum TunnelEnd : byte
{
    /// <summary>Both sides have ended it, or there was none.</summary>
    None,

    /// <summary>The client broke off.</summary>
    ClientBroke,

    /// <summary>The server broke off.</summary>
    ServerBroke,

    /// <summary>Neither side did anything for too long.</summary>
    TimedOut,

    /// <summary>This program broke it off.</summary>
    Cut,
}

/// <summary>What has become of the cookie that keeps a client with its server, by the letters of HAProxy's logs.</summary>
internal enum CookieFate : byte
{
    /// <summary>None was set.</summary>
    None,

    /// <summary>Ours was set.</summary>
    Inserted,

    /// <summary>Ours was dated anew.</summary>
    Updated,

    /// <summary>The server's was passed on.</summary>
    Passed,

    /// <summary>The server's was changed.</summary>
    Rewritten,

    /// <summary>The server's was taken out.</summary>
    Deleted,
}
