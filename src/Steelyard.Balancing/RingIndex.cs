using System.Numerics;

namespace Steelyard.Balancing;

/// <summary>
/// Finds places among the sorted points of a ring. They are spread evenly, so the first bits of a value say about where it
/// lies: the ring is cut into at least as many stretches as it has points, and of each the first point is known.
/// </summary>
internal sealed class RingIndex
{
    private readonly uint[] _points;
    private readonly int[] _first;
    private readonly int _shift;

    /// <param name="points">The points in their order; not changed any more.</param>
    public RingIndex(uint[] points)
    {
        _points = points;
        var bits = Math.Max(1, BitOperations.Log2((uint)points.Length) + 1);
        _shift = 32 - bits;
        _first = new int[1 << bits];
        for (var (stretch, point) = (0, 0); stretch < _first.Length; stretch++)
        {
            while (point < points.Length && points[point] >> _shift < stretch)
                point++;
            _first[stretch] = point;
        }
    }

    /// <summary>The first point at or after a value; as many as there are when all lie before it.</summary>
    public int AtOrAfter(uint value)
    {
        var place = _first[value >> _shift];
        while (place < _points.Length && _points[place] < value)
            place++;
        return place;
    }
}
