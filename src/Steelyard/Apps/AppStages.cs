using Steelyard.Config;

namespace Steelyard.Apps;

/// <summary>In which order apps are started that wait for others, and what can be served in between.</summary>
internal sealed class AppStages
{
    private readonly Snapshot _snapshot;
    private readonly Dictionary<string, int> _stages = new(StringComparer.Ordinal);

    private AppStages(Snapshot snapshot) => _snapshot = snapshot;

    /// <summary>The stages of a configuration, whose apps do not wait in circles.</summary>
    public static AppStages Of(Snapshot snapshot)
    {
        var stages = new AppStages(snapshot);
        foreach (var pool in snapshot.Pools)
            stages.Last = Math.Max(stages.Last, stages.Find(pool.Name));
        return stages;
    }

    /// <summary>The last; 0 where nobody waits.</summary>
    public int Last { get; private set; }

    /// <summary>When a pool's app is started.</summary>
    public int Of(string pool) => Find(pool);

    /// <summary>What can be served once the apps of a stage are ready.</summary>
    public Snapshot Until(int stage) => stage == Last ? _snapshot : _snapshot with
    {
        Listeners = _snapshot.Listeners.AsEnumerable().Where(listener => listener.Routes.All(route => (route.Pool is null || Find(route.Pool) <= stage) && route.Split.All(share => Find(share.Pool) <= stage))).ToValueList(),
    };

    /// <summary>A configuration without the listeners that are where workers say.</summary>
    public static Snapshot WithKnownPorts(Snapshot snapshot) => !AppSupervisors.SayPorts(snapshot) ? snapshot : snapshot with
    {
        Listeners = snapshot.Listeners.AsEnumerable().Where(listener => !listener.Bind.Any(address => address.IsOfApp)).ToValueList(),
    };

    private int Find(string name)
    {
        if (_stages.TryGetValue(name, out var known))
            return known;
        var app = _snapshot.Pools.AsEnumerable().FirstOrDefault(pool => pool.Name == name)?.App;
        var stage = app is null || app.After.Count == 0 ? 0 : 1 + app.After.AsEnumerable().Max(Find);
        return _stages[name] = stage;
    }
}
