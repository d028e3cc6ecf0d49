using Steelyard.Balancing;
using Steelyard.Balancing.Sticky;
using Steelyard.Engine.Lists;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Metering;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine;

/// <content>What can be read off it while it serves, from any thread.</content>
public sealed partial class LoadBalancer
{
    /// <summary>The pools, alive, by their names.</summary>
    internal IReadOnlyDictionary<string, Pool> Pools => _plan.Pools;

    /// <summary>How every server does, in the order of the configuration.</summary>
    public IReadOnlyList<ServerStatus> Servers
    {
        get
        {
            var list = new List<ServerStatus>(_plan.Addresses.Length);
            AddServersTo(list);
            return list;
        }
    }

    /// <summary>Adds how every server does to a list; for who looks again and again at many.</summary>
    public void AddServersTo(List<ServerStatus> list)
    {
        var (plan, now) = (_plan, Now);
        foreach (var pool in plan.Pools.Values)
        {
            foreach (var server in pool.Servers)
            {
                list.Add(new(pool.Name, server.Settings.Address, server.Active, server.Failures, server.LastFailure, server.LastReason)
                {
                    Asked = server.Asked,
                    Up = server.Up,
                    DownByAgent = server.IsDownByAgent,
                    LastCheck = server.LastCheck,
                    LastCheckStatus = server.LastCheckStatus,
                    Ejected = server.Ejected,
                    Ejections = server.Ejections,
                    Trying = server.Trying,
                    Wanted = server.Wanted,
                    HasAgent = server.HasAgent,
                    WantedByAgent = server.WantedByAgent,
                    DrainedByCheck = server.IsDrainedByCheck,
                    ReasonOfAgent = server.ReasonOfAgent,
                    Weight = server.Weight,
                    ConfiguredWeight = server.Settings.Weight,
                    LiveWeight = server.LiveWeight,
                    Backup = server.Settings.Backup,
                    Limit = server.Limit == int.MaxValue ? null : server.Limit,
                    SharePercent = server.PercentOfShare(pool.Settings.SlowStart, now),
                    Adaptive = server.Adaptive?.Status,
                });
            }
        }
    }

    /// <summary>What clients do, by the tables of the configuration, in their order.</summary>
    public IReadOnlyList<CounterTable> Tables => _plan.Tables is { } tables ? [.. tables.Values] : [];

    /// <summary>The lists of patterns, in the order of the configuration.</summary>
    public IReadOnlyList<PatternList> Lists => _plan.Lists?.All ?? [];

    /// <summary>The clients that pools remember, by the names of the pools, in their order; what several have in common once, by its name behind <c>table</c> and a blank.</summary>
    public IReadOnlyList<(string Pool, StickTable Table)> RememberedClients
    {
        get
        {
            var list = new List<(string Pool, StickTable Table)>();
            foreach (var pool in _plan.Pools.Values)
            {
                if (pool.Clients is { } clients && !list.Exists(other => other.Table == clients.Table))
                    list.Add((clients.SharedName is { } name ? "table " + name : pool.Name, clients.Table));
            }

            return list;
        }
    }

    /// <summary>The certificates that clients are shown now, each once.</summary>
    public IReadOnlyList<UsedCertificate> Certificates
    {
        get
        {
            var list = new List<UsedCertificate>();
            foreach (var one in _plan.Tls)
            {
                foreach (var used in one is TlsListener listener ? listener.Used : [])
                {
                    if (!list.Exists(other => other.File == used.File))
                        list.Add(used);
                }
            }

            return list;
        }
    }

    /// <summary>The limits that other balancers count too.</summary>
    public IReadOnlyList<SharedRate> SharedRates => _plan.SharedRates;

    /// <summary>The time by which clients are remembered and limits count, in monotonic milliseconds; unlike <see cref="Now"/> it goes on while the loops sleep.</summary>
    public static long Clock => System.Diagnostics.Stopwatch.GetTimestamp() / (System.Diagnostics.Stopwatch.Frequency / 1000);

    /// <summary>The time by which <see cref="Tables"/> count, in monotonic milliseconds.</summary>
    public long Now => _group.All[0].Events.Now;

    /// <summary>How every breaker does, in the order of the configuration.</summary>
    public IReadOnlyList<BreakerStatus> Breakers
    {
        get
        {
            var (list, now) = (new List<BreakerStatus>(), Now);
            foreach (var pool in _plan.Pools.Values)
            {
                if (pool.Breaker is { } whole)
                    list.Add(new(pool.Name, null, whole.StateAt(now), whole.Hold, whole.Counts));
                foreach (var server in pool.Servers)
                {
                    if (server.Breaker is { } breaker)
                        list.Add(new(pool.Name, server.Settings.Address, breaker.StateAt(now), breaker.Hold, breaker.Counts));
                }
            }

            return list;
        }
    }

    /// <summary>What the engine has done so far, summed over the loops; a moment old.</summary>
    public EngineCounters Counters
    {
        get
        {
            var sum = default(EngineCounters);
            foreach (var loop in _group.All)
                sum = sum.Plus(loop.Counters, loop.ClientCount, loop.LastFault);
            return sum with { LogLinesDropped = _logs.Dropped };
        }
    }

    /// <summary>Client connections open now, by the position of their listener in the configuration.</summary>
    public IReadOnlyList<int> OpenConnectionsByListener
    {
        get
        {
            var (plan, open) = (_plan, new List<int>());
            foreach (var socket in _sockets)
            {
                while (open.Count <= socket.Listener)
                    open.Add(0);
                open[socket.Listener] = plan.ListenerAt(socket.Slot)?.Connections.Open ?? 0;
            }

            return open;
        }
    }

    /// <summary>What the servers of a pool have to do: requests and sessions that they have, those that wait, and how many each may have, on average where that is found out; null when there is no such pool.</summary>
    /// <param name="name">The name of the pool.</param>
    public (int Active, int Waiting, int? Most)? LoadOf(string name)
    {
        if (_plan.Pools.GetValueOrDefault(name) is not { } pool)
            return null;
        var (active, found, finders) = (0, 0L, 0);
        foreach (var server in pool.Servers)
        {
            active += server.Active;
            if (server.Adaptive is { } adaptive)
                (found, finders) = (found + Math.Min(adaptive.Limit, pool.Settings.MaxConnections ?? int.MaxValue), finders + 1);
        }

        return (active, pool.Waiting, finders > 0 ? (int)Math.Max(1, found / finders) : pool.Settings.MaxConnections);
    }

    /// <summary>The clients' connections of this moment, as each loop sees its own.</summary>
    /// <param name="most">How many at most.</param>
    public async Task<IReadOnlyList<ConnectionStatus>> ConnectionsAsync(int most)
    {
        var connections = new List<ConnectionStatus>();
        foreach (var loop in _group.All)
        {
            var seen = new TaskCompletionSource<List<ConnectionStatus>>(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Events.Post(_ => seen.SetResult(loop.LookAtClients(most - connections.Count)), loop);
            connections.AddRange(await seen.Task);
        }

        return connections;
    }

    /// <summary>How many requests and sessions wait for a server with room, by pool.</summary>
    public IReadOnlyDictionary<string, int> Waiting
    {
        get
        {
            var waiting = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var pool in _plan.Pools.Values)
                waiting[pool.Name] = pool.Waiting;
            return waiting;
        }
    }

    /// <summary>What has been counted since the start, over all loops. May be called from any thread.</summary>
    public Measures Measure()
    {
        var plan = _plan;
        var sum = new Measures(plan.RouteBuckets.Bounds, plan.PoolBuckets.Bounds);
        foreach (var loop in _group.All)
            loop.Present.Meters.AddTo(sum);
        return sum;
    }

    /// <summary>The last errors of all loops, the newest first.</summary>
    public IReadOnlyList<RecentError> RecentErrors
    {
        get
        {
            var errors = new List<RecentError>();
            foreach (var loop in _group.All)
                loop.Errors.CopyTo(errors);
            errors.Sort(static (one, other) => other.At.CompareTo(one.At));
            return errors;
        }
    }

    /// <summary>Client connections open now on each loop.</summary>
    internal int[] OpenConnectionsByLoop => Array.ConvertAll(_group.All, loop => loop.ClientCount);

    /// <summary>Something of each loop, counted there.</summary>
    internal Task<int[]> CountOnLoops(Func<EventLoop, int> count) => Task.WhenAll(Array.ConvertAll(_group.All, loop =>
    {
        var counted = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Events.Post(_ => counted.SetResult(count(loop.Events)), loop);
        return counted.Task;
    }));
}
