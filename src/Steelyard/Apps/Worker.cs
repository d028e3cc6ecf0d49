using System.Diagnostics;
using Steelyard.Apps.Output;
using Steelyard.Apps.Reach;
using Steelyard.Apps.Readiness;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps;

/// <summary>One process of an app, from its start to its end.</summary>
internal sealed class Worker
{
    private const int LinesKept = 10;
    private const int LongestKept = 1000;
    private static readonly TimeSpan s_graceForOutput = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_endsByItself = TimeSpan.FromMilliseconds(200);

    private readonly ChildProcess _process;
    private readonly ReadySettings _ready;
    private readonly NotifySocket? _notify;
    private readonly AppLog _log;
    private readonly LineSplitter _output;
    private readonly LineSplitter _error;

    // Also who may begin the stop, and who looks at what it uses.
    private readonly Queue<string> _lastLines = new();
    private readonly TaskCompletionSource _saidReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _lived;
    private (double Lived, double Cpu, double Busy) _looked;
    private Task? _stop;

    public Worker(string pool, int number, AppSettings app, ChildProcess process, WorkerReach reach, NotifySocket? notify, AppLog log, int output, int error)
    {
        (Pool, Number, App, _ready, Reach, _process, _notify, _log) = (pool, number, app, app.Ready, reach, process, notify, log);
        OutputPump.Add(_output = new(output, line => Take(line, error: false)));
        OutputPump.Add(_error = new(error, line => Take(line, error: true)));
        Exited = WaitForExitAsync();
    }

    public string Pool { get; }

    /// <summary>Its number in the pool, from 1; the one that takes its place has the same.</summary>
    public int Number { get; }

    /// <summary>The pool and the number, as in <c>web/1</c>.</summary>
    public string Name => $"{Pool}/{Number}";

    /// <summary>What it was started by, and is looked after by.</summary>
    public AppSettings App { get; set; }

    public WorkerReach Reach { get; }

    public int Process => _process.Id;

    /// <summary>Whether it is in its pool.</summary>
    public bool Serving { get; set; }

    /// <summary>Whether its end is wanted.</summary>
    public bool Leaving { get; set; }

    /// <summary>How long it has lived.</summary>
    public TimeSpan Lived => Volatile.Read(ref _lived) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : Stopwatch.GetElapsedTime(_started);

    /// <summary>How busy it keeps processors, 1 for one of them: on average since the look before, of which a second has to have passed.</summary>
    /// <param name="cpuSeconds">What it has used so far.</param>
    public double BusyBy(double cpuSeconds)
    {
        lock (_lastLines)
        {
            var (lived, since) = (Lived.TotalSeconds, _looked);
            if (lived - since.Lived >= 1 || since.Lived == 0)
                _looked = (lived, cpuSeconds, Math.Max(0, (cpuSeconds - since.Cpu) / Math.Max(lived - since.Lived, 0.01)));
            return _looked.Busy;
        }
    }

    /// <summary>Ends with its process: from then on it takes no requests.</summary>
    public Task Ended => _process.Exited;

    /// <summary>Its exit code, once it has ended with all that it started and what it printed has been read.</summary>
    public Task<int> Exited { get; }

    /// <summary>Waits until it is ready.</summary>
    /// <exception cref="AppStartException">It ended before, or is late.</exception>
    public async Task ReadyAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(_ready.Within);
        var ready = SignAsync(limit.Token);
        try
        {
            // What it has started may listen in its place: one that goes into the background is not there to be looked after.
            await Task.WhenAny(ready, Ended);
            if (Ended.IsCompleted && await HasDoneItsPartAsync())
                return;
            if (Ended.IsCompleted)
                throw new AppStartException($"{Name} {ExitText.Ended(await Exited)}{(_ready.On == ReadySign.Exit ? " instead of 0" : $" before it {Sign("accepted", "answered", "said", "printed", "had lived")}{InBackground(await Exited)}")}{LastLines()}");
            await ready;
            Reach.Ready();
            if (_ready.Watchdog is { } watchdog)
                _ = WatchAsync(watchdog);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new AppStartException($"{Name} did not {Sign("accept", "answer", "say", "print", "live")} within {Seconds(_ready.Within)}{LastLines()}");
        }
        finally
        {
            await limit.CancelAsync();
        }
    }

    /// <summary>Whether it has ended well, which is what it was started for: it is not one that stays, and nobody asks it anything.</summary>
    public async Task<bool> HasDoneItsPartAsync() => App.Listen == WorkerListen.None && _ready.On is ReadySign.Delay or ReadySign.Exit && await Exited is 0 && App.Restart.Leaves(0);

    /// <summary>Ends it: in its own way or by a signal, and by SIGKILL with all that it started where that takes too long.</summary>
    /// <param name="force">Ends the wait early.</param>
    public Task StopAsync(CancellationToken force)
    {
        lock (_lastLines)
            return _stop ??= EndAsync(force);
    }

    private async Task EndAsync(CancellationToken force)
    {
        Leaving = true;
        Reach.Leave();
        if ((App.Stop.Disconnect || App.Stop.Message is not null) && Reach.TryLetGo(App.Stop.Message, out var gone))
        {
            // One that was told something may close the channel first, and have more to do.
            await Task.WhenAny(_process.Exited, App.Stop.Message is null ? gone : _process.Exited, Task.Delay(App.Stop.Grace, force));

            // With nothing left to do it ends by itself, unless a timer or a connection to somebody else keeps it.
            await Task.WhenAny(_process.Exited, Task.Delay(s_endsByItself, force));
        }

        _process.Signal((int)App.Stop.Signal, App.Stop.ToAll);
        await Task.WhenAny(_process.Exited, Task.Delay(App.Stop.Grace, force));
        if (!_process.Exited.IsCompleted)
        {
            await Console.Error.WriteLineAsync($"steelyard: {Name} {(force.IsCancellationRequested ? "has not ended" : $"did not end within {Seconds(App.Stop.Grace)}")} and is killed");
            _process.Kill();
        }

        await Exited;
    }

    /// <summary>Ends it without asking.</summary>
    public void Kill() => _process.Kill();

    /// <summary>What it printed last, indented for an error message; empty when it printed nothing.</summary>
    public string LastLines()
    {
        lock (_lastLines)
            return string.Concat(_lastLines.Select(line => $"\n    {line}"));
    }

    private Task SignAsync(CancellationToken cancel) => _ready.On switch
    {
        ReadySign.Signal => Reach.SaidReadyAsync(cancel),
        ReadySign.Notify => _notify!.Ready.WaitAsync(cancel),
        ReadySign.Http => AnswersAsync(cancel),
        ReadySign.Log => _saidReady.Task.WaitAsync(cancel),
        ReadySign.Delay => Task.Delay(_ready.Delay, cancel),
        ReadySign.Exit => Task.Delay(Timeout.Infinite, cancel),
        _ => Reach.ListeningAsync(cancel),
    };

    private async Task AnswersAsync(CancellationToken cancel)
    {
        await Reach.ListeningAsync(cancel);
        await AcceptProbe.UntilAnswersAsync(Reach.Address!, _ready.Path, _ready.OverTls, cancel);
    }

    private string Sign(string accept, string answer, string say, string print, string live) => _ready.On switch
    {
        ReadySign.Signal => $"{say} 'ready' (process.send)",
        ReadySign.Notify => $"{say} READY=1",
        ReadySign.Http => $"{answer} {_ready.Path} well {Reach.Where}",
        ReadySign.Log => $"{print} a line with \"{_ready.Text}\"",
        ReadySign.Delay => $"{live} for {Seconds(_ready.Delay)}",
        ReadySign.Exit => "end",
        _ => $"{accept} {(accept == "accept" ? "connections" : "a connection")} {Reach.Where}",
    };

    private static string InBackground(int code) => code == 0 ? "; a program that goes into the background has to stay in the foreground here" : "";

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.###} s";

    private async Task WatchAsync(TimeSpan longest)
    {
        // It may have taken longer to become ready than it may be silent afterwards.
        var begun = Stopwatch.GetTimestamp();
        while (!Exited.IsCompleted && !Leaving)
        {
            var silent = TimeSpan.FromMilliseconds(_notify!.Silence);
            var left = longest - (Stopwatch.GetElapsedTime(begun) is var watched && watched < silent ? watched : silent);
            if (left <= TimeSpan.Zero)
            {
                await Console.Error.WriteLineAsync($"steelyard: {Name} has not said WATCHDOG=1 for {Seconds(longest)} and is killed");
                _process.Kill();
                return;
            }

            await Task.WhenAny(Exited, Task.Delay(left + TimeSpan.FromMilliseconds(1)));
        }
    }

    private void Take(string line, bool error)
    {
        lock (_lastLines)
        {
            if (_lastLines.Count == LinesKept)
                _lastLines.Dequeue();

            // Node prints with an error the line where it was thrown: of a minified program that is all of it.
            _lastLines.Enqueue(line.Length > LongestKept ? $"{line.AsSpan(0, LongestKept)}..." : line);
        }

        _log.Add(new(DateTimeOffset.UtcNow, Pool, Number, Process, error, line));
        if (_ready.Text is { } text && line.Contains(text, StringComparison.Ordinal))
            _saidReady.TrySetResult();
    }

    private async Task<int> WaitForExitAsync()
    {
        var code = await _process.Exited;
        Volatile.Write(ref _lived, Math.Max(1, Stopwatch.GetElapsedTime(_started).Ticks));

        // What it started and left behind holds its pipes, perhaps for ever.
        await Task.WhenAny(Task.WhenAll(_output.Ended, _error.Ended), Task.Delay(s_graceForOutput));
        await _process.EndGroupAsync(Leaving ? App.Stop.Grace : TimeSpan.FromSeconds(1));
        Guard.Remove(_process);
        _notify?.Dispose();
        Reach.Dispose();
        return code;
    }
}
