using System.Diagnostics;

namespace Steelyard.Balancing;

/// <summary>Some of the servers of one pool, such as those a request has tried. Used again and again by one owner.</summary>
public sealed class ServerSet
{
    // Who is in, and behind that who is in for the time of a choice alone.
    private ulong[] _bits = new ulong[2];
    private int _capacity;
    private int _passed;

    /// <summary>How many servers are in the set.</summary>
    public int Count { get; private set; }

    /// <summary>Empties the set for a pool of that many servers.</summary>
    /// <param name="capacity">The number of servers in the pool, at least 0.</param>
    public void Clear(int capacity)
    {
        var words = (capacity + 63) / 64;
        if (_bits.Length < words * 2)
            _bits = new ulong[words * 2];
        else if (Count > 0)
            Array.Clear(_bits);
        (Count, _capacity, _passed) = (0, capacity, 0);
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

    /// <summary>Adds a server that is not in, until <see cref="TakeBackPassed"/>.</summary>
    internal void Pass(int index)
    {
        Debug.Assert(!Contains(index), "One that was tried is not passed over.");
        Add(index);
        _bits[Half + (index >> 6)] |= 1UL << (index & 63);
        _passed++;
    }

    /// <summary>Takes out who was only passed over.</summary>
    internal void TakeBackPassed()
    {
        if (_passed == 0)
            return;
        for (var i = 0; i < Half; i++)
            (_bits[i], _bits[Half + i]) = (_bits[i] & ~_bits[Half + i], 0);
        (Count, _passed) = (Count - _passed, 0);
    }

    private int Half => _bits.Length / 2;
}
