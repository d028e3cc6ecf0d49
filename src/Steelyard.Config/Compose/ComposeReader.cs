using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Compose;

/// <summary>
/// Reads Compose files, those of version 3 and of the specification that came after: services whose commands are run as
/// supervised apps, and whose published ports are listeners.
/// </summary>
internal static class ComposeReader
{
    private const int MostServices = 10_000;

    private static readonly string[] s_overrides = ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml"];

    private static readonly string[] s_quiet = ["version", "name", "services", "networks", "volumes", "secrets", "configs"];

    /// <summary>Whether a file is one of Compose: by its name, or by 'services'.</summary>
    public static bool Recognizes(string name, string text) =>
        Path.GetExtension(name) is ".yml" or ".yaml"
        && (name.StartsWith("compose.", StringComparison.Ordinal) || name.StartsWith("docker-compose", StringComparison.Ordinal) || TopLevelKey.IsThere(text, "services"));

    public static Snapshot? Read(DialectSource source, ProblemList problems)
    {
        var variables = ComposeVariables.Of(source, problems);
        var merge = new ComposeMerge(source, variables, problems);
        if (merge.ReadTree(source.Text) is not { } file)
        {
            // What is no YAML has been reported; what remains is a file of blanks and comments.
            if (!problems.HasErrors)
                problems.Error(new(source.Text, 0, 0), "the file is empty", "'services', with a command for each");
            return null;
        }

        foreach (var over in OverridesOf(source, problems))
        {
            if (merge.ReadTree(over) is { } tree)
                file = merge.Over(file, tree);
        }

        ReadTop(file, problems);
        if (file.ValueOf("services") is not YamlMapping { Entries.Count: > 0 } services)
        {
            problems.Error(new(source.Text, 0, 0), "the file without 'services'", "'services', with a command for each");
            return null;
        }

        if (services.Entries.Count > MostServices)
        {
            problems.Error(services.Place, $"more than {MostServices} services", "fewer in one file");
            return null;
        }

        var read = new List<ComposeService>();
        SwarmEngine? engine = null;
        SwarmServices? swarm = null;
        foreach (var (name, _) in services.Entries)
        {
            if (merge.Service(services, name) is not { } mapping)
                continue;
            var service = new ComposeService(new(name.Value, name.Place));
            if (source.Options.Swarm is { } find && SwarmServices.Wants(mapping))
            {
                // Only who needs the engine looks for it.
                engine ??= find();
                swarm ??= new(file, engine, problems);
                (service.WhyNoSwarm, service.Container) = (engine.WhyNot, engine.WhyNot is null ? swarm.Begin(name, mapping) : null);
            }

            ReadService(name, mapping, service, source, variables, problems);
            read.Add(service);
        }

        return Finish(read, new SnapshotDraft(new(source.Text, 0, 0)), swarm, variables, problems);
    }

    private static IEnumerable<SourceText> OverridesOf(DialectSource source, ProblemList problems)
    {
        var options = source.Options;
        var beginning = new Place(source.Text, 0, 0);
        foreach (var path in options.Overrides.AsEnumerable())
        {
            if (source.ReadFile(path, beginning, problems) is { } named)
                yield return named;
        }

        if (options.OverridesAreNamed || Path.GetFileName(source.Text.FileName) is not ("compose.yaml" or "compose.yml" or "docker-compose.yml" or "docker-compose.yaml"))
            yield break;
        foreach (var name in s_overrides)
        {
            if (source.ReadIfThere(name) is not { } beside)
                continue;
            yield return beside;
            yield break;
        }
    }

    private static void ReadTop(YamlMapping file, ProblemList problems)
    {
        foreach (var (key, _) in file.Entries)
        {
            if (key.Value is "include")
                problems.Error(key.Place, "'include' is not done here", "the files named on the command line: 'steelyard up -f one.yaml -f other.yaml'");
            else if (key.Value is "models")
                problems.Error(key.Place, "'models' are not done here", "a service with a command");
            else if (!s_quiet.Contains(key.Value) && !key.Value.StartsWith("x-", StringComparison.Ordinal))
                problems.Error(key.Place, $"{Shown.Quote(key.Value)} is not known here", Shown.OneOf(s_quiet), problems.Names.Nearest(key.Value, s_quiet));
        }
    }

    private static void ReadService(YamlText name, YamlMapping mapping, ComposeService service, DialectSource source, ComposeVariables variables, ProblemList problems)
    {
        if (name.Value.Length is 0 or > 64 || !name.Value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            problems.Error(name.Place, $"{Shown.Quote(name.Value)} cannot be the name of a service", "1 to 64 letters, digits and - _ .");

        // What is said for this machine comes first, and deploy last, as each has the last word over others.
        var entries = mapping.Entries.OrderBy(entry => entry.Key.Value switch { "x-steelyard" => 0, "deploy" => 2, _ => 1 });
        (service.Container is null ? ComposeKeys.Service : SwarmKeys.Service).Read(new(mapping.Place, [.. entries], mapping.Flow), service, problems, key => key.StartsWith("x-", StringComparison.Ordinal));
        foreach (var (key, value) in mapping.Entries)
        {
            if (key.Value == "env_file")
                ReadVariableFiles(value, service, source, variables, problems);
            else if (key.Value == "environment")
                ReadVariables(value, service, variables, problems);
        }
    }

    private static void ReadVariables(YamlNode value, ComposeService service, ComposeVariables variables, ProblemList problems)
    {
        if (value is YamlText { IsAbsent: true })
            return;
        if (ComposeMerge.AsMapping(value) is not YamlMapping mapping)
        {
            problems.Error(value.Place, $"'environment' is {value.Kind}", "a mapping of names and values, or a list of NAME=value");
            return;
        }

        foreach (var (key, node) in mapping.Entries)
        {
            if (node is not YamlText text || text.Value.Contains('\0', StringComparison.Ordinal))
                problems.Error(node.Place, $"the variable {Shown.Quote(key.Value)} is {(node is YamlText ? "a text with NUL" : node.Kind)}", "a text");
            else if (!EnvironmentVariable.IsName(key.Value))
                problems.Error(key.Place, $"{Shown.Quote(key.Value)} cannot be the name of a variable", EnvironmentVariable.NameAccepts);
            else if (!text.IsAbsent)
                service.Environment[key.Value] = new(text.Value, text.Place);
            else if ((variables.Find(key.Value) ?? Environment.GetEnvironmentVariable(key.Value)) is { } passed && (service.Container is not null || Environment.GetEnvironmentVariable(key.Value) is null))
                service.Environment[key.Value] = new(passed, text.Place);
        }
    }

    private static void ReadVariableFiles(YamlNode value, ComposeService service, DialectSource source, ComposeVariables variables, ProblemList problems)
    {
        foreach (var item in value is YamlList list ? list.Items : [value])
        {
            var parts = item as YamlMapping;
            var path = item as YamlText ?? parts?.ValueOf("path") as YamlText;
            if (path is not { Value.Length: > 0 })
            {
                problems.Error(item.Place, "'env_file' without a path", "a path, or { path: FILE, required: false }");
                continue;
            }

            var optional = parts?.ValueOf("required") is YamlText { Value: "false" };
            if ((optional ? source.ReadIfThere(path.Value) : source.ReadFile(path.Value, path.Place, problems)) is not { } file)
                continue;
            foreach (var (name, variable) in variables.ReadFile(file))
                service.FileEnvironment[name] = variable;
        }
    }

    private static Snapshot? Finish(List<ComposeService> services, SnapshotDraft draft, SwarmServices? swarm, ComposeVariables variables, ProblemList problems)
    {
        var profiles = (variables.Find("COMPOSE_PROFILES") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var run = new List<ComposeService>();
        foreach (var service in services)
        {
            var reason = service.IsLeftOut ? "it is a container's (x-steelyard)"
                : service.Replicas == 0 && service.Container is null ? "it has no replicas"
                : service.Profiles.Count > 0 && !service.Profiles.Any(profile => profiles.Contains(profile) || profiles.Contains("*")) ? $"no profile of it is asked for (COMPOSE_PROFILES={string.Join(',', service.Profiles)})"
                : null;
            if (reason is null)
                run.Add(service);
            else
                problems.Note(service.Name.Place, $"the service {Shown.Quote(service.Name.Value)} is left out: {reason}");
        }

        var (all, running) = (services.ToDictionary(service => service.Name.Value, StringComparer.Ordinal), run.ToHashSet());
        foreach (var service in run)
        {
            if (service.Container is null)
                WaitFor(service, all, running, problems);
        }

        var pools = new List<PoolDraft>();
        var listeners = new List<ListenerDraft>();
        var containers = new List<SwarmServiceSettings>();
        foreach (var service in run)
        {
            if (service.Container is not null)
            {
                var (found, bound, container) = swarm!.Finish(service);
                pools.AddRange(found);
                listeners.AddRange(bound);
                containers.Add(container);
                continue;
            }

            if (service.Finish(problems) is not var (pool, its))
                continue;
            pools.Add(pool);
            listeners.AddRange(its);
        }

        if (run.Count == 0 && !problems.HasErrors)
            problems.Error(draft.Place, "every service is left out", "one with a command");
        return SnapshotChecks.Check(draft with { Pools = pools, Listeners = listeners }, problems) is { } snapshot ? snapshot with { Services = containers.ToValueList() } : null;
    }

    private static void WaitFor(ComposeService service, Dictionary<string, ComposeService> all, HashSet<ComposeService> run, ProblemList problems)
    {
        for (var i = service.After.Count - 1; i >= 0; i--)
        {
            var ((name, place), optional, ended) = service.After[i];
            var other = all.GetValueOrDefault(name);
            var runs = other is not null && run.Contains(other);
            if (runs && other!.Container is null)
            {
                other.IsToEnd |= ended;
                continue;
            }

            service.After.RemoveAt(i);
            if (other is null && !optional)
                problems.Error(place, $"no service is called {Shown.Quote(name)}", Shown.OneOf([.. all.Keys]), problems.Names.Nearest(name, all.Keys));
            else
                problems.Note(place, $"{Shown.Quote(name)} is not waited for: it is {(runs ? "Swarm's" : "left out")}");
        }
    }
}
