using System.Numerics;

namespace Steelyard.Balancing;

/// <summary>
/// The points of a ring in their order, each a server's. They are spread evenly, so the first bits of a value say about
/// where it lies: the ring is cut into at least as many stretches as it has points, and of each the first point is known.
/// </summary>
internal sealed class Ring
{
    // The value above, whose it is below: so numbers are sorted, and of a large ring a look costs one cache line.
    private readonly ulong[] _points;
    private readonly int[] _first;
    private readonly int _shift;

    /// <param name="points">Points by <see cref="Point"/> in any order; it takes them over. Of several of one value the first server has it.</param>
    public Ring(ulong[] points)
    {
        Array.Sort(points);
        var kept = 0;
        foreach (var point in points)
        {
            if (kept == 0 || ValueOf(point) != ValueOf(points[kept - 1]))
                points[kept++] = point;
        }

        Array.Resize(ref points, kept);
        _points = points;
        var bits = Math.Max(1, BitOperations.Log2((uint)kept) + 1);
        _shift = 32 - bits;
        _first = new int[1 << bits];
        for (var (stretch, place) = (0, 0); stretch < _first.Length; stretch++)
        {
            while (place < kept && ValueAt(place) >> _shift < stretch)
                place++;
            _first[stretch] = place;
        }
    }

    /// <summary>A point of a server.</summary>
    public static ulong Point(uint value, int server) => ((ulong)value << 32) | (uint)server;

    /// <summary>How many points it has.</summary>
    public int Length => _points.Length;

    /// <summary>The value of the point at a place.</summary>
    public uint ValueAt(int place) => ValueOf(_points[place]);

    /// <summary>The server whose point is at a place.</summary>
    public int ServerAt(int place) => (int)_points[place];

    /// <summary>The place of the first point at or after a value; as many as there are when all lie before it.</summary>
    public int AtOrAfter(uint value)
    {
        var (points, least) = (_points, Point(value, 0));
        var place = _first[value >> _shift];
        while (place < points.Length && points[place] < least)
            place++;
        return place;
    }

    private static uint ValueOf(ulong point) => (uint)(point >> 32);
}
