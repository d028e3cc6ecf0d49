using Steelyard.Config.Expressions;

namespace Steelyard.Config;

/// <summary>A stretch of a log line: a text, a field of the log or an expression.</summary>
/// <param name="Literal">The text; null for the others.</param>
/// <param name="Field">The field, where there is neither text nor expression.</param>
/// <param name="Expression">The expression; null for the others.</param>
/// <param name="Form">How the value is written.</param>
public readonly record struct LogPart(string? Literal, LogField Field = default, Expression? Expression = null, LogForm Form = LogForm.Plain);

/// <summary>How a value of a log line is written.</summary>
[Flags]
public enum LogForm
{
    /// <summary>As it is.</summary>
    Plain = 0,

    /// <summary>In double quotes, which are empty where it is absent (HAProxy: +Q).</summary>
    Quoted = 1,

    /// <summary>With a backslash before quotes, backslashes and closing brackets, as structured data of RFC 5424 needs it (HAProxy: +E).</summary>
    Escaped = 2,

    /// <summary>Numbers, ports and addresses of IPv4 in hexadecimal digits (HAProxy: +X).</summary>
    Hex = 4,

    /// <summary>Milliseconds as seconds with three places behind the point, as nginx writes times.</summary>
    Seconds = 8,

    /// <summary>As it is, but for the ends of lines and NUL, which are blanks, whatever the line escapes.</summary>
    Raw = 16,
}

/// <summary>How a line writes bytes of strangers that would break it, and what is absent.</summary>
public enum LogEscape
{
    /// <summary>Bytes as <c>\xXX</c>; absent is <c>-</c>, empty is nothing (nginx: escape=default).</summary>
    Default,

    /// <summary>Bytes as <c>#XX</c>; absent or empty is <c>-</c>, and absent numbers are -1 (HAProxy).</summary>
    HaProxy,

    /// <summary>As within the quotes of JSON; absent is nothing (nginx: escape=json).</summary>
    Json,

    /// <summary>As they are, but for the end of a line and NUL, which are blanks; absent is nothing (nginx: escape=none).</summary>
    None,
}

/// <summary>What a log knows of a request beside what expressions find.</summary>
public enum LogField
{
    /// <summary>When the first byte of the request came: local time with milliseconds.</summary>
    Time,

    /// <summary>The same, in local time with the zone behind it.</summary>
    TimeLocal,

    /// <summary>The same, in UTC.</summary>
    TimeUtc,

    /// <summary>The same, by ISO 8601 in UTC with milliseconds.</summary>
    TimeIso,

    /// <summary>The same, in seconds since 1970.</summary>
    TimeSeconds,

    /// <summary>The milliseconds of that second.</summary>
    TimeMilliseconds,

    /// <summary>When the line was written: local time with the zone behind it.</summary>
    EndLocal,

    /// <summary>The same, by ISO 8601 with the zone.</summary>
    EndIso,

    /// <summary>The same, in milliseconds since 1970.</summary>
    EndMilliseconds,

    /// <summary>When the connection was ready for the request, accepted or done with the one before: local time with milliseconds.</summary>
    Ready,

    /// <summary>The same, in local time with the zone behind it.</summary>
    ReadyLocal,

    /// <summary>The same, in UTC.</summary>
    ReadyUtc,

    /// <summary>The same, in seconds since 1970.</summary>
    ReadySeconds,

    /// <summary>The milliseconds of that second.</summary>
    ReadyMilliseconds,

    /// <summary>Milliseconds of the handshakes of the connection, those of TLS and of the PROXY protocol; 0 after its first request.</summary>
    HandshakeTime,

    /// <summary>Milliseconds without anything before the request.</summary>
    IdleTime,

    /// <summary>Milliseconds from the first byte to the whole head.</summary>
    RequestTime,

    /// <summary>Milliseconds from there to a server.</summary>
    QueueTime,

    /// <summary>Milliseconds from there to its connection.</summary>
    ConnectTime,

    /// <summary>Milliseconds from there to the head of its answer.</summary>
    ResponseTime,

    /// <summary>Milliseconds from there to the end.</summary>
    DataTime,

    /// <summary>Milliseconds from the first byte to the end.</summary>
    TotalTime,

    /// <summary>The same with what was idle before.</summary>
    UserTime,

    /// <summary>The same with the handshakes too.</summary>
    ConnectionTime,

    /// <summary>Milliseconds before the whole head: handshakes, idle and request.</summary>
    BeforeTime,

    /// <summary>Milliseconds from the choice of the server to the head of its answer.</summary>
    ServerHeadTime,

    /// <summary>Milliseconds from the choice of the server to the end.</summary>
    ServerTime,

    /// <summary>The status that the client was told.</summary>
    Status,

    /// <summary>The first line of the request.</summary>
    RequestLine,

    /// <summary>The protocol of the request with its version.</summary>
    Protocol,

    /// <summary>The query with its question mark.</summary>
    QueryString,

    /// <summary>The name of Basic authentication.</summary>
    User,

    /// <summary>Bytes sent to the client.</summary>
    BytesSent,

    /// <summary>Those of them behind the head.</summary>
    BodyBytesSent,

    /// <summary>Bytes of the request.</summary>
    BytesReceived,

    /// <summary>The address where the connection comes from.</summary>
    Peer,

    /// <summary>The port there.</summary>
    PeerPort,

    /// <summary>The address that the client connected to.</summary>
    LocalAddress,

    /// <summary>The port there.</summary>
    LocalPort,

    /// <summary>What the listener is called: its first address.</summary>
    Listener,

    /// <summary>The same with <c>~</c> behind TLS.</summary>
    ListenerWithMark,

    /// <summary>The name of the route.</summary>
    Route,

    /// <summary>The name of the pool, or what the listener is called where none serves the request.</summary>
    Backend,

    /// <summary>The name of the server, its address where it has none.</summary>
    ServedBy,

    /// <summary>The address of the server without its port.</summary>
    ServerHost,

    /// <summary>The port of the server.</summary>
    ServerPort,

    /// <summary>The version of TLS.</summary>
    TlsVersion,

    /// <summary>The cipher suite of TLS.</summary>
    TlsCipher,

    /// <summary>How it ended, in four letters.</summary>
    Termination,

    /// <summary>The first two of them.</summary>
    TerminationShort,

    /// <summary>The cause of what went wrong.</summary>
    Cause,

    /// <summary>What limits of rates have said of the request.</summary>
    RateLimit,

    /// <summary>The same of how many at once.</summary>
    ConcurrencyLimit,

    /// <summary>Attempts after the first, with <c>+</c> where the last went to another server.</summary>
    Retries,

    /// <summary>The addresses of all servers that were tried, with commas between.</summary>
    TriedServers,

    /// <summary>What came of each: the status of its answer, or that of a gateway for none.</summary>
    TriedStatuses,

    /// <summary>Milliseconds that the connection to each took.</summary>
    TriedConnectTimes,

    /// <summary>Milliseconds to the head of the answer of each.</summary>
    TriedHeadTimes,

    /// <summary>Milliseconds to the end of the answer of each.</summary>
    TriedTimes,

    /// <summary>Bytes of the body of the answer of each.</summary>
    TriedLengths,

    /// <summary>What came of a session in TCP mode, in the statuses of HTTP: 200, 502 where no server was, 500 else.</summary>
    SessionStatus,

    /// <summary>A number of the connection that no other has, on each event loop.</summary>
    ConnectionNumber,

    /// <summary>p for a request that came behind another before that was answered, else a point.</summary>
    Pipelined,

    /// <summary>OK for a request that was answered whole; else absent.</summary>
    Completion,

    /// <summary>Connections of the process.</summary>
    ProcessConnections,

    /// <summary>Connections of the listener.</summary>
    ListenerConnections,

    /// <summary>Requests of the pool beside this one.</summary>
    PoolRequests,

    /// <summary>Requests of the server beside this one.</summary>
    ServerRequests,

    /// <summary>The place that it had in the queue of its pool.</summary>
    QueuePosition,

    /// <summary>The place that it had in a queue of its server, which there is none of.</summary>
    ServerQueuePosition,

    /// <summary>How many requests the connection has brought so far.</summary>
    ConnectionRequests,

    /// <summary>A number that no other line of this log has; they grow on each event loop.</summary>
    LineNumber,

    /// <summary>Captured fields of the request in braces.</summary>
    RequestFields,

    /// <summary>Captured fields of the request, each in quotes.</summary>
    RequestFieldsQuoted,

    /// <summary>Captured fields of the request with blanks between.</summary>
    RequestFieldList,

    /// <summary>Captured fields of the answer in braces.</summary>
    ResponseFields,

    /// <summary>Captured fields of the answer, each in quotes.</summary>
    ResponseFieldsQuoted,

    /// <summary>Captured fields of the answer with blanks between.</summary>
    ResponseFieldList,

    /// <summary>The captured cookie as the request brought it.</summary>
    RequestCookie,

    /// <summary>The captured cookie as the answer set it.</summary>
    ResponseCookie,

    /// <summary>The name of the machine.</summary>
    HostName,

    /// <summary>The number of the process.</summary>
    ProcessId,
}
