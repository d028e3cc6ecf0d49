namespace Steelyard.Engine.Metering;

/// <summary>
/// How many times something took how long. Written by one loop, which owns it, without interlocked operations; others may
/// read it a moment old.
/// </summary>
/// <param name="buckets">What the times are counted in.</param>
internal sealed class Histogram(Buckets buckets)
{
    private readonly long[] _counts = new long[buckets.Count];
    private long _sum;

    /// <summary>Counts one.</summary>
    /// <param name="milliseconds">How long it took, at least 0.</param>
    public void Add(long milliseconds)
    {
        _counts[buckets.IndexOf(milliseconds)]++;
        _sum += milliseconds;
    }

    /// <summary>Adds what it holds to a sum over loops.</summary>
    public void AddTo(ref Distribution sum)
    {
        sum.Counts ??= new long[_counts.Length];

        // A loop that has not taken up the last configuration may have other buckets.
        for (var i = 0; i < Math.Min(_counts.Length, sum.Counts.Length); i++)
            sum.Counts[i] += Volatile.Read(ref _counts[i]);
        sum.Milliseconds += Volatile.Read(ref _sum);
    }
}

/// <summary>How many times something took how long, over all loops.</summary>
public struct Distribution
{
    /// <summary>How many in each bucket, not in those before it; null for none at all.</summary>
    public long[]? Counts { get; set; }

    /// <summary>All the times together.</summary>
    public long Milliseconds { get; set; }
}
