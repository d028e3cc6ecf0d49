namespace Steelyard.Config;

/// <summary>
/// When requests are refused at once, because those before them failed: opossum's circuit breaker (version 9) with its
/// options and their meaning. A call is a request, or with <see cref="BreakerScope.Server"/> each of its attempts, until
/// the head of its answer.
/// </summary>
public sealed record BreakerSettings
{
    /// <summary>How long a call may take: 1 ms to 24 h; then it has failed, with 504. Null for no limit. Default 10 s (opossum: timeout).</summary>
    public TimeSpan? Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Above which share of failed calls it opens, in percent: 0 to 100. Default 50 (opossum: errorThresholdPercentage).</summary>
    public int Errors { get; init; } = 50;

    /// <summary>How long it stays open before one call is tried: 1 ms to 24 h. Default 30 s (opossum: resetTimeout).</summary>
    public TimeSpan Reset { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many calls there must have been within <see cref="Window"/> before it opens: 0 to 1,000,000. Default 10; opossum has 0, where the first failure of all opens it (volumeThreshold).</summary>
    public int Volume { get; init; } = 10;

    /// <summary>The time over which calls are counted: 100 ms to 1 h. Default 10 s (opossum: rollingCountTimeout).</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>In how many parts the window slides: 1 to 100. Default 10 (opossum: rollingCountBuckets).</summary>
    public int Buckets { get; init; } = 10;

    /// <summary>How many calls may be under way at once: 1 to 1,000,000; further ones have failed. Null for any number (opossum: capacity).</summary>
    public int? Capacity { get; init; }

    /// <summary>What counts as a failure. Default: no connection, no answer in time, one that breaks off or is not HTTP, and every status from 500 on (opossum: errorFilter).</summary>
    public OutlierConditions On { get; init; } =
        OutlierConditions.ConnectFailure | OutlierConditions.Reset | OutlierConditions.Timeout | OutlierConditions.BadAnswer | OutlierConditions.Status5xx;

    /// <summary>Whose calls it counts. Default those of the pool.</summary>
    public BreakerScope Scope { get; init; }

    /// <summary>What a client gets instead of a refusal or a failure; null for that itself (opossum: fallback).</summary>
    public FallbackSettings? Fallback { get; init; }
}

/// <summary>Whose calls a breaker counts.</summary>
public enum BreakerScope
{
    /// <summary>One for the pool: a call is a request with all its attempts.</summary>
    Pool,

    /// <summary>One for each server: a call is one attempt, and another server is tried while one is open.</summary>
    Server,
}

/// <summary>What a client gets instead: an answer of its own, or one of another pool.</summary>
public sealed record FallbackSettings
{
    /// <summary>The pool that serves it, one of <see cref="Snapshot.Pools"/>; null for an answer from here.</summary>
    public string? Pool { get; init; }

    /// <summary>The status of the answer: 200 to 599. Default 503.</summary>
    public int Status { get; init; } = 503;

    /// <summary>Its body, at most 16,384 bytes of UTF-8.</summary>
    public string Body { get; init; } = "";

    /// <summary>The file that is its body, at most 16,384 bytes, read at the start and at each reload; null for <see cref="Body"/>.</summary>
    public string? File { get; init; }

    /// <summary>The type of the body.</summary>
    public string ContentType { get; init; } = "text/plain; charset=utf-8";
}
