using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>The hash functions of HAProxy's hash-type, for whoever hashes beside pools.</summary>
public static class KeyHash
{
    /// <summary>The hash of a key by one of the functions.</summary>
    public static uint Of(HashFunction function, ReadOnlySpan<byte> key) => Hashes.Of(function, key);
}
