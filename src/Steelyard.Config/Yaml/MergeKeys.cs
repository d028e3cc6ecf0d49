using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml;

/// <summary>Merge keys (<c>&lt;&lt;</c>) of other programs' YAML; Steelyard's own has none.</summary>
internal static class MergeKeys
{
    /// <summary>A tree with what they stand for in their place. A key that is given twice is a problem.</summary>
    public static YamlNode Resolve(YamlNode node, ProblemList problems)
    {
        switch (node)
        {
            case YamlList list:
                return new YamlList(list.Place, [.. list.Items.Select(item => Resolve(item, problems))], list.Flow);
            case YamlMapping mapping:
                return Resolve(mapping, problems);
            default:
                return node;
        }
    }

    /// <summary>The same of a mapping, which stays one.</summary>
    public static YamlMapping Resolve(YamlMapping mapping, ProblemList problems)
    {
        List<YamlEntry> entries = [], merged = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var (key, value) in mapping.Entries)
        {
            var resolved = Resolve(value, problems);
            if (key.Value == "<<" && !key.Quoted)
                merged.AddRange(Merged(key, resolved, problems));
            else if (names.Add(key.Value))
                entries.Add(new(key, resolved));
            else
                problems.Error(key.Place, $"{Shown.Quote(key.Value)} is given again", "each key once");
        }

        entries.AddRange(merged.Where(entry => names.Add(entry.Key.Value)));
        return new(mapping.Place, entries, mapping.Flow);
    }

    private static IEnumerable<YamlEntry> Merged(YamlText key, YamlNode value, ProblemList problems)
    {
        if (value is YamlMapping one)
            return one.Entries;
        if (value is YamlList list && list.Items.All(item => item is YamlMapping))
            return list.Items.SelectMany(item => ((YamlMapping)item).Entries);
        problems.Error(key.Place, "'<<' stands for a mapping, or a list of them", "an alias, as in '<<: *common'");
        return [];
    }
}
