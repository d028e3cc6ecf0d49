namespace Steelyard.Config;

/// <summary>
/// When a server whose requests go wrong is left out for a while. The only server of a pool never is, and never the last
/// one that is left.
/// </summary>
public sealed record OutlierSettings
{
    /// <summary>What counts as going wrong. Default: no connection, no answer in time, an answer that breaks off or is not HTTP; no status (Envoy: local origin failures; nginx: proxy_next_upstream).</summary>
    public OutlierConditions On { get; init; } = OutlierConditions.ConnectFailure | OutlierConditions.Reset | OutlierConditions.Timeout | OutlierConditions.BadAnswer;

    /// <summary>How many in a row are too many: 1 to 10,000; null for any number. Default 5 (Envoy: consecutive_5xx).</summary>
    public int? Consecutive { get; init; } = 5;

    /// <summary>What share of the requests in <see cref="Window"/> is too much, in percent: 1 to 100; null, the default, for any share (Envoy: failure_percentage_threshold).</summary>
    public int? Ratio { get; init; }

    /// <summary>How many requests there must have been in <see cref="Window"/> before the share counts: 1 to 1,000,000. Default 20.</summary>
    public int Volume { get; init; } = 20;

    /// <summary>The time over which the share is taken, sliding: 1 s to 1 h. Default 10 s.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a server is left out the first time: 100 ms to 24 h. Each time in a row it is as much longer; a server that did well as long as that is back at the first. Default 1 s, for it comes back by one request's trial (nginx: fail_timeout, 10 s; Envoy: base_ejection_time, 30 s).</summary>
    public TimeSpan Ejection { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time it is left out: not less than <see cref="Ejection"/>, at most 24 h. Default 1 min (Envoy: max_ejection_time, 5 min).</summary>
    public TimeSpan MostEjection { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How many failures are too many by nginx's rule (max_fails): 1 to 10,000; null, the default, for our own. By nginx's
    /// rule nothing else of this counts but <see cref="On"/> and <see cref="FailTimeout"/>, all but the only server of a pool may
    /// be left out, and nobody serves when all are.
    /// </summary>
    public int? MaxFails { get; init; }

    /// <summary>Nginx's fail_timeout, whole seconds from 1 s to 24 h. Default 10 s.</summary>
    public TimeSpan FailTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What share of the pool's servers may be left out at once, in percent: 0 to 100; one always may where there are two or more. Default 50 (Envoy: max_ejection_percent, 10).</summary>
    public int MostEjected { get; init; } = 50;
}

/// <summary>What counts as a server's going wrong.</summary>
[Flags]
public enum OutlierConditions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The connection was refused, did not open in time, or its TLS handshake failed.</summary>
    ConnectFailure = 1 << 0,

    /// <summary>The server closed the connection before it began to answer, or in the middle of its answer.</summary>
    Reset = 1 << 1,

    /// <summary>The server did not begin to answer in time, or stopped in the middle of its answer.</summary>
    Timeout = 1 << 2,

    /// <summary>The answer is not valid HTTP.</summary>
    BadAnswer = 1 << 3,

    /// <summary>429 Too Many Requests.</summary>
    Status429 = 1 << 4,

    /// <summary>500 Internal Server Error.</summary>
    Status500 = 1 << 5,

    /// <summary>502 Bad Gateway.</summary>
    Status502 = 1 << 6,

    /// <summary>503 Service Unavailable.</summary>
    Status503 = 1 << 7,

    /// <summary>504 Gateway Timeout.</summary>
    Status504 = 1 << 8,

    /// <summary>Every status from 500 to 599.</summary>
    Status5xx = 1 << 9,
}
