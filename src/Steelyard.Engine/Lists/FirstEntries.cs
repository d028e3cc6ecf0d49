using System.Collections.Concurrent;

namespace Steelyard.Engine.Lists;

/// <summary>Entries by what they are compared by; of those that are alike the first counts, until it goes. Looked up by all without a lock; whoever changes it holds the list.</summary>
/// <typeparam name="TKey">What they are compared by.</typeparam>
/// <param name="capacity">How many are expected.</param>
/// <param name="comparer">How; null for the usual way.</param>
internal sealed class FirstEntries<TKey>(int capacity, IEqualityComparer<TKey>? comparer = null)
    where TKey : notnull
{
    private readonly Dictionary<TKey, List<ListedPattern>> _behind = new(comparer);

    /// <summary>Those that count.</summary>
    public ConcurrentDictionary<TKey, ListedPattern> Counting { get; } = new(concurrencyLevel: 1, Math.Max(16, capacity), comparer);

    /// <summary>Puts one in behind the others.</summary>
    public void Add(TKey key, ListedPattern entry)
    {
        if (Counting.TryAdd(key, entry))
            return;
        if (!_behind.TryGetValue(key, out var alike))
            _behind.Add(key, alike = []);
        alike.Add(entry);
    }

    /// <summary>Takes one out; does nothing where it is not in.</summary>
    public void Remove(TKey key, ListedPattern entry)
    {
        if (!Counting.TryGetValue(key, out var first))
            return;
        if (!_behind.TryGetValue(key, out var alike))
        {
            if (first == entry)
                Counting.TryRemove(key, out _);
            return;
        }

        if (first != entry)
        {
            alike.Remove(entry);
        }
        else
        {
            Counting[key] = alike[0];
            alike.RemoveAt(0);
        }

        if (alike.Count == 0)
            _behind.Remove(key);
    }
}
