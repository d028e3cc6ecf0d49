using System.Collections.Concurrent;
using Steelyard.Apps.Output;
using Steelyard.Apps.Reach;
using Steelyard.Apps.Restarts;
using Steelyard.Apps.Scaling;
using Steelyard.Apps.Upkeep;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps;

/// <summary>
/// The workers of one pool's app: started together, started again when they end, replaced one after the other, more or
/// fewer of them.
/// </summary>
internal sealed class AppSupervisor : IAsyncDisposable
{
    private readonly PoolMembers _members;
    private readonly WorkerPlaces _places;
    private readonly WorkerStart _start;
    private readonly CancellationToken _force;
    private readonly CancellationTokenSource _stopping = new();

    // One change at a time: start, replacement, scaling.
    private readonly SemaphoreSlim _change = new(1);
    private volatile WorkerSlot[] _slots = [];

    // All that have been started and have not ended, those in no slot too.
    private readonly ConcurrentDictionary<Worker, bool> _living = new();
    private readonly string _folder;
    private Task _upkeep = Task.CompletedTask;
    private int _starts;

    public AppSupervisor(string pool, AppSettings app, bool speaksFirst, string folder, PoolMembers members, CancellationToken force)
    {
        (Pool, App, _folder, _members, _force) = (pool, app, folder, members, force);
        _places = new(pool, speaksFirst);
        Log = new(pool, folder);
        Log.Follow(app.Log);
        _start = new(pool, folder, _places, Log);
    }

    public string Pool { get; }

    /// <summary>What its workers are started and looked after by.</summary>
    public AppSettings App { get; private set; }

    public AppLog Log { get; }

    /// <summary>The port that its workers call listen() with, where they are those of a Node cluster.</summary>
    public Task<int> AppPort => _places.AppPort;

    /// <summary>Where they do, as the last one has said that was started; null while none has.</summary>
    public NetworkAddress? AppAddress => _places.AppAddress;

    /// <summary>How many workers there are to be.</summary>
    public int Count => _slots.Length;

    /// <summary>How many processes have been started so far.</summary>
    public int Starts => Volatile.Read(ref _starts);

    /// <summary>How many the settings ask for.</summary>
    public static int CountOf(AppSettings app)
    {
        var count = app.Instances ?? Environment.ProcessorCount;
        return app.Scale is { } scale ? Math.Clamp(count, scale.Min, scale.Max) : count;
    }

    public IReadOnlyList<WorkerSlot> Slots => _slots;

    /// <summary>The workers that are to have requests, and those that are at hand.</summary>
    public IEnumerable<ServerSettings> Servers =>
        [.. ServersOf(_slots.Select(slot => slot.Worker), backup: false), .. ServersOf(_slots.Select(slot => slot.AtHand), backup: true)];

    private static IEnumerable<ServerSettings> ServersOf(IEnumerable<Worker?> workers, bool backup) =>
        workers.Where(worker => worker is { Serving: true, Reach.Address: not null }).Select(worker => new ServerSettings { Address = worker!.Reach.Address!, Backup = backup });

    /// <summary>Starts all workers and waits until they are ready.</summary>
    /// <exception cref="AppStartException">One could not be started, ended, or took too long.</exception>
    public async Task StartAsync(CancellationToken cancel)
    {
        await ChangeAsync(() => GrowAsync(CountOf(App), cancel));
        _upkeep = Task.WhenAll(
            new AppUpkeep(Pool, () => App, _folder, cancelled => ReplaceAsync(App, cancelled), ReplaceLargeAsync).RunAsync(_stopping.Token),
            new AppScaling(this, () => _members.LoadAsync(Pool)).RunAsync(_stopping.Token));
    }

    /// <summary>Takes up settings that running workers need not know of; they are looked after, and told to end, by them from now on.</summary>
    public void Follow(AppSettings app)
    {
        App = app;
        Log.Follow(app.Log);
        foreach (var slot in _slots)
        {
            if (slot.Worker is { } worker && worker.App.StartsTheSameAs(app))
                worker.App = app;
        }
    }

    /// <summary>Replaces all workers, a few at a time.</summary>
    /// <param name="app">What the new ones are started by.</param>
    /// <param name="cancel">Calls it off.</param>
    /// <exception cref="AppStartException">A new one has failed; what the settings say of that has been done.</exception>
    public Task ReplaceAsync(AppSettings app, CancellationToken cancel) => ChangeAsync(async () =>
    {
        var before = App;
        Log.Follow(app.Log);
        try
        {
            await new Rollout(app.Rolling, (slot, settings, monitored) => ReplaceAsync(slot, settings, monitored, cancel), Task.Delay).RunAsync(_slots, app, before, cancel);
            App = app;
        }
        catch
        {
            Log.Follow(before.Log);
            throw;
        }
    });

    /// <summary>Replaces workers that hold, with all that they started, more memory than they may.</summary>
    /// <exception cref="AppStartException">A new one has failed; the old one serves.</exception>
    public async Task ReplaceLargeAsync(ByteSize most, CancellationToken cancel)
    {
        var uses = ProcessGroups.Look([.. _slots.Select(slot => slot.Worker?.Process ?? 0)]);
        foreach (var slot in _slots)
        {
            if (slot.Worker is not { Serving: true } worker || uses.GetValueOrDefault(worker.Process).Memory is var bytes && bytes <= most.Bytes)
                continue;
            await Console.Error.WriteLineAsync($"steelyard: {worker.Name} holds {bytes / (1024 * 1024)} MiB and is replaced (most-memory: {most})");
            await ChangeAsync(() => slot.Worker == worker && !slot.Replacing ? ReplaceAsync(slot, worker.App, App.Rolling.Monitor, cancel) : Task.CompletedTask);
        }
    }

    /// <summary>Lets there be more or fewer workers.</summary>
    /// <exception cref="AppStartException">A new one has failed; there are as many as before.</exception>
    public Task ScaleAsync(int count, CancellationToken cancel) => ChangeAsync(() => count >= _slots.Length ? GrowAsync(count, cancel) : ShrinkAsync(count));

    /// <summary>Stops all at once; requests in flight there are to have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _places.End();
        await _upkeep;
        while (!_living.IsEmpty)
            await Task.WhenAll(_living.Keys.Select(worker => worker.StopAsync(_force)));
        await Task.WhenAll(_slots.Select(slot => slot.Keeping));
        _places.Dispose();
    }

    /// <summary>Takes all workers out of their pool, and stops each when it has nothing left to do.</summary>
    public async Task LeaveAsync()
    {
        await _stopping.CancelAsync();
        _places.End();
        await _upkeep;
        await Task.WhenAll(_slots.Select(slot => slot.Worker is { } worker ? RetireAsync(worker) : Task.CompletedTask));
        await DisposeAsync();
    }

    private async Task ChangeAsync(Func<Task> change)
    {
        await _change.WaitAsync();
        try
        {
            await change();
        }
        finally
        {
            _change.Release();
        }
    }

    private Worker Start(AppSettings app, int number)
    {
        if (_stopping.IsCancellationRequested)
            throw new AppStartException($"{Pool}/{number} is not started: the app stops");
        var worker = _start.Start(app, number);
        Interlocked.Increment(ref _starts);
        _living[worker] = true;
        _ = ForgetAsync(worker);
        return worker;
    }

    private async Task ForgetAsync(Worker worker)
    {
        await worker.Exited;
        _living.TryRemove(worker, out _);
    }

    private Task ChangedAsync() => _members.UpdateAsync(Pool);

    private async Task GrowAsync(int count, CancellationToken cancel)
    {
        var added = new List<WorkerSlot>();
        try
        {
            for (var number = _slots.Length + 1; number <= count; number++)
                added.Add(new(number) { Worker = Start(App, number) });
            using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            try
            {
                await foreach (var ready in Task.WhenEach(added.Select(slot => slot.Worker!.ReadyAsync(abandon.Token))))
                    await ready;
            }
            finally
            {
                await abandon.CancelAsync();
            }
        }
        catch
        {
            await Task.WhenAll(added.Where(slot => slot.Worker is not null).Select(slot => slot.Worker!.StopAsync(_force)));
            throw;
        }

        _slots = [.. _slots, .. added];
        foreach (var slot in added)
            Keep(slot, slot.Worker!);
        await ChangedAsync();
    }

    private async Task ShrinkAsync(int count)
    {
        var leaving = _slots[count..];
        _slots = _slots[..count];
        await ChangedAsync();
        await Task.WhenAll(leaving.Select(async slot =>
        {
            slot.Replacing = true;
            await slot.Waiting.CancelAsync();
            if (slot.Worker is { } worker)
                await RetireAsync(worker);
            await slot.Keeping;
        }));
    }

    /// <summary>Stops a worker that gets no new requests any more.</summary>
    private async Task RetireAsync(Worker worker)
    {
        worker.Leaving = true;
        await _members.IdleAsync(worker, _force);
        await worker.StopAsync(_force);
    }

    private void Keep(WorkerSlot slot, Worker worker)
    {
        (slot.Worker, slot.Replacing) = (worker, false);
        worker.Serving = true;
        slot.Keeping = KeepAsync(slot, worker);
    }

    /// <summary>Looks after a worker: starts another when it ends by itself, until that is of no use or not wanted.</summary>
    private async Task KeepAsync(WorkerSlot slot, Worker worker)
    {
        while (true)
        {
            await worker.Ended;
            if (worker.Leaving)
                return;

            // At once: what it started may take its time.
            worker.Serving = false;
            await ChangedAsync();
            var code = await worker.Exited;
            await Console.Error.WriteLineAsync($"steelyard: {worker.Name} {ExitText.Ended(code)}{worker.LastLines()}");

            // While what it had started was waited for, another may have taken its place.
            if (slot.Worker != worker)
                return;
            if (await ReviveAsync(slot, code, worker.Lived) is not { } next)
                return;
            worker = next;
            slot.RestartCount++;
            await ChangedAsync();
        }
    }

    /// <summary>Starts workers until one is ready.</summary>
    /// <returns>It, in its slot; null when nobody is to be started.</returns>
    private async Task<Worker?> ReviveAsync(WorkerSlot slot, int? code, TimeSpan lived)
    {
        while (!slot.Replacing && !_stopping.IsCancellationRequested)
        {
            var decision = slot.Restarts.Ended(App.Restart, code, lived, Environment.TickCount64, Random.Shared.NextDouble());
            if (decision.Action != RestartAction.Again)
            {
                await Console.Error.WriteLineAsync($"steelyard: {Pool}/{slot.Number} {Explain(decision.Action)}");
                return null;
            }

            Worker? next = null;
            try
            {
                await Task.Delay(decision.Pause, slot.Waiting.Token).WaitAsync(_stopping.Token);
                slot.Worker = next = Start(slot.Worker?.App ?? App, slot.Number);
                await next.ReadyAsync(slot.Waiting.Token).WaitAsync(_stopping.Token);
                next.Serving = true;
                return next;
            }
            catch (OperationCanceledException)
            {
                if (next is not null)
                    await next.StopAsync(_force);
                return null;
            }
            catch (AppStartException error)
            {
                await Console.Error.WriteLineAsync($"steelyard: {error.Message}");

                // To end well before one is ready is a failure as any.
                code = next is { Exited.IsCompletedSuccessfully: true } && await next.Exited is var ended and not 0 ? ended : null;
                if (next is not null)
                    await next.StopAsync(_force);
                lived = next?.Lived ?? default;
            }
        }

        return null;
    }

    private string Explain(RestartAction action) => action == RestartAction.Leave
        ? "is not started again (restart: on, leave-on)"
        : $"has ended {App.Restart.Most} times within {App.Restart.Window.TotalSeconds:0.#} s and is left alone until a reload or 'steelyard restart' (restart: most, window)";

    /// <summary>Puts a new worker in the place of one.</summary>
    /// <param name="slot">The place.</param>
    /// <param name="app">What the new one is started by.</param>
    /// <param name="monitor">How long it is watched.</param>
    /// <param name="cancel">Calls it off.</param>
    /// <exception cref="AppStartException">The new one has failed; the old one serves.</exception>
    private async Task ReplaceAsync(WorkerSlot slot, AppSettings app, TimeSpan monitor, CancellationToken cancel)
    {
        // Nobody but us starts workers here from now on.
        slot.Replacing = true;
        if (!slot.IsAlive || !slot.Worker!.Serving)
        {
            await slot.Waiting.CancelAsync();
            await slot.Keeping;
        }

        var old = slot.IsAlive ? slot.Worker : null;
        slot.Waiting = new();
        slot.Restarts.Reset();
        if (old is not null && app.Rolling.Order == RollingOrder.StopFirst)
        {
            slot.Worker = null;
            await ChangedAsync();
            await RetireAsync(old);
            old = null;
        }

        Worker? next = null;
        bool ended;
        try
        {
            next = Start(app, slot.Number);
            await next.ReadyAsync(cancel);
            (slot.Worker, slot.AtHand) = (next, monitor > TimeSpan.Zero ? old : null);
            next.Serving = true;
            await ChangedAsync();
            ended = await Task.WhenAny(next.Ended, Task.Delay(monitor, cancel)) == next.Ended;
            cancel.ThrowIfCancellationRequested();
        }
        catch
        {
            await ComeBackAsync(slot, old, next);
            throw;
        }

        if (ended && !await next.HasDoneItsPartAsync())
        {
            // At once: what it started may hold its output, and be waited for, when it is long dead.
            await ComeBackAsync(slot, old, next);
            throw new AppStartException($"{next.Name} {ExitText.Ended(await next.Exited)} within the {monitor.TotalSeconds:0.###} s that new workers are watched (rolling: monitor){next.LastLines()}");
        }

        var keeping = slot.Keeping;
        Keep(slot, next);
        if (slot.AtHand is not null)
        {
            slot.AtHand = null;
            await ChangedAsync();
        }

        if (old is not null)
            await RetireAsync(old);
        await keeping;
    }

    /// <summary>A replacement has failed: who was there before serves again.</summary>
    private async Task ComeBackAsync(WorkerSlot slot, Worker? old, Worker? next)
    {
        (slot.Worker, slot.AtHand, slot.Replacing) = (old, null, false);
        await ChangedAsync();
        if (next is not null)
            await RetireAsync(next);
        if (!slot.IsAlive && !_stopping.IsCancellationRequested)
            slot.Keeping = StartAgainAsync(slot);
    }

    private async Task StartAgainAsync(WorkerSlot slot)
    {
        if (await ReviveAsync(slot, code: null, lived: default) is not { } worker)
            return;
        await ChangedAsync();
        await KeepAsync(slot, worker);
    }
}
