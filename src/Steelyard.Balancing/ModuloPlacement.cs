using System.Globalization;
using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>nginx's hash: the remainder of a CRC-32 by the sum of all weights; where that one cannot serve, of another with the try's number before the key.</summary>
internal sealed class ModuloPlacement(int[] weights) : Placement
{
    private readonly WeightedLots _lots = new(weights);

    public override int MostSteps => 21;

    public override bool IsEmpty => _lots.Total == 0;

    public override Walk Begin(ReadOnlySpan<byte> key) => default;

    public override int Next(ref Walk walk, ReadOnlySpan<byte> key)
    {
        var crc = uint.MaxValue;
        if (walk.Step > 0)
        {
            Span<byte> number = stackalloc byte[11];
            walk.Step.TryFormat(number, out var digits, provider: CultureInfo.InvariantCulture);
            crc = Hashes.Crc32Update(crc, number[..digits]);
        }

        walk.Hash += (~Hashes.Crc32Update(crc, key) >> 16) & 0x7fff;
        walk.Step++;
        return _lots.At((int)(walk.Hash % (uint)_lots.Total));
    }
}

/// <summary>nginx's ip_hash: three octets of an IPv4 address, all of an IPv6 address; where that one cannot serve, hashed again.</summary>
internal sealed class IpHashPlacement(int[] weights) : Placement
{
    private readonly WeightedLots _lots = new(weights);

    public override int MostSteps => 21;

    public override bool IsEmpty => _lots.Total == 0;

    public override Walk Begin(ReadOnlySpan<byte> key) => new() { Hash = 89 };

    public override int Next(ref Walk walk, ReadOnlySpan<byte> key)
    {
        foreach (var octet in key.Length == 4 ? key[..3] : key)
            walk.Hash = ((walk.Hash * 113) + octet) % 6271;
        walk.Step++;
        return _lots.At((int)(walk.Hash % (uint)_lots.Total));
    }
}

/// <summary>HAProxy's hash-type map-based: the remainder by the sum of the weights of those that can serve, mixed as in <see cref="SlotOrder"/>.</summary>
internal sealed class MapPlacement(int[] weights, HashFunction function, bool mixes) : Placement
{
    private readonly int[] _slots = SlotOrder.Of(weights);

    public override int MostSteps => _slots.Length;

    public override bool IsEmpty => _slots.Length == 0;

    public override Walk Begin(ReadOnlySpan<byte> key) => new() { Hash = Hashes.Of(function, key, mixes) % (uint)_slots.Length };

    public override int Next(ref Walk walk, ReadOnlySpan<byte> key) => _slots[Advance(ref walk, _slots.Length)];
}
