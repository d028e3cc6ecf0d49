using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Explain;

/// <summary>What a listener does with requests that are asked about, compiled once for all of them.</summary>
internal sealed class AskedRoutes
{
    private readonly Dictionary<Pool, RuleSet?> _rulesOfPools = [];

    /// <param name="listener">The listener.</param>
    /// <param name="pools">The pools there are.</param>
    /// <param name="pathOf">Where a folder is that the configuration names; null for where it says.</param>
    public AskedRoutes(ListenerSettings listener, Dictionary<string, Pool> pools, Func<string, string>? pathOf)
    {
        Listener = listener;

        // Routes are told apart by who they are: two may say the same.
        Settings = Array.ConvertAll(listener.Routes.AsSpan().ToArray(), route => route with { });
        Table = new RouteTable(Settings, pools, listener.RequestHeaders, listener.ResponseHeaders, pathOf: pathOf, asNginx: listener.AsNginx);
        Rules = RuleSet.From(listener.Rules);
    }

    public ListenerSettings Listener { get; }

    /// <summary>Its routes, each one object of its own.</summary>
    public RouteSettings[] Settings { get; }

    public RouteTable Table { get; }

    /// <summary>Its rules for requests; null for none.</summary>
    public RuleSet? Rules { get; }

    /// <summary>Those of a pool; null for none.</summary>
    public RuleSet? RulesOf(Pool pool)
    {
        if (!_rulesOfPools.TryGetValue(pool, out var rules))
            _rulesOfPools.Add(pool, rules = RuleSet.From(pool.Settings.Rules));
        return rules;
    }
}
