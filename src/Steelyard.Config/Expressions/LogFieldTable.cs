namespace Steelyard.Config.Expressions;

/// <summary>A row of the table of log fields.</summary>
/// <param name="Word">The word of the text form.</param>
/// <param name="Field">What it is.</param>
/// <param name="Haproxy">What HAProxy's log-format calls it; null for nothing.</param>
/// <param name="Nginx">The variable of nginx's log_format; null for none.</param>
/// <param name="Description">One sentence for the reference page.</param>
internal sealed record LogFieldRow(string Word, LogField Field, string? Haproxy, string? Nginx, string Description);

/// <summary>What log lines can name beside variables and expressions: a new one is a row here, and a case in the engine.</summary>
internal static class LogFieldTable
{
    public static IReadOnlyList<LogFieldRow> Rows { get; } =
    [
        new("time", LogField.Time, "%tr", null, "when the first byte of the request came, `28/Nov/2026:17:43:38.123`"),
        new("time-local", LogField.TimeLocal, "%trl", null, "the same, `28/Nov/2026:17:43:38 +0100`"),
        new("time-utc", LogField.TimeUtc, "%trg", null, "the same, `28/Nov/2026:16:43:38 +0000`"),
        new("time-iso", LogField.TimeIso, null, null, "the same, `2026-11-28T16:43:38.123Z`"),
        new("time-seconds", LogField.TimeSeconds, null, null, "the same, in seconds since 1970"),
        new("time-milliseconds", LogField.TimeMilliseconds, null, null, "the milliseconds of that second, three digits"),
        new("end-local", LogField.EndLocal, null, "$time_local", "when the line is written, `28/Nov/2026:17:43:38 +0100`"),
        new("end-iso", LogField.EndIso, null, "$time_iso8601", "the same, `2026-11-28T17:43:38+01:00`"),
        new("end-milliseconds", LogField.EndMilliseconds, null, "$msec", "the same, in milliseconds since 1970; `| seconds` as nginx has it"),
        new("ready", LogField.Ready, "%t", null, "when the connection was accepted, or done with the request before, `28/Nov/2026:17:43:38.123`"),
        new("ready-local", LogField.ReadyLocal, "%Tl", null, "the same, `28/Nov/2026:17:43:38 +0100`"),
        new("ready-utc", LogField.ReadyUtc, "%T", null, "the same, `28/Nov/2026:16:43:38 +0000`"),
        new("ready-seconds", LogField.ReadySeconds, "%Ts", null, "the same, in seconds since 1970"),
        new("ready-milliseconds", LogField.ReadyMilliseconds, "%ms", null, "the milliseconds of that second, three digits"),
        new("handshake-time", LogField.HandshakeTime, "%Th", null, "milliseconds that TLS and the PROXY protocol took to begin; 0 after the first request of a connection"),
        new("idle-time", LogField.IdleTime, "%Ti", null, "milliseconds in which the connection was idle before"),
        new("request-time", LogField.RequestTime, "%TR", null, "milliseconds from the first byte to the whole head"),
        new("queue-time", LogField.QueueTime, "%Tw", null, "milliseconds from there to a server"),
        new("connect-time", LogField.ConnectTime, "%Tc", null, "milliseconds from there to its connection"),
        new("response-time", LogField.ResponseTime, "%Tr", null, "milliseconds from there to the head of its answer"),
        new("data-time", LogField.DataTime, "%Td", null, "milliseconds from there to the end"),
        new("total-time", LogField.TotalTime, "%Ta", "$request_time", "milliseconds from the first byte to the end"),
        new("user-time", LogField.UserTime, "%Tu", null, "the same with `idle-time`"),
        new("connection-time", LogField.ConnectionTime, "%Tt", null, "the same with `idle-time` and `handshake-time`"),
        new("before-time", LogField.BeforeTime, "%Tq", null, "`handshake-time`, `idle-time` and `request-time` together"),
        new("server-head-time", LogField.ServerHeadTime, null, null, "milliseconds from the choice of the server to the head of its answer"),
        new("server-time", LogField.ServerTime, null, null, "milliseconds from the choice of the server to the end"),
        new("status", LogField.Status, "%ST", "$status", "the status that the client was told"),
        new("request-line", LogField.RequestLine, "%r", "$request", "the first line of the request"),
        new("protocol", LogField.Protocol, "%HV", "$server_protocol", "`HTTP/1.0` or `HTTP/1.1`"),
        new("query-string", LogField.QueryString, "%HQ", null, "the query with its question mark"),
        new("user", LogField.User, null, "$remote_user", "the name of Basic authentication, never the password"),
        new("bytes-sent", LogField.BytesSent, "%B", "$bytes_sent", "bytes sent to the client"),
        new("body-bytes-sent", LogField.BodyBytesSent, null, "$body_bytes_sent", "those of them behind the head"),
        new("bytes-received", LogField.BytesReceived, "%U", "$request_length", "bytes of the request"),
        new("peer", LogField.Peer, "%ci", "$realip_remote_addr", "the address where the connection comes from; `client` is who a trusted proxy says it is"),
        new("peer-port", LogField.PeerPort, "%cp", "$remote_port", "the port there"),
        new("local-address", LogField.LocalAddress, "%fi", "$server_addr", "the address that the client connected to"),
        new("local-port", LogField.LocalPort, "%fp", "$server_port", "the port there"),
        new("listener", LogField.Listener, "%f", null, "what the listener is called: its first address"),
        new("listener-mark", LogField.ListenerWithMark, "%ft", null, "the same, with `~` behind TLS"),
        new("route", LogField.Route, null, null, "the name of the route"),
        new("backend", LogField.Backend, "%b", null, "the name of the pool, or what the listener is called where none serves the request; `pool` is absent there"),
        new("served-by", LogField.ServedBy, "%s", null, "the name of the server, its address where it has none; `server` is always the address"),
        new("server-host", LogField.ServerHost, "%si", null, "the address of the server without its port"),
        new("server-port", LogField.ServerPort, "%sp", null, "the port of the server"),
        new("tls-version", LogField.TlsVersion, "%sslv", "$ssl_protocol", "the version of TLS, `TLSv1.3`"),
        new("tls-cipher", LogField.TlsCipher, "%sslc", "$ssl_cipher", "the cipher suite of TLS by its registered name, `TLS_AES_256_GCM_SHA384`"),
        new("termination", LogField.Termination, "%tsc", null, "how it ended, in HAProxy's four letters"),
        new("termination-short", LogField.TerminationShort, "%ts", null, "the first two of them"),
        new("cause", LogField.Cause, null, null, "the cause of what went wrong, `503.connect-refused`; absent where nothing did"),
        new("rate-limit", LogField.RateLimit, null, "$limit_req_status", "what limits of rates said: `PASSED`, `DELAYED`, `REJECTED`, `DELAYED_DRY_RUN` or `REJECTED_DRY_RUN`; absent where none was asked"),
        new("concurrency-limit", LogField.ConcurrencyLimit, null, "$limit_conn_status", "the same of how many at once: `PASSED`, `REJECTED` or `REJECTED_DRY_RUN`"),
        new("retries", LogField.Retries, "%rc", null, "attempts after the first, with `+` before it where the last went to another server"),
        new("tried-servers", LogField.TriedServers, null, "$upstream_addr", "the addresses of all servers that were tried, `10.0.0.1:80, 10.0.0.2:80`, with ` : ` where another pool was asked after an error; the pool where no server could be"),
        new("tried-statuses", LogField.TriedStatuses, null, "$upstream_status", "the status of each, that of a gateway where there was no answer"),
        new("tried-connect-times", LogField.TriedConnectTimes, null, "$upstream_connect_time", "milliseconds that the connection to each took"),
        new("tried-header-times", LogField.TriedHeadTimes, null, "$upstream_header_time", "milliseconds to the head of the answer of each"),
        new("tried-times", LogField.TriedTimes, null, "$upstream_response_time", "milliseconds to the end of the answer of each"),
        new("tried-lengths", LogField.TriedLengths, null, "$upstream_response_length", "bytes of the body of the answer of each"),
        new("session-status", LogField.SessionStatus, null, null, "what came of a session in TCP mode, as nginx has it: `200`, `403` where a rule has closed it, `503` where `concurrency` has, `502` where no server was, else `500`"),
        new("connection", LogField.ConnectionNumber, null, "$connection", "a number that no other connection has"),
        new("pipelined", LogField.Pipelined, null, "$pipe", "`p` for a request that was there before the one before it was answered, else `.`"),
        new("completion", LogField.Completion, null, "$request_completion", "`OK` where the whole answer was sent"),
        new("process-connections", LogField.ProcessConnections, "%ac", "$connections_active", "connections of the process"),
        new("listener-connections", LogField.ListenerConnections, "%fc", null, "connections of the listener"),
        new("pool-requests", LogField.PoolRequests, "%bc", null, "requests of the pool beside this one"),
        new("server-requests", LogField.ServerRequests, "%sc", null, "requests of the server beside this one"),
        new("queue-position", LogField.QueuePosition, "%bq", null, "the place that it had in the queue of its pool"),
        new("server-queue-position", LogField.ServerQueuePosition, "%sq", null, "`0`: servers have no queues of their own"),
        new("connection-requests", LogField.ConnectionRequests, null, "$connection_requests", "how many requests the connection has brought so far"),
        new("line-number", LogField.LineNumber, "%lc, %rt", null, "a number that no other line of this log has; it grows on each event loop"),
        new("request-headers", LogField.RequestFields, "%hr", null, "what `request-headers` captures, `{a|b}`"),
        new("request-headers-quoted", LogField.RequestFieldsQuoted, "%{+Q}hrl", null, "the same, `\"a\" \"b\"`"),
        new("request-header-list", LogField.RequestFieldList, "%hrl", null, "the same, `a b`"),
        new("response-headers", LogField.ResponseFields, "%hs", null, "what `response-headers` captures, `{a|b}`"),
        new("response-headers-quoted", LogField.ResponseFieldsQuoted, "%{+Q}hsl", null, "the same, `\"a\" \"b\"`"),
        new("response-header-list", LogField.ResponseFieldList, "%hsl", null, "the same, `a b`"),
        new("request-cookie", LogField.RequestCookie, "%CC", null, "what `cookie` captures of the request, `name=value`"),
        new("response-cookie", LogField.ResponseCookie, "%CS", null, "the same of the answer"),
        new("hostname", LogField.HostName, "%H", "$hostname", "the name of the machine"),
        new("process", LogField.ProcessId, "%pid", "$pid", "the number of the engine's process"),
    ];

    public static LogFieldRow Of(LogField field)
    {
        foreach (var row in Rows)
        {
            if (row.Field == field)
                return row;
        }

        throw new ArgumentOutOfRangeException(nameof(field));
    }

    public static LogFieldRow? Find(string word)
    {
        foreach (var row in Rows)
        {
            if (row.Word == word)
                return row;
        }

        return null;
    }
}
