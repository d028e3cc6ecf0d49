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
    private readonly uint[] _points;
    private readonly int[] _servers;
    private readonly RingIndex _index;

    public ChordRing(int[] weights, HashFunction function, bool mixes)
    {
        (_function, _mixes) = (function, mixes);
        var counts = PointsOf(weights, PointsOfWeight, out var total);
        (_points, _servers) = (new uint[total], new int[total]);
        var place = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            for (var point = 0u; point < counts[i]; point++, place++)
            {
                // HAProxy counts servers from 1.
                _points[place] = Hashes.Avalanche((((uint)i + 1) * MostPointsOfServer) + point);
                _servers[place] = i;
            }
        }

        Array.Sort(_points, _servers);
        _index = new RingIndex(_points);
    }

    public override int MostSteps => _points.Length;

    public override bool IsEmpty => _points.Length == 0;

    public override Walk Begin(ReadOnlySpan<byte> key)
    {
        var hash = Hashes.Of(_function, key, _mixes);
        var next = _index.AtOrAfter(hash);
        if (next == _points.Length)
            next = 0;
        var previous = next == 0 ? _points.Length - 1 : next - 1;
        return new() { Hash = (uint)(hash - _points[previous] <= _points[next] - hash ? previous : next) };
    }

    public override int Next(ref Walk walk, ReadOnlySpan<byte> key) => Follow(ref walk, _servers);
}
