using System.Buffers.Binary;
using System.Numerics;
using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>The hash functions of the originals, bit for bit: what they place keys by must be the same here.</summary>
internal static class Hashes
{
    private static readonly uint[] s_crc32 = Crc32Table();

    /// <summary>One of the functions that HAProxy's hash-type names.</summary>
    public static uint Of(HashFunction function, ReadOnlySpan<byte> key) => function switch
    {
        HashFunction.Sdbm => Sdbm(key),
        HashFunction.Djb2 => Djb2(key),
        HashFunction.Wt6 => Wt6(key),
        HashFunction.Crc32 => Crc32(key),
        HashFunction.Xor => Words(key),
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    /// <summary>The same, mixed once more or not (HAProxy: avalanche).</summary>
    public static uint Of(HashFunction function, ReadOnlySpan<byte> key, bool mixes) => mixes ? Avalanche(Of(function, key)) : Of(function, key);

    /// <summary>The function of the sdbm database library.</summary>
    public static uint Sdbm(ReadOnlySpan<byte> key)
    {
        var hash = 0u;
        foreach (var one in key)
            hash = one + (hash << 6) + (hash << 16) - hash;
        return hash;
    }

    /// <summary>Bernstein's, times 33.</summary>
    public static uint Djb2(ReadOnlySpan<byte> key)
    {
        var hash = 5381u;
        foreach (var one in key)
            hash = (hash * 33) + one;
        return hash;
    }

    /// <summary>HAProxy's wt6: two words that turn each other by amounts that depend on both.</summary>
    public static uint Wt6(ReadOnlySpan<byte> key)
    {
        var (first, second) = (0xa53c965au, 0x5ca6953au);
        var (left, other) = (6, 18);
        foreach (var one in key)
        {
            first = ~(first ^ one);
            second = ~(second + one);
            (first, second) = (BitOperations.RotateLeft(second, left), BitOperations.RotateLeft(first, other));
            var steps = ((first >> 16) ^ second) & 0xffff;
            (left, other) = ((int)(steps & 0x1f), (int)(steps >> 11));
        }

        return first ^ second;
    }

    /// <summary>CRC-32 (ISO 3309), as zlib, nginx and HAProxy have it.</summary>
    public static uint Crc32(ReadOnlySpan<byte> key) => ~Crc32Update(uint.MaxValue, key);

    /// <summary>Goes on with a CRC-32; it begins with all bits set, and ends with their inverse.</summary>
    public static uint Crc32Update(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
            crc = s_crc32[(byte)(crc ^ one)] ^ (crc >> 8);
        return crc;
    }

    /// <summary>The words of 4 bytes in network order, exclusive-ored; what is left over does not count.</summary>
    public static uint Words(ReadOnlySpan<byte> key)
    {
        var hash = 0u;
        for (; key.Length >= 4; key = key[4..])
            hash ^= BinaryPrimitives.ReadUInt32BigEndian(key);
        return hash;
    }

    /// <summary>
    /// A full avalanche over 4 bytes (Bob Jenkins, https://burtleburtle.net/bob/hash/integer.html), so that each bit in
    /// changes each bit out half the time; times a prime at three quarters of the ring, as HAProxy has it.
    /// </summary>
    public static uint Avalanche(uint value)
    {
        value = value + 0x7ed55d16 + (value << 12);
        value = value ^ 0xc761c23c ^ (value >> 19);
        value = value + 0x165667b1 + (value << 5);
        value = (value + 0xd3a2646c) ^ (value << 9);
        value = value + 0xfd7046c5 + (value << 3);
        return (value ^ 0xb55a4f09 ^ (value >> 16)) * 3221225473;
    }

    /// <summary>64 bits for our own tables.</summary>
    public static ulong Wide(ReadOnlySpan<byte> key)
    {
        var hash = 0x9E3779B97F4A7C15 ^ (ulong)key.Length;
        for (; key.Length >= 8; key = key[8..])
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key));
        var rest = 0UL;
        for (var i = 0; i < key.Length; i++)
            rest |= (ulong)key[i] << (8 * i);
        return Mix(hash ^ rest);
    }

    /// <summary>The finalizer of MurmurHash3 (Austin Appleby), with Stafford's constants.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private static uint[] Crc32Table()
    {
        var table = new uint[256];
        for (var i = 0u; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
                value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
            table[i] = value;
        }

        return table;
    }
}
