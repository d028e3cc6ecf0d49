using System.IO.Hashing;
using System.Numerics;
using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>The hash functions of HAProxy's hash-type and converters, for whoever hashes beside pools.</summary>
public static class KeyHash
{
    /// <summary>The hash of a key by one of the functions.</summary>
    public static uint Of(HashFunction function, ReadOnlySpan<byte> key) => Hashes.Of(function, key);

    /// <summary>HAProxy's full avalanche of a hash.</summary>
    public static uint Avalanche(uint hash) => Hashes.Avalanche(hash);

    /// <summary>CRC-32C, of Castagnoli's polynomial.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> key)
    {
        var crc = uint.MaxValue;
        foreach (var one in key)
            crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }

    /// <summary>XXH32, XXH64 and XXH3 of 64 bits.</summary>
    /// <param name="bits">32, 64, or 3 for XXH3.</param>
    /// <param name="key">What is hashed.</param>
    /// <param name="seed">The seed.</param>
    public static long Xx(int bits, ReadOnlySpan<byte> key, long seed) => bits switch
    {
        32 => XxHash32.HashToUInt32(key, (int)seed),
        64 => (long)XxHash64.HashToUInt64(key, seed),
        _ => (long)XxHash3.HashToUInt64(key, seed),
    };
}
