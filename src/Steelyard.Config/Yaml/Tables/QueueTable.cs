using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>queue</c> in a pool.</summary>
internal static class QueueTable
{
    private static readonly Form<string?> s_field = Form.OfText(
        "the name of a field in letters, digits and '-', such as X-Priority",
        (string text, out string? name, out Mistake mistake) =>
        {
            name = text;
            mistake = text.Length is 0 or > 64 || !char.IsAsciiLetter(text[0]) || !text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-')
                ? new($"{Shown.Quote(text)} cannot be the field of a priority", "letters, digits and '-', such as X-Priority")
                : default;
            return mistake.Message is null;
        },
        name => name!);

    private static readonly Form<string?> s_variable = new(
        RuleTable.VariableName.Accepts,
        (ProblemList problems, YamlNode node, out string? value) => RuleTable.VariableName.Read(problems, node, out value!),
        name => name!);

    public static DirectiveTable<QueueSettings> Table { get; } = new(
        "'queue'",
        "a mapping, as in { most: 1000, timeout: 5s }",
        "Who waits where every server has as much to do as it may (`max-connections`). In the order of coming, over all loops; exactly one is called for each place. A client that goes away leaves. More in [Overload](overload.md).",
        [],
        [
            new Directive<QueueSettings, int>(
                "most",
                ScalarForms.Number(0, 1_000_000),
                "How many may wait; further ones get 503 at once.",
                queue => queue.Most,
                (queue, value) => queue with { Most = value }),
            new Directive<QueueSettings, TimeSpan?>(
                "timeout",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24)), "default"),
                "How long one waits at most; then 503. `default` is `timeouts: queue`.",
                queue => queue.Timeout,
                (queue, value) => queue with { Timeout = value }),
            new Directive<QueueSettings, string?>(
                "priority-header",
                s_field,
                "The field whose number, -2047 to 2047, says who goes first: smaller numbers do. Without such a number the `priority` of the route counts. Clients can send it too, so it is for listeners that only proxies and services of your own reach.",
                queue => queue.PriorityField,
                (queue, value) => queue with { PriorityField = value }),
            new Directive<QueueSettings, string?>(
                "priority-variable",
                s_variable,
                "The variable in which rules say who goes first, by a number from -2047 to 2047; it counts before `priority-header` (HAProxy: `set-priority-class`).",
                queue => queue.PriorityVariable,
                (queue, value) => queue with { PriorityVariable = value }),
            new Directive<QueueSettings, string?>(
                "offset-variable",
                s_variable,
                "The variable in which rules say how many milliseconds later than it did a request counts as come, among those of its priority: -524287 to 524287, less than 0 for sooner (HAProxy: `set-priority-offset`).",
                queue => queue.OffsetVariable,
                (queue, value) => queue with { OffsetVariable = value }),
        ]);
}
