using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>What counts of a key.</summary>
internal static class KeyText
{
    /// <summary>Cuts a key as HAProxy's len and depth do: a directory ends before the slash of the next.</summary>
    public static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> key, HashSettings settings)
    {
        if (settings.Length is { } length && key.Length > length)
            key = key[..length];
        if (settings.Depth is not { } depth)
            return key;
        var slashes = 0;
        for (var i = 0; i < key.Length; i++)
        {
            if (key[i] == '/' && ++slashes > depth)
                return key[..i];
        }

        return key;
    }
}
