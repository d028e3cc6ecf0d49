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
    private static readonly AdminJson s_json = AdminJson.Readable;

    public static IReadOnlyList<AdminEndpoint> All { get; } =
    [
        AdminEndpoint.Ask("/api/status", "Everything at a glance: version, configuration, listeners, pools with their servers, counters.", s_json.StatusView, WorkerEndpoints.StatusAsync),
        AdminEndpoint.Get("/api/version", "The program, and since when its engine serves.", s_json.VersionView, call => AdminLook.Version(call.Desk)),
        AdminEndpoint.Ask("/api/configuration", "What is served: file, hash, age, generation, and what operators have changed since.", s_json.ConfigurationView, call => AdminLook.ConfigurationAsync(call.Desk)),
        AdminEndpoint.Get("/api/listeners", "The listeners, with their connections.", s_json.ListenerViewArray, call => AdminLook.Listeners(call.Desk)),
        AdminEndpoint.Get("/api/routes", "The routes of all listeners.", s_json.RouteViewArray, call => AdminLook.Routes(call.Desk)),
        AdminEndpoint.Get("/api/pools", "The pools with their servers.", s_json.PoolViewArray, call => AdminLook.Pools(call.Desk)),
        AdminEndpoint.Get("/api/pools/{pool}", "One pool with its servers.", s_json.PoolView, call => AdminLook.Pools(call.Desk).Single(pool => pool.Name == call.Pool.Name)),
        AdminEndpoint.Get("/api/pools/{pool}/servers/{server}", "One server, by its name, its address or its number in the pool.", s_json.ServerView, call => AdminLook.Server(call.Desk, call.Server)),
        AdminEndpoint.Change("PUT", "/api/pools/{pool}/servers/{server}/state", "Sets what is wanted of a server: ready, drain (no new requests) or maintenance (nothing). It outlives reloads and engines, and ends with the keeper.", s_json.StateBody, s_json.ServerView, SetStateAsync),
        AdminEndpoint.Change("PUT", "/api/pools/{pool}/servers/{server}/weight", "Sets a server's weight, 0 to 256; null for what the file says. It outlives reloads and engines, and ends with the keeper.", s_json.WeightBody, s_json.ServerView, SetWeightAsync),
        AdminEndpoint.Get("/api/counters", "What the engine has done since its start.", s_json.CountersView, call => AdminLook.Counters(call.Desk)),
        AdminEndpoint.Get("/api/errors", "The last requests that were answered with an error or broken off, the newest first.", s_json.ErrorViewArray, call => AdminLook.Errors(call.Desk)),
        AdminEndpoint.Get("/api/causes", "All causes that errors, logs and error pages name: what each means, how to see it, what to do.", s_json.KnownCauseArray, _ => [.. CauseTable.All]),
        AdminEndpoint.Change("POST", "/api/explain", "Says what would become of a request, without sending it: listener, route, pool, candidates, choice, and how so many of them would fall.", s_json.ExplainBody, s_json.ExplainReport, ExplainAsync),
        AdminEndpoint.Do("/api/reload", "Takes up what the configuration file says now, and says what came of it: 409 where it stayed as it was.", s_json.ReportView, ReloadAsync),
        AdminEndpoint.Change("PUT", "/api/pools/{pool}/servers/{server}/limit", "Sets how many requests a server may have at once, 1 to 1000000; null for what the file says. It outlives reloads and engines, and ends with the keeper.", s_json.LimitBody, s_json.ServerView, ServingEndpoints.LimitServerAsync),
        AdminEndpoint.Change("POST", "/api/pools/{pool}/servers", "Puts a server into a pool. It stays over reloads and engines, and ends with the keeper; a file that names it makes it its own.", s_json.ServerBody, s_json.ServerView, ServingEndpoints.AddAsync),
        new("DELETE", "/api/pools/{pool}/servers/{server}", "Takes a server out of its pool: no new requests, what it has ends. It stays out over reloads and engines, until it is added again or the keeper ends.", async call => await call.AnswerAsync(await ServingEndpoints.RemoveAsync(call), s_json.ReportView)) { Answer = s_json.ReportView },
        AdminEndpoint.Change("PUT", "/api/listeners/{listener}/limit", "Sets how many connections a listener may have, 1 to 1000000; null for what the file says. The listener is named by its first address as the file writes it.", s_json.LimitBody, s_json.ListenerView, ServingEndpoints.LimitListenerAsync),
        AdminEndpoint.Get("/api/breakers", "The breakers of pools and servers: state, what an operator wants of them, counts.", s_json.BreakerViewArray, call => AdminLook.Breakers(call.Desk)),
        AdminEndpoint.Change("PUT", "/api/pools/{pool}/breaker", "Holds the breakers of a pool, and of its servers, open (nothing passes) or closed (everything passes); none lets them do their work. It outlives reloads and engines, and ends with the keeper.", s_json.HoldBody, s_json.BreakerViewArray, ServingEndpoints.HoldAsync),
        AdminEndpoint.Ask("/api/connections", "The clients' connections of this moment, 1000 at most: where from, to which listener, how old, and the request under way.", s_json.ConnectionViewArray, call => AdminLook.ConnectionsAsync(call.Desk, 1000)),
        AdminEndpoint.Get("/api/history", "What has become of each server since the engine began to serve: changes of its state, how often it went down and for how long.", s_json.HistoryViewArray, call => AdminLook.History(call.Desk)),
        AdminEndpoint.Get("/api/pools/{pool}/servers/{server}/history", "The same of one server.", s_json.HistoryView, call => AdminLook.History(call.Desk, call.Server)),
        AdminEndpoint.Ask("/api/discovery", "Where servers are found: what was found, how old that is, and what is wrong.", s_json.DiscoveryViewArray, WorkerEndpoints.DiscoveryAsync),
        AdminEndpoint.Get("/api/shared", "The Redis over which clients and limits are shared with other balancers: whether it answers, and why not; empty where nothing is shared.", s_json.SharedViewArray, call => AdminLook.Shared(call.Desk)),
        AdminEndpoint.Ask("/api/keeper", "The keeper: its process, reloads and those that failed, engines it has started.", s_json.KeeperView, WorkerEndpoints.KeeperAsync),
        AdminEndpoint.Ask("/api/apps", "The apps with their workers: state, process, restarts, memory.", s_json.AppViewArray, WorkerEndpoints.AppsAsync),
        AdminEndpoint.Ask("/api/apps/{pool}", "The app of one pool.", s_json.AppView, WorkerEndpoints.AppAsync),
        AdminEndpoint.Ask("/api/apps/{pool}/logs", "What the workers of a pool have printed last, the oldest line first.", s_json.LogViewArray, WorkerEndpoints.LogsAsync) with
        {
            Query = [new("worker", "The number of one worker."), new("lines", "How many lines, 1 to 500; 100 when left out.")],
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

    /// <summary>Lets a server be what an operator wants.</summary>
    /// <param name="call">The request.</param>
    /// <param name="change">What is wanted.</param>
    /// <param name="name">The server as it is answered for; null for the one that the path names.</param>
    internal static async Task<ServerView> ChangeAsync(AdminCall call, ServerChange change, string? name = null)
    {
        // The keeper first: what was answered outlives this engine.
        if (!await call.Desk.Keeper.KeepAsync(change))
            throw new AdminProblemException(StatusCodes.Status503ServiceUnavailable, "the keeper has gone; this engine ends soon");
        if (!await call.Desk.Balancer.ChangeAsync(change))
            throw new AdminProblemException(StatusCodes.Status409Conflict, "a reload has taken the server out meanwhile");
        return AdminLook.Server(call.Desk, name is null ? call.Server : call.ServerAt(name));
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
