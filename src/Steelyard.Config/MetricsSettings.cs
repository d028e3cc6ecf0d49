namespace Steelyard.Config;

/// <summary>How what happens is counted for monitoring.</summary>
public sealed record MetricsSettings
{
    /// <summary>
    /// The longest time of each bucket of a histogram, ascending, 1 ms to 1 h, at most 30; one more takes the rest.
    /// Default 100 ms, 500 ms, 1 s, 2 s, 5 s.
    /// </summary>
    public ValueList<TimeSpan> Buckets { get; init; } =
    [
        TimeSpan.FromMilliseconds(100),
        TimeSpan.FromMilliseconds(500),
        TimeSpan.FromSeconds(1),
        TimeSpan.FromSeconds(2),
        TimeSpan.FromSeconds(5),
    ];
}
