using Steelyard.Engine.Expressions;

namespace Steelyard.Engine.Lists;

/// <summary>The entries of a list in their order, and by their patterns. Whoever uses it holds the list.</summary>
internal sealed class PatternEntries
{
    private readonly Dictionary<byte[], List<ListedPattern>> _byPattern = new(BytesComparer.Exact);
    private readonly LinkedList<ListedPattern> _all = new();

    /// <summary>How many there are.</summary>
    public int Count => _all.Count;

    /// <summary>Those of a version.</summary>
    public ListedPattern[] Of(uint version)
    {
        var found = new List<ListedPattern>(_all.Count);
        foreach (var entry in _all)
        {
            if (entry.Version == version)
                found.Add(entry);
        }

        return [.. found];
    }

    /// <summary>Those of a version that have a pattern.</summary>
    public ListedPattern[] Of(ReadOnlySpan<byte> pattern, uint version) =>
        Of(pattern) is { } alike ? [.. alike.FindAll(entry => entry.Version == version)] : [];

    /// <summary>Those of all versions that have a pattern; null for none. Allocates nothing.</summary>
    public List<ListedPattern>? Of(ReadOnlySpan<byte> pattern) =>
        _byPattern.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(pattern, out var alike) ? alike : null;

    /// <summary>The one with a number; null for none.</summary>
    public ListedPattern? Numbered(long number)
    {
        foreach (var entry in _all)
        {
            if (entry.Number == number)
                return entry;
        }

        return null;
    }

    /// <summary>Puts one in behind the others.</summary>
    public void Add(ListedPattern entry)
    {
        entry.Node = _all.AddLast(entry);
        if (!_byPattern.TryGetValue(entry.Key, out var alike))
            _byPattern.Add(entry.Key, alike = []);
        alike.Add(entry);
    }

    /// <summary>Takes one out.</summary>
    public void Remove(ListedPattern entry)
    {
        _all.Remove(entry.Node!);
        var alike = _byPattern[entry.Key];
        alike.Remove(entry);
        if (alike.Count == 0)
            _byPattern.Remove(entry.Key);
    }

    /// <summary>Takes all out of which something holds.</summary>
    public void RemoveAll(Predicate<ListedPattern> isGone)
    {
        for (var node = _all.First; node is not null;)
        {
            var (entry, next) = (node.Value, node.Next);
            if (isGone(entry))
                Remove(entry);
            node = next;
        }
    }
}
