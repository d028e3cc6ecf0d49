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

    /// <summary>Ends the wait for instances that take their time to stop.</summary>
    public CancellationToken StopForce { get; set; }

    /// <summary>
    /// Starts the apps of a configuration that do not run already, and waits until all their instances accept
    /// connections. Until <see cref="LeaveBeforeAsync"/> those of the configuration before run on.
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
            await StopAsync(started);
            throw;
        }

        _before = _fleets.Except(running).ToList();
        _fleets = [.. running, .. started];
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

    /// <summary>Stops the instances that only the configuration before had.</summary>
    public async Task LeaveBeforeAsync()
    {
        var before = _before;
        _before = [];
        await StopAsync(before);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync([.. _before, .. _fleets]);
        (_before, _fleets) = ([], []);
    }

    private async Task StopAsync(List<AppFleet> fleets) => await Task.WhenAll(fleets.Select(fleet =>
    {
        fleet.StopForce = StopForce;
        return fleet.DisposeAsync().AsTask();
    }));
}
