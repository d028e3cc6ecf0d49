using System.Diagnostics;

namespace Steelyard.Engine.Compression;

/// <summary>The deflaters of one loop, and what does the contrary: so many at most, and some kept for the next body. Owned by its loop.</summary>
internal sealed class DeflaterPool : IDisposable
{
    /// <summary>How many bodies are compressed at once at most, with about 300 kB each; others pass as they are.</summary>
    public const int Most = 128;

    /// <summary>How many wait for the next body at most, the latest of them.</summary>
    public const int MostKept = 8;

    // The one that has waited longest first.
    private readonly List<Deflater> _kept = [];
    private readonly Stack<Inflater> _inflaters = new();
    private int _rented;

    /// <summary>Deflaters in use now. Any thread may read it.</summary>
    public int Rented => Volatile.Read(ref _rented);

    /// <summary>A deflater; null where there are enough already.</summary>
    public Deflater? Rent(int level)
    {
        if (_rented == Most)
            return null;
        for (var i = _kept.Count - 1; i >= 0; i--)
        {
            if (_kept[i].Level != level)
                continue;
            var kept = _kept[i];
            _kept.RemoveAt(i);
            _rented++;
            return kept;
        }

        var made = new Deflater(level);
        _rented++;
        return made;
    }

    /// <summary>A deflater for an answer that is to be compressed.</summary>
    /// <param name="packing">What it is compressed by.</param>
    /// <param name="head">What is to become of it.</param>
    /// <param name="deflater">The deflater; null where it passes as it is.</param>
    /// <returns>What becomes of it.</returns>
    public PackedHead Rent(Packing packing, in PackedHead head, out Deflater? deflater)
    {
        deflater = head.IsPacked ? Rent(packing.Level) : null;
        return head.IsPacked && deflater is null ? packing.LeftAsItIs(head) : head;
    }

    /// <summary>What unpacks one body; null where there are enough already.</summary>
    public Inflater? RentInflater()
    {
        if (_rented == Most)
            return null;
        _rented++;
        return _inflaters.TryPop(out var kept) ? kept : new();
    }

    /// <summary>Takes one back.</summary>
    public void Return(Inflater inflater)
    {
        _rented--;
        if (_inflaters.Count == MostKept)
            inflater.Dispose();
        else
            _inflaters.Push(inflater);
    }

    /// <summary>Takes one back.</summary>
    /// <param name="deflater">The deflater.</param>
    /// <param name="isClean">Whether its body came to its end; else it still knows something of it.</param>
    public void Return(Deflater deflater, bool isClean)
    {
        Debug.Assert(_rented > 0, "Nobody has one.");
        _rented--;
        if (!isClean)
        {
            deflater.Dispose();
            return;
        }

        // A level that nobody asks for any more, after a reload, is not kept for ever.
        if (_kept.Count == MostKept)
        {
            _kept[0].Dispose();
            _kept.RemoveAt(0);
        }

        _kept.Add(deflater);
    }

    public void Dispose()
    {
        foreach (var deflater in _kept)
            deflater.Dispose();
        _kept.Clear();
        while (_inflaters.TryPop(out var inflater))
            inflater.Dispose();
    }
}
