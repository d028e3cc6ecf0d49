using Steelyard.Admin;
using Steelyard.Engine;
using Steelyard.Engine.Metering;
using Steelyard.Keeper;

namespace Steelyard.Board;

/// <summary>One look at the engine, for all who watch: what is counted as it stands, and as it stood at the look before. Immutable.</summary>
internal sealed record LiveSample
{
    /// <summary>When what is counted was read.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Seconds since the look before; 0 where there was none.</summary>
    public double Seconds { get; init; }

    public required ServedConfiguration Served { get; init; }

    /// <summary>The pools with their servers, in the order of the configuration.</summary>
    public required IReadOnlyList<PoolLook> Pools { get; init; }

    public required EngineCounters Counters { get; init; }

    public required EngineCounters CountersBefore { get; init; }

    public required Measures Measures { get; init; }

    /// <summary>What was counted at the look before; null for none.</summary>
    public Measures? MeasuresBefore { get; init; }

    /// <summary>Open connections by the position of their listener.</summary>
    public required IReadOnlyList<int> Open { get; init; }

    /// <summary>Who waits for a server with room, by pool.</summary>
    public required IReadOnlyDictionary<string, int> Waiting { get; init; }

    public required IReadOnlyList<BreakerStatus> Breakers { get; init; }

    /// <summary>The last errors, the newest first.</summary>
    public required IReadOnlyList<RecentError> Errors { get; init; }

    /// <summary>What the keeper knows; null where it did not say.</summary>
    public KeeperState? Keeper { get; init; }

    /// <summary>Looks at everything.</summary>
    public static LiveSample Take(AdminDesk desk, IReadOnlyList<ServerStatus> servers, LiveSample? before, KeeperState? keeper)
    {
        var (now, balancer) = (DateTimeOffset.UtcNow, desk.Balancer);
        var (served, measures, counters) = (desk.Served, balancer.Measure(), balancer.Counters);
        return new()
        {
            At = now,
            Seconds = before is null ? 0 : (now - before.At).TotalSeconds,
            Served = served,
            Pools = PoolLook.Of(served.Snapshot, servers, measures),
            Counters = counters,
            CountersBefore = before?.Counters ?? counters,
            Measures = measures,
            MeasuresBefore = before?.Measures,
            Open = balancer.OpenConnectionsByListener,
            Waiting = balancer.Waiting,
            Breakers = balancer.Breakers,
            Errors = balancer.RecentErrors,
            Keeper = keeper,
        };
    }

    /// <summary>The same with servers whose states have changed since.</summary>
    public LiveSample With(IReadOnlyList<ServerStatus> servers) => this with { Pools = PoolLook.Of(Served.Snapshot, servers, Measures) };

    /// <summary>How fast something grows, in a second.</summary>
    public double Rate(long now, long before) => Seconds > 0 ? Math.Max(0, now - before) / Seconds : 0;

    /// <summary>The times of a pool since the look before.</summary>
    public Distribution Recent(string pool, Func<PoolMeasure, Distribution> value)
    {
        if (MeasuresBefore is null || Measures.FindPool(pool) is not { } measure || value(measure) is not { Counts: { } counts } times)
            return default;
        var before = MeasuresBefore.FindPool(pool) is { } then ? value(then) : default;
        var recent = (long[])counts.Clone();
        for (var i = 0; i < Math.Min(recent.Length, before.Counts?.Length ?? 0); i++)
            recent[i] = Math.Max(0, recent[i] - before.Counts![i]);
        return new() { Counts = recent, Milliseconds = Math.Max(0, times.Milliseconds - before.Milliseconds) };
    }
}
