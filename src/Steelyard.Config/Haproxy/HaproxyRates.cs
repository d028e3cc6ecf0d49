using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>What comes to a frontend or a backend in a second: counted in a table of its own, where some sample asks for it.</summary>
internal static class HaproxyRates
{
    private const string Key = "all";

    private static readonly StoredCounter[] s_store = [new(CounterKind.General0, TimeSpan.Zero), new(CounterKind.General0Rate, TimeSpan.FromSeconds(1)), new(CounterKind.General1, TimeSpan.Zero), new(CounterKind.General1Rate, TimeSpan.FromSeconds(1))];

    /// <summary>The fetches, for the reference page.</summary>
    public static IEnumerable<SampleRow> Fetches { get; } =
    [
        new("fe_req_rate", (0, 1), SampleType.Number, (_, _) => null, "requests in the last second of this frontend, or of the one that is named; in HTTP mode"),
        new("fe_sess_rate", (0, 1), SampleType.Number, (_, _) => null, "connections in the last second, each from its first request on"),
        new("be_sess_rate", (0, 1), SampleType.Number, (_, _) => null, "requests in the last second of this backend, or of the one that is named"),
    ];

    /// <summary>Reads one of the fetches; false where it is another.</summary>
    public static bool TryReadFetch(string name, IReadOnlyList<string> arguments, HaproxyUse use, out Sample sample, out Mistake mistake)
    {
        (sample, mistake) = (default, default);
        if (name is not ("fe_req_rate" or "fe_sess_rate" or "be_sess_rate"))
            return false;
        var ofBackend = name[0] == 'b';
        var its = arguments is [{ Length: > 0 } named] ? named : use.Section.Name.Value;
        if (arguments.Count > 1 || use.Section.Kind == 'D' || (arguments.Count == 0 && use.Section.Kind == (ofBackend ? 'F' : 'B')))
            mistake = new($"'{name}' without the name of a {(ofBackend ? "backend" : "frontend")}", $"{name}(NAME)");
        else
            use.File.Rated.TryAdd((its, ofBackend), use.Line);
        sample = new(InTable(its, ofBackend, new(name == "fe_sess_rate" ? CounterKind.General1Rate : CounterKind.General0Rate)), SampleType.Number);
        return true;
    }

    /// <summary>The tables that are asked for.</summary>
    public static IEnumerable<Located<CounterTableSettings>> Tables(HaproxyFile file) =>
        file.Rated.Select(rated => new Located<CounterTableSettings>(new() { Name = TableOf(rated.Key.Name, rated.Key.OfBackend), Size = 1, Store = s_store.ToValueList() }, rated.Value));

    /// <summary>What counts a request in a section that somebody asks the rate of.</summary>
    public static IEnumerable<Located<RuleSettings>> Rules(HaproxySection section, bool ofBackend, HaproxyFile file)
    {
        if (!file.Rated.TryGetValue((section.Name.Value, ofBackend), out var place))
            yield break;
        yield return new(Counting(section, ofBackend, CounterKind.General0), place);
        if (!ofBackend)
            yield return new(Counting(section, ofBackend, CounterKind.General1) with { When = new TestCondition(new FetchExpression(FetchKind.ConnectionRequests), TestKind.Is, ["1"]) }, place);
    }

    /// <summary>Reports rates of what is not there, or reads no requests.</summary>
    public static void Check(HaproxyFile file)
    {
        foreach (var ((name, ofBackend), place) in file.Rated)
        {
            var section = file.Proxies.Find(proxy => proxy.Name.Value == name && (ofBackend ? proxy.IsBackend : proxy.IsFrontend));
            if (section is null)
                file.Problems.Error(place, $"no {(ofBackend ? "backend" : "frontend")} is called {Shown.Quote(name)}", "the name of one");
            else if (section.IsTcp)
                file.Problems.Error(place, $"the rate of {Shown.Quote(name)}, which is in TCP mode, is not counted here", "'mode http', or 'maxconn'");
        }
    }

    private static string TableOf(string name, bool ofBackend) => $"{name}.{(ofBackend ? "be" : "fe")}-rate";

    private static RuleSettings Counting(HaproxySection section, bool ofBackend, CounterKind kind) =>
        new() { Action = RuleAction.SetVariable, Name = "counted", Value = TextTemplate.Of(InTable(section.Name.Value, ofBackend, new(kind, CounterOperation.Increment))) };

    private static CallExpression InTable(string name, bool ofBackend, AskedCounter asked) =>
        new(FunctionKind.TableCounter, new TextExpression(TextTemplate.Literal(Key)), [TableOf(name, ofBackend), asked.ToString()]);
}
