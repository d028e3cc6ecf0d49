using System.Globalization;
using Steelyard.Keeper;

namespace Steelyard.Admin;

/// <summary>What the keeper is asked for: itself, and the workers of apps.</summary>
internal static class WorkerEndpoints
{
    private const int UsualLines = 100;
    private const int MostLines = 500;

    public static async Task<KeeperView> KeeperAsync(AdminCall call)
    {
        var state = await StateAsync(call);
        return new(state.Process, state.Since, state.Reloads, state.FailedReloads, state.Engines);
    }

    public static async Task<AppView[]> AppsAsync(AdminCall call) => await AppsAsync(call.Desk, await StateAsync(call));

    /// <summary>All at a glance; without what the keeper knows where it does not answer.</summary>
    public static async Task<StatusView> StatusAsync(AdminCall call)
    {
        var status = await AdminLook.StatusAsync(call.Desk);
        return await call.Desk.KeeperStateAsync() is { } state ? status with { Apps = await AppsAsync(call.Desk, state), Discovery = Discovery(state) } : status;
    }

    public static async Task<DiscoveryView[]> DiscoveryAsync(AdminCall call) => Discovery(await StateAsync(call));

    private static DiscoveryView[] Discovery(KeeperState state) =>
        [.. state.Discoveries.Select(one => new DiscoveryView(one.Pool.Length == 0 ? null : one.Pool, one.Source, [.. one.Servers], one.Age is { } age ? Math.Round(age.TotalSeconds, 3) : null, one.Failures, one.Why))];

    private static Task<AppView[]> AppsAsync(AdminDesk desk, KeeperState state) => Task.WhenAll(state.Apps.Select(app => ViewAsync(desk, app)));

    public static async Task<AppView> AppAsync(AdminCall call)
    {
        var apps = (await StateAsync(call)).Apps;
        return await ViewAsync(call.Desk, apps.FirstOrDefault(app => app.Pool == call["pool"]) ?? throw NoApp(call, [.. apps.Select(app => app.Pool)]));
    }

    public static async Task<LogView[]> LogsAsync(AdminCall call)
    {
        var (worker, lines) = (call.QueryNumber("worker", 1, 1024), call.QueryNumber("lines", 1, MostLines) ?? UsualLines);
        var name = worker is null ? call.Pool.Name : $"{call.Pool.Name}.{worker}";
        var answer = await call.Desk.Keeper.AskAsync(KeeperRequestKind.Logs, $"{name} {lines.ToString(CultureInfo.InvariantCulture)}");
        return answer.Done ? [.. answer.Lines.Select(LogView.TryRead).OfType<LogView>()] : throw NoApp(call, [.. (await StateAsync(call)).Apps.Select(app => app.Pool)]);
    }

    public static Task<ReportView> ScaleAsync(AdminCall call, ScaleBody body) =>
        body.Workers is < 1 or > WorkerRequests.Most
        ? throw new AdminProblemException(StatusCodes.Status400BadRequest, $"{body.Workers} is no number of workers; it is 1 to {WorkerRequests.Most}")
        : call.OrderAsync(KeeperRequestKind.Scale, $"{PoolWithApp(call)}={body.Workers.ToString(CultureInfo.InvariantCulture)}", "there are as many workers as before");

    public static Task<ReportView> RestartAsync(AdminCall call) => call.OrderAsync(KeeperRequestKind.Restart, PoolWithApp(call), "the workers stay as they were");

    private static string PoolWithApp(AdminCall call)
    {
        if (call.Pool is { App: not null } pool)
            return pool.Name;
        var others = call.Desk.Served.Snapshot.Pools.Where(other => other.App is not null).Select(other => other.Name).ToList();
        throw NoApp(call, others);
    }

    private static async Task<KeeperState> StateAsync(AdminCall call) =>
        await call.Desk.KeeperStateAsync() ?? throw new AdminProblemException(StatusCodes.Status503ServiceUnavailable, "the keeper does not answer; this engine ends soon, or is newer than it");

    private static AdminProblemException NoApp(AdminCall call, List<string> apps) => new(
        StatusCodes.Status404NotFound,
        apps.Count == 0 ? "no pool has an 'app'" : $"the pool '{call["pool"]}' has no 'app'; there is {string.Join(", ", apps)}");

    private static async Task<AppView> ViewAsync(AdminDesk desk, AppState app)
    {
        var lags = await desk.AppMetrics.EventLoopLagsAsync(app);
        return new(app.Pool, app.Workers.Count(worker => worker.State == "serving"), [.. app.Workers.Select(worker => View(worker, lags.TryGetValue(worker.Number, out var lag) ? lag : null))]);
    }

    private static WorkerView View(WorkerState worker, double? lag) => worker.Process == 0
        ? new(worker.Number, worker.State, null, null, worker.Restarts, null, null, null, null, null)
        : new(
            worker.Number,
            worker.State,
            worker.Process,
            Math.Round(worker.Lived.TotalSeconds, 3),
            worker.Restarts,
            worker.Memory,
            Math.Round(worker.CpuSeconds, 2),
            Math.Round(worker.Busy * 100, 1),
            lag,
            worker.Address.Length == 0 ? null : worker.Address);
}
