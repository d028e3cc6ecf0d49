namespace Steelyard.Config;

/// <summary>
/// When a request is sent again, to another server, before anything of an answer has reached the client. What no server
/// has seen a byte of is safe to send again and costs no budget.
/// </summary>
public sealed record RetrySettings
{
    /// <summary>How many servers a request is sent to at most: 1 to 16. Servers that refuse the connection do not count. Default 3 (HAProxy: retries; nginx: proxy_next_upstream_tries).</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>What leads to another attempt. Default <see cref="RetryConditions.ConnectFailure"/> and <see cref="RetryConditions.Reset"/> (HAProxy: retry-on; nginx: proxy_next_upstream).</summary>
    public RetryConditions On { get; init; } = RetryConditions.ConnectFailure | RetryConditions.Reset;

    /// <summary>
    /// How many requests of the last ten seconds may be sent again, in percent: 0 to 100. Default 20 (Envoy, Finagle and
    /// Linkerd: retry budget). One budget for the pool over all loops.
    /// </summary>
    public int Budget { get; init; } = 20;

    /// <summary>How many requests a second may be sent again whatever the budget says, on average over ten seconds: 0 to 1,000,000. Default 10 (Linkerd: minRetriesPerSecond).</summary>
    public int LeastPerSecond { get; init; } = 10;

    /// <summary>Requests that are not idempotent (POST, PATCH and what is not known) are sent again as well, once a server may have acted on them. Default no (nginx: non_idempotent).</summary>
    public bool NonIdempotent { get; init; }

    /// <summary>The largest body that is kept so that it can be sent again while it is still arriving: 0 to 16 KiB, and as much as fits into 32 KiB with the head. Default 16 KiB.</summary>
    public ByteSize Body { get; init; } = ByteSize.FromKibibytes(16);

    /// <summary>How long after the first attempt began another one may: 1 ms to 24 h. Null for any time (nginx: proxy_next_upstream_timeout).</summary>
    public TimeSpan? Within { get; init; }
}

/// <summary>What leads to another attempt.</summary>
[Flags]
public enum RetryConditions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The connection was refused, did not open in time, or its TLS handshake failed (HAProxy: conn-failure).</summary>
    ConnectFailure = 1 << 0,

    /// <summary>The server closed the connection before it began to answer (HAProxy: empty-response).</summary>
    Reset = 1 << 1,

    /// <summary>The server did not begin to answer in time (HAProxy: response-timeout).</summary>
    Timeout = 1 << 2,

    /// <summary>The answer is not valid HTTP (HAProxy: junk-response; nginx: invalid_header).</summary>
    BadAnswer = 1 << 3,

    /// <summary>Unauthorized.</summary>
    Status401 = 1 << 4,

    /// <summary>Forbidden.</summary>
    Status403 = 1 << 5,

    /// <summary>Not Found.</summary>
    Status404 = 1 << 6,

    /// <summary>Request Timeout.</summary>
    Status408 = 1 << 7,

    /// <summary>Misdirected Request.</summary>
    Status421 = 1 << 8,

    /// <summary>Too Early.</summary>
    Status425 = 1 << 9,

    /// <summary>Too Many Requests.</summary>
    Status429 = 1 << 10,

    /// <summary>Internal Server Error.</summary>
    Status500 = 1 << 11,

    /// <summary>Not Implemented.</summary>
    Status501 = 1 << 12,

    /// <summary>Bad Gateway.</summary>
    Status502 = 1 << 13,

    /// <summary>Service Unavailable.</summary>
    Status503 = 1 << 14,

    /// <summary>Gateway Timeout.</summary>
    Status504 = 1 << 15,
}
