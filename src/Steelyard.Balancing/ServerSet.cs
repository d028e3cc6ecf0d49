using System.Diagnostics;

namespace Steelyard.Balancing;

/// <summary>Some of the servers of one pool, such as those a request has tried. Used again and again by one owner.</summary>
public sealed class ServerSet
{
    private ulong[] _bits = new ulong[1];
    private int _capacity;

    /// <summary>How many servers are in the set.</summary>
    public int Count { get; private set; }

    /// <summary>Empties the set for a pool of that many servers.</summary>
    /// <param name="capacity">The number of servers in the pool, at least 0.</param>
    public void Clear(int capacity)
    {
        var words = (capacity + 63) / 64;
        if (_bits.Length < words)
            _bits = new ulong[words];
        else if (Count > 0)
            Array.Clear(_bits);
        (Count, _capacity) = (0, capacity);
    }

    /// <summary>Adds a server by its position in the pool; one that is in already stays in.</summary>
    public void Add(int index)
    {
        Debug.Assert((uint)index < (uint)_capacity, "A server of another pool.");
        if (Contains(index))
            return;
        _bits[index >> 6] |= 1UL << (index & 63);
        Count++;
    }

    /// <summary>Whether the server at that position is in.</summary>
    public bool Contains(int index) => (_bits[index >> 6] & (1UL << (index & 63))) != 0;
}
