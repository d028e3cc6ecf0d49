using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of one of the <c>lists</c>, and of rules that change one.</summary>
internal static class PatternLists
{
    private static readonly Form<string> s_name = Form.OfText(
        "the name of a list",
        (string text, out string name, out Mistake mistake) =>
        {
            name = text;
            mistake = text.Length is > 0 and <= 1024 && !text.Any(char.IsControl) ? default : new($"{Shown.Quote(text)} cannot be the name of a list", "1 to 1,024 characters");
            return mistake.Message is null;
        },
        name => name);

    private static readonly Form<string> s_text = Form.OfText(
        "a text",
        (string text, out string value, out Mistake mistake) =>
        {
            (value, mistake) = (text, default);
            return true;
        },
        text => text);

    private static readonly Form<IReadOnlyList<PatternEntry>> s_patterns = Form.ListOf(
        "a list of patterns, such as [ 10.0.0.0/8, 192.0.2.1 ]",
        Form.OfText("a pattern", (string text, out PatternEntry entry, out Mistake mistake) => TryRead(text, new(text), out entry, out mistake)));

    private static readonly Form<IReadOnlyList<PatternEntry>> s_pairs = Form.ListOf(
        "a list of patterns with values, such as [ 'a.example.com blue', 'b.example.com green' ]",
        Form.OfText("a pattern and, behind a blank, its value", (string text, out PatternEntry entry, out Mistake mistake) => TryRead(text, Split(text), out entry, out mistake)));

    private static readonly Form<TextTemplate?> s_template = Form.OrNull(Form.OfText<TextTemplate>("a text, with variables such as {client}", TextTemplate.TryParse, template => template.ToString()));

    private static readonly PatternListSettings s_blank = new() { Name = "" };

    public static DirectiveTable<PatternListSettings> Lists { get; } = new(
        "a list of patterns",
        "a mapping with 'name', and 'patterns' or 'map'",
        "Patterns that [conditions](#conditions-and-expressions) compare with (`path starts-with list 'NAME'`) and that `lookup` finds values by. Rules change them (`set-entry`, `remove-entry`), and operators do over [the command socket](haproxy.md#the-command-socket); changes stay until the engine ends, or a reload brings another list of that name. HAProxy's files of ACLs and maps.",
        [["name"]],
        [
            new Directive<PatternListSettings, string>("name", s_name, "By what conditions and rules know it.", list => list.Name, (list, value) => list with { Name = value }),
            new Directive<PatternListSettings, int?>("number", ScalarForms.OrWord(ScalarForms.Number(0, int.MaxValue), "auto"), "By what commands know it; `auto`: its place among the lists.", list => list.Number, (list, value) => list with { Number = value }),
            new Directive<PatternListSettings, string>("description", s_text, "What commands tell of it.", list => list.Description, (list, value) => list with { Description = value }),
            new Directive<PatternListSettings, IReadOnlyList<PatternEntry>>("patterns", s_patterns, "The patterns.", _ => [], (list, value) => list with { Entries = value.ToValueList() }),
            new Directive<PatternListSettings, IReadOnlyList<PatternEntry>>("map", s_pairs, "The patterns, each with a value behind a blank.", _ => [], (list, value) => list with { Entries = value.ToValueList(), IsMap = true }),
            new Directive<PatternListSettings, bool>("values", ScalarForms.Switch, "Whether patterns have values where there are none at the start.", _ => false, (list, value) => list with { IsMap = list.IsMap || value }),
        ]);

    /// <summary>All lists of a file.</summary>
    public static Form<IReadOnlyList<Located<PatternListSettings>>> List { get; } =
        Form.LocatedListOf("a list of lists, each as in '- { name: bad, patterns: [ 10.0.0.0/8 ] }'", Form.Mapping(Lists, _ => s_blank));

    /// <summary>What a rule sets or takes out.</summary>
    public sealed record Entry(string List, TextTemplate? Key, TextTemplate? Value);

    public static DirectiveTable<Entry> Removal { get; } = new("an entry", "a mapping with 'list' and 'key'", "", [["list"], ["key"]], Keys());

    public static DirectiveTable<Entry> Change { get; } = new(
        "an entry",
        "a mapping with 'list' and 'key'",
        "",
        [["list"], ["key"]],
        [.. Keys(), new Directive<Entry, TextTemplate?>("value", s_template, "Its value, of a map.", entry => entry.Value, (entry, value) => entry with { Value = value })]);

    private static Directive<Entry>[] Keys() =>
    [
        new Directive<Entry, string>("list", s_name, "The list.", entry => entry.List, (entry, value) => entry with { List = value }),
        new Directive<Entry, TextTemplate?>("key", s_template, "The pattern.", entry => entry.Key, (entry, value) => entry with { Key = value }),
    ];

    /// <summary>Reads a line of a map: a pattern and, behind blanks, its value.</summary>
    public static PatternEntry Split(string line)
    {
        var end = line.AsSpan().IndexOfAny(' ', '\t');
        return end < 0 ? new(line, "") : new(line[..end], line[end..].Trim());
    }

    /// <summary>A list as the configuration writes it.</summary>
    public static IEnumerable<string> Parts(PatternListSettings list)
    {
        yield return $"name: {YamlValues.Scalar(list.Name)}";
        if (list.Number is { } number)
            yield return $"number: {number}";
        if (list.Description.Length > 0)
            yield return $"description: {YamlValues.Scalar(list.Description)}";
        if (list.Entries.Count > 0)
            yield return $"{(list.IsMap ? "map" : "patterns")}: [{string.Join(", ", list.Entries.Select(entry => YamlValues.Scalar(entry.Value is { Length: > 0 } value ? $"{entry.Pattern} {value}" : entry.Pattern)))}]";
        else if (list.IsMap)
            yield return "values: true";
    }

    private static bool TryRead(string text, PatternEntry read, out PatternEntry entry, out Mistake mistake)
    {
        entry = read;
        mistake = text.Length > 0 ? default : new("an empty pattern", "a pattern");
        return text.Length > 0;
    }
}
