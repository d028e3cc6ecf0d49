using Steelyard.Engine;

namespace Steelyard.Keeper;

/// <summary>What the admin API asks of the keeper: itself with <c>--single</c>, else over the channel.</summary>
internal interface IKeeper
{
    /// <summary>Keeps what an operator wants of a server, and lets every engine go by it; ends when this one does.</summary>
    /// <returns>Whether the keeper has taken it.</returns>
    Task<bool> KeepAsync(ServerChange change);

    /// <summary>Lets the keeper do something, and waits for what becomes of it.</summary>
    Task<KeeperAnswer> AskAsync(KeeperRequestKind kind);
}

/// <summary>What has become of something that the keeper was asked for.</summary>
/// <param name="Done">Whether it succeeded.</param>
/// <param name="Lines">What was said about it.</param>
internal sealed record KeeperAnswer(bool Done, IReadOnlyList<string> Lines);

/// <summary>The keeper in this process.</summary>
internal sealed class KeeperDesk(KeeperRequests requests) : IKeeper
{
    /// <summary>What operators want of servers.</summary>
    public LiveChanges Changes { get; } = new();

    public Task<bool> KeepAsync(ServerChange change)
    {
        Changes.Keep(change);
        return Task.FromResult(true);
    }

    public async Task<KeeperAnswer> AskAsync(KeeperRequestKind kind)
    {
        var report = new Report();
        requests.Ask(kind, "", report);
        var done = await report.Done;
        return new(done, [.. report.Lines.Select(line => line.Line)]);
    }
}
