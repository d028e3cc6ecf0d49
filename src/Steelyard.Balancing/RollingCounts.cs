namespace Steelyard.Balancing;

/// <summary>
/// How many things happened within a window, and how many of them went wrong. The window slides in parts that begin at
/// whole multiples of their length. All threads count at once, without locks; where two meet in the first moment of a
/// part a count of that moment may be lost.
/// </summary>
internal sealed class RollingCounts
{
    private readonly Part[] _parts;
    private readonly long _partMilliseconds;

    public RollingCounts(TimeSpan window, int parts) =>
        (_parts, _partMilliseconds) = (new Part[parts], Math.Max(1, (long)window.TotalMilliseconds / parts));

    private struct Part
    {
        public long Number;
        public int All;
        public int Wrong;
    }

    /// <summary>One has begun.</summary>
    public void Count(long now) => Interlocked.Increment(ref At(now / _partMilliseconds).All);

    /// <summary>One has gone wrong, which may have begun before.</summary>
    public void CountWrong(long now) => Interlocked.Increment(ref At(now / _partMilliseconds).Wrong);

    /// <summary>What there was within the window.</summary>
    public (int Wrong, int All) Sum(long now)
    {
        var present = now / _partMilliseconds;
        var (wrong, all) = (0, 0);
        foreach (ref var part in _parts.AsSpan())
        {
            if (Volatile.Read(ref part.Number) <= present - _parts.Length)
                continue;
            wrong += Volatile.Read(ref part.Wrong);
            all += Volatile.Read(ref part.All);
        }

        return (wrong, all);
    }

    private ref Part At(long number)
    {
        ref var part = ref _parts[number % _parts.Length];
        var before = Volatile.Read(ref part.Number);
        if (before < number && Interlocked.CompareExchange(ref part.Number, number, before) == before)
        {
            Volatile.Write(ref part.All, 0);
            Volatile.Write(ref part.Wrong, 0);
        }

        return ref part;
    }
}
