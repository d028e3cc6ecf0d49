namespace Steelyard.Balancing;

/// <summary>
/// How many of the things that happened within a window went wrong. The window slides in tenths. All threads count at
/// once, without locks: one that is overtaken by a new tenth loses at most its own count.
/// </summary>
internal sealed class SlidingShare
{
    private const int Parts = 10;
    private const int CountBits = 20;
    private const ulong CountMask = (1UL << CountBits) - 1;
    private const ulong NumberMask = (1UL << (64 - (2 * CountBits))) - 1;

    // Which tenth since the beginning (24 bits), how many went wrong (20 bits), how many there were (20 bits).
    private ulong[] _parts = new ulong[Parts];
    private readonly long _partMilliseconds;

    /// <param name="window">At least 10 ms.</param>
    public SlidingShare(TimeSpan window) => _partMilliseconds = Math.Max(1, (long)window.TotalMilliseconds / Parts);

    /// <summary>Counts one.</summary>
    public void Count(bool wrong, long now)
    {
        var number = Number(now);
        ref var part = ref _parts[(int)(number % Parts)];
        while (true)
        {
            var before = Volatile.Read(ref part);
            var after = before >> (2 * CountBits) == number ? before : number << (2 * CountBits);
            if ((after & CountMask) == CountMask)
                return;
            after += (wrong ? 1UL << CountBits : 0) + 1;
            if (Interlocked.CompareExchange(ref part, after, before) == before)
                return;
        }
    }

    /// <summary>What there was within the window.</summary>
    public (int Wrong, int All) Sum(long now)
    {
        var number = Number(now);
        var (wrong, all) = (0, 0);
        for (var i = 0; i < Parts; i++)
        {
            var part = Volatile.Read(ref _parts[i]);
            if (((number - (part >> (2 * CountBits))) & NumberMask) >= Parts)
                continue;
            wrong += (int)((part >> CountBits) & CountMask);
            all += (int)(part & CountMask);
        }

        return (wrong, all);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => Array.Clear(_parts);

    /// <summary>Another one with the same counts.</summary>
    public SlidingShare Copy()
    {
        var copy = (SlidingShare)MemberwiseClone();
        copy._parts = [.. _parts];
        return copy;
    }

    private ulong Number(long now) => (ulong)(now / _partMilliseconds) & NumberMask;
}
