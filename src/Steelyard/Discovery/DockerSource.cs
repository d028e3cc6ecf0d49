using Steelyard.Docker;

namespace Steelyard.Discovery;

/// <summary>
/// Servers that Docker's engine names. It is asked when it tells that something has happened, and now and then besides, for
/// what it does not tell. When it goes away it is asked again until it is back.
/// </summary>
/// <param name="servers">Which servers.</param>
/// <param name="socket">The socket of the engine.</param>
internal sealed class DockerSource(IDockerServers servers, string socket) : IServerSource, IAsyncDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(10);

    private readonly DockerEngine _engine = new(socket);
    private DockerWatch? _watch;
    private bool _hasAsked;
    private int _failures;

    public string Name => servers.Name;

    /// <summary>Ends when there is something new, or nothing could be learned.</summary>
    public async Task<SourceAnswer?> AskAsync(CancellationToken cancel)
    {
        await WaitAsync(cancel);
        _hasAsked = true;
        try
        {
            _watch ??= await DockerWatch.BeginAsync(_engine, servers.Events, cancel);
            var answer = await servers.LookAsync(_engine, cancel);
            _failures = 0;
            return answer;
        }
        catch (DockerException error)
        {
            _failures++;
            await CloseAsync();
            return SourceAnswer.Failed(error.Message);
        }
    }

    private async Task WaitAsync(CancellationToken cancel)
    {
        if (!_hasAsked)
            return;
        var pause = s_firstPause * (1 << Math.Clamp(_failures - 1, 0, 10));
        if (_watch is not null && await HearAsync(_watch, cancel))
            return;
        await CloseAsync();
        await Task.Delay(pause < s_longestPause ? pause : s_longestPause, cancel);
    }

    /// <summary>Waits for what matters, or until it is time to look anyway.</summary>
    /// <returns>Whether the engine still tells.</returns>
    private async Task<bool> HearAsync(DockerWatch watch, CancellationToken cancel)
    {
        var until = Environment.TickCount64 + (long)servers.LookAgain.TotalMilliseconds;
        while (true)
        {
            var left = until - Environment.TickCount64;
            if (left <= 0)
                return true;
            if (await watch.NextAsync(TimeSpan.FromMilliseconds(left), cancel) is not { } events)
                return false;
            var matters = false;
            foreach (var one in events)
                matters |= servers.Note(one);
            if (matters)
                return true;
        }
    }

    private async Task CloseAsync()
    {
        if (_watch is not null)
            await _watch.DisposeAsync();
        _watch = null;
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _engine.Dispose();
    }
}

/// <summary>Which servers Docker's engine is asked for: containers, or tasks of services.</summary>
internal interface IDockerServers
{
    /// <summary>What they are called where people read it.</summary>
    string Name { get; }

    /// <summary>The filter of the events that may matter.</summary>
    string Events { get; }

    /// <summary>When to look although nothing was told.</summary>
    TimeSpan LookAgain { get; }

    /// <summary>Takes notice of an event.</summary>
    /// <returns>Whether to look.</returns>
    bool Note(DockerEvent happened);

    /// <summary>Looks.</summary>
    /// <exception cref="DockerException">The engine does not answer, or refuses.</exception>
    Task<SourceAnswer> LookAsync(DockerEngine engine, CancellationToken cancel);
}
