using Steelyard.Apps;
using Steelyard.Apps.Scaling;
using Steelyard.Config;

namespace Steelyard.Keeper;

/// <summary>
/// The engine that serves now, in a process of its own: started again on the same sockets when it dies, and replaced by
/// that of a new program while the old one drains.
/// </summary>
internal sealed class SupervisedEngine(string folder, string? user, KeeperDesk desk) : IEngine
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RememberWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // One change at a time: serve, restart, upgrade, stop.
    private readonly SemaphoreSlim _change = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _force = new();
    private volatile Task[] _draining = [];
    private string _program = ThisProgram.Itself;
    private int _youngDeaths;
    private EngineProcess? _engine;
    private ServedConfiguration? _served;

    public async Task ServeAsync(ServedConfiguration served)
    {
        using var change = await ChangeAsync();
        var first = _engine is null;
        if (_engine is null)
            Supervise(EngineProcess.Start(_program, folder, user, desk));
        try
        {
            await _engine!.ServeAsync(served).WaitAsync(ReadyWithin);
            _served = served;
        }
        catch (TimeoutException) when (!first)
        {
            // It may have taken up any of it: another takes up what is served for certain.
            _engine!.Kill();
            throw new EngineException($"the engine did not take it up within {ReadyWithin.TotalSeconds:0} s and is killed");
        }
        catch (Exception error) when (first)
        {
            await LetGoAsync();
            if (error is TimeoutException)
                throw new EngineException($"the engine did not serve within {ReadyWithin.TotalSeconds:0} s");
            throw;
        }
    }

    public async Task SetServersAsync(string pool, ValueList<ServerSettings> servers)
    {
        using var change = await ChangeAsync();
        if (_served is null)
            return;
        _served = PoolServers.Put(_served, pool, servers);
        try
        {
            await (_engine?.SetServersAsync(pool, servers) ?? Task.CompletedTask).WaitAsync(ReadyWithin);
        }
        catch (TimeoutException)
        {
            _engine!.Kill();
            throw new EngineException($"the engine did not take up the servers of {pool} within {ReadyWithin.TotalSeconds:0} s and is killed");
        }
    }

    public Task<PoolLoad?> LoadAsync(string pool) => _engine?.LoadAsync(pool) ?? Task.FromResult<PoolLoad?>(null);

    // One that drains sees within a second that its file has another name.
    public void ReopenLogs() => _engine?.ReopenLogs();

    // An engine that drains may have something in flight with it too.
    public Task IdleAsync(string pool, NetworkAddress server, TimeSpan within) =>
        Task.WhenAny(Task.WhenAll([_engine?.IdleAsync(pool, server, within) ?? Task.CompletedTask, .. _draining]), Task.Delay(within));

    /// <summary>Puts the engine of another program in the place of the one that serves, which drains.</summary>
    /// <param name="program">The program file.</param>
    /// <param name="grace">How long the old engine has for what is in flight.</param>
    /// <exception cref="EngineException">The new one cannot serve; the old one goes on.</exception>
    public async Task UpgradeAsync(string program, TimeSpan grace)
    {
        using var change = await ChangeAsync();
        await LearnClientsAsync();
        var next = EngineProcess.Start(program, folder, user, desk);
        try
        {
            await next.ServeAsync(_served!).WaitAsync(ReadyWithin);
        }
        catch (Exception error) when (error is EngineException or TimeoutException)
        {
            await next.DisposeAsync();
            throw error is EngineException ? error : new EngineException($"the new engine did not serve within {ReadyWithin.TotalSeconds:0} s");
        }

        var before = _engine!;
        _program = program;
        Supervise(next);
        _draining = [.. _draining.Where(task => !task.IsCompleted), DrainAsync(before, grace)];
    }

    /// <summary>Lets the engine tell of the clients that it remembers, for the one that follows.</summary>
    private async Task LearnClientsAsync()
    {
        try
        {
            await _engine!.RememberAsync().WaitAsync(RememberWithin);
        }
        catch (Exception error) when (error is EngineException or TimeoutException)
        {
            // What it told of last has to do.
        }
    }

    public async Task<int> StopAsync(TimeSpan grace, Action released, CancellationToken force)
    {
        await _stopping.CancelAsync();
        await using var forced = force.Register(_force.Cancel);
        using var change = await ChangeAsync();
        var engine = _engine!;
        try
        {
            return await engine.StopAsync(grace, released, force);
        }
        finally
        {
            released();
            await Task.WhenAll(_draining);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        using (await ChangeAsync())
            await LetGoAsync();
        await _force.CancelAsync();
        await Task.WhenAll(_draining);
        _force.Dispose();
        _change.Dispose();
        _stopping.Dispose();
    }

    private async Task<Change> ChangeAsync()
    {
        await _change.WaitAsync();
        return new(_change);
    }

    private readonly struct Change(SemaphoreSlim change) : IDisposable
    {
        public void Dispose() => change.Release();
    }

    private async Task LetGoAsync()
    {
        var engine = _engine;
        _engine = null;
        if (engine is not null)
            await engine.DisposeAsync();
    }

    private void Supervise(EngineProcess engine)
    {
        _engine = engine;
        _ = RestartAfterDeathAsync(engine, DateTimeOffset.UtcNow);
    }

    /// <summary>Waits for the end of an engine, and starts another if it was not asked for: at once, and after a pause where one dies young.</summary>
    private async Task RestartAfterDeathAsync(EngineProcess engine, DateTimeOffset since)
    {
        var code = await engine.Exited;
        _youngDeaths = DateTimeOffset.UtcNow - since < Quick ? _youngDeaths + 1 : 0;
        var news = $"the engine has died ({ExitText.Of(code)}); another is started on the same sockets";
        while (!_stopping.IsCancellationRequested && _engine == engine && _served is not null)
        {
            await Console.Error.WriteLineAsync($"steelyard: {news}");
            try
            {
                await Task.Delay(Pause, _stopping.Token);
                using var change = await ChangeAsync();
                if (_engine != engine)
                    return;
                var next = EngineProcess.Start(_program, folder, user, desk);
                try
                {
                    await next.ServeAsync(_served).WaitAsync(ReadyWithin, _stopping.Token);
                }
                catch
                {
                    await next.DisposeAsync();
                    throw;
                }

                await engine.DisposeAsync();
                Supervise(next);
                return;
            }
            catch (Exception error) when (error is EngineException or TimeoutException)
            {
                news = $"no engine serves: {error.Message}; another is started";
                _youngDeaths++;
            }
            catch (OperationCanceledException)
            {
                // A stop has begun, and nobody is to serve any more.
                return;
            }
        }
    }

    /// <summary>How long to wait before the next start: none at first, then 0.1 s and twice as long each time.</summary>
    private TimeSpan Pause => _youngDeaths == 0 ? TimeSpan.Zero : FirstPause * (1 << Math.Min(_youngDeaths - 1, 10)) is var pause && pause < LongestPause ? pause : LongestPause;

    private async Task DrainAsync(EngineProcess engine, TimeSpan grace)
    {
        try
        {
            var cut = await engine.StopAsync(grace, static () => { }, keepIdle: true, _force.Token);
            Console.WriteLine($"the engine before has ended{(cut == 0 ? "" : $": {cut} {(cut == 1 ? "exchange was" : "exchanges were")} cut")}");
        }
        catch (EngineException error)
        {
            await Console.Error.WriteLineAsync($"steelyard: {error.Message} while it drained");
        }
        finally
        {
            await engine.DisposeAsync();
        }
    }
}
