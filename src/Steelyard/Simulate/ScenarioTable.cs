using System.Globalization;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Simulate;

/// <summary>What a scenario file has said so far.</summary>
internal sealed record ScenarioDraft(Place Place)
{
    public Scenario Scenario { get; init; } = new() { Name = "", Load = new(), Servers = [], Pool = new() { Name = "pool", Servers = [] } };

    public PoolDraft? Pool { get; init; }
}

/// <summary>The keys of a scenario file.</summary>
internal static class ScenarioTable
{
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);

    private static readonly Form<string?> s_name = new("a name", (ProblemList problems, YamlNode node, out string? value) => ReadText(problems, node, out value!));

    private static readonly Form<double> s_milliseconds = Form.OfText(
        "a time such as 0.2ms, 10ms or 1.5s",
        (string text, out double value, out Mistake mistake) =>
        {
            mistake = ServiceTime.TryReadTime(text, out value) ? default : new($"{Shown.Quote(text)} is not a time");
            return mistake.Message is null;
        });

    private static readonly Form<double> s_factor = Form.OfText(
        "a number such as 10 or 1.5",
        (string text, out double value, out Mistake mistake) =>
        {
            mistake = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value is > 0 and <= 1_000_000 ? default : new($"{Shown.Quote(text)} is not such a number");
            return mistake.Message is null;
        });

    private static readonly IReadOnlyList<(string Word, IncidentKind Value, string Description)> s_incidents =
    [
        .. Enum.GetValues<IncidentKind>().Select(kind => (kind.ToString().ToLowerInvariant(), kind, "")),
    ];

    private static readonly DirectiveTable<Load> s_load = new(
        "the load",
        "a mapping with 'rate', 'share' or 'clients', as in { rate: 400 }",
        "",
        [["rate", "share", "clients"]],
        [
            new Directive<Load, double?>("rate", OrNull(s_factor), "Requests a second.", load => load.Rate, (load, value) => load with { Rate = value }),
            new Directive<Load, int?>("share", OrNull(ScalarForms.PercentFrom(1, 1000)), "The same as a share of what the servers can do.", load => load.Share, (load, value) => load with { Share = value }),
            new Directive<Load, int?>("clients", OrNull(ScalarForms.Number(1, 1_000_000)), "So many clients, each of which waits for its answer.", load => load.Clients, (load, value) => load with { Clients = value }),
            new Directive<Load, double>("think", s_milliseconds, "How long a client waits before it asks again, on average.", load => load.Think, (load, value) => load with { Think = value }),
        ]);

    private static readonly DirectiveTable<ServerModel> s_servers = new(
        "a kind of servers",
        "a mapping with 'time', as in { count: 4, time: exponential 10ms }",
        "",
        [["time"]],
        [
            new Directive<ServerModel, int>("count", ScalarForms.Number(1, 10_000), "How many.", model => model.Count, (model, value) => model with { Count = value }),
            new Directive<ServerModel, ServiceTime>("time", ServiceTime.Form, "How long one works on a request.", model => model.Time, (model, value) => model with { Time = value }),
            new Directive<ServerModel, double>("slower", s_factor, "How many times as long.", model => model.Slower, (model, value) => model with { Slower = value }),
            new Directive<ServerModel, int>("at-once", ScalarForms.Number(1, 1_000_000), "How many it works on at once.", model => model.AtOnce, (model, value) => model with { AtOnce = value }),
            new Directive<ServerModel, int>("queue", ScalarForms.Number(0, 1_000_000), "How many may wait; others are refused.", model => model.Queue, (model, value) => model with { Queue = value }),
            new Directive<ServerModel, int>("weight", ScalarForms.Number(0, 256), "Its weight.", model => model.Weight, (model, value) => model with { Weight = value }),
            new Directive<ServerModel, int>("priority", ScalarForms.Number(0, 15), "Its tier.", model => model.Priority, (model, value) => model with { Priority = value }),
            new Directive<ServerModel, bool>("backup", ScalarForms.Switch, "Whether it only serves when no other can.", model => model.Backup, (model, value) => model with { Backup = value }),
            new Directive<ServerModel, string?>("zone", s_name, "The zone it stands in.", model => model.Zone, (model, value) => model with { Zone = value }),
            new Directive<ServerModel, double>("pause-every", s_milliseconds, "How often it stops, on average.", model => model.PauseEvery, (model, value) => model with { PauseEvery = value }),
            new Directive<ServerModel, double>("pause-for", s_milliseconds, "How long it stops then.", model => model.PauseFor, (model, value) => model with { PauseFor = value }),
            new Directive<ServerModel, double>("cold-slower", s_factor, "How many times as long requests take when it has just started.", model => model.ColdSlower, (model, value) => model with { ColdSlower = value }),
            new Directive<ServerModel, TimeSpan>("cold-for", ScalarForms.Duration(TimeSpan.Zero, s_longest), "How long until it is warm.", model => model.ColdFor, (model, value) => model with { ColdFor = value }),
            new Directive<ServerModel, TimeSpan>("joins", ScalarForms.Duration(TimeSpan.Zero, s_longest), "When it joins the pool.", model => model.Joins, (model, value) => model with { Joins = value }),
        ]);

    private static readonly DirectiveTable<Incident> s_events = new(
        "an event",
        "a mapping with 'at', 'do' and 'servers' or 'zone', as in { at: 20s, servers: 1, do: fail }",
        "",
        [["at"], ["do"], ["servers", "zone"]],
        [
            new Directive<Incident, TimeSpan>("at", ScalarForms.Duration(TimeSpan.Zero, s_longest), "When.", incident => incident.At, (incident, value) => incident with { At = value }),
            new Directive<Incident, IncidentKind>("do", ScalarForms.OneOf(s_incidents), "What happens.", incident => incident.What, (incident, value) => incident with { What = value }),
            new Directive<Incident, IReadOnlyList<int>>("servers", Form.ListOf("the number of a server, from 1, or a list of them", ScalarForms.Number(1, 10_000), orOne: true), "To which servers.", incident => incident.Servers, (incident, value) => incident with { Servers = [.. value.Select(number => number - 1)] }),
            new Directive<Incident, string?>("zone", s_name, "To which zone.", incident => incident.Zone, (incident, value) => incident with { Zone = value }),
            new Directive<Incident, double>("times", s_factor, "How many times slower, for slow.", incident => incident.Amount, (incident, value) => incident with { Amount = value }),
            new Directive<Incident, double>("for", s_milliseconds, "How long, for pause and restart.", incident => incident.Amount, (incident, value) => incident with { Amount = value }),
        ]);

    /// <summary>The keys of a pool but those that say where servers are.</summary>
    private static readonly DirectiveTable<PoolDraft> s_pool = PoolTable.Pools with
    {
        Title = "the pool of a scenario",
        Required = [],
    };

    /// <summary>The file.</summary>
    public static DirectiveTable<ScenarioDraft> Table { get; } = new(
        "a scenario",
        "a mapping with 'load' and 'servers'",
        "",
        [["load"], ["servers"]],
        [
            Of("about", new Form<string>("a sentence", ReadText), scenario => scenario.About, (scenario, value) => scenario with { About = value }),
            Of("duration", ScalarForms.Duration(TimeSpan.FromSeconds(1), s_longest), scenario => scenario.Duration, (scenario, value) => scenario with { Duration = value }),
            Of("warm-up", ScalarForms.Duration(TimeSpan.Zero, s_longest), scenario => scenario.WarmUp, (scenario, value) => scenario with { WarmUp = value }),
            Of("load", Form.Mapping(s_load, _ => new()), scenario => scenario.Load, (scenario, value) => scenario with { Load = value }),
            Of("network", s_milliseconds, scenario => scenario.Network, (scenario, value) => scenario with { Network = value }),
            Of("keys", ScalarForms.Number(1, 1_000_000), scenario => scenario.Keys, (scenario, value) => scenario with { Keys = value }),
            Of("timeouts", Form.Mapping(TimeoutsTable.Table, _ => new()), scenario => scenario.Timeouts, (scenario, value) => scenario with { Timeouts = value }),
            Of("servers", Form.ListOf("a list of kinds of servers, as in [ { count: 4, time: exponential 10ms } ]", Form.Mapping(s_servers, _ => new ServerModel { Time = null! })), scenario => scenario.Servers, (scenario, value) => scenario with { Servers = Expanded(value) }),
            Of("events", Form.ListOf("a list of events, as in [ { at: 20s, servers: 1, do: fail } ]", Form.Mapping(s_events, _ => new Incident(default, default, [], null))), scenario => scenario.Incidents, (scenario, value) => scenario with { Incidents = [.. value.OrderBy(incident => incident.At)] }),
            new Directive<ScenarioDraft, PoolDraft?>(
                "pool",
                Form.OrNull(Form.Mapping(s_pool, mapping => new(new("pool", mapping.Place)))),
                "",
                draft => draft.Pool,
                (draft, value) => draft with { Pool = value }),
        ]);

    private static Directive<ScenarioDraft, T> Of<T>(string name, Form<T> form, Func<Scenario, T> get, Func<Scenario, T, Scenario> set) =>
        new(name, form, "", draft => get(draft.Scenario), (draft, value) => draft with { Scenario = set(draft.Scenario, value) });

    private static Form<T?> OrNull<T>(Form<T> form)
        where T : struct => new(
        form.Accepts,
        (ProblemList problems, YamlNode node, out T? value) =>
        {
            var read = form.Read(problems, node, out var plain);
            value = plain;
            return read;
        });

    private static bool ReadText(ProblemList problems, YamlNode node, out string value)
    {
        value = (node as YamlText)?.Value ?? "";
        return node is YamlText || Form.RefuseKind(problems, node, "a text");
    }

    // Those that join stand behind those that are there: their positions stay.
    private static List<ServerModel> Expanded(IReadOnlyList<ServerModel> kinds) =>
        [.. kinds.SelectMany(kind => Enumerable.Repeat(kind, kind.Count)).OrderBy(model => model.Joins)];
}
