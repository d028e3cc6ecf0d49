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
    private byte[]? _keptHead;

    /// <summary>The attempts so far, where a log writes them.</summary>
    public List<LoggedAttempt> Tried { get; } = [];

    /// <summary>When the head was there.</summary>
    public long HeadAt;

    /// <summary>What rates have said of it.</summary>
    public LimitVerdict ByRate { get; set; }

    /// <summary>What limits of how many at once have said of it.</summary>
    public LimitVerdict ByConcurrency { get; set; }

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

    /// <summary>That answer did not get to its end.</summary>
    public bool IsCut;

    /// <summary>The pool that it went on from, to a page that stands for an error; null for none.</summary>
    public Pool? LeftPool;

    /// <summary>Whose the request was in the end: HAProxy knows of no other.</summary>
    public Pool? Pool => context.Pool ?? LeftPool;

    /// <summary>A rule has refused the request.</summary>
    public bool IsDenied;

    /// <summary>Whether a rule has answered, or closed the connection.</summary>
    public bool IsOfRule;

    /// <summary>Whether the client was kept waiting for its answer.</summary>
    public bool IsKeptBack;

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
        (ByRate, ByConcurrency, LeftPool) = (LimitVerdict.None, LimitVerdict.None, null);
        (Redispatched, IsLocal, IsCut, IsDenied, IsOfRule, IsKeptBack, Ending, HeadBytes, Tunnel, Cookie) = (false, false, false, false, false, false, Outcome.Success, 0, TunnelEnd.None, CookieFate.None);
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

    /// <summary>An attempt is over, or there was none for want of a server.</summary>
    /// <param name="server">Whom it went to; a pool's name where no server could take it.</param>
    /// <param name="status">What came of it.</param>
    public void EndAttempt(ReadOnlyMemory<byte> server, int status)
    {
        var now = context.Events.Now;
        Tried.Add(new()
        {
            Server = server,
            Status = status,
            Connect = ConnectedAt < 0 ? -1 : ConnectedAt - ChosenAt,
            Head = AnswerAt < 0 ? -1 : AnswerAt - ChosenAt,
            Time = ChosenAt < 0 ? 0 : now - ChosenAt,
            Length = Math.Max(context.BytesPassed - HeadBytes, 0),
            Turn = context.Turns,
        });
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

    /// <summary>The exchange or session is over: writes its lines, if it gets any, and forgets what was kept for them.</summary>
    /// <param name="log">The first that writes one.</param>
    /// <param name="isNull">Whether nothing was sent on the connection.</param>
    /// <param name="status">What the client was told; -1 for nothing.</param>
    /// <param name="sent">Bytes of answers.</param>
    /// <param name="body">Those of them that are behind heads.</param>
    /// <param name="received">Bytes of the request.</param>
    public void Write(AccessLog log, bool isNull, int status, long sent, long body, long received)
    {
        // HAProxy's counts are those without it.
        Leave();
        for (var each = log; each is not null; each = each.Next)
            each.Write(context, isNull, status, sent, body, received);
        End();
    }

    /// <summary>Forgets what was kept for the line.</summary>
    public void End()
    {
        Leave();
        _keptHead = null;
        Tried.Clear();
        Array.Clear(_capturedLengths);
    }

    /// <summary>Keeps what logs want of an answer, before its head is gone.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="response">The answer of a server; null for one of the proxy's own.</param>
    /// <param name="head">Its head.</param>
    /// <param name="sent">The head that the client gets.</param>
    public void Capture(AccessLog first, ResponseHead? response, ReadOnlySpan<byte> head, ReadOnlySpan<byte> sent)
    {
        for (var log = first; log is not null; log = log.Next)
        {
            var places = log.Kept;
            if (_captured.Length < places.EndOfBytes)
                Array.Resize(ref _captured, places.EndOfBytes);
            if (_capturedLengths.Length < places.EndOfLengths)
                Array.Resize(ref _capturedLengths, places.EndOfLengths);
            for (var i = 0; i < places.Values; i++)
                Keep(log, i, response, head, sent);
            if (response is null)
                continue;
            log.ResponseFields.Capture(response.Fields, head, context.ScopeOfResponse(response, head).Variables, _captured.AsSpan(places.FirstByte), _capturedLengths.AsSpan(places.FirstLength));
            if (log.Cookie is not { } cookie)
                continue;
            var value = cookie.SetBy(response.Fields, head);
            value = value[..Math.Min(value.Length, cookie.Most)];
            value.CopyTo(_captured.AsSpan(places.StartOfCookie));
            _capturedLengths[places.LengthOfCookie] = value.Length;
        }
    }

    // A length of 0 is of what is absent: those of the others are one more than they are.
    private void Keep(AccessLog log, int index, ResponseHead? response, ReadOnlySpan<byte> head, ReadOnlySpan<byte> sent)
    {
        ref var length = ref _capturedLengths[log.Kept.LengthOfValue(index)];
        length = 0;
        if (!log.Line!.TryFind(index, context.ScopeOfResponse(response, head) with { SentHead = sent }, out var value))
            return;
        value = value.Length > LineFormat.MostKept ? value[..LineFormat.MostKept] : value;
        value.CopyTo(_captured.AsSpan(log.Kept.StartOfValue(index)));
        length = value.Length + 1;
    }

    /// <summary>What an expression has found in the answer; false where it was not there.</summary>
    public bool TryGetKept(AccessLog log, int index, out ReadOnlySpan<byte> value)
    {
        var length = LengthAt(log.Kept.LengthOfValue(index)) - 1;
        value = length < 0 ? default : _captured.AsSpan(log.Kept.StartOfValue(index), length);
        return length >= 0;
    }

    /// <summary>What the answer has set the cookie to that a log writes; empty where it has not.</summary>
    public ReadOnlySpan<byte> SetCookie(AccessLog log) => LengthAt(log.Kept.LengthOfCookie) is > 0 and var length ? _captured.AsSpan(log.Kept.StartOfCookie, length) : default;

    /// <summary>A field of the answer that was kept for a log; empty for one that it did not have.</summary>
    public ReadOnlySpan<byte> Captured(AccessLog log, int index) =>
        LengthAt(log.Kept.FirstLength + index) is > 0 and var length ? _captured.AsSpan(log.Kept.FirstByte + log.ResponseFields.StartOf(index), length) : default;

    private int LengthAt(int place) => place < _capturedLengths.Length ? _capturedLengths[place] : 0;
}

/// <summary>One attempt at a server, as logs tell of it. Times are milliseconds from the choice of the server on, -1 for what did not come.</summary>
internal readonly struct LoggedAttempt
{
    /// <summary>The address of the server; the name of the pool where no server could take it.</summary>
    public ReadOnlyMemory<byte> Server { get; init; }

    /// <summary>What came of it.</summary>
    public int Status { get; init; }

    public long Connect { get; init; }

    public long Head { get; init; }

    public long Time { get; init; }

    /// <summary>Bytes of the answer's body that were passed on.</summary>
    public long Length { get; init; }

    /// <summary>How often the request had been sent on within by then.</summary>
    public int Turn { get; init; }
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
