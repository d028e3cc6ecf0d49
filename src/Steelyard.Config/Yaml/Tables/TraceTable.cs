using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>By what requests are known beyond this program: <c>request-id</c> and <c>trace-context</c>.</summary>
internal static class TraceTable
{
    private static readonly IReadOnlyList<(string Word, bool Value, string Description)> s_believed =
        [("anyone", false, ""), ("trusted-proxies", true, "")];

    public static DirectiveTable<TraceSettings> Table { get; } = new(
        "'trace-context'",
        "true, none, or a mapping, as in { believe: trusted-proxies, sampled: 10% }",
        "A W3C trace context for requests: a valid `traceparent` is passed on, and who brings none gets one. It stands in access logs. See [Logging](logging.md#trace-context).",
        [],
        [
            new Directive<TraceSettings, bool>(
                "believe",
                ScalarForms.OneOf(s_believed),
                "Whose `traceparent` and `tracestate` are passed on: `anyone`'s, or only those of peers in `trusted-proxies`. From others the trace begins anew.",
                trace => trace.OnlyTrusted,
                (trace, value) => trace with { OnlyTrusted = value }),
            new Directive<TraceSettings, int>(
                "sampled",
                ScalarForms.Percent,
                "How many of the traces that begin here are marked as sampled, which is what the servers' own tracing goes by.",
                trace => trace.Sampled,
                (trace, value) => trace with { Sampled = value }),
        ]);

    /// <summary>What is written behind <c>trace-context</c>.</summary>
    public static Form<TraceSettings?> FileForm { get; } = new(
        Table.Accepts,
        (ProblemList problems, YamlNode node, out TraceSettings? value) =>
        {
            value = node is YamlText { Value: "true" } ? new() : TraceSettings.None;
            if (node is YamlText { Value: "true" or "none" })
                return true;
            if (node is not YamlMapping mapping)
                return Form.RefuseKind(problems, node, Table.Accepts);
            value = Table.Read(problems, mapping, new());
            return true;
        },
        trace => trace is null or { Enabled: false } ? "none" : trace == new TraceSettings() ? "true" : $"{{ believe: {(trace.OnlyTrusted ? "trusted-proxies" : "anyone")}, sampled: {trace.Sampled}% }}");

    /// <summary>What is written behind <c>request-id</c>: the name of a field, empty for none.</summary>
    public static Form<string?> RequestIdForm { get; } = Form.OfText(
        "the name of a field, such as X-Request-Id, or none",
        (string text, out string? name, out Mistake mistake) =>
        {
            (name, mistake) = (text == "none" ? "" : text, default);
            if (text != "none")
                mistake = HeaderTable.FindMistake(text);
            return mistake.Message is null;
        },
        name => string.IsNullOrEmpty(name) ? "none" : name);
}
