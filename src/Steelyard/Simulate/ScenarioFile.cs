using System.Reflection;
using Steelyard.Config;
using Steelyard.Config.Drafts;
using Steelyard.Config.Yaml;

namespace Steelyard.Simulate;

/// <summary>Reads scenarios: those that come with the program, and files in the same form.</summary>
internal static class ScenarioFile
{
    private const string Prefix = "scenario.";

    /// <summary>The names of those that come with the program.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(name => name[Prefix.Length..]).Order(StringComparer.Ordinal)];

    /// <summary>The text of one that comes with the program; null for none of that name.</summary>
    public static string? TextOf(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + name);
        return stream is null ? null : new StreamReader(stream).ReadToEnd();
    }

    /// <summary>Reads a scenario.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="text">The text.</param>
    /// <param name="result">What is wrong with it, for the printer of problems.</param>
    /// <returns>The scenario; null when there are errors.</returns>
    public static Scenario? Parse(string name, string text, out ConfigurationResult result)
    {
        var (source, problems) = (new SourceText(name, text), new ProblemList());
        Scenario? scenario = null;
        if (CharacterCheck.Passes(source, problems))
        {
            switch (YamlTree.Read(source, problems))
            {
                case YamlMapping mapping:
                    var draft = ScenarioTable.Table.Read(problems, mapping, new(mapping.Place));
                    scenario = problems.HasErrors ? null : Check(draft, problems);
                    break;
                case { } other:
                    Form.RefuseKind(problems, other, ScenarioTable.Table.Accepts);
                    break;
                default:
                    if (!problems.HasErrors)
                        problems.Error(new(source, 0, 0), "the file is empty", ScenarioTable.Table.Accepts);
                    break;
            }
        }

        scenario = problems.HasErrors ? null : scenario;
        result = new() { Snapshot = null, Problems = problems.InOrder(), Sources = [source] };
        return scenario is null ? null : scenario with { Name = Path.GetFileNameWithoutExtension(name) };
    }

    /// <summary>Puts the servers into the pool, and sends it through the checks of a configuration.</summary>
    private static Scenario? Check(ScenarioDraft draft, ProblemList problems)
    {
        var scenario = draft.Scenario;
        if (scenario.Servers.Count > 0 && scenario.Servers[0].Joins > TimeSpan.Zero)
            problems.Error(draft.Place, "no server is there from the start", "a server without 'joins'");
        if (scenario.WarmUp >= scenario.Duration)
            problems.Error(draft.Place, "'warm-up' leaves nothing of 'duration'", "a shorter one");
        foreach (var incident in scenario.Incidents)
        {
            if (incident.Servers.Any(server => server >= scenario.Servers.Count))
                problems.Error(draft.Place, $"an event names server {incident.Servers.Max() + 1}, but there are {scenario.Servers.Count}", "a number of a server, from 1");
            if (incident.Zone is { } zone && !scenario.Servers.Any(server => server.Zone == zone))
                problems.Error(draft.Place, $"no server stands in the zone {zone} that an event names", "the zone of a server");
            if (incident.Amount == 0 && incident.What is IncidentKind.Slow or IncidentKind.Pause or IncidentKind.Restart)
                problems.Error(draft.Place, $"the event {incident.What.ToString().ToLowerInvariant()} lacks its {(incident.What == IncidentKind.Slow ? "'times'" : "'for'")}", "how much");
        }

        if (draft.Pool is { Servers.Count: > 0 } or { App: not null })
            problems.Error(draft.Place, "the pool of a scenario has no servers of its own", "'servers' beside 'pool'");
        var place = draft.Place;
        var pool = (draft.Pool ?? new PoolDraft(new("pool", place))) with
        {
            App = null,
            Servers = [.. scenario.Servers.Select((server, i) => new ServerDraft(place) { Address = new(NetworkAddress.ForHost("10.0.0.1", i + 1), place), Weight = server.Weight, Priority = server.Priority > 0 ? new(server.Priority, place) : null, Backup = server.Backup ? new(true, place) : null })],
        };
        var whole = new SnapshotDraft(place)
        {
            Listeners = [new ListenerDraft(place) { Bind = [new(NetworkAddress.ForHost("", 80), place)], To = new("pool", place) }],
            Pools = [pool],
            Timeouts = scenario.Timeouts,
        };
        return SnapshotChecks.Check(whole, problems) is { } snapshot ? scenario with { Pool = snapshot.Pools[0] } : null;
    }

    /// <summary>A scenario with the pool of a configuration instead of its own: its settings, and as many servers as it has.</summary>
    public static Scenario With(Scenario scenario, PoolSettings pool, Timeouts timeouts)
    {
        // The kinds in their order, the last one for all further servers.
        ServerModel[] present = [.. scenario.Servers.Where(server => server.Joins == TimeSpan.Zero)];
        ServerModel[] joining = [.. scenario.Servers.Where(server => server.Joins > TimeSpan.Zero)];
        List<ServerModel> models = [];
        for (var i = 0; i < pool.Servers.Count; i++)
            models.Add(present[Math.Min(i, present.Length - 1)] with { Weight = pool.Servers[i].Weight, Priority = pool.Servers[i].Priority, Backup = pool.Servers[i].Backup });
        models.AddRange(joining);
        var servers = pool.Servers.AsEnumerable().Concat(joining.Select((server, i) => new ServerSettings { Address = NetworkAddress.ForHost("joins", i + 1), Weight = server.Weight }));
        return scenario with { Pool = pool with { Servers = servers.ToValueList(), App = null }, Servers = models, Timeouts = timeouts };
    }
}
