using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// HAProxy's hash-type consistent: on a ring, 16 points for each unit of weight, at the avalanche of the server's number
/// times 4096 and the point's; the nearest point has a key, in whichever direction, the one before it in a tie. Those
/// that cannot serve have no points.
/// </summary>
internal sealed class ChordRing : Placement
{
    private const int PointsOfWeight = 16;
    private const int MostPointsOfServer = 4096;

    private readonly HashFunction _function;
    private readonly bool _mixes;
    private readonly Ring _ring;

    public ChordRing(int[] weights, HashFunction function, bool mixes)
    {
        (_function, _mixes) = (function, mixes);
        var counts = PointsOf(weights, PointsOfWeight, out var total);
        var points = new ulong[total];
        var place = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            for (var point = 0u; point < counts[i]; point++, place++)
            {
                // HAProxy counts servers from 1.
                points[place] = Ring.Point(Hashes.Avalanche((((uint)i + 1) * MostPointsOfServer) + point), i);
            }
        }

        _ring = new Ring(points);
    }

    public override int MostSteps => _ring.Length;

    public override bool IsEmpty => _ring.Length == 0;

    public override Walk Begin(ReadOnlySpan<byte> key)
    {
        var hash = Hashes.Of(_function, key, _mixes);
        var next = _ring.AtOrAfter(hash);
        if (next == _ring.Length)
            next = 0;
        var previous = next == 0 ? _ring.Length - 1 : next - 1;
        return new() { Hash = (uint)(hash - _ring.ValueAt(previous) <= _ring.ValueAt(next) - hash ? previous : next) };
    }

    public override int Next(ref Walk walk, ReadOnlySpan<byte> key) => _ring.ServerAt(Advance(ref walk, _ring.Length));
}
