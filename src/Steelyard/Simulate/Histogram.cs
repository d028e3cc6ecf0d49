using System.Numerics;

namespace Steelyard.Simulate;

/// <summary>Counts of times in microseconds, each kept to within 1.6%.</summary>
internal sealed class Histogram
{
    private const int Bits = 6;
    private const int Parts = 1 << Bits;

    private readonly int[] _counts = new int[(40 - Bits) * Parts];

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>Their sum.</summary>
    public double Sum { get; private set; }

    /// <summary>The largest.</summary>
    public long Most { get; private set; }

    /// <summary>Their mean; 0 for none.</summary>
    public double Mean => Count == 0 ? 0 : Sum / Count;

    /// <summary>Adds one.</summary>
    public void Add(long microseconds)
    {
        _counts[Math.Min(IndexOf(Math.Max(microseconds, 0)), _counts.Length - 1)]++;
        Count++;
        Sum += microseconds;
        Most = Math.Max(Most, microseconds);
    }

    /// <summary>The time that a share of them does not exceed; 0 where there are none.</summary>
    public long Percentile(double percent)
    {
        var wanted = (long)Math.Ceiling(Count * percent / 100);
        var seen = 0L;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted && seen > 0)
                return Math.Min(EndOf(i), Most);
        }

        return Most;
    }

    private static int IndexOf(long value)
    {
        if (value < 2 * Parts)
            return (int)value;
        var shift = 63 - BitOperations.LeadingZeroCount((ulong)value) - Bits;
        return (shift * Parts) + (int)(value >> shift);
    }

    private static long EndOf(int index)
    {
        if (index < 2 * Parts)
            return index;
        var shift = (index / Parts) - 1;
        return ((long)((index % Parts) + Parts + 1) << shift) - 1;
    }
}
