using Prometheus;

namespace Steelyard.AspNetCore;

/// <summary>What is counted of requests, and where it is told.</summary>
public sealed class RequestMetricsOptions
{
    /// <summary>The path of the metrics in Prometheus' text form. Default <c>/metrics</c>.</summary>
    public string Path { get; set; } = "/metrics";

    /// <summary>The upper bounds of the buckets of <c>http_request_duration_seconds</c>, in seconds and in order. Default 0.1, 0.5, 1, 2 and 5.</summary>
    public IReadOnlyList<double> Buckets { get; set; } = [0.1, 0.5, 1, 2, 5];

    /// <summary>Where it is counted, and what <see cref="Path"/> tells; null for a registry of its own. <see cref="Prometheus.Metrics.DefaultRegistry"/> for what the app counts itself with prometheus-net beside it. Default null.</summary>
    public CollectorRegistry? Registry { get; set; }

    /// <summary>Whether the runtime is told of too: memory, collections, threads. Default true.</summary>
    public bool Runtime { get; set; } = true;
}
