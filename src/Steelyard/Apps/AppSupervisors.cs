using System.Globalization;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps;

/// <summary>
/// The apps of the configuration that is served, and while it changes also those of the one before: an app that stays as
/// it was keeps its workers.
/// </summary>
internal sealed class AppSupervisors(string folder) : IAsyncDisposable
{
    private volatile AppSupervisor[] _all = [];
    private List<AppSupervisor> _started = [];
    private List<(AppSupervisor Supervisor, AppSettings Before)> _changed = [];
    private readonly HashSet<AppSupervisor> _leaving = [];

    /// <summary>What the engine serves; set before the first change.</summary>
    public PoolMembers Members { get; set; } = null!;

    /// <summary>Ends the wait for workers that take their time to stop.</summary>
    public CancellationToken StopForce { get; init; }

    public IReadOnlyList<AppSupervisor> All => _all;

    /// <summary>The app of a pool; null for none.</summary>
    public AppSupervisor? Find(string pool) => Array.Find(_all, supervisor => supervisor.Pool == pool);

    /// <summary>Whether there are apps, and a configuration has the same.</summary>
    public bool AreAsIn(Snapshot snapshot)
    {
        var (all, named) = (_all, snapshot.Pools.AsEnumerable().Where(pool => pool.App is not null).ToList());
        return all.Length > 0 && all.Length == named.Count && named.TrueForAll(pool => Find(pool.Name)?.App == pool.App);
    }

    /// <summary>How many processes have been started for the apps there are.</summary>
    public int Starts => _all.Sum(app => app.Starts);

    /// <summary>Which have more or fewer workers than the file says; not those that go by their work.</summary>
    public IEnumerable<LiveDifference> Differences => _all
        .Where(app => app.App.Scale is null && app.Count != AppSupervisor.CountOf(app.App))
        .Select(app => new LiveDifference(app.Pool, "", "instances", AppSupervisor.CountOf(app.App).ToString(CultureInfo.InvariantCulture), app.Count.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Opens all log files again under their names.</summary>
    public void ReopenLogs()
    {
        foreach (var supervisor in _all)
            supervisor.Log.Reopen();
    }

    /// <summary>The workers of a pool that are to have requests.</summary>
    public IEnumerable<ServerSettings> ServersOf(string pool) => Find(pool)?.Servers ?? [];

    /// <summary>
    /// Starts the apps of a configuration that do not run already and waits until their workers are ready, and replaces the
    /// workers of those that are started otherwise now. <see cref="Settle"/> or <see cref="ChangeBackAsync"/> has to follow.
    /// </summary>
    /// <exception cref="AppStartException">A worker has failed; all is as it was.</exception>
    /// <param name="snapshot">The configuration.</param>
    /// <param name="cancel">Calls it off.</param>
    /// <param name="only">Which pools it is about; null for all, those that others wait for first.</param>
    public async Task ChangeToAsync(Snapshot snapshot, CancellationToken cancel, Func<PoolSettings, bool>? only = null)
    {
        try
        {
            var fresh = new List<AppSupervisor>();
            foreach (var pool in snapshot.Pools)
            {
                if (pool.App is { } app && Find(pool.Name) is null && only?.Invoke(pool) != false)
                    fresh.Add(new(pool.Name, app, ServesTcp(snapshot, pool.Name), folder, Members, StopForce));
            }

            _started = fresh;
            if (fresh.Sum(supervisor => AppSupervisor.CountOf(supervisor.App)) is > 0 and var count)
                Console.WriteLine($"starting {count} {(count == 1 ? "instance" : "instances")}");
            var stages = AppStages.Of(snapshot);
            foreach (var stage in fresh.GroupBy(supervisor => stages.Of(supervisor.Pool)).OrderBy(stage => stage.Key))
                await Task.WhenAll(stage.Select(supervisor => supervisor.StartAsync(cancel)));
            _all = [.. _all, .. fresh];
            foreach (var pool in snapshot.Pools.AsEnumerable())
            {
                if (pool.App is not { } app || Find(pool.Name) is not { } running || running.App == app)
                    continue;
                _changed.Add((running, running.App));
                if (!running.App.StartsTheSameAs(app))
                    await running.ReplaceAsync(app with { Instances = running.App.Instances }, cancel);
                if (running.App.Instances != app.Instances && AppSupervisor.CountOf(app) > running.Count)
                    await running.ScaleAsync(AppSupervisor.CountOf(app), cancel);
            }
        }
        catch
        {
            await ChangeBackAsync();
            throw;
        }
    }

    /// <summary>Whether a configuration leaves it to workers to say where they listen, so that they have to be started first.</summary>
    public static bool SayPorts(Snapshot snapshot) => snapshot.Listeners.Any(listener => listener.Bind.Any(address => address.IsOfApp));

    /// <summary>A configuration whose listeners are where the workers say that they listen, as far as that was left to them.</summary>
    /// <exception cref="AppStartException">Workers have not said it.</exception>
    public Snapshot WithPortsOfApps(Snapshot snapshot)
    {
        if (!SayPorts(snapshot))
            return snapshot;
        return snapshot with
        {
            Listeners = snapshot.Listeners.AsEnumerable().Select(listener => listener.Bind.Any(address => address.IsOfApp)
                ? listener with { Bind = [AddressOfApp(listener.Routes.AsEnumerable().Select(route => route.Pool).First(pool => pool is not null)!)] }
                : listener).ToValueList(),
        };
    }

    private NetworkAddress AddressOfApp(string pool)
    {
        var app = Find(pool)!;
        if (app.AppAddress is not { } address)
            throw new AppStartException($"the workers of {pool} have not said where they listen: give its listener an address (listen: bind)");
        return app.App.User is null || address.Port is 0 or >= 1024
            ? address
            : throw new AppStartException($"the workers of {pool} ask for port {address.Port}, which their user may not have: give its listener the address, if it is to be so (listen: bind)");
    }

    private static bool ServesTcp(Snapshot snapshot, string pool) => snapshot.Listeners.Any(listener =>
        listener.Mode == ListenerMode.Tcp && listener.Routes.Any(route => route.Pool == pool || route.Split.Any(share => share.Pool == pool)));

    /// <summary>The change is served: takes up the rest of it.</summary>
    /// <returns>The apps that have left; they run until <see cref="LeaveAsync"/>.</returns>
    public IReadOnlyList<AppSupervisor> Settle(Snapshot snapshot)
    {
        foreach (var pool in snapshot.Pools.AsEnumerable())
        {
            if (pool.App is not { } app || Find(pool.Name) is not { } running || running.App == app)
                continue;
            var fewer = running.App.Instances != app.Instances && AppSupervisor.CountOf(app) < running.Count;
            running.Follow(app);
            if (fewer)
                _ = running.ScaleAsync(AppSupervisor.CountOf(app), CancellationToken.None);
        }

        var gone = _all.Where(supervisor => !snapshot.Pools.AsEnumerable().Any(pool => pool.Name == supervisor.Pool && pool.App is not null)).ToList();
        lock (_leaving)
            _leaving.UnionWith(gone);
        _all = [.. _all.Except(gone)];
        (_started, _changed) = ([], []);
        return gone;
    }

    /// <summary>The change is not served: stops what was started for it, and lets the others be as they were.</summary>
    public async Task ChangeBackAsync()
    {
        var (started, changed) = (_started, _changed);
        (_started, _changed) = ([], []);
        _all = [.. _all.Except(started)];
        await Task.WhenAll(started.Select(supervisor => supervisor.DisposeAsync().AsTask()));
        foreach (var (supervisor, before) in changed)
        {
            try
            {
                if (!supervisor.App.StartsTheSameAs(before))
                    await supervisor.ReplaceAsync(before, CancellationToken.None);
                else
                    supervisor.Follow(before);
            }
            catch (AppStartException error)
            {
                await Console.Error.WriteLineAsync($"steelyard: {error.Message}");
            }
        }
    }

    /// <summary>Stops apps that have left, each worker when it has nothing left to do.</summary>
    public async Task LeaveAsync(IReadOnlyList<AppSupervisor> gone)
    {
        await Task.WhenAll(gone.Select(supervisor => supervisor.LeaveAsync()));
        lock (_leaving)
            _leaving.ExceptWith(gone);
    }

    public async ValueTask DisposeAsync()
    {
        AppSupervisor[] left;
        lock (_leaving)
            left = [.. _all, .. _leaving];
        _all = [];
        await Task.WhenAll(left.Select(supervisor => supervisor.DisposeAsync().AsTask()));
    }
}
