using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>outlier</c> in a pool.</summary>
internal static class OutlierTable
{
    private static readonly TimeSpan s_most = TimeSpan.FromHours(24);

    private static readonly IReadOnlyList<(string Word, OutlierConditions Value, string Description)> s_words =
    [
        ("connect-failure", OutlierConditions.ConnectFailure, ""),
        ("reset", OutlierConditions.Reset, ""),
        ("timeout", OutlierConditions.Timeout, ""),
        ("bad-answer", OutlierConditions.BadAnswer, ""),
        ("429", OutlierConditions.Status429, ""),
        ("500", OutlierConditions.Status500, ""),
        ("502", OutlierConditions.Status502, ""),
        ("503", OutlierConditions.Status503, ""),
        ("504", OutlierConditions.Status504, ""),
        ("5xx", OutlierConditions.Status5xx, ""),
    ];

    public static Form<OutlierConditions> Conditions { get; } = ScalarForms.FlagsOf("a list of conditions and statuses, such as [ connect-failure, timeout, 5xx ]", s_words, (all, one) => all | one, (all, one) => all.HasFlag(one));

    public static DirectiveTable<OutlierSettings> Table { get; } = new(
        "'outlier'",
        "none, or a mapping, as in { consecutive: 5, on: [ connect-failure, timeout, 5xx ] }",
        "When a server whose requests go wrong is left out for a while. When its time is over one request tries it, and all come back once that one has gone well. The only server of a pool is never left out, nor is the last that is left; `none` leaves nobody out. More in [Health](health.md).",
        [],
        [
            new Directive<OutlierSettings, OutlierConditions>(
                "on",
                Conditions,
                "What counts as going wrong: `connect-failure` (refused, not open in time, or no TLS), `reset` (closed before the answer or within it), `timeout` (no answer within `timeouts: server-response`, or one that stopped), `bad-answer` (not HTTP), or a status: 429, 500, 502, 503, 504 or all of `5xx`.",
                outlier => outlier.On,
                (outlier, value) => outlier with { On = value }),
            new Directive<OutlierSettings, int?>(
                "consecutive",
                ScalarForms.OrWord(ScalarForms.Number(1, 10_000), "none"),
                "How many in a row are too many.",
                outlier => outlier.Consecutive,
                (outlier, value) => outlier with { Consecutive = value }),
            new Directive<OutlierSettings, int?>(
                "ratio",
                ScalarForms.OrWord(ScalarForms.PercentFrom(1, 100), "none"),
                "What share of the requests within `window` is too much.",
                outlier => outlier.Ratio,
                (outlier, value) => outlier with { Ratio = value }),
            new Directive<OutlierSettings, int>(
                "volume",
                ScalarForms.Number(1, 1_000_000),
                "How many requests there have to be within `window` before the share counts.",
                outlier => outlier.Volume,
                (outlier, value) => outlier with { Volume = value }),
            new Directive<OutlierSettings, TimeSpan>(
                "window",
                ScalarForms.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
                "The time over which the share is taken; it slides.",
                outlier => outlier.Window,
                (outlier, value) => outlier with { Window = value }),
            new Directive<OutlierSettings, TimeSpan>(
                "ejection",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(100), s_most),
                "How long a server is left out the first time. The second time in a row it is twice as long, the third three times; after it has been well for as long as that, the first time again.",
                outlier => outlier.Ejection,
                (outlier, value) => outlier with { Ejection = value }),
            new Directive<OutlierSettings, TimeSpan>(
                "most-ejection",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(100), s_most),
                "The longest time that a server is left out.",
                outlier => outlier.MostEjection,
                (outlier, value) => outlier with { MostEjection = value }),
            new Directive<OutlierSettings, int>(
                "most-ejected",
                ScalarForms.Percent,
                "What share of the pool's servers may be left out at once, rounded down; one always may be where there are two or more.",
                outlier => outlier.MostEjected,
                (outlier, value) => outlier with { MostEjected = value }),
            new Directive<OutlierSettings, int?>(
                "max-fails",
                ScalarForms.OrWord(ScalarForms.Number(1, 10_000), "none"),
                "How many failures are too many by nginx's rule, instead of all the others here but `on`: see [Health](health.md#nginxs-rule). `outlier: none` is nginx's `max_fails=0`.",
                outlier => outlier.MaxFails,
                (outlier, value) => outlier with { MaxFails = value }),
            new Directive<OutlierSettings, TimeSpan>(
                "fail-timeout",
                ScalarForms.Duration(TimeSpan.FromSeconds(1), s_most),
                "nginx's `fail_timeout`, with `max-fails`, in whole seconds.",
                outlier => outlier.FailTimeout,
                (outlier, value) => outlier with { FailTimeout = value }),
        ]);

    /// <summary>What is written behind <c>outlier</c>.</summary>
    public static Form<OutlierSettings?> PoolForm { get; } = new(
        Table.Accepts,
        (ProblemList problems, YamlNode node, out OutlierSettings? value) =>
        {
            value = null;
            if (node is YamlText { Value: "none" })
                return true;
            if (node is not YamlMapping mapping)
                return Form.RefuseKind(problems, node, Table.Accepts);
            value = Table.Read(problems, mapping, new());
            if (value.MostEjection < value.Ejection)
                problems.Error(node.Place, "'most-ejection' is shorter than 'ejection'", "a longest time that is not shorter than the first");
            if (value.MaxFails is not null && value with { MaxFails = null, FailTimeout = new OutlierSettings().FailTimeout, On = new OutlierSettings().On } != new OutlierSettings())
                problems.Error(node.Place, "'max-fails' beside rules that are not nginx's", "beside it only 'fail-timeout' and 'on'");
            if (value.MaxFails is null && value.FailTimeout != new OutlierSettings().FailTimeout)
                problems.Error(node.Place, "'fail-timeout' without 'max-fails'", "both, or 'ejection'");
            if (value.FailTimeout.Milliseconds != 0)
                problems.Error(node.Place, "'fail-timeout' with a part of a second", "whole seconds");
            if (value is { Consecutive: null, Ratio: null })
                problems.Error(node.Place, "'outlier' has neither 'consecutive' nor 'ratio', so it finds nothing", "one of them, or 'outlier: none'");
            return true;
        });
}
