using System.Runtime.CompilerServices;
using Steelyard.Admin;
using Steelyard.Keeper;

namespace Steelyard.Board;

/// <summary>
/// Looks at the engine once a second for all who watch, and at the states of servers more often. Looks at nothing while
/// nobody watches. May be used from any thread.
/// </summary>
internal sealed class LiveBoard(AdminDesk desk)
{
    private static readonly TimeSpan LookAtStatesEvery = TimeSpan.FromMilliseconds(250);
    private const int StatesInALook = 4;

    // What the keeper knows changes slowly, and is asked for over a channel.
    private const int LooksOfTheKeeper = 2;

    private readonly Lock _lock = new();
    private int _watching;
    private bool _looking;
    private LiveSample? _last;
    private TaskCompletionSource<LiveSample> _next = NewLook();

    private static TaskCompletionSource<LiveSample> NewLook() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What there is to see, from now on. Who is slower than the looks misses some.</summary>
    public async IAsyncEnumerable<LiveSample> WatchAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        Begin();
        try
        {
            var (seen, next) = Present();
            if (seen is not null)
                yield return seen;
            while (true)
            {
                var look = await next.WaitAsync(cancel);
                (seen, next) = Present();
                yield return seen ?? look;
            }
        }
        finally
        {
            lock (_lock)
                _watching--;
        }
    }

    private void Begin()
    {
        lock (_lock)
        {
            _watching++;
            if (_looking)
                return;
            (_looking, _last) = (true, null);
        }

        _ = Task.Run(LookWhileWatchedAsync);
    }

    // A fault of ours ends the streams there are; who asks again begins anew.
    private async Task LookWhileWatchedAsync()
    {
        try
        {
            await LookAsync();
        }
        catch (Exception fault)
        {
            await Console.Error.WriteLineAsync($"steelyard: a fault of this program in the page: {fault}");
            TaskCompletionSource<LiveSample> waited;
            lock (_lock)
            {
                (_looking, _last, waited) = (false, null, _next);
                _next = NewLook();
            }

            waited.SetException(fault);
        }
    }

    private (LiveSample? Last, Task<LiveSample> Next) Present()
    {
        lock (_lock)
            return (_last, _next.Task);
    }

    private async Task LookAsync()
    {
        KeeperState? keeper = null;
        using var timer = new PeriodicTimer(LookAtStatesEvery);
        for (var turn = 0; ; turn++)
        {
            var servers = desk.Balancer.Servers;
            var changed = desk.History.Look(servers, DateTimeOffset.UtcNow);
            if (turn % (StatesInALook * LooksOfTheKeeper) == 0)
                keeper = await AskKeeperAsync() ?? keeper;
            if (turn % StatesInALook == 0 || _last is null)
                Show(LiveSample.Take(desk, servers, _last, keeper));
            else if (changed)
                Show(_last.With(servers));
            await timer.WaitForNextTickAsync();
            lock (_lock)
            {
                if (_watching > 0)
                    continue;
                (_looking, _last) = (false, null);
                return;
            }
        }
    }

    private async Task<KeeperState?> AskKeeperAsync()
    {
        try
        {
            return await desk.KeeperStateAsync().WaitAsync(LookAtStatesEvery);
        }
        catch (TimeoutException)
        {
            // It is busy; the engine has more to tell.
            return null;
        }
    }

    private void Show(LiveSample sample)
    {
        TaskCompletionSource<LiveSample> shown;
        lock (_lock)
        {
            (_last, shown) = (sample, _next);
            _next = NewLook();
        }

        shown.SetResult(sample);
    }
}
