using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The counters of stick-tables: what tables store, what rules track, and the samples that ask for it.</summary>
internal static class HaproxyCounters
{
    private const string Proxies = "DFBL";

    /// <summary>HAProxy's names of counters, as behind <c>store</c>.</summary>
    public static IReadOnlyList<(string Name, CounterKind Kind)> Names { get; } =
    [
        ("gpt0", CounterKind.Tag), ("gpc0", CounterKind.General0), ("gpc0_rate", CounterKind.General0Rate), ("gpc1", CounterKind.General1), ("gpc1_rate", CounterKind.General1Rate),
        ("conn_cnt", CounterKind.Connections), ("conn_cur", CounterKind.Open), ("conn_rate", CounterKind.ConnectionRate), ("sess_cnt", CounterKind.Sessions), ("sess_rate", CounterKind.SessionRate),
        ("http_req_cnt", CounterKind.Requests), ("http_req_rate", CounterKind.RequestRate), ("http_err_cnt", CounterKind.Errors), ("http_err_rate", CounterKind.ErrorRate),
        ("http_fail_cnt", CounterKind.Failures), ("http_fail_rate", CounterKind.FailureRate), ("bytes_in_cnt", CounterKind.BytesIn), ("bytes_in_rate", CounterKind.BytesInRate),
        ("bytes_out_cnt", CounterKind.BytesOut), ("bytes_out_rate", CounterKind.BytesOutRate),
    ];

    /// <summary>How samples name counters.</summary>
    private static readonly Dictionary<string, AskedCounter> s_asked = Asked();

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } = AllRows();

    private static IEnumerable<DirectiveRow<HaproxyUse>> AllRows()
    {
        for (var slot = 0; slot < TrackSettings.Slots; slot++)
        {
            var own = slot;
            foreach (var (of, whole) in ((string, bool)[])[("http-request", false), ("tcp-request content", false), ("tcp-request session", true), ("tcp-request connection", true)])
            {
                yield return DirectiveRow<HaproxyUse>.Done(
                    $"{of} track-sc{slot}",
                    Proxies,
                    "<sample> [table <name>] [if|unless <condition>]",
                    whole ? "Counts the connection in the table, this section's where none is named, from its first request on." : "Counts the request in the table, this section's where none is named.",
                    use => ReadTrack(use, own, whole, isEarly: of != "http-request"));
            }
        }

        foreach (var of in (string[])["http-request", "http-response", "http-after-response", "tcp-request content", "tcp-request session", "tcp-request connection"])
        {
            foreach (var (action, asked) in ((string, AskedCounter)[])[("sc-inc-gpc0", new(CounterKind.General0, CounterOperation.Increment)), ("sc-inc-gpc1", new(CounterKind.General1, CounterOperation.Increment)), ("sc-set-gpt0", new(CounterKind.Tag, CounterOperation.Set)), ("sc-inc-gpc", new(CounterKind.General0, CounterOperation.Increment)), ("sc-set-gpt", new(CounterKind.Tag, CounterOperation.Set))])
            {
                var ofArray = action is "sc-inc-gpc" or "sc-set-gpt";
                var sets = asked.Operation == CounterOperation.Set;
                yield return DirectiveRow<HaproxyUse>.Done(
                    $"{of} {action}",
                    Proxies,
                    $"({(ofArray ? "<place>," : "")}<slot>){(sets ? " <number>" : "")} [if|unless <condition>]",
                    sets ? "Sets the tag of what is tracked." : "Increments a counter of what is tracked.",
                    use => ReadChange(use, asked, of, ofArray));
            }
        }
    }

    private static Dictionary<string, AskedCounter> Asked()
    {
        Dictionary<string, AskedCounter> all = new(StringComparer.Ordinal)
        {
            ["get_gpt0"] = new(CounterKind.Tag),
            ["get_gpc0"] = new(CounterKind.General0),
            ["get_gpc1"] = new(CounterKind.General1),
            ["inc_gpc0"] = new(CounterKind.General0, CounterOperation.Increment),
            ["inc_gpc1"] = new(CounterKind.General1, CounterOperation.Increment),
            ["clr_gpc0"] = new(CounterKind.General0, CounterOperation.Clear),
            ["clr_gpc1"] = new(CounterKind.General1, CounterOperation.Clear),
            ["kbytes_in"] = new(CounterKind.BytesIn),
            ["kbytes_out"] = new(CounterKind.BytesOut),
        };
        foreach (var (name, kind) in Names)
            all.TryAdd(name, new(kind));
        return all;
    }

    /// <summary>Reads what stands behind <c>store</c>: counters with commas between, rates with their time in brackets.</summary>
    public static bool TryReadStore(Word word, HaproxyUse use, List<StoredCounter> store)
    {
        foreach (var part in Parts(word.Text))
        {
            var bracket = part.IndexOf('(', StringComparison.Ordinal);
            var name = bracket < 0 ? part : part[..bracket];
            if (name is "server_id" or "server_key")
                continue;
            if (name is "gpc" or "gpt" or "gpc_rate")
            {
                if (!TryReadArray(part, name, word, use, store))
                    return false;
                continue;
            }

            var known = Names.FirstOrDefault(row => row.Name == name);
            if (known.Name is null)
            {
                use.Error(word, $"{Shown.Quote(name)} is nothing that a table stores here", Shown.OneOf([.. Names.Select(row => row.Name)]));
                return false;
            }

            var period = TimeSpan.Zero;
            if (CounterWords.IsRate(known.Kind) && (bracket < 0 || part[^1] != ')' || !HaproxyUse.TryReadTime(part[(bracket + 1)..^1], out period) || period <= TimeSpan.Zero))
            {
                use.Error(word, $"{Shown.Quote(part)} is not a rate over a time", $"such as {name}(10s)");
                return false;
            }

            if (!store.Exists(stored => stored.Kind == known.Kind))
                store.Add(new(known.Kind, period));
        }

        return true;
    }

    // The first two of an array of counters, and the first of tags, are those that have names of their own.
    private static bool TryReadArray(string part, string name, Word word, HaproxyUse use, List<StoredCounter> store)
    {
        var arguments = part.EndsWith(')') ? part[(name.Length + 1)..^1].Split(',') : [];
        var most = name == "gpt" ? 1 : 2;
        var period = TimeSpan.Zero;
        if (arguments.Length != (name == "gpc_rate" ? 2 : 1) || !int.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1 || count > most || (name == "gpc_rate" && (!HaproxyUse.TryReadTime(arguments[1], out period) || period <= TimeSpan.Zero)))
        {
            use.Error(word, $"{Shown.Quote(part)} cannot be stored here", name == "gpt" ? "gpt(1)" : name == "gpc" ? "gpc(1) or gpc(2)" : "gpc_rate(1,10s) or gpc_rate(2,10s)");
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            var kind = (name, i) switch { ("gpt", _) => CounterKind.Tag, ("gpc", 0) => CounterKind.General0, ("gpc", _) => CounterKind.General1, (_, 0) => CounterKind.General0Rate, _ => CounterKind.General1Rate };
            if (!store.Exists(stored => stored.Kind == kind))
                store.Add(new(kind, period));
        }

        return true;
    }

    /// <summary>The name of a counter that is named by its place in an array; the arguments without the place.</summary>
    private static string OfPlace(string what, ref IReadOnlyList<string> arguments)
    {
        if (what is not ("get_gpc" or "inc_gpc" or "clr_gpc" or "gpc_rate" or "get_gpt" or "gpc" or "gpt") || arguments is not [("0" or "1") and var place, ..] || (what is "get_gpt" or "gpt" && place != "0"))
            return what;
        arguments = [.. arguments.Skip(1)];
        return what == "gpc_rate" ? $"gpc{place}_rate" : what + place;
    }

    private static IEnumerable<string> Parts(string text)
    {
        var (start, depth) = (0, 0);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && (depth > 0 || text[i] != ','))
            {
                depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
                continue;
            }

            if (i > start)
                yield return text[start..i];
            start = i + 1;
        }
    }

    private static void ReadTrack(HaproxyUse use, int slot, bool ofConnection, bool isEarly)
    {
        if (!use.TryTake("a sample", out var word))
            return;
        if (!HaproxySamples.TryRead(word.Text, mayCompare: false, use, out var sample, out _, out var mistake))
        {
            use.Problems.Error(word.Place, mistake);
            return;
        }

        var table = use.Section.Name.Value;
        if (use.Take("table"))
        {
            if (!use.TryTake("the name of a table", out var named))
                return;
            table = named.Text;
        }

        if (!use.TryReadCondition(out var condition))
            return;
        Add(use, isEarly, new() { Action = RuleAction.Track, Value = TextTemplate.Of(sample.Expression), Track = new(slot, table, ofConnection), When = condition });
    }

    private static void ReadChange(HaproxyUse use, AskedCounter asked, string of, bool ofArray)
    {
        if (!use.TryTake("a slot in round brackets", out var word))
            return;
        if (ofArray && word.Text.StartsWith("(0,", StringComparison.Ordinal))
            word = word with { Text = "(" + word.Text[3..] };
        else if (ofArray && word.Text.StartsWith("(1,", StringComparison.Ordinal) && asked.Kind == CounterKind.General0)
            (word, asked) = (word with { Text = "(" + word.Text[3..] }, asked with { Kind = CounterKind.General1 });
        var text = word.Text.Length == 3 && word.Text[0] == '(' && word.Text[2] == ')' ? word.Text[1] : ' ';
        if (text is < '0' or >= (char)('0' + TrackSettings.Slots))
        {
            use.Error(word, $"{Shown.Quote(word.Text)} is not a slot in round brackets", "(0), (1) or (2)");
            return;
        }

        if (asked.Operation == CounterOperation.Set)
        {
            if (!use.TryTake("a number", out var number))
                return;
            var digits = number.Text.StartsWith("int(", StringComparison.Ordinal) && number.Text[^1] == ')' ? number.Text[4..^1] : number.Text;
            if (!uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                use.Error(number, $"{Shown.Quote(number.Text)} is not a number, and a tag is not set by a sample here", "a whole number");
                return;
            }

            asked = asked with { Number = value };
        }

        if (!use.TryReadCondition(out var condition))
            return;
        var rule = new RuleSettings { Action = RuleAction.SetVariable, Name = "counted", Value = TextTemplate.Of(new FetchExpression(FetchKind.Tracked, $"{text} {asked}")), When = condition };
        if (of.EndsWith("response", StringComparison.Ordinal))
            use.Section.ResponseRules.Add(new(rule, use.Line));
        else
            Add(use, of != "http-request", rule);
    }

    private static void Add(HaproxyUse use, bool isEarly, RuleSettings rule)
    {
        (isEarly ? use.Section.EarlyRules : use.Section.Rules).Add(new(rule, use.Line));
    }

    /// <summary>Reads one of the fetches <c>sc_*</c>, <c>sc0_*</c> and <c>src_*</c>; false where it is another.</summary>
    public static bool TryReadFetch(string name, IReadOnlyList<string> arguments, HaproxyUse use, out Sample sample, out Mistake mistake)
    {
        (sample, mistake) = (default, default);
        var underscore = name.IndexOf('_', StringComparison.Ordinal);
        if (underscore < 0)
            return false;
        var of = name[..underscore];
        var what = OfPlace(name[(underscore + 1)..], ref arguments);
        var isSource = of == "src";
        if (!(isSource || of == "sc" || (of.Length == 3 && of.StartsWith("sc", StringComparison.Ordinal) && of[2] is >= '0' and <= '9')) || (what != "tracked" && what != "updt_conn_cnt" && !s_asked.ContainsKey(what)))
            return false;
        var rest = arguments;
        var slot = of.Length == 3 && !isSource ? of[2..] : "";
        if (of == "sc")
            (slot, rest) = arguments.Count > 0 ? (arguments[0], [.. arguments.Skip(1)]) : ("", rest);
        if (rest.Count > 1 || (!isSource && slot is not ("0" or "1" or "2")))
        {
            mistake = new($"'{name}' with arguments that it does not take", isSource ? $"'{name}', or a table in round brackets" : "a slot from 0 to 2, and a table");
            return true;
        }

        if (what is "tracked" or "updt_conn_cnt")
        {
            if (isSource || what == "updt_conn_cnt")
                mistake = new($"the fetch {Shown.Quote(name)} is not known here", "'track-sc0 src' and sc0_conn_cnt");
            else
                sample = new(new MapExpression(new FetchExpression(FetchKind.TrackedKey, slot), [new(TestKind.Matches, false, ".", TextTemplate.Literal("1"))], TextTemplate.Literal("0")), SampleType.Boolean);
            return true;
        }

        var asked = s_asked[what];
        Expression expression = isSource ? InTable(new VariableExpression(TemplateVariable.Client), rest.Count > 0 ? rest[0] : use.Section.Name.Value, asked)
            : rest.Count > 0 ? InTable(new FetchExpression(FetchKind.TrackedKey, slot), rest[0], asked)
            : new FetchExpression(FetchKind.Tracked, $"{slot} {asked}");
        sample = new(Scaled(expression, what), SampleType.Number);
        return true;
    }

    /// <summary>Reads one of the converters <c>table_*</c> and <c>in_table</c>; false where it is another.</summary>
    public static bool TryReadConverter(string name, IReadOnlyList<string> arguments, Expression input, HaproxyUse use, out Sample sample, out Mistake mistake)
    {
        (sample, mistake) = (default, default);
        var what = name.StartsWith("table_", StringComparison.Ordinal) ? OfPlace(name[6..], ref arguments) : "";
        var asked = default(AskedCounter);
        if (name != "in_table" && !Names.Any(row => row.Name == what) && what is not ("gpt0" or "gpc0" or "gpc1" or "kbytes_in" or "kbytes_out"))
            return false;
        if (name != "in_table" && !s_asked.TryGetValue(what, out asked))
            return false;
        if (arguments.Count == 0 || arguments is [""])
            arguments = [use.Section.Name.Value];
        if (arguments.Count != 1)
            mistake = new($"'{name}' without a table", $"{name}(TABLE)");
        else if (name == "in_table")
            sample = new(new CallExpression(FunctionKind.InTable, input, [arguments[0]]), SampleType.Boolean);
        else
            sample = new(Scaled(InTable(input, arguments[0], asked), what), SampleType.Number);
        return true;
    }

    private static CallExpression InTable(Expression key, string table, AskedCounter asked) => new(FunctionKind.TableCounter, key, [table, asked.ToString()]);

    private static Expression Scaled(Expression expression, string what) =>
        what.StartsWith("kbytes", StringComparison.Ordinal) ? new CallExpression(FunctionKind.Divide, expression, ["1024"]) : expression;

    /// <summary>The tables of a file that count something.</summary>
    public static IReadOnlyList<Located<CounterTableSettings>> Tables(HaproxyFile file)
    {
        List<Located<CounterTableSettings>> tables = [];
        foreach (var section in file.Proxies)
        {
            if (section is { IsDisabled: false, StickTable: { Value.Counts: true } table })
                tables.Add(new(new() { Name = section.Name.Value, Size = table.Value.Size, Expire = table.Value.Expire, Evict = !table.Value.NoPurge, KeyLength = table.Value.KeyLength, Store = table.Value.Store.ToValueList() }, table.Place));
        }

        tables.AddRange(HaproxyRates.Tables(file));
        return tables;
    }
}
