using Steelyard.Balancing;
using Steelyard.Board;
using Steelyard.Engine;
using Steelyard.Engine.Causes;
using Steelyard.Engine.Explain;
using Steelyard.Explain;
using Steelyard.Keeper;
using Steelyard.Metrics;

namespace Steelyard.Admin;

/// <summary>All that the admin API can be asked. A new endpoint is a row here, with its records in <see cref="AdminJson"/>.</summary>
internal static class AdminEndpoints
{
    private static readonly AdminJson s_json = AdminJson.Default;

    public static IReadOnlyList<AdminEndpoint> All { get; } =
    [
        AdminEndpoint.Ask("/api/status", "Everything at a glance: version, configuration, listeners, pools with their servers, counters.", s_json.StatusView, WorkerEndpoints.StatusAsync),
        AdminEndpoint.Get("/api/version", "The program, and since when its engine serves.", s_json.VersionView, call => AdminLook.Version(call.Desk)),
        AdminEndpoint.Get("/api/configuration", "What is served: file, hash, age, generation, and what operators have changed since.", s_json.ConfigurationView, call => AdminLook.Configuration(call.Desk)),
        AdminEndpoint.Get("/api/listeners", "The listeners, with their connections.", s_json.ListenerViewArray, call => AdminLook.Listeners(call.Desk)),
        AdminEndpoint.Get("/api/routes", "The routes of all listeners.", s_json.RouteViewArray, call => AdminLook.Routes(call.Desk)),
        AdminEndpoint.Get("/api/pools", "The pools with their servers.", s_json.PoolViewArray, call => AdminLook.Pools(call.Desk)),
        AdminEndpoint.Get("/api/pools/{pool}", "One pool with its servers.", s_json.PoolView, call => AdminLook.Pools(call.Desk).Single(pool => pool.Name == call.Pool.Name)),
        AdminEndpoint.Get("/api/pools/{pool}/servers/{server}", "One server, by its address or its number in the pool.", s_json.ServerView, call => AdminLook.Server(call.Desk, call.Server)),
        AdminEndpoint.Change("PUT", "/api/pools/{pool}/servers/{server}/state", "Sets what is wanted of a server: ready, drain (no new requests) or maintenance (nothing). It outlives reloads and engines, and ends with the keeper.", s_json.StateBody, s_json.ServerView, SetStateAsync),
        AdminEndpoint.Change("PUT", "/api/pools/{pool}/servers/{server}/weight", "Sets a server's weight, 0 to 256; null for what the file says. It outlives reloads and engines, and ends with the keeper.", s_json.WeightBody, s_json.ServerView, SetWeightAsync),
        AdminEndpoint.Get("/api/counters", "What the engine has done since its start.", s_json.CountersView, call => AdminLook.Counters(call.Desk)),
        AdminEndpoint.Get("/api/errors", "The last requests that were answered with an error or broken off, the newest first.", s_json.ErrorViewArray, call => AdminLook.Errors(call.Desk)),
        AdminEndpoint.Get("/api/causes", "All causes that errors, logs and error pages name: what each means, how to see it, what to do.", s_json.KnownCauseArray, _ => [.. CauseTable.All]),
        AdminEndpoint.Change("POST", "/api/explain", "Says what would become of a request, without sending it: listener, route, pool, candidates, choice, and how so many of them would fall.", s_json.ExplainBody, s_json.ExplainReport, ExplainAsync),
        AdminEndpoint.Do("/api/reload", "Takes up what the configuration file says now, and says what came of it: 409 where it stayed as it was.", s_json.ReportView, ReloadAsync),
        AdminEndpoint.Get("/api/history", "What has become of each server since the engine began to serve: changes of its state, how often it went down and for how long.", s_json.HistoryViewArray, call => AdminLook.History(call.Desk)),
        AdminEndpoint.Get("/api/pools/{pool}/servers/{server}/history", "The same of one server.", s_json.HistoryView, call => AdminLook.History(call.Desk, call.Server)),
        AdminEndpoint.Ask("/api/keeper", "The keeper: its process, reloads and those that failed, engines it has started.", s_json.KeeperView, WorkerEndpoints.KeeperAsync),
        AdminEndpoint.Ask("/api/apps", "The apps with their workers: state, process, restarts, memory.", s_json.AppViewArray, WorkerEndpoints.AppsAsync),
        AdminEndpoint.Ask("/api/apps/{pool}", "The app of one pool.", s_json.AppView, WorkerEndpoints.AppAsync),
        AdminEndpoint.Ask("/api/apps/{pool}/logs", "What the workers of a pool have printed last, the oldest line first.", s_json.LogViewArray, WorkerEndpoints.LogsAsync) with
        {
            Query = [("worker", "The number of one worker."), ("lines", "How many lines, 1 to 500; 100 when left out.")],
        },
        AdminEndpoint.Change("PUT", "/api/apps/{pool}/scale", "Lets an app have so many workers, and ends when it has.", s_json.ScaleBody, s_json.ReportView, WorkerEndpoints.ScaleAsync),
        AdminEndpoint.Do("/api/apps/{pool}/restart", "Replaces the workers of an app by new ones without losing a request, and ends when they serve: 409 where a new one failed and the old ones serve.", s_json.ReportView, WorkerEndpoints.RestartAsync),
        LiveEndpoint.Endpoint,
        .. BoardFiles.Endpoints,
        new("GET", "/metrics", "What is counted, in the text format of Prometheus.", async call => await call.AnswerAsync(await MetricsPage.WriteAsync(call.Desk), MetricsText.ContentType)),
        new("GET", "/metrics/{pool}", "What all workers of a pool's app count, merged: counters and histograms added, gauges with the worker they are of.", async call => await call.AnswerAsync(await AppMetrics.PageAsync(call), MetricsText.ContentType)),
        AdminEndpoint.Get("/openapi.json", "This description.", s_json.JsonObject, _ => AdminDocument.Of(All!)),
    ];

    private static Task<ServerView> SetStateAsync(AdminCall call, StateBody body)
    {
        var state = body.State switch
        {
            "ready" => ServerState.Ready,
            "drain" => ServerState.Drain,
            "maintenance" => ServerState.Maintenance,
            _ => throw new AdminProblemException(StatusCodes.Status400BadRequest, $"'{body.State}' is no state; it is ready, drain or maintenance"),
        };
        var server = call.Server;
        return ChangeAsync(call, new(server.Pool, server.Address, state, server.LiveWeight));
    }

    private static Task<ServerView> SetWeightAsync(AdminCall call, WeightBody body)
    {
        if (body.Weight is < 0 or > 256)
            throw new AdminProblemException(StatusCodes.Status400BadRequest, $"{body.Weight} is no weight; it is 0 to 256, or null for what the file says");
        var server = call.Server;
        return ChangeAsync(call, new(server.Pool, server.Address, server.Wanted, body.Weight));
    }

    private static async Task<ServerView> ChangeAsync(AdminCall call, ServerChange change)
    {
        // The keeper first: what was answered outlives this engine.
        if (!await call.Desk.Keeper.KeepAsync(change))
            throw new AdminProblemException(StatusCodes.Status503ServiceUnavailable, "the keeper has gone; this engine ends soon");
        if (!await call.Desk.Balancer.ChangeAsync(change))
            throw new AdminProblemException(StatusCodes.Status409Conflict, "a reload has taken the server out meanwhile");
        return AdminLook.Server(call.Desk, call.Server);
    }

    private static Task<ExplainReport> ExplainAsync(AdminCall call, ExplainBody body)
    {
        try
        {
            var question = body.AsQuestion(DateTimeOffset.UtcNow);
            return Task.FromResult(ExplainReports.Of(question, call.Desk.Balancer.Explain(question)));
        }
        catch (QuestionException fault)
        {
            throw new AdminProblemException(StatusCodes.Status400BadRequest, fault.Message);
        }
    }

    private static Task<ReportView> ReloadAsync(AdminCall call) => call.OrderAsync(KeeperRequestKind.Reload, "", "the configuration stays as it was");
}
