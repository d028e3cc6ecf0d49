using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of rules about time: what waits for a body, and what changes a timeout.</summary>
internal static class BodyWaitTable
{
    private const int MostBytes = 16 * 1024;

    /// <summary>A timeout that a rule changes.</summary>
    /// <param name="Of">Which.</param>
    /// <param name="Milliseconds">What it becomes.</param>
    public sealed record Timeout(string Of, TextTemplate? Milliseconds);

    public static DirectiveTable<BodyWait> Keys { get; } = new(
        "a wait",
        "a mapping with 'time' and 'at-least'",
        "",
        [],
        [
            new Directive<BodyWait, TimeSpan>("time", ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24)), "The longest wait.", wait => wait.Time, (wait, value) => wait with { Time = value }),
            new Directive<BodyWait, int>("at-least", ScalarForms.Number(0, MostBytes), "How many bytes are enough; all of it when left out.", wait => wait.AtLeast, (wait, value) => wait with { AtLeast = value }),
        ]);

    public static DirectiveTable<Timeout> Timeouts { get; } = new(
        "a timeout",
        "a mapping with 'of' and 'milliseconds'",
        "",
        [["of"], ["milliseconds"]],
        [
            new Directive<Timeout, string>("of", ScalarForms.OneOf([("server", "server", ""), ("tunnel", "tunnel", "")]), "Which.", timeout => timeout.Of, (timeout, value) => timeout with { Of = value }),
            new Directive<Timeout, TextTemplate?>("milliseconds", Form.OrNull(RuleTable.Template), "What it becomes.", timeout => timeout.Milliseconds, (timeout, value) => timeout with { Milliseconds = value }),
        ]);

    public static string Write(BodyWait wait)
    {
        List<string> keys = [];
        if (wait.Time > TimeSpan.Zero)
            keys.Add($"time: {DurationText.Write(wait.Time)}");
        if (wait.AtLeast > 0)
            keys.Add($"at-least: {wait.AtLeast}");
        return $"{{ {string.Join(", ", keys)} }}".Replace("{  }", "{}", StringComparison.Ordinal);
    }
}
