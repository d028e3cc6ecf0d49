using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Lints;

/// <summary>Settings of a pool by which nothing goes, for want of another.</summary>
internal static class IdleSettings
{
    private static readonly OutlierSettings s_outlier = new();
    private static readonly HealthSettings s_health = new();

    public static void Check(PoolDraft pool, ProblemList problems)
    {
        if (pool.SlowStart is not null && pool.Balance.Policy is BalancePolicy.Hash or BalancePolicy.First && !HasLimits(pool))
            Warn("a slow start changes nothing", "the policy goes by no shares, and no server has a limit", "another policy, a limit for each server, or no slow start");
        if (pool is { FullConnections: not null, Discover.Count: 0 } && pool.Servers.All(server => server.MinConnections is null))
            Warn("'full-connections' changes nothing", "no server has a limit that grows", "'min-connections' in its servers too");
        if (pool is { Panic: > 0, Health: null, Agent: null, Outlier: null } && pool.Servers.All(server => server.Health is null))
            Warn("'panic' changes nothing", "nothing says that a server is ill", "'health' or 'outlier' beside it");
        if (pool.Outlier is { Ratio: null } outlier && (outlier.Volume != s_outlier.Volume || outlier.Window != s_outlier.Window))
            Warn("'volume' and 'window' of 'outlier' change nothing", "there is no 'ratio', for which alone they are", "'ratio' beside them, or neither");
        if (pool.Health is { Observe: HealthObserve.None } health && (health.ErrorLimit != s_health.ErrorLimit || health.OnError != s_health.OnError))
            Warn("'error-limit' and 'on-error' change nothing", "there is no 'observe', so that requests do not count", "'observe' beside them, or neither");
        if (pool.Breaker is { Value.Errors: 100 })
            Warn("the breaker never opens", "it does so above 100% of failed calls", "99% or less");

        void Warn(string what, string why, string expected) => problems.Warn(pool.Name.Place, $"{what} in the pool {Shown.Quote(pool.Name.Value)}: {why}", expected);
    }

    private static bool HasLimits(PoolDraft pool) =>
        pool.MaxConnections is not null || pool.AdaptiveLimit is not null || pool.Agent is not null || pool.Discover.Count > 0 || pool.Servers.Any(server => server.MaxConnections is not null);
}
