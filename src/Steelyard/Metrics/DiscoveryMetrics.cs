using Steelyard.Discovery;
using Steelyard.Keeper;

namespace Steelyard.Metrics;

/// <summary>What is known of where servers are found, by pool and source; names of servers have no pool. A new metric is a row here.</summary>
internal static class DiscoveryMetrics
{
    private static readonly (string Name, string Type, string Help, Func<DiscoveryState, double?> Value)[] s_rows =
    [
        ("steelyard_discovery_servers", "gauge", "Servers, or addresses, that were found and are in use.", one => one.Servers.Count),
        ("steelyard_discovery_ok", "gauge", "Whether the last look found what it was for.", one => one.Why is null ? 1 : 0),
        ("steelyard_discovery_age_seconds", "gauge", "How long ago the last good answer came.", one => one.Age?.TotalSeconds),
        ("steelyard_discovery_failures_total", "counter", "Looks that came to nothing.", one => one.Failures),
    ];

    /// <summary>Writes all of it.</summary>
    public static void Write(MetricsText text, KeeperState state)
    {
        if (state.Discoveries.Count == 0)
            return;
        foreach (var (name, type, help, value) in s_rows)
        {
            text.Begin(name, type, help);
            foreach (var one in state.Discoveries)
            {
                if (value(one) is { } number)
                    text.Value(number, "pool", one.Pool, "source", one.Source);
            }
        }
    }
}
