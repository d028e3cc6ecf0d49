namespace Steelyard.AspNetCore;

/// <summary>How a circuit breaker for calls to others does its work, and what is told of it. The names are opossum's.</summary>
public sealed class CallBreakerOptions
{
    /// <summary>How long a call may take; 10 ms to 1 day. Default 3 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Whether the whole answer has to come within <see cref="Timeout"/>, which reads it into memory; else its head alone, for
    /// answers that are streamed (<see cref="HttpCompletionOption.ResponseHeadersRead"/>). Default true.
    /// </summary>
    public bool CoversBody { get; set; } = true;

    /// <summary>
    /// Bytes of the longest body that is read into memory for <see cref="CoversBody"/>; 1 to 1 GiB. Of one that says it is longer, and of
    /// events (text/event-stream), the head alone is covered; one of no known length that turns out longer is a failure. Default 16 MiB.
    /// </summary>
    public int LongestBody { get; set; } = 16 << 20;

    /// <summary>The share of calls within <see cref="RollingWindow"/> that may fail, in percent; more than 0, at most 100. The breaker opens when it is reached. Default 50.</summary>
    public double ErrorThresholdPercentage { get; set; } = 50;

    /// <summary>How long it stays open before it lets one call through that decides; 0.5 s to 1 day. Default 30 s.</summary>
    public TimeSpan ResetTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How far back calls count; 0.5 s to 1 day. Default 10 s.</summary>
    public TimeSpan RollingWindow { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many calls within <see cref="RollingWindow"/> it takes at least to open; at least 2, which is the default.</summary>
    public int VolumeThreshold { get; set; } = 2;

    /// <summary>Whether an answer counts as a failure. Default: status 5xx, 408 and 429.</summary>
    public Func<HttpResponseMessage, bool> IsFailure { get; set; } = static answer => (int)answer.StatusCode is >= 500 or 408 or 429;

    /// <summary>What the caller gets in the place of a failure; null for the failure itself. Default null.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage>? Fallback { get; set; }

    /// <summary>A call went well.</summary>
    public Action<HttpResponseMessage>? OnSuccess { get; set; }

    /// <summary>A call failed; what came of it, or what was thrown.</summary>
    public Action<HttpResponseMessage?, Exception?>? OnFailure { get; set; }

    /// <summary>A call took longer than <see cref="Timeout"/>.</summary>
    public Action? OnTimeout { get; set; }

    /// <summary>A call was not made, because the breaker is open.</summary>
    public Action? OnReject { get; set; }

    /// <summary>The breaker has opened.</summary>
    public Action? OnOpen { get; set; }

    /// <summary>The breaker lets one call through that decides.</summary>
    public Action? OnHalfOpen { get; set; }

    /// <summary>The breaker has closed.</summary>
    public Action? OnClose { get; set; }

    /// <summary>The caller got <see cref="Fallback"/>.</summary>
    public Action? OnFallback { get; set; }
}
