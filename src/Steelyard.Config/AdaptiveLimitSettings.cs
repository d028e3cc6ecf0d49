namespace Steelyard.Config;

/// <summary>How it is found out how much each server of a pool may have to do at once.</summary>
public sealed record AdaptiveLimitSettings
{
    /// <summary>What a server may have at first: 1 to 1,000,000. Default 20 (Netflix concurrency-limits: initialLimit).</summary>
    public int Start { get; init; } = 20;

    /// <summary>What it may have at the least: 1 to 1,000,000. Default 3 (Envoy: min_concurrency, 3).</summary>
    public int Least { get; init; } = 3;

    /// <summary>What it may have at the most: 1 to 1,000,000. Default 1,000 (Envoy: max_concurrency_limit).</summary>
    public int Most { get; init; } = 1000;

    /// <summary>How much longer than without load answers may take before the limit shrinks, in percent: 0 to 1,000. Default 25 (Envoy: buffer; Netflix: rttTolerance, 1.5 times).</summary>
    public int Tolerance { get; init; } = 25;

    /// <summary>How often it is measured what answers take without load, while there is load: 1 s to 24 h. Default 30 s (Envoy: min_rtt_calc_params interval).</summary>
    public TimeSpan Measure { get; init; } = TimeSpan.FromSeconds(30);
}
