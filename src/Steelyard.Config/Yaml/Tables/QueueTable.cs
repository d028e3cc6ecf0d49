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
        ]);
}
