using System.Buffers.Binary;
using System.Text;

namespace Steelyard.Balancing;

/// <summary>
/// nginx's hash ... consistent: on a ring, 160 points for each unit of a server's weight, the CRC-32 of its host, a zero
/// byte, its port and the point before, as Cache::Memcached::Fast places them; the next point on or after a key's CRC-32
/// has it. Servers that cannot serve keep their points, and the next ones serve.
/// </summary>
internal sealed class KetamaRing : Placement
{
    private const int PointsOfWeight = 160;

    private readonly Server[] _of;
    private readonly int[] _weights;
    private readonly Ring _ring;

    public KetamaRing(Server[] servers, int[] weights)
    {
        (_of, _weights) = (servers, weights);
        var counts = PointsOf(weights, PointsOfWeight, out var total);
        var points = new ulong[total];
        var room = points.AsSpan();
        for (var i = 0; i < servers.Length; i++)
        {
            Place(room[..counts[i]], servers[i], i);
            room = room[counts[i]..];
        }

        _ring = new Ring(points);
    }

    // nginx gives up after 20 points more; who is bound by load goes on.
    public override int MostSteps => 21;

    public override bool IsEmpty => _ring.Length == 0;

    /// <summary>Whether it was made of the same servers, those of a pool between two reloads, with the same weights.</summary>
    public bool IsOf(Server[] servers, ReadOnlySpan<int> weights) => servers == _of && weights.SequenceEqual(_weights);

    public override Walk Begin(ReadOnlySpan<byte> key)
    {
        var place = _ring.AtOrAfter(Hashes.Crc32(key));
        return new() { Hash = (uint)(place == _ring.Length ? 0 : place) };
    }

    public override int Next(ref Walk walk, ReadOnlySpan<byte> key) => _ring.ServerAt(Advance(ref walk, _ring.Length));

    private static void Place(Span<ulong> points, Server server, int index)
    {
        var address = server.Settings.Address;
        var (host, port) = address.UnixPath is { } path ? (path, "")
            : (address.Host.Contains(':') ? $"[{address.Host}]" : address.Host, address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var start = Hashes.Crc32Update(uint.MaxValue, Encoding.ASCII.GetBytes(host));
        start = Hashes.Crc32Update(start, [0]);
        start = Hashes.Crc32Update(start, Encoding.ASCII.GetBytes(port));
        Span<byte> before = stackalloc byte[4];
        before.Clear();
        foreach (ref var point in points)
        {
            var value = ~Hashes.Crc32Update(start, before);
            point = Ring.Point(value, index);
            BinaryPrimitives.WriteUInt32LittleEndian(before, value);
        }
    }
}
