using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Compose;

/// <summary>Lays trees of Compose files over each other: merge keys, override files, and services that extend others.</summary>
/// <param name="source">The first file, and a way to others.</param>
/// <param name="variables">What all are filled in with.</param>
/// <param name="problems">Where problems go.</param>
internal sealed class ComposeMerge(DialectSource source, ComposeVariables variables, ProblemList problems)
{
    // Of these the file that comes later has the last word; other lists are put behind each other.
    private static readonly string[] s_replaced = ["command", "entrypoint", "test"];

    // Each service is read with all that it extends, so a long row of them would be read once for each.
    private const int MostExtended = 64;

    // Where values stand that are not to be laid over others, and whether they take those away.
    private readonly Dictionary<Place, bool> _resets = [];

    private readonly Dictionary<string, YamlMapping?> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<YamlMapping, Dictionary<string, YamlNode>> _services = [];

    /// <summary>The tree of a file, filled in; null when it is none, which has been reported.</summary>
    public YamlMapping? ReadTree(SourceText text)
    {
        var root = CharacterCheck.Passes(text, problems) ? YamlTree.Read(text, problems, TakeTag) : null;
        if (root is YamlMapping mapping)
            return (YamlMapping)variables.FillIn(MergeKeys.Resolve(mapping, problems));
        if (!problems.HasErrors)
            problems.Error(new(text, 0, 0), root is null ? "the file is empty" : "the file is no mapping", "'services', with a command for each");
        return null;
    }

    private bool TakeTag(string tag, Place place)
    {
        if (tag is not ("!reset" or "!override"))
            return false;
        _resets[place] = tag == "!reset";
        return true;
    }

    /// <summary>One tree laid over another, as Compose does it with several files.</summary>
    public YamlMapping Over(YamlMapping below, YamlMapping above)
    {
        OrderedDictionary<string, YamlEntry> entries = new(StringComparer.Ordinal);
        foreach (var entry in below.Entries)
            entries[entry.Key.Value] = entry;
        foreach (var (key, value) in above.Entries)
        {
            var tagged = _resets.TryGetValue(value.Place, out var reset);
            if (reset)
                entries.Remove(key.Value);
            else
                entries[key.Value] = new(key, !tagged && entries.TryGetValue(key.Value, out var under) ? Over(key.Value, under.Value, value)
                    : value is YamlMapping whole ? Over(new YamlMapping(whole.Place, [], whole.Flow), whole) : value);
        }

        return new(above.Place, [.. entries.Values], above.Flow);
    }

    private YamlNode Over(string key, YamlNode below, YamlNode above)
    {
        if (s_replaced.Contains(key))
            return above;
        if (key is "environment" or "depends_on" or "labels")
            (below, above) = (AsMapping(below), AsMapping(above));
        return (below, above) switch
        {
            (YamlMapping one, YamlMapping other) => Over(one, other),
            (YamlList one, YamlList other) => new YamlList(other.Place, [.. one.Items, .. other.Items], other.Flow),
            (YamlList one, YamlText { IsAbsent: false } other) when key == "env_file" => new YamlList(other.Place, [.. one.Items, other], flow: false),
            (YamlText { IsAbsent: false } one, YamlList other) when key == "env_file" => new YamlList(other.Place, [one, .. other.Items], flow: false),
            (YamlText { IsAbsent: false } one, YamlText { IsAbsent: false } other) when key == "env_file" => new YamlList(other.Place, [one, other], flow: false),
            _ => above,
        };
    }

    /// <summary>A list of <c>NAME=value</c>, or of names, as the mapping that it is short for.</summary>
    public static YamlNode AsMapping(YamlNode node)
    {
        if (node is not YamlList list || list.Items.Any(item => item is not YamlText))
            return node;
        OrderedDictionary<string, YamlEntry> entries = new(StringComparer.Ordinal);
        foreach (var item in list.Items.Cast<YamlText>())
        {
            var equals = item.Value.IndexOf('=', StringComparison.Ordinal);
            var name = new YamlText(item.Place, equals < 0 ? item.Value : item.Value[..equals], quoted: true);
            entries[name.Value] = new(name, new YamlText(item.Place, equals < 0 ? "" : item.Value[(equals + 1)..], quoted: equals >= 0));
        }

        return new YamlMapping(list.Place, [.. entries.Values], list.Flow);
    }

    /// <summary>A service with all that it extends under it; null where that leads nowhere, which has been reported.</summary>
    /// <param name="services">Those of its file.</param>
    /// <param name="name">Its name.</param>
    public YamlMapping? Service(YamlMapping services, YamlText name) => Service(services, name, "", []);

    private YamlMapping? Service(YamlMapping services, YamlText name, string file, HashSet<(string File, string Name)> seen)
    {
        var own = Find(services, name.Value);
        if (own is not YamlMapping service)
        {
            problems.Error(name.Place, own is null ? $"no service is called {Shown.Quote(name.Value)}" : $"the service {Shown.Quote(name.Value)} is {own.Kind}", own is null ? Shown.OneOf([.. services.Entries.Select(entry => entry.Key.Value).DefaultIfEmpty("a service")]) : "a mapping with 'command'", own is null ? problems.Names.Nearest(name.Value, services.Entries.Select(entry => entry.Key.Value)) : null);
            return null;
        }

        if (service.ValueOf("extends") is not { } extends)
            return service;
        if (!seen.Add((file, name.Value)))
        {
            problems.Error(extends.Place, $"the service {Shown.Quote(name.Value)} extends itself in the end", "a service that does not");
            return null;
        }

        if (seen.Count > MostExtended)
        {
            problems.Error(extends.Place, $"more than {MostExtended} services extend one another in a row", "a shorter row");
            return null;
        }

        var (other, otherFile, otherServices) = (extends as YamlText, file, services);
        if (extends is YamlMapping parts)
        {
            other = parts.ValueOf("service") as YamlText;
            if (parts.ValueOf("file") is YamlText { IsAbsent: false } path)
            {
                otherFile = path.Value;
                if (ServicesOf(path) is not { } found)
                    return null;
                otherServices = found;
            }
        }

        if (other is null)
        {
            problems.Error(extends.Place, "'extends' without a service", "the name of one, or { service: NAME, file: FILE }");
            return null;
        }

        // What a service waits for is its own affair.
        return Service(otherServices, new(other.Place, other.Value, quoted: true), otherFile, seen) is { } below
            ? Over(Without(below, "depends_on", "extends"), Without(service, "extends"))
            : null;
    }

    private YamlNode? Find(YamlMapping services, string name)
    {
        if (!_services.TryGetValue(services, out var byName))
            _services.Add(services, byName = services.Entries.ToDictionary(entry => entry.Key.Value, entry => entry.Value, StringComparer.Ordinal));
        return byName.GetValueOrDefault(name);
    }

    private YamlMapping? ServicesOf(YamlText path)
    {
        if (!_files.TryGetValue(path.Value, out var tree))
            _files.Add(path.Value, tree = source.ReadFile(path.Value, path.Place, problems) is { } text ? ReadTree(text) : null);
        if (tree?.ValueOf("services") is YamlMapping services)
            return services;
        if (tree is not null)
            problems.Error(path.Place, "the file has no 'services'", "a Compose file");
        return null;
    }

    private static YamlMapping Without(YamlMapping mapping, params ReadOnlySpan<string> keys)
    {
        var entries = new List<YamlEntry>();
        foreach (var entry in mapping.Entries)
        {
            if (!keys.Contains(entry.Key.Value))
                entries.Add(entry);
        }

        return new(mapping.Place, entries, mapping.Flow);
    }
}
