using System.Runtime.InteropServices;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Logging;

/// <summary>
/// What one listener writes down: a line goes into the ring of the loop that has served the request, and never waits.
/// Immutable but for the rings, shared by all loops.
/// </summary>
internal sealed class AccessLog
{
    /// <summary>How many event loops there are at most.</summary>
    public const int MostLoops = 64;

    // HAProxy: tune.http.logurilen.
    private const int LongestRequestLine = 1023;
    private const int FirstError = 500;

    private readonly AccessLogSettings _settings;
    private readonly LogSink[] _places;

    // Which lines each place gets; null for all.
    private readonly TurnCount?[] _turns;
    private readonly byte[] _listener;
    private readonly CompiledCondition? _when;
    private readonly bool _writesAttempts;
    private readonly Seen[] _seen = new Seen[MostLoops];

    /// <param name="settings">What the configuration says.</param>
    /// <param name="mode">What the listener speaks.</param>
    /// <param name="listener">What the listener is called.</param>
    /// <param name="sink">What writes the lines.</param>
    /// <param name="also">What writes them too.</param>
    public AccessLog(AccessLogSettings settings, ListenerMode mode, string listener, LogSink sink, LogSink[] also)
    {
        (_settings, _places) = (settings, [sink, .. also]);
        _turns = [TurnCount.Of(settings.Turns), .. Array.ConvertAll(settings.Also.AsSpan().ToArray(), copy => TurnCount.Of(copy.Turns))];
        _listener = Encoding.UTF8.GetBytes(listener);
        Format = mode == ListenerMode.Tcp
            ? settings.Format is AccessLogFormat.Json or AccessLogFormat.Custom ? settings.Format.Value : AccessLogFormat.TcpLog
            : settings.Format ?? AccessLogFormat.HttpLog;
        RequestFields = new(settings.RequestFields, settings.HiddenFields);
        ResponseFields = new(settings.ResponseFields, settings.HiddenFields);
        Redaction = new(settings.HiddenParameters);
        _when = CompiledCondition.From(settings.When);
        if (Format == AccessLogFormat.Custom)
            Line = new(settings);
        if (settings.Cookie is { } cookie)
            Cookie = new(cookie.Name, cookie.Most);
        foreach (var part in settings.Line)
            _writesAttempts |= part is { Literal: null, Expression: null, Field: >= LogField.TriedServers and <= LogField.TriedLengths };
        Kept = new(RoomOfFields: ResponseFields.Room, ResponseFields.Count, Line?.KeptCount ?? 0, Cookie?.Most ?? 0);
    }

    /// <summary>What writes down all that a configuration says of one place.</summary>
    /// <param name="settings">What it says; null, or a log without a place, for nothing.</param>
    /// <param name="mode">What the listener speaks.</param>
    /// <param name="listener">What the listener is called.</param>
    /// <param name="logs">Where logs are written to; null for nowhere.</param>
    public static AccessLog? From(AccessLogSettings? settings, ListenerMode mode, string listener, LogBook? logs)
    {
        if (logs is null || settings is null || settings.To.Kind == LogTargetKind.None)
            return null;
        AccessLog? first = null, last = null;
        foreach (var each in (IEnumerable<AccessLogSettings>)[settings, .. settings.Beside])
        {
            var log = new AccessLog(each, mode, listener, logs.SinkFor(each), logs.CopiesFor(each));
            log.Kept = log.Kept.Behind(last?.Kept ?? default);
            if (last is not null)
                last.Next = log;
            (first, last) = (first ?? log, log);
        }

        return first;
    }

    /// <summary>The log that is written besides; null for none.</summary>
    public AccessLog? Next { get; private set; }

    /// <summary>Where a record keeps what this one wants of answers.</summary>
    public KeptPlaces Kept { get; private set; }

    public AccessLogFormat Format { get; }

    public CaptureList RequestFields { get; }

    public CaptureList ResponseFields { get; }

    public Redaction Redaction { get; }

    /// <summary>The cookie that is written; null for none.</summary>
    public LoggedCookie? Cookie { get; }

    /// <summary>The line of the configuration's own; null for one of the known formats.</summary>
    public LineFormat? Line { get; }

    /// <summary>What the listener is called.</summary>
    public ReadOnlySpan<byte> Listener => _listener;

    /// <summary>Whether something of answers has to be kept for the line.</summary>
    public bool KeepsResponse => Kept.Count > 0 || Next is { KeepsResponse: true };

    /// <summary>Whether all attempts have to be kept for the line.</summary>
    public bool KeepsAttempts => _writesAttempts || Next is { KeepsAttempts: true };

    /// <summary>Whether connections without a request are written, here or besides.</summary>
    public bool WritesNull => !_settings.SkipNull || Next is { WritesNull: true };

    /// <summary>Writes down an exchange or a session that is over.</summary>
    /// <param name="context">The exchange.</param>
    /// <param name="isNull">Whether nothing was sent on the connection.</param>
    /// <param name="status">What the client was told; -1 for nothing.</param>
    /// <param name="sent">Bytes of answers.</param>
    /// <param name="body">Those of them that are behind heads.</param>
    /// <param name="received">Bytes of the request.</param>
    public void Write(ExchangeContext context, bool isNull, int status, long sent, long body, long received)
    {
        if (isNull && _settings.SkipNull)
            return;
        var loop = context.Loop.Events.Number;
        ref var seen = ref _seen[loop % MostLoops];
        var line = new LoggedExchange(this, context, status, sent, body, received, (seen.Lines * _places[0].Loops) + loop + 1);
        if ((_when is { } when && !when.Holds(line.Scope)) || !IsWanted(context.Record, status, ref seen.Wanted))
            return;

        // One place has the line first, the others copies of it; those before it that have no room have counted the line.
        var (first, ring) = (0, _places[0].RingOf(loop));
        var room = Span<byte>.Empty;
        for (; first < _places.Length; first++)
        {
            if (_turns[first] is { } turns && !turns.Next())
                continue;
            ring = _places[first].RingOf(loop);
            room = ring.Reserve();
            if (!room.IsEmpty)
                break;
        }

        if (room.IsEmpty)
            return;
        var writer = new LineWriter(room);
        switch (Format)
        {
            case AccessLogFormat.HttpLog:
                HaProxyFormat.WriteHttp(ref writer, line);
                break;
            case AccessLogFormat.TcpLog:
                HaProxyFormat.WriteTcp(ref writer, line);
                break;
            case AccessLogFormat.Combined:
                CombinedFormat.Write(ref writer, line);
                break;
            case AccessLogFormat.Custom:
                Line!.Write(ref writer, line);
                break;
            default:
                JsonFormat.Write(ref writer, line);
                break;
        }

        seen.Lines++;
        var length = writer.End(room);
        for (var other = first + 1; other < _places.Length; other++)
        {
            if (_turns[other] is not { } turns || turns.Next())
                Copy(room[..length], _places[other], _places[other].RingOf(loop));
        }

        ring.Publish(length);
        _places[first].Added(ring);
    }

    private static void Copy(ReadOnlySpan<byte> line, LogSink sink, LogRing ring)
    {
        var room = ring.Reserve();
        if (room.Length < line.Length)
            return;
        line.CopyTo(room);
        ring.Publish(line.Length);
        sink.Added(ring);
    }

    /// <summary>The request line as HAProxy keeps it.</summary>
    public static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> requestLine) => requestLine.Length <= LongestRequestLine ? requestLine : requestLine[..LongestRequestLine];

    /// <summary>Whether a line is written; those of errors always are.</summary>
    private bool IsWanted(AccessRecord record, int status, ref int seen)
    {
        if ((_settings.Sample == 1 && !_settings.OnlyErrors) || !record.Ending.IsSuccess || record.IsDenied || record.Retries > 0 || record.Tunnel != TunnelEnd.None || status >= FirstError)
            return true;
        if (_settings.OnlyErrors)
            return false;
        seen = seen + 1 < _settings.Sample ? seen + 1 : 0;
        return seen == 0;
    }

    /// <summary>Counts the lines of a place that gets some of them: those of all loops together, as HAProxy does.</summary>
    private sealed class TurnCount(LogTurns turns)
    {
        private long _lines = -1;

        public static TurnCount? Of(LogTurns? turns) => turns is null ? null : new(turns);

        /// <summary>Whether the next line is written.</summary>
        public bool Next() => turns.Include(Interlocked.Increment(ref _lines));
    }

    /// <summary>What one loop has counted; as large as a cache line, so that no two loops share one.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct Seen
    {
        /// <summary>Lines since the last that was written of a sample.</summary>
        [FieldOffset(0)]
        public int Wanted;

        /// <summary>Lines that were written.</summary>
        [FieldOffset(8)]
        public long Lines;
    }
}

/// <summary>One exchange as a format sees it.</summary>
/// <param name="log">What writes it down.</param>
/// <param name="context">The exchange.</param>
/// <param name="status">What the client was told; -1 for nothing.</param>
/// <param name="sent">Bytes of answers.</param>
/// <param name="body">Those of them that are behind heads.</param>
/// <param name="received">Bytes of the request.</param>
/// <param name="number">The number of the line.</param>
internal readonly ref struct LoggedExchange(AccessLog log, ExchangeContext context, int status, long sent, long body, long received, long number)
{
    public AccessLog Log { get; } = log;

    public ExchangeContext Context { get; } = context;

    public int Status { get; } = status;

    public long Sent { get; } = sent;

    public long Body { get; } = body;

    public long Received { get; } = received;

    public long Number { get; } = number;

    public AccessRecord Record => Context.Record;

    /// <summary>Whether there is a request to tell of.</summary>
    public bool HasRequest => Context.HeadHeld;

    /// <summary>Whether a request has begun to come: what could be read of one that was refused is told too.</summary>
    public bool HasBegun => HasRequest || !Context.Client.Input.Unread.IsEmpty;

    /// <summary>The head, or what has come of it where that was refused.</summary>
    public ReadOnlySpan<byte> Head => HasRequest ? Record.Head : Context.Client.Input.Unread;

    /// <summary>The loop's clock.</summary>
    public long Now => Context.Events.Now;

    /// <summary>From the first byte of the request to its whole head; -1 where that did not come.</summary>
    public long RequestTime => Record.HeadAt < 0 ? -1 : Record.HeadAt - Context.Begun;

    /// <summary>From there to a server.</summary>
    public long QueueTime => ChosenAt < 0 ? -1 : ChosenAt - Record.HeadAt;

    /// <summary>From there to its connection.</summary>
    public long ConnectTime => Record.ConnectedAt < 0 ? -1 : Record.ConnectedAt - Record.ChosenAt;

    /// <summary>From there to the head of its answer.</summary>
    public long ResponseTime => Record.ConnectedAt < 0 || Record.AnswerAt < 0 ? -1 : Record.AnswerAt - Record.ConnectedAt;

    /// <summary>What the connection was idle before it.</summary>
    public long IdleTime => Math.Max(Context.Begun - Context.Client.ReadyAt, 0);

    /// <summary>What expressions see of it. The answer is gone, but for its status.</summary>
    public TemplateScope Scope => Context.ScopeOfLog(HasRequest ? Record.Head : default, Status);

    /// <summary>All of it.</summary>
    public long TotalTime => Now - Context.Begun;

    public bool IsTls => Context.Client.Transport is TlsTransport;

    public DateTime BegunAt => Context.Loop.LogClock.At(Context.Begun, Now);

    /// <summary>When the connection was accepted, or done with the request before.</summary>
    public DateTime ReadyAt => Context.Loop.LogClock.At(Context.Begun - IdleTime - Context.Client.HandshakeTime, Now);

    // Who has waited and got no server has waited until now.
    private long ChosenAt => Record.ChosenAt >= 0 ? Record.ChosenAt : Record.QueuePosition > 0 ? Now : -1;

    /// <summary>The client's address, the peer's or the one that a trusted proxy names.</summary>
    public ReadOnlySpan<byte> ClientAddress => HasRequest ? Context.Client.Forwarded.ClientAddress(Context.Request, Record.Head) : Context.Client.Forwarded.PeerAddress;

    /// <summary>The first line of the request, as it came; of one that was refused, what has come of it (nginx: $request).</summary>
    public ReadOnlySpan<byte> RequestLine => HasRequest ? Context.Request.FirstLine(Record.Head) : RequestHead.FirstLineOf(Head);
}

/// <summary>A cookie that is written down.</summary>
/// <param name="name">Its name.</param>
/// <param name="most">How many bytes of name and value are written.</param>
internal sealed class LoggedCookie(string name, int most)
{
    private readonly byte[] _name = Encoding.ASCII.GetBytes(name);

    public ReadOnlySpan<byte> Name => _name;

    public int Most => most;

    /// <summary>Writes <c>name=value</c>, up to so many bytes.</summary>
    public void Write(ref LineWriter writer, scoped ReadOnlySpan<byte> value, Escaping escaping)
    {
        var limit = writer.Length + most;
        writer.Write(_name, escaping, most);
        writer.Write("="u8, escaping, limit - writer.Length);
        writer.Write(value, escaping, limit - writer.Length);
    }

    /// <summary>The value that an answer sets it to; empty for none.</summary>
    public ReadOnlySpan<byte> SetBy(FieldTable fields, ReadOnlySpan<byte> head)
    {
        foreach (ref readonly var field in fields.All)
        {
            if (field.NameLength != 10 || !Ascii.EqualsIgnoreCase(field.Name(head), "set-cookie"u8))
                continue;
            var pair = field.Value(head);
            var end = pair.IndexOf((byte)';');
            pair = end < 0 ? pair : pair[..end];
            var equals = pair.IndexOf((byte)'=');
            if (equals >= 0 && HttpBytes.Trim(pair[..equals]).SequenceEqual(_name))
                return HttpBytes.Trim(pair[(equals + 1)..]);
        }

        return default;
    }
}
