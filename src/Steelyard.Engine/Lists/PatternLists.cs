using Steelyard.Config;

namespace Steelyard.Engine.Lists;

/// <summary>The lists of a configuration, alive, by their names.</summary>
internal sealed class PatternLists
{
    private readonly Dictionary<string, PatternList> _byName = new(StringComparer.Ordinal);

    private PatternLists(List<PatternList> all)
    {
        All = all;
        foreach (var list in all)
            _byName.Add(list.Settings.Name, list);
    }

    /// <summary>In the order of the configuration.</summary>
    public IReadOnlyList<PatternList> All { get; }

    /// <summary>Takes up lists; one that stays as it was keeps what it was changed to.</summary>
    /// <param name="settings">What the configuration says.</param>
    /// <param name="before">The lists so far.</param>
    /// <returns>Null where there are none.</returns>
    public static PatternLists? From(ValueList<PatternListSettings> settings, PatternLists? before = null)
    {
        if (settings.Count == 0)
            return null;
        var all = new List<PatternList>(settings.Count);
        foreach (var each in settings)
            all.Add(before?.Find(each.Name) is { } same && same.TryFollow(each) ? same : new(each));
        return new(all);
    }

    public PatternList? Find(string name) => _byName.GetValueOrDefault(name);
}

/// <summary>Where an expression finds its list: known from the first time that it is asked on.</summary>
/// <param name="list">The name of the list.</param>
/// <param name="use">How it is looked up.</param>
internal sealed class ListBinding(string list, ListUse use)
{
    // Written by any loop; all write the same, for an expression belongs to one plan.
    private volatile Bound? _bound;

    /// <summary>The patterns as they are now; null where there is no such list.</summary>
    public PatternView? In(PatternLists? lists)
    {
        if (lists is null)
            return null;
        var bound = _bound;
        if (bound is null || bound.Lists != lists)
            _bound = bound = new(lists, lists.Find(list)?.ViewFor(use));
        return bound.View;
    }

    /// <summary>The patterns of the lists that were asked for last.</summary>
    public PatternView? Last => _bound?.View;

    private sealed record Bound(PatternLists Lists, PatternView? View);
}
