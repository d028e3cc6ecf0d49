namespace Steelyard.Engine.Metering;

/// <summary>The buckets that times are counted in. Immutable; shared by all loops.</summary>
internal sealed class Buckets
{
    // Most times are as short as that, and found in one step.
    private const int Direct = 256;

    private readonly long[] _bounds;
    private readonly ushort[] _short = new ushort[Direct];

    /// <param name="bounds">The longest time of each bucket in milliseconds, ascending; one more takes the rest.</param>
    public Buckets(long[] bounds)
    {
        _bounds = bounds;
        for (var i = 0; i < Direct; i++)
            _short[i] = (ushort)Behind(0, i);
    }

    /// <summary>The longest time of each bucket in milliseconds, ascending; one more takes the rest.</summary>
    public IReadOnlyList<long> Bounds => _bounds;

    /// <summary>How many there are, with the one that takes the rest.</summary>
    public int Count => _bounds.Length + 1;

    /// <summary>Whether others are the same.</summary>
    public bool SameAs(Buckets other) => _bounds.AsSpan().SequenceEqual(other._bounds);

    /// <summary>These and others, such as are fine enough to see what is usual and what is not.</summary>
    public Buckets With(ReadOnlySpan<long> more) => new([.. new SortedSet<long>([.. _bounds, .. more])]);

    /// <summary>The bucket of a time.</summary>
    /// <param name="milliseconds">The time, at least 0.</param>
    public int IndexOf(long milliseconds) => (ulong)milliseconds < Direct ? _short[milliseconds] : Behind(_short[Direct - 1], milliseconds);

    private int Behind(int bucket, long milliseconds)
    {
        while (bucket < _bounds.Length && milliseconds > _bounds[bucket])
            bucket++;
        return bucket;
    }
}
