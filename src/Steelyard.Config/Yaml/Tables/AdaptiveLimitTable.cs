namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>adaptive-limit</c> in a pool.</summary>
internal static class AdaptiveLimitTable
{
    public static DirectiveTable<AdaptiveLimitSettings> Table { get; } = new(
        "'adaptive-limit'",
        "a mapping, as in { start: 20, tolerance: 25% }, or {} for all as it is",
        "How much each server may have to do at once, found out by how long its answers take: the limit grows while they take not much longer than without load, and shrinks in proportion when they do. Further requests wait in the [queue](#pools-queue). With `max-connections` the smaller one counts. HTTP only. More in [Overload](overload.md#a-limit-that-finds-itself-adaptive-limit).",
        [],
        [
            new Directive<AdaptiveLimitSettings, int>(
                "start",
                ScalarForms.Number(1, 1_000_000),
                "What a server may have at first.",
                limit => limit.Start,
                (limit, value) => limit with { Start = value }),
            new Directive<AdaptiveLimitSettings, int>(
                "least",
                ScalarForms.Number(1, 1_000_000),
                "What it may have at the least (Envoy: `min_concurrency`).",
                limit => limit.Least,
                (limit, value) => limit with { Least = value }),
            new Directive<AdaptiveLimitSettings, int>(
                "most",
                ScalarForms.Number(1, 1_000_000),
                "What it may have at the most (Envoy: `max_concurrency_limit`).",
                limit => limit.Most,
                (limit, value) => limit with { Most = value }),
            new Directive<AdaptiveLimitSettings, int>(
                "tolerance",
                ScalarForms.PercentFrom(0, 1000),
                "How much longer than without load answers may take before the limit shrinks (Envoy: `buffer`).",
                limit => limit.Tolerance,
                (limit, value) => limit with { Tolerance = value }),
            new Directive<AdaptiveLimitSettings, TimeSpan>(
                "measure",
                ScalarForms.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)),
                "How often it is measured what answers take without load, with half of the limit; not while less than half is used anyway.",
                limit => limit.Measure,
                (limit, value) => limit with { Measure = value }),
        ]);
}
