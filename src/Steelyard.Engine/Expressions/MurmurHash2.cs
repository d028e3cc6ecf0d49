using System.Buffers.Binary;

namespace Steelyard.Engine.Expressions;

/// <summary>MurmurHash2 of 32 bits (Appleby, 2008), with the length as its seed, as nginx's split_clients has it.</summary>
internal static class MurmurHash2
{
    private const uint Multiplier = 0x5BD1E995;

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var hash = (uint)bytes.Length;
        for (; bytes.Length >= 4; bytes = bytes[4..])
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(bytes) * Multiplier;
            hash = (hash * Multiplier) ^ ((word ^ (word >> 24)) * Multiplier);
        }

        if (!bytes.IsEmpty)
        {
            for (var i = bytes.Length - 1; i >= 0; i--)
                hash ^= (uint)bytes[i] << (8 * i);
            hash *= Multiplier;
        }

        hash = (hash ^ (hash >> 13)) * Multiplier;
        return hash ^ (hash >> 15);
    }
}
