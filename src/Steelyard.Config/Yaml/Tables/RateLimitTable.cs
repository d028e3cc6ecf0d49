using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>rate-limit</c> and <c>concurrency</c> in a listener, a route or a pool.</summary>
internal static class RateLimitTable
{
    private static readonly Form<Rate> s_rate = Form.OfText<Rate>(Rate.Accepts, Rate.TryParse, rate => rate.Requests == 0 ? "" : rate.ToString());

    public static DirectiveTable<RateLimitSettings> Rates { get; } = new(
        "'rate-limit'",
        "a mapping with 'rate', as in { rate: 10/s, burst: 20 }",
        "How many requests of one client, or of another key, are let through; beyond that 429 with `Retry-After`, `RateLimit` and `RateLimit-Policy`. nginx's `limit_req`. A request without the key is not counted. More in [Overload](overload.md).",
        [["rate"]],
        [
            new Directive<RateLimitSettings, RequestKey>(
                "key",
                ScalarForms.RequestKey,
                "What of a request it is counted by, see [values](#values).",
                limit => limit.Key,
                (limit, value) => limit with { Key = value }),
            new Directive<RateLimitSettings, Rate>(
                "rate",
                s_rate,
                "How many on average.",
                limit => limit.Rate,
                (limit, value) => limit with { Rate = value }),
            new Directive<RateLimitSettings, int>(
                "burst",
                ScalarForms.Number(0, 1_000_000),
                "How many more may come at once.",
                limit => limit.Burst,
                (limit, value) => limit with { Burst = value }),
            new Directive<RateLimitSettings, int?>(
                "delay",
                ScalarForms.OrWord(ScalarForms.Number(0, 1_000_000), "none"),
                "How many of the burst pass at once; the others wait until the rate has room for them. `none`: nobody waits (nginx: `nodelay`); 0: all wait (nginx without `nodelay`).",
                limit => limit.Delay,
                (limit, value) => limit with { Delay = value }),
            new Directive<RateLimitSettings, int>(
                "ipv6-prefix",
                ScalarForms.Number(1, 128),
                "So many bits of an IPv6 address count.",
                limit => limit.Ipv6Prefix,
                (limit, value) => limit with { Ipv6Prefix = value }),
            new Directive<RateLimitSettings, int>(
                "keys",
                ScalarForms.Number(64, 1 << 24),
                "How many keys are remembered, 17 bytes each; beyond that those are forgotten that are closest to having all their requests again.",
                limit => limit.Keys,
                (limit, value) => limit with { Keys = value }),
            new Directive<RateLimitSettings, int>(
                "status",
                ScalarForms.Number(400, 599),
                "What those are told that are refused.",
                limit => limit.Status,
                (limit, value) => limit with { Status = value }),
            new Directive<RateLimitSettings, string?>(
                "zone",
                Form.OrNull(ScalarForms.Name),
                "What is counted under the same name, with the same key, is counted together wherever it stands; left out, this place alone.",
                limit => limit.Zone,
                (limit, value) => limit with { Zone = value }),
            new Directive<RateLimitSettings, bool>(
                "shared",
                ScalarForms.Switch,
                "Whether all balancers that share a Redis (`shared`) count under the name of the `zone`, so that they hold one limit together. More in [Shared state](shared-state.md).",
                limit => limit.Shared,
                (limit, value) => limit with { Shared = value }),
            new Directive<RateLimitSettings, bool>(
                "dry-run",
                ScalarForms.Switch,
                "Whether those beyond it are counted and let through all the same.",
                limit => limit.DryRun,
                (limit, value) => limit with { DryRun = value }),
            new Directive<RateLimitSettings, RateLimitSettings?>(
                "also",
                new Form<RateLimitSettings?>("a mapping, such as this one", (ProblemList problems, YamlNode node, out RateLimitSettings? value) => Form.OrNull(Form.Mapping(Rates!, _ => new RateLimitSettings { Rate = new(1, TimeSpan.FromSeconds(1)) })).Read(problems, node, out value)),
                "A further limit that has to let a request through too; one that any of them refuses is counted by none.",
                limit => null,
                (limit, value) => limit with { Also = value }),
        ]);

    public static DirectiveTable<ConcurrencySettings> Concurrency { get; } = new(
        "'concurrency'",
        "a mapping with 'most', as in { most: 10 }",
        "How many requests of one client, or of another key, may be under way at once; beyond that 429. nginx's `limit_conn`. A request without the key is not counted.",
        [["most"]],
        [
            new Directive<ConcurrencySettings, RequestKey>(
                "key",
                ScalarForms.RequestKey,
                "What of a request it is counted by.",
                limit => limit.Key,
                (limit, value) => limit with { Key = value }),
            new Directive<ConcurrencySettings, int>(
                "most",
                ScalarForms.Number(1, 1_000_000),
                "How many.",
                limit => limit.Most,
                (limit, value) => limit with { Most = value }),
            new Directive<ConcurrencySettings, int>(
                "status",
                ScalarForms.Number(400, 599),
                "What those are told that are refused.",
                limit => limit.Status,
                (limit, value) => limit with { Status = value }),
            new Directive<ConcurrencySettings, int>(
                "ipv6-prefix",
                ScalarForms.Number(1, 128),
                "So many bits of an IPv6 address count.",
                limit => limit.Ipv6Prefix,
                (limit, value) => limit with { Ipv6Prefix = value }),
            new Directive<ConcurrencySettings, string?>(
                "zone",
                Form.OrNull(ScalarForms.Name),
                "What is counted under the same name, with the same key, is counted together wherever it stands; left out, this place alone.",
                limit => limit.Zone,
                (limit, value) => limit with { Zone = value }),
            new Directive<ConcurrencySettings, bool>(
                "dry-run",
                ScalarForms.Switch,
                "Whether those beyond it are counted and let through all the same.",
                limit => limit.DryRun,
                (limit, value) => limit with { DryRun = value }),
            new Directive<ConcurrencySettings, ConcurrencySettings?>(
                "also",
                new Form<ConcurrencySettings?>("a mapping, such as this one", (ProblemList problems, YamlNode node, out ConcurrencySettings? value) => Form.OrNull(Form.Mapping(Concurrency!, _ => new ConcurrencySettings { Most = 1 })).Read(problems, node, out value)),
                "A further limit that has to let a request through too; one that any of them refuses is counted by none.",
                limit => null,
                (limit, value) => limit with { Also = value }),
        ]);
}
