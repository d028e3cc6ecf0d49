using Steelyard.Apps;
using Steelyard.Apps.Node;
using Steelyard.Apps.Output;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Discovery;
using Steelyard.Engine;
using Steelyard.Engine.Sticky;

namespace Steelyard.Keeper;

/// <summary>What the admin API asks of the keeper: itself with <c>--single</c>, else over the channel.</summary>
internal interface IKeeper
{
    /// <summary>Keeps what an operator wants of a server, and lets every engine go by it; ends when this one does.</summary>
    /// <returns>Whether the keeper has taken it.</returns>
    Task<bool> KeepAsync(ServerChange change);

    /// <summary>Keeps how the breakers of a pool are to be held, and lets every engine go by it; ends when this one does.</summary>
    /// <returns>Whether the keeper has taken it.</returns>
    Task<bool> KeepAsync(string pool, BreakerHold hold);

    /// <summary>Keeps the clients that pools remember, for the engine that follows.</summary>
    void Remember(ClientMemory clients);

    /// <summary>Lets the keeper do something, and waits for what becomes of it.</summary>
    /// <param name="kind">What.</param>
    /// <param name="argument">More of it, without line breaks; may be empty.</param>
    Task<KeeperAnswer> AskAsync(KeeperRequestKind kind, string argument = "");
}

/// <summary>What has become of something that the keeper was asked for.</summary>
/// <param name="Done">Whether it succeeded.</param>
/// <param name="Lines">What was said about it.</param>
internal sealed record KeeperAnswer(bool Done, IReadOnlyList<string> Lines)
{
    /// <summary>Whether it may be longer than what people are told in a few lines.</summary>
    public bool IsLong { get; init; }
}

/// <summary>The keeper in this process.</summary>
internal sealed class KeeperDesk(KeeperRequests requests, AppSupervisors apps) : IKeeper
{
    private readonly DateTimeOffset _since = DateTimeOffset.UtcNow;
    private int _reloads;
    private int _failedReloads;
    private int _engines;

    /// <summary>What operators want of servers.</summary>
    public LiveChanges Changes { get; } = new();

    /// <summary>The clients that pools remember.</summary>
    public KeptClients Clients { get; } = new();

    public void Remember(ClientMemory clients) => Clients.Take(MemoryFile.Create(clients.Bytes.Span), teller: null);

    public Task<bool> KeepAsync(ServerChange change)
    {
        Changes.Keep(change);
        return Task.FromResult(true);
    }

    /// <summary>A reload has ended.</summary>
    public void CountReload(bool done) => Interlocked.Increment(ref done ? ref _reloads : ref _failedReloads);

    /// <summary>An engine has been started.</summary>
    public void CountEngine() => Interlocked.Increment(ref _engines);

    public Task<bool> KeepAsync(string pool, BreakerHold hold)
    {
        Changes.Keep(pool, hold);
        return Task.FromResult(true);
    }

    /// <summary>What operators have made of the configuration.</summary>
    public LiveSettings Live { get; set; } = LiveSettings.None;

    /// <summary>What finds servers.</summary>
    public Discoveries? Discoveries { get; set; }

    /// <summary>What the file says that is served.</summary>
    public Snapshot? Configured { get; set; }

    public async Task<KeeperAnswer> AskAsync(KeeperRequestKind kind, string argument = "")
    {
        // Looks wait for nobody.
        if (kind == KeeperRequestKind.State)
            return new(Done: true, new KeeperState(Environment.ProcessId, _since, _reloads, _failedReloads, _engines, KeeperState.Look(apps), Configured is { } file ? [.. Live.Differences(file), .. apps.Differences] : []) { Discoveries = Discoveries?.States ?? [] }.ToLines()) { IsLong = true };
        if (kind == KeeperRequestKind.Logs)
            return LogFeed.Last(apps, argument);
        if (kind == KeeperRequestKind.Metrics)
            return new(Done: true, await ClusterMetrics.AskAsync(apps.Find(argument))) { IsLong = true };
        var report = new Report();
        requests.Ask(kind, argument, report);
        var done = await report.Done;
        return new(done, [.. report.Lines.Select(line => line.Line)]);
    }
}
