using Steelyard.Apps.Scaling;
using Steelyard.Config;
using Steelyard.Discovery;
using Steelyard.Keeper;

namespace Steelyard.Apps;

/// <summary>
/// What the engine serves: the configuration, with the servers that were found and the workers that are ready in their
/// pools. Changes of any come one after the other.
/// </summary>
/// <param name="engine">Who serves.</param>
/// <param name="workersOf">The workers of a pool that are to have requests.</param>
/// <param name="discoveries">What finds servers.</param>
/// <param name="live">What operators have made of the configuration.</param>
internal sealed class PoolMembers(IEngine engine, Func<string, IEnumerable<ServerSettings>> workersOf, Discoveries discoveries, Func<LiveSettings> live)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly AsyncLock _one = new();
    private Snapshot? _configured;

    /// <summary>Lets the engine serve a configuration.</summary>
    /// <param name="configured">What the file says.</param>
    /// <param name="served">What is served, from the configuration with the workers in it.</param>
    /// <exception cref="EngineException">It cannot be served; what was goes on.</exception>
    public async Task ServeAsync(Snapshot configured, Func<Snapshot, ServedConfiguration> served)
    {
        await discoveries.FollowAsync(live().ApplyTo(configured));
        using var one = await _one.EnterAsync();
        try
        {
            await engine.ServeAsync(served(Join(configured)));
            _configured = configured;
        }
        finally
        {
            if (_configured is not null)
                discoveries.Settle(live().ApplyTo(_configured));
        }
    }

    /// <summary>Servers of a pool have come or gone; ends when new requests go by it.</summary>
    public async Task UpdateAsync(string pool)
    {
        using var one = await _one.EnterAsync();
        try
        {
            if (_configured is not null && Join(_configured).Pools.AsEnumerable().FirstOrDefault(settings => settings.Name == pool) is { } settings)
                await engine.SetServersAsync(pool, settings.Servers);
        }
        catch (EngineException)
        {
            // The next engine begins with them.
        }
    }

    /// <summary>Ends when a worker that is in no pool any more has nothing left to do.</summary>
    public async Task IdleAsync(Worker worker, CancellationToken force)
    {
        if (worker.Reach.Address is not { } address)
            return;
        try
        {
            await engine.IdleAsync(worker.Pool, address, worker.App.Stop.Drain).WaitAsync(force);
        }
        catch (Exception error) when (error is EngineException or OperationCanceledException)
        {
            // What was in flight has died with the engine, or is not to be waited for.
        }
    }

    /// <summary>What a pool has to do; null while no engine can say.</summary>
    public async Task<PoolLoad?> LoadAsync(string pool)
    {
        try
        {
            return await engine.LoadAsync(pool).WaitAsync(s_patience);
        }
        catch (Exception error) when (error is EngineException or TimeoutException)
        {
            return null;
        }
    }

    private static AppSettings EnginesPart(AppSettings app) => new()
    {
        Command = ["worker"],
        Listen = !app.TakesRequests ? WorkerListen.Raw : app.IsCluster ? WorkerListen.Cluster : null,
        Metrics = app.Metrics,
    };

    /// <summary>
    /// A configuration with what operators have made of it, and with the servers that were found and the workers after those
    /// the file names. What only their supervisor needs is not the engine's.
    /// </summary>
    public Snapshot Join(Snapshot configured)
    {
        var settings = live();
        var changed = settings.ApplyTo(configured);
        return changed with { Pools = changed.Pools.AsEnumerable().Select(Joined).ToValueList() };

        PoolSettings Joined(PoolSettings pool)
        {
            var members = discoveries.ServersOf(changed, pool);
            if (pool.Discover.Count > 0)
                members = members.Select((server, place) => place < pool.Servers.Count ? server : settings.Limited(pool.Name, server));
            return pool.App is null ? pool with { Servers = members.ToValueList() } : pool with
            {
                App = EnginesPart(pool.App),
                Servers = members.Concat(workersOf(pool.Name).Select(worker => settings.Limited(pool.Name, worker))).ToValueList(),
            };
        }
    }
}
