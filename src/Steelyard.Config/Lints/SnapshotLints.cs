using Steelyard.Config.Drafts;

namespace Steelyard.Config.Lints;

/// <summary>
/// What can be used and is probably not meant, the same for every dialect. Asked of what holds together alone: beside a
/// mistake nobody knows what was meant.
/// </summary>
internal static class SnapshotLints
{
    /// <summary>Warns.</summary>
    /// <param name="draft">What was read; its checks have passed.</param>
    /// <param name="problems">Where.</param>
    public static void Check(SnapshotDraft draft, ProblemList problems)
    {
        var pools = (draft.Pools ?? []).ToDictionary(pool => pool.Name.Value, StringComparer.Ordinal);
        foreach (var pool in pools.Values)
        {
            PoolLints.Check(pool, problems);
            RuleLints.Check(pool, problems);
        }

        ListenerLints.Check(draft.Listeners ?? [], problems);
        foreach (var listener in draft.Listeners ?? [])
        {
            if (listener.Mode is { Value: ListenerMode.Tcp })
                continue;
            RuleLints.Check(listener, problems);
            RouteLints.Check(listener, pools, problems);
        }
    }
}
