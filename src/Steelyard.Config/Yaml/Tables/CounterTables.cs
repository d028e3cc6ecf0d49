using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of one of the <c>tables</c>, and of <c>track</c> in a rule.</summary>
internal static class CounterTables
{
    /// <summary>The name of a table.</summary>
    public static Form<string> Name { get; } = Form.OfText(
        "the name of a table",
        (string text, out string name, out Mistake mistake) =>
        {
            name = text;
            mistake = IsName(text) ? default : new($"{Shown.Quote(text)} cannot be the name of a table", "1 to 64 letters, digits and - _ . :");
            return mistake.Message is null;
        },
        name => name);

    private static readonly Form<IReadOnlyList<StoredCounter>> s_counters = Form.ListOf(
        "a list of counters, such as [ requests, request-rate 10s ]",
        Form.OfText<StoredCounter>("a counter such as requests, or request-rate 10s", StoredCounter.TryParse, counter => counter.ToString()),
        orOne: true);

    private static readonly Form<ValueList<StoredCounter>> s_store = new(
        s_counters.Accepts,
        (ProblemList problems, YamlNode node, out ValueList<StoredCounter> value) =>
        {
            var read = s_counters.Read(problems, node, out var counters);
            value = (counters ?? []).ToValueList();
            if (read && value.Select(counter => counter.Kind).Distinct().Count() != value.Count)
            {
                problems.Error(node.Place, "a counter is named again", "each once");
                return false;
            }

            return read;
        });

    public static DirectiveTable<CounterTableSettings> Tables { get; } = new(
        "a table",
        "a mapping with 'name' and 'store'",
        "What clients, or other keys, have done: rules `track` requests in a table, and [conditions](#conditions-and-expressions) ask for its counters by `tracked` and `table-counter`. HAProxy's `stick-table` with `store`.",
        [["name"], ["store"]],
        [
            new Directive<CounterTableSettings, string>("name", Name, "By what rules and conditions know it.", table => table.Name, (table, value) => table with { Name = value }),
            new Directive<CounterTableSettings, int>("size", ScalarForms.Number(1, 10_000_000), "How many keys it has room for.", table => table.Size, (table, value) => table with { Size = value }),
            new Directive<CounterTableSettings, TimeSpan?>("expire", ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(24)), "never"), "How long a key is kept after it was tracked last; `never`: for as long as there is room.", table => table.Expire, (table, value) => table with { Expire = value }),
            new Directive<CounterTableSettings, bool>("evict", ScalarForms.Switch, "Whether the key that would be forgotten first makes room for a new one; otherwise new ones are not counted.", table => table.Evict, (table, value) => table with { Evict = value }),
            new Directive<CounterTableSettings, int>("key-length", ScalarForms.Number(2, 1024), "How many bytes of a key count.", table => table.KeyLength, (table, value) => table with { KeyLength = value }),
            new Directive<CounterTableSettings, ValueList<StoredCounter>>("store", s_store with { Write = counters => $"[ {string.Join(", ", counters)} ]" }, $"What is counted: {Shown.List(CounterWords.All)}. Those in `-rate` are of the last period, as in `request-rate 10s`.", table => table.Store, (table, value) => table with { Store = value }),
        ]);

    /// <summary>All tables of a file.</summary>
    public static Form<IReadOnlyList<Located<CounterTableSettings>>> List { get; } =
        Form.LocatedListOf("a list of tables, each as in '- { name: clients, expire: 1m, store: [ request-rate 10s ] }'", Form.Mapping(Tables, _ => new CounterTableSettings { Name = "", Store = default }));

    /// <summary>What a rule tracks.</summary>
    public sealed record Tracking(int Slot, string Table, TextTemplate? Key, bool OfConnection);

    public static DirectiveTable<Tracking> Track { get; } = new(
        "'track'",
        "a mapping with 'table' and 'key', as in { table: clients, key: '{client}' }",
        "",
        [["table"], ["key"]],
        [
            new Directive<Tracking, int>("slot", ScalarForms.Number(0, TrackSettings.Slots - 1), "By which number `tracked` asks for it.", track => track.Slot, (track, value) => track with { Slot = value }),
            new Directive<Tracking, string>("table", Name, "The table.", track => track.Table, (track, value) => track with { Table = value }),
            new Directive<Tracking, TextTemplate?>("key", Form.OrNull(Form.OfText<TextTemplate>("a text, with variables such as {client}", TextTemplate.TryParse, template => template.ToString())), "What it is counted by; without it the request is not tracked.", track => track.Key, (track, value) => track with { Key = value }),
            new Directive<Tracking, bool>("whole", ScalarForms.OneOf([("request", false, "each request"), ("connection", true, "the connection, once, with all its requests")]), "What is tracked.", track => track.OfConnection, (track, value) => track with { OfConnection = value }),
        ]);

    public static bool IsName(string text) =>
        text.Length is > 0 and <= 64 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or ':');
}
