using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>metrics</c>.</summary>
internal static class MetricsTable
{
    private const int MostBuckets = 30;
    private const string Accepts = "a list of ascending durations, such as [ 5ms, 25ms, 100ms, 500ms, 1s, 5s ]";

    private static readonly Form<IReadOnlyList<TimeSpan>> s_durations = Form.ListOf(Accepts, ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)));

    private static readonly Form<ValueList<TimeSpan>> s_buckets = new(
        Accepts,
        (ProblemList problems, YamlNode node, out ValueList<TimeSpan> value) =>
        {
            var read = s_durations.Read(problems, node, out var times);
            value = times.ToValueList();
            for (var i = 1; i < times.Count; i++)
            {
                if (times[i] > times[i - 1])
                    continue;
                problems.Error(node.Place, "the buckets do not ascend", "each longer than the one before it");
                return false;
            }

            if (times.Count > MostBuckets)
                problems.Error(node.Place, $"{times.Count} buckets", $"at most {MostBuckets}: each is a series for every route, method and status");
            return read;
        });

    public static DirectiveTable<MetricsSettings> Table { get; } = new(
        "'metrics'",
        "a mapping with 'buckets'",
        "How what happens is counted; what is counted is on the page of [metrics](metrics.md).",
        [],
        [
            new Directive<MetricsSettings, ValueList<TimeSpan>>(
                "buckets",
                s_buckets,
                "The longest time of each bucket of a histogram; one more takes the rest. `[ 100ms, 500ms, 1s, 2s, 5s ]` when left out. With other buckets counting begins anew.",
                metrics => metrics.Buckets,
                (metrics, value) => metrics with { Buckets = value }),
        ]);
}
