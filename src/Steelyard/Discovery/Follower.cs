using Steelyard.Config;

namespace Steelyard.Discovery;

/// <summary>Follows a source for as long as somebody wants its servers. May be asked from any thread.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private readonly IServerSource _source;
    private readonly KeptServers _kept;
    private readonly Func<Follower, Task> _changed;
    private readonly TimeProvider _time;
    private readonly TimeSpan? _lookEvery;
    private readonly long _begun;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _following;

    /// <param name="source">Where it looks.</param>
    /// <param name="kept">What becomes of what it finds.</param>
    /// <param name="changed">Called, one call after the other, when the servers have changed, or something about them has gone wrong or well again.</param>
    /// <param name="time">The clock.</param>
    /// <param name="lookEvery">How often to look; null for as the answers say.</param>
    public Follower(IServerSource source, KeptServers kept, Func<Follower, Task> changed, TimeProvider time, TimeSpan? lookEvery = null)
    {
        (_source, _kept, _changed, _time, _lookEvery, _begun) = (source, kept, changed, time, lookEvery, time.GetTimestamp());
        _following = Task.Run(FollowAsync);
    }

    public string Name => _source.Name;

    /// <summary>Ends with the first look, whatever it has come to.</summary>
    public Task First => _first.Task;

    public IReadOnlyList<ServerSettings> Servers
    {
        get
        {
            lock (_lock)
                return _kept.Servers;
        }
    }

    /// <summary>How it does.</summary>
    public FollowerStatus Status
    {
        get
        {
            lock (_lock)
                return new(_kept.Servers, _kept.LastGood is { } good ? Now - good : null, _kept.Failures, _kept.Why ?? (_kept.TooMany > 0 ? $"{_kept.TooMany} servers more than 'max-servers' are left out" : null));
        }
    }

    private TimeSpan Now => _time.GetElapsedTime(_begun);

    private async Task FollowAsync()
    {
        SourceAnswer? last = null;
        string? saidWhy = null;
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var answer = await AskAsync();
                last = answer ?? last;
                TimeSpan wait;
                bool news;
                lock (_lock)
                {
                    news = _kept.Take(answer, Now);
                    wait = _lookEvery ?? _kept.Next(last, Now);
                }

                _first.TrySetResult();
                var why = Status.Why;
                if (news || (why is null) != (saidWhy is null))
                    await _changed(this);
                saidWhy = why;
                await Task.Delay(wait, _time, _end.Token);
            }
            catch (OperationCanceledException) when (_end.IsCancellationRequested)
            {
                return;
            }
        }
    }

    // Whatever an answer does to who reads it, the servers are followed on.
    private async Task<SourceAnswer?> AskAsync()
    {
        try
        {
            return await _source.AskAsync(_end.Token);
        }
        catch (Exception fault) when (!_end.IsCancellationRequested)
        {
            return SourceAnswer.Failed(fault.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _following;
        if (_source is IAsyncDisposable owner)
            await owner.DisposeAsync();
        _end.Dispose();
    }
}

/// <summary>How a source does.</summary>
/// <param name="Servers">The servers.</param>
/// <param name="Age">How long ago the last good answer came; null for never.</param>
/// <param name="Failures">How many looks have come to nothing.</param>
/// <param name="Why">What is wrong; null for nothing.</param>
internal sealed record FollowerStatus(IReadOnlyList<ServerSettings> Servers, TimeSpan? Age, long Failures, string? Why);
