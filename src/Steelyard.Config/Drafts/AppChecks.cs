using Steelyard.Config.Text;

namespace Steelyard.Config.Drafts;

/// <summary>What has to fit together in an app.</summary>
internal static class AppChecks
{
    private static readonly ReadySettings s_ready = new();

    /// <param name="draft">The app; null for none.</param>
    /// <param name="limited">Whether the pool's servers may have only so many requests each.</param>
    /// <param name="overTls">Whether they speak TLS.</param>
    /// <param name="problems">Gets what does not fit.</param>
    public static AppSettings? App(AppDraft? draft, bool limited, bool overTls, ProblemList problems)
    {
        if (draft is not { Command: { } command })
            return null;
        var app = draft.Settings with { Command = command.Value };
        var usesSocket = app.Command.Any(word => word.Contains("{socket}", StringComparison.Ordinal));
        if (usesSocket && app.Listen is WorkerListen.Port or WorkerListen.Activation or WorkerListen.Cluster or WorkerListen.Raw or WorkerListen.None)
            problems.Error(command.Place, "'{socket}' in the command of an app that listens on no Unix socket", "'listen: socket', or a command without it");
        if (app.Listen == WorkerListen.Raw && app.Ready.On == ReadySign.Http)
            problems.Error(draft.Place, "an app whose clients connect to it cannot be asked whether it is ready", "'ready' on listening, signal, notify, log or delay");
        if (app.Listen == WorkerListen.None && app.Ready.On is ReadySign.Listening or ReadySign.Http)
            problems.Error(draft.Place, "an app that listens on nothing cannot show by it that it is ready", "'ready' on notify, log, delay or exit");
        if (app.Ready.On == ReadySign.Exit && (app.Listen != WorkerListen.None || !app.Restart.Leaves(0)))
            problems.Error(draft.Place, "'ready' on the end of an app that is to stay", "'listen: none' and 'restart: { on: failure }', or never, for one that does something once; else another 'ready'");
        if (app is { Ready.On: ReadySign.Signal, HasChannel: false })
            problems.Error(draft.Place, "'ready' on a signal that only workers of a Node cluster can send", "'notify', or 'listen: cluster'");
        if (app is { Port: not null, IsCluster: false })
            problems.Error(draft.Place, "'port' of an app that is no Node cluster", "'{port}' in the command, or 'listen: cluster'");
        if (app is { Stop.Message: not null, HasChannel: false })
            problems.Error(draft.Place, "'message' to workers of no Node cluster", "a 'signal', or 'listen: cluster'");

        if (app.Metrics == AppSettings.ClusterMetrics && !app.IsCluster)
            problems.Error(draft.Place, "'metrics: cluster' of an app that is no Node cluster", "a path such as /metrics, or 'listen: cluster'");
        if (app.Metrics is not (null or AppSettings.ClusterMetrics) && !app.TakesRequests)
            problems.Error(draft.Place, "'metrics' by a path of workers that get no requests from us", "'metrics: cluster', or another 'listen'");
        if (app.Ready is { On: ReadySign.Log, Text: null })
            problems.Error(draft.Place, "'ready' on a line of the log, without 'text'", "the text that the line contains");
        if (IdleOf(app.Ready) is (var key, var on))
            problems.Error(draft.Place, $"'{key}' of a 'ready' that goes by something else", $"'on: {on}' beside it, or no '{key}'");
        if (app.Watch.Any(path => path == "true"))
            problems.Error(draft.Place, "'watch: true', which names a file", "'watch: .' for all that lies in the app's folder, or the files and folders that count");
        if (app.Group is not null && app.User is null)
            problems.Error(draft.Place, "'group' without 'user'", "both, or 'user' alone for that user's own group");
        if (app.Restart.Delay > app.Restart.MostDelay)
            problems.Error(draft.Place, $"'restart' begins with a pause of {DurationText.Write(app.Restart.Delay)}, longer than its longest of {DurationText.Write(app.Restart.MostDelay)}", "'delay' at most as long as 'most-delay'");
        if (app.Scale is { } scale)
            Scale(draft.Place, scale, limited, problems);
        if (app is { Scale: not null, TakesRequests: false })
            problems.Error(draft.Place, "'scale' of an app that gets no requests from us", "another 'listen', or no 'scale'");
        return overTls && app.Ready.On == ReadySign.Http ? app with { Ready = app.Ready with { OverTls = true } } : app;
    }

    /// <summary>A key by which nothing goes, and what would go by it.</summary>
    private static (string Key, string On)? IdleOf(ReadySettings ready) =>
        ready.On != ReadySign.Http && ready.Path != s_ready.Path ? ("path", "http")
        : ready is { On: not ReadySign.Log, Text: not null } ? ("text", "log")
        : ready.On != ReadySign.Delay && ready.Delay != s_ready.Delay ? ("delay", "delay")
        : null;

    /// <summary>Whether the apps can be started one after the other as they ask.</summary>
    public static void Order(IReadOnlyDictionary<string, PoolDraft> pools, ProblemList problems)
    {
        Dictionary<string, int> missing = new(StringComparer.Ordinal);
        Dictionary<string, List<string>> waiting = new(StringComparer.Ordinal);
        Stack<string> ready = [];
        foreach (var (name, pool) in pools)
        {
            if (pool.App is not { } app)
                continue;
            missing.Add(name, 0);
            foreach (var other in app.Settings.After)
            {
                if (pools.GetValueOrDefault(other)?.App is null)
                {
                    problems.Error(app.Place, $"'after' names {Shown.Quote(other)}, which is no pool with an app", "pools that have one", problems.Names.Nearest(other, pools.Keys));
                    continue;
                }

                missing[name]++;
                if (!waiting.TryAdd(other, [name]))
                    waiting[other].Add(name);
            }

            if (missing[name] == 0)
                ready.Push(name);
        }

        while (ready.TryPop(out var started))
        {
            missing.Remove(started);
            foreach (var waiter in waiting.GetValueOrDefault(started) ?? [])
            {
                if (--missing[waiter] == 0)
                    ready.Push(waiter);
            }
        }

        if (missing.Count > 0)
            ReportCircle(pools, missing, problems);
    }

    /// <summary>Finds a circle among apps each of which waits for another of them.</summary>
    private static void ReportCircle(IReadOnlyDictionary<string, PoolDraft> pools, Dictionary<string, int> missing, ProblemList problems)
    {
        OrderedDictionary<string, PoolDraft> walked = new(StringComparer.Ordinal);
        var name = missing.Keys.First();
        while (walked.TryAdd(name, pools[name]))
            name = pools[name].App!.Settings.After.First(missing.ContainsKey);
        for (var i = walked.IndexOf(name); i < walked.Count; i++)
        {
            var (waiter, pool) = walked.GetAt(i);
            var other = i + 1 < walked.Count ? walked.GetAt(i + 1).Key : name;
            problems.Error(pool.App!.Place, $"'after' leads in a circle: {waiter} waits for {other}, and {other} for {waiter}", "apps of which one can begin");
        }
    }

    /// <summary>Whether nobody can send requests to a pool: it has nothing but workers that are no servers.</summary>
    public static bool TakesNoRequests(PoolDraft pool) =>
        pool is { App: { Command: { } command } app, Servers.Count: 0 } && !(app.Settings with { Command = command.Value }).TakesRequests;

    private static void Scale(Place place, ScaleSettings scale, bool limited, ProblemList problems)
    {
        if (scale.Min > scale.Max)
            problems.Error(place, $"'scale' from at least {scale.Min} to at most {scale.Max} workers", "'min' at most as large as 'max'");
        if (scale is { Concurrency: null, Queue: null })
            problems.Error(place, "'scale' by nothing: neither 'concurrency' nor 'queue'", "one of the two, as in { max: 8, concurrency: 10 }");
        if (scale.Queue is not null && !limited)
            problems.Error(place, "'scale' by a 'queue' in a pool where no server has a limit, so that nobody ever waits", "'max-connections' or 'adaptive-limit' in the pool, or 'concurrency'");
    }
}
