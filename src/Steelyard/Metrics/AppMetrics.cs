using System.Collections.Concurrent;
using System.Globalization;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Metrics;

/// <summary>What the workers of apps count: each is asked when somebody wants to know.</summary>
internal sealed class AppMetrics(AdminDesk desk)
{
    private const string Lag = "nodejs_eventloop_lag_seconds";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, MergedMetrics> _merged = new(StringComparer.Ordinal);

    /// <summary>What all workers of the pool that the path names count, as one page.</summary>
    /// <exception cref="AdminProblemException">There is nothing to ask, or nobody.</exception>
    public static async Task<string> PageAsync(AdminCall call)
    {
        var pool = call.Pool;
        if (pool.App is not { Metrics: not null })
        {
            throw new AdminProblemException(
                StatusCodes.Status404NotFound,
                pool.App is null ? $"the pool '{pool.Name}' has no 'app'" : $"the configuration does not say where the workers of '{pool.Name}' have their metrics ('app: metrics')");
        }

        var state = await call.Desk.KeeperStateAsync() ?? throw new AdminProblemException(StatusCodes.Status503ServiceUnavailable, "the keeper does not answer; this engine ends soon, or is newer than it");
        var readings = await call.Desk.AppMetrics.ReadAsync(pool, state.Apps.FirstOrDefault(app => app.Pool == pool.Name)?.Workers ?? []);
        var merged = call.Desk.AppMetrics._merged.GetOrAdd(pool.Name, _ => new());
        lock (merged)
            return merged.Write(readings);
    }

    /// <summary>How late the event loops of workers are, by their numbers, where they say so.</summary>
    public async Task<IReadOnlyDictionary<int, double>> EventLoopLagsAsync(AppState app)
    {
        var lags = new Dictionary<int, double>();
        if (desk.Served.Snapshot.Pools.FirstOrDefault(pool => pool.Name == app.Pool) is not { App.Metrics: not null } pool)
            return lags;
        var readings = await ReadAsync(pool, app.Workers);
        foreach (var (worker, reading) in app.Workers.Zip(readings))
        {
            if (reading.Families?.FirstOrDefault(family => family.Name == Lag) is { Samples: [{ Value: var lag }, ..] } && double.IsFinite(lag))
                lags[worker.Number] = lag;
        }

        return lags;
    }

    private async Task<WorkerReading[]> ReadAsync(PoolSettings pool, IReadOnlyList<WorkerState> workers)
    {
        var metrics = pool.App!.Metrics!;
        var byChannel = metrics == AppSettings.ClusterMetrics ? await AskClusterAsync(pool.Name) : null;
        return await Task.WhenAll(workers.Select(async worker => new WorkerReading(
            $"{pool.Name}/{worker.Number}",
            $"{worker.Number}:{worker.Process}",
            byChannel is not null ? Parsed(byChannel.GetValueOrDefault(worker.Number), PromClientReader.Read) : await ScrapeAsync(pool, worker, metrics))));
    }

    private async Task<Dictionary<int, string>> AskClusterAsync(string pool)
    {
        var answer = await desk.Keeper.AskAsync(KeeperRequestKind.Metrics, pool);
        return answer.Lines.Select(line => line.Split('\t', 2)).ToDictionary(words => int.Parse(words[0], CultureInfo.InvariantCulture), words => words[1]);
    }

    private static async Task<IReadOnlyList<MetricFamily>?> ScrapeAsync(PoolSettings pool, WorkerState worker, string path) =>
        worker.State == "serving" && NetworkAddress.TryParse(worker.Address, out var address, out _)
            ? Parsed(await WorkerScrape.GetAsync(address, path, pool.Tls is not null, s_patience), MetricsReader.Read)
            : null;

    private static List<MetricFamily>? Parsed(string? text, Func<string, List<MetricFamily>> read)
    {
        try
        {
            return text is null ? null : read(text);
        }
        catch (FormatException)
        {
            // That it could not be read is a metric of its own.
            return null;
        }
    }
}
