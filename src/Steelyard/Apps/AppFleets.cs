using Steelyard.Config;

namespace Steelyard.Apps;

/// <summary>
/// The apps of the configuration that is served, and while it changes also those of the one before: an app that stays
/// as it was keeps its instances.
/// </summary>
internal sealed class AppFleets(string folder) : IAsyncDisposable
{
    private List<AppFleet> _fleets = [];
    private List<AppFleet> _before = [];
    private List<AppFleet> _started = [];
    private readonly HashSet<AppFleet> _leaving = [];

    /// <summary>Ends the wait for instances that take their time to stop.</summary>
    public CancellationToken StopForce { get; set; }

    /// <summary>
    /// Starts the apps of a configuration that do not run already, and waits until all their instances accept
    /// connections. Those of the configuration before run on; <see cref="Settle"/> or <see cref="ChangeBackAsync"/> has to follow.
    /// </summary>
    /// <exception cref="AppStartException">One could not be started, ended, or took too long; what was started is stopped again.</exception>
    public async Task ChangeToAsync(Snapshot snapshot, CancellationToken cancel)
    {
        var (running, started) = (new List<AppFleet>(), new List<AppFleet>());
        try
        {
            foreach (var pool in snapshot.Pools.ToArray())
            {
                if (pool.App is not { } app)
                    continue;
                if (_fleets.Find(fleet => fleet.Pool == pool.Name && fleet.App == app) is { } same)
                {
                    running.Add(same);
                    continue;
                }

                var fleet = new AppFleet(pool.Name, app, folder);
                started.Add(fleet);
                fleet.Start();
            }

            if (started.Sum(fleet => fleet.Count) is > 0 and var count)
                Console.WriteLine($"starting {count} {(count == 1 ? "instance" : "instances")}");
            foreach (var fleet in started)
                await fleet.WaitUntilReadyAsync(cancel);
        }
        catch
        {
            await StopAllAsync(started);
            throw;
        }

        (_before, _started, _fleets) = (_fleets, started, [.. running, .. started]);
    }

    /// <summary>The change is served.</summary>
    /// <returns>Those that have left; they run until <see cref="StopAsync"/>.</returns>
    public IReadOnlyList<AppFleet> Settle()
    {
        var leaving = _before.Except(_fleets).ToList();
        _leaving.UnionWith(leaving);
        (_before, _started) = ([], []);
        return leaving;
    }

    /// <summary>The change is not served: stops what was started for it.</summary>
    public async Task ChangeBackAsync()
    {
        var started = _started;
        (_fleets, _before, _started) = (_before, [], []);
        await StopAllAsync(started);
    }

    /// <summary>A configuration with each instance as a server of its pool, after those the file names.</summary>
    public Snapshot JoinInto(Snapshot configured) => configured with
    {
        Pools = configured.Pools.Select(pool => pool with
        {
            Servers = pool.Servers
                .Concat(_fleets.Where(fleet => fleet.Pool == pool.Name).SelectMany(fleet => fleet.Addresses).Select(address => new ServerSettings { Address = address }))
                .ToValueList(),
        }).ToValueList(),
    };

    /// <summary>Stops apps that have left.</summary>
    public async Task StopAsync(IReadOnlyList<AppFleet> leaving)
    {
        await StopAllAsync(leaving.Where(_leaving.Contains));
        _leaving.ExceptWith(leaving);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAllAsync([.. _fleets, .. _leaving]);
        _fleets = [];
        _leaving.Clear();
    }

    private async Task StopAllAsync(IEnumerable<AppFleet> fleets) => await Task.WhenAll(fleets.Select(fleet =>
    {
        fleet.StopForce = StopForce;
        return fleet.DisposeAsync().AsTask();
    }));
}
