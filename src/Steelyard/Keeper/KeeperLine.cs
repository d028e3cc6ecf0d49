using System.Collections.Concurrent;
using System.Globalization;
using Steelyard.Balancing;
using Steelyard.Engine;
using Steelyard.Engine.Sticky;

namespace Steelyard.Keeper;

/// <summary>The keeper as an engine in a process of its own asks it. May be used from any thread.</summary>
internal sealed class KeeperLine(MessageChannel channel) : IKeeper
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<KeeperAnswer>> _asked = new();
    private int _number;

    public async Task<bool> KeepAsync(ServerChange change) => (await SendAsync([EngineWords.Keep, .. LiveChanges.ToWords(change)])).Done;

    public async Task<bool> KeepAsync(string pool, BreakerHold hold) => (await SendAsync([EngineWords.Hold, pool, hold.ToString()])).Done;

    public void Remember(ClientMemory clients)
    {
        using var file = MemoryFile.Create(clients.Bytes.Span);
        channel.Send(new(EngineWords.Clients, [], [(int)file.DangerousGetHandle()]));
    }

    public Task<KeeperAnswer> AskAsync(KeeperRequestKind kind, string argument = "") => SendAsync([kind.ToString(), argument]);

    /// <summary>Takes an answer.</summary>
    public void Take(Message told)
    {
        IReadOnlyList<string> lines = told.Handles is [var file] ? MemoryFile.Read(file).Split('\n', StringSplitOptions.RemoveEmptyEntries) : [.. told.Arguments.Skip(2)];
        if (_asked.TryRemove(told.Arguments[0], out var asked))
            asked.TrySetResult(new(told.Arguments[1] == EngineWords.Yes, lines));
    }

    /// <summary>The keeper has gone: nobody answers any more.</summary>
    public void Close()
    {
        foreach (var asked in _asked.Values)
            asked.TrySetResult(Gone);
    }

    private static KeeperAnswer Gone => new(Done: false, ["the keeper has gone"]);

    private async Task<KeeperAnswer> SendAsync(IEnumerable<string> words)
    {
        var number = Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture);
        var answer = _asked[number] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return channel.Send(new(EngineWords.Ask, [number, .. words])) ? await answer.Task : Gone;
    }
}
