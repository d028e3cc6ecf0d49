using System.Globalization;
using Steelyard.Keeper;

namespace Steelyard.Metrics;

/// <summary>What is known of the workers of apps, by pool and number. A new metric is a row here.</summary>
internal static class WorkerMetrics
{
    private static readonly (string Name, string Type, string Help, Func<WorkerState, double?> Value)[] s_rows =
    [
        ("steelyard_worker_serving", "gauge", "Whether the worker is in its pool; 0 while it starts, stops, waits to be started again, or is left alone.", worker => worker.State == "serving" ? 1 : 0),
        ("steelyard_worker_restarts_total", "counter", "How often a worker was started in the place of one that had ended by itself.", worker => worker.Restarts),
        ("steelyard_worker_uptime_seconds", "gauge", "How long the worker's process has lived.", worker => worker.Process == 0 ? null : worker.Lived.TotalSeconds),
        ("steelyard_worker_resident_memory_bytes", "gauge", "Resident memory of the worker with all that it started.", worker => worker.Process == 0 ? null : worker.Memory),
        ("steelyard_worker_cpu_seconds_total", "counter", "Time on processors that the worker's process has used with all that it started.", worker => worker.Process == 0 ? null : worker.CpuSeconds),
    ];

    /// <summary>Writes all of it.</summary>
    public static void Write(MetricsText text, KeeperState state)
    {
        foreach (var (name, type, help, value) in s_rows)
        {
            text.Begin(name, type, help);
            foreach (var app in state.Apps)
            {
                foreach (var worker in app.Workers)
                {
                    if (value(worker) is { } number)
                        text.Value(number, "pool", app.Pool, "worker", worker.Number.ToString(CultureInfo.InvariantCulture));
                }
            }
        }
    }
}
