using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Pm2;

/// <summary>
/// Reads PM2's ecosystem files: what is written out is read as data, and what has to be computed is computed by the node
/// that runs the apps.
/// </summary>
internal static class EcosystemReader
{
    private const int MostApps = 10_000;

    /// <summary>Whether a file is PM2's: code, JSON, or YAML that has 'apps'.</summary>
    public static bool Recognizes(string name, string text) => Path.GetExtension(name) switch
    {
        ".js" or ".cjs" or ".mjs" => true,
        ".json" => TopLevelKey.IsThere(text, "apps", anywhere: true) || TopLevelKey.IsThere(text, "pm2", anywhere: true) || TopLevelKey.IsThere(text, "script", anywhere: true),
        ".yml" or ".yaml" => TopLevelKey.IsThere(text, "apps") || TopLevelKey.IsThere(text, "pm2"),
        _ => false,
    };

    public static Snapshot? Read(DialectSource source, ProblemList problems)
    {
        if (ReadRoot(source, problems) is not { } root)
            return null;
        var file = new SnapshotDraft(root.Place);
        List<PoolDraft> pools = [];
        List<ListenerDraft> listeners = [];
        var apps = AppsOf(root, problems);
        var deployed = source.Options.EnvironmentName is { } deployment ? Entry(Entry(Entry(root, "deploy")?.Value, deployment)?.Value, "env") : null;
        var named = false;
        foreach (var item in apps)
        {
            if (item is not YamlMapping mapping)
            {
                problems.Error(item.Place, $"{(item is YamlReported ? "nothing" : item.Kind)} as an app", "an object with 'script'");
                continue;
            }

            if (pools.Count == MostApps)
            {
                problems.Error(item.Place, $"more than {MostApps} apps", "fewer in one file");
                break;
            }

            var errors = problems.ErrorCount;
            var app = new EcosystemApp(PlaceOfApp(mapping)) { Home = Path.GetDirectoryName(Path.GetFullPath(source.Text.FileName)) ?? "/", NameSuffix = source.Options.EnvironmentName };
            EcosystemKeys.Table.Read(mapping, app, problems, IsOfEnvironment);
            if (!mapping.Entries.Any(entry => entry.Key.Value == "append_env_to_name"))
                app.NameSuffix = null;
            if (deployed is { Value: YamlMapping } variables)
                EcosystemKeys.ReadEnvironment(new(app, variables.Key, variables.Value, problems), variables.Value);
            named |= ReadEnvironments(mapping, app, source.Options.EnvironmentName, problems);
            if (!app.AutoStarts)
                problems.Note(app.Place, $"the app {Shown.Quote(app.Name?.Value ?? app.Script?.Value ?? "")} is left out, for its 'autostart' is false");
            else if (problems.ErrorCount == errors && app.Finish(problems) is var (pool, listener))
            {
                pools.Add(pool);
                if (listener is not null)
                    listeners.Add(listener);
            }
        }

        if (source.Options.EnvironmentName is { } wanted && !named)
            problems.Warn(root.Place with { End = root.Place.Start }, $"no app has 'env_{wanted}', which '--env {wanted}' asks for", "the name of one that an app has");
        if (apps.Count == 0 && !problems.HasErrors)
            problems.Error(root.Place with { End = root.Place.Start }, "the file without an app", "'apps', a list of objects with 'script'");
        return SnapshotChecks.Check(file with { Pools = pools, Listeners = listeners }, problems);
    }

    // The whole of an app is too much to point at.
    private static Place PlaceOfApp(YamlMapping mapping) => mapping.Entries.Count > 0 ? mapping.Entries[0].Key.Place : mapping.Place;

    private static YamlNode? ReadRoot(DialectSource source, ProblemList problems)
    {
        var text = source.Text;
        if (Path.GetExtension(text.FileName) is ".yml" or ".yaml")
            return CharacterCheck.Passes(text, problems) && YamlTree.Read(text, problems) is { } tree ? MergeKeys.Resolve(tree, problems) : null;
        if (JsLiteral.TryRead(text, out var root, out var stuckAt))
            return root;
        var stuck = new Place(text, stuckAt, stuckAt);
        if (Path.GetExtension(text.FileName) == ".json")
        {
            problems.Error(stuck, "this is no JSON", "a value, as in { \"apps\": [] }");
            return null;
        }

        if (source.Options.Evaluate is not { } evaluate)
        {
            problems.Error(stuck, "what stands here has to be computed, and programs are not run here", "a value that is written out");
            return null;
        }

        var (json, failure) = evaluate(text.FileName);
        if (json is null)
        {
            problems.Error(stuck, $"what stands here has to be computed by node, and {failure}", "a file that node can load");
            return null;
        }

        if (json.Length == 0)
        {
            problems.Error(stuck, "the file exports nothing, or a function", "'module.exports = { apps: [ ... ] }'");
            return null;
        }

        if (JsLiteral.TryRead(new(text.FileName, json), out root, out _, new KeyFinder(text).Find))
            return root;
        problems.Error(stuck, "what node makes of the file is no configuration", "apps");
        return null;
    }

    private static IReadOnlyList<YamlNode> AppsOf(YamlNode root, ProblemList problems)
    {
        if (root is YamlList list)
            return list.Items;
        if (root is not YamlMapping file)
        {
            problems.Error(root.Place, $"{(root is YamlReported ? "nothing" : root.Kind)} in the place of apps", "'apps', a list of objects with 'script'");
            return [];
        }

        var apps = file.Entries.Where(entry => entry.Key.Value is "apps" or "pm2").ToList();
        if (apps.Count == 0)
            return [file];
        foreach (var (key, _) in file.Entries)
        {
            if (key.Value == "deploy")
                problems.Note(key.Place, "'deploy' is read for its 'env' alone, which counts with '--env': copying an app to other machines is left to other tools");
            else if (key.Value is not ("apps" or "pm2"))
                problems.Warn(key.Place, $"{Shown.Quote(key.Value)} is no key that is known, and has no effect", suggestion: problems.Names.Nearest(key.Value, ["apps", "deploy"]));
        }

        return apps[^1].Value is YamlList all ? all.Items : [apps[^1].Value];
    }

    private static YamlEntry? Entry(YamlNode? node, string key)
    {
        foreach (var entry in (node as YamlMapping)?.Entries ?? [])
        {
            if (entry.Key.Value == key)
                return entry;
        }

        return null;
    }

    private static bool IsOfEnvironment(string key) => key.StartsWith("env_", StringComparison.Ordinal);

    /// <returns>Whether there is one of the name.</returns>
    private static bool ReadEnvironments(YamlMapping mapping, EcosystemApp app, string? name, ProblemList problems)
    {
        var found = false;
        foreach (var (key, value) in mapping.Entries)
        {
            if (!IsOfEnvironment(key.Value))
                continue;
            if (value is not YamlMapping)
            {
                problems.Warn(key.Place, $"{Shown.Quote(key.Value)} holds no variables, and has no effect", "a mapping of names and values");
            }
            else if (key.Value["env_".Length..] == name)
            {
                EcosystemKeys.ReadEnvironment(new(app, key, value, problems), value);
                found = true;
            }
        }

        return found;
    }

    /// <summary>Finds where a key of a computed value was probably written: the next time that it stands as a word.</summary>
    private sealed class KeyFinder(SourceText text)
    {
        private int _at;

        public Place? Find(string key)
        {
            if (key.Length == 0)
                return new(text, 0, 0);
            var found = Next(key, _at);
            if (found < 0)
                found = Next(key, 0);
            if (found < 0)
                return null;
            _at = found + key.Length;
            return new(text, found, _at);
        }

        private int Next(string key, int from)
        {
            for (var at = text.Text.IndexOf(key, from, StringComparison.Ordinal); at >= 0; at = text.Text.IndexOf(key, at + 1, StringComparison.Ordinal))
            {
                var end = at + key.Length;
                var rest = text.Text.AsSpan(end).TrimStart("'\" \t");
                if ((at == 0 || !IsWord(text.Text[at - 1])) && rest.Length > 0 && rest[0] is ':' or ',' or '}' or '(')
                    return at;
            }

            return -1;
        }

        private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c is '_' or '$';
    }
}
