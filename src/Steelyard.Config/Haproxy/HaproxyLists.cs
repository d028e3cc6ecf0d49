using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The files of patterns and maps that a haproxy.cfg has named so far, each once however often it is named, and what else HAProxy numbers with them.</summary>
internal sealed class HaproxyLists
{
    private readonly Dictionary<string, HaproxyList> _byName = new(StringComparer.Ordinal);

    private readonly Dictionary<string, (bool IsMap, Place Place)> _changed = new(StringComparer.Ordinal);

    // HAProxy numbers these and the patterns in its own file alike, in the order in which they are read.
    private readonly List<HaproxyList?> _numbered = [];

    /// <summary>A file that was named before.</summary>
    public HaproxyList? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Takes a file in.</summary>
    public void Add(HaproxyList list)
    {
        _byName.Add(list.Name, list);
        _numbered.Add(list);
    }

    /// <summary>Takes patterns of an ACL in; false where another has their number.</summary>
    public bool TryAdd(HaproxyList list)
    {
        if (!_byName.TryAdd(list.Name, list))
            return false;
        _numbered.Add(list);
        return true;
    }

    /// <summary>An ACL has patterns of its own, or might have.</summary>
    public void Count() => _numbered.Add(null);

    /// <summary>A rule changes a file.</summary>
    public void Change(string name, bool isMap, Place place) => _changed.TryAdd(name, (isMap, place));

    /// <summary>All files, in the form of every dialect.</summary>
    public IReadOnlyList<Located<PatternListSettings>> All(ProblemList problems)
    {
        foreach (var (name, (isMap, place)) in _changed)
        {
            // HAProxy takes such rules, which do nothing there.
            if (TryAdd(new(name, isMap, [], place)))
                problems.Warn(place, $"nothing looks up {Shown.Quote(name)}, so that it changes nothing that anybody sees", "a condition with '-f', or a converter such as 'map'");
        }

        var taken = _byName.Values.Where(list => list.Number is not null).Select(list => list.Number!.Value).ToHashSet();
        var next = 0;
        List<Located<PatternListSettings>> all = [];
        foreach (var list in _numbered)
        {
            var number = list?.Number ?? Next();
            if (list is not null)
                all.Add(new(new() { Name = list.Name, Number = number, IsMap = list.IsMap, Description = list.Description, Entries = list.Entries.Select(entry => entry.Value).ToValueList() }, list.Place));
        }

        return all;

        int Next()
        {
            while (taken.Contains(next))
                next++;
            return next++;
        }
    }
}

/// <summary>A file of patterns, or the patterns of an ACL to which a number is given.</summary>
/// <param name="Name">Its name as it is written.</param>
/// <param name="IsMap">Whether there are values in it.</param>
/// <param name="Entries">Its lines.</param>
/// <param name="Place">Where it was named first.</param>
internal sealed record HaproxyList(string Name, bool IsMap, IReadOnlyList<Located<PatternEntry>> Entries, Place Place)
{
    private readonly List<string> _uses = [];
    private readonly HashSet<(TestKind, bool)> _tested = [];

    /// <summary>The number that the file gives it; null for none.</summary>
    public int? Number { get; init; }

    /// <summary>What <c>show map</c> and <c>show acl</c> say of it.</summary>
    public string Description => Number is null ? $"pattern loaded from file '{Name}' used {string.Join(", ", _uses)}" : string.Join(", ", _uses);

    /// <summary>Somebody asks for it.</summary>
    public void Use(string by, Place place) => _uses.Add(Number is null ? $"by {by} at file '{place.Source.FileName}' line {place.Line}" : $"{by} file '{place.Source.FileName}' line {place.Line}");

    /// <summary>Reports what cannot be compared with so.</summary>
    public bool Fits(TestKind test, bool ignoreCase, ProblemList problems)
    {
        if (!_tested.Add((test, ignoreCase)))
            return true;
        var errors = problems.ErrorCount;
        foreach (var entry in Entries)
        {
            if (PatternListSettings.FindMistake(test, entry.Value.Pattern, ignoreCase) is { } mistake)
                problems.Error(entry.Place, mistake);
        }

        return problems.ErrorCount == errors;
    }
}
