using System.Text;
using Steelyard.Config.Expressions;

namespace Steelyard.Engine.Lists;

/// <summary>An entry of a <see cref="PatternList"/>.</summary>
public sealed class ListedPattern
{
    // As addresses in HAProxy: each its own, and none twice.
    private static long s_last;

    private volatile byte[]? _bytes;

    internal ListedPattern(string pattern, string? value, uint version)
    {
        (Pattern, Version, Number) = (pattern, version, Interlocked.Increment(ref s_last));
        if (value is not null)
            Give(value);
    }

    /// <summary>The pattern.</summary>
    public string Pattern { get; }

    /// <summary>What it stands for; null in a list that is no map.</summary>
    public string? Value => _bytes is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    /// <summary>The version it belongs to.</summary>
    public uint Version { get; }

    /// <summary>A number that no other entry of the process has.</summary>
    public long Number { get; }

    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The pattern where it is a regular expression that has been compared with; null for anything else.</summary>
    internal BytePattern? Expression { get; set; }

    internal LinkedListNode<ListedPattern>? Node { get; set; }

    internal void Give(string value) => _bytes = Encoding.UTF8.GetBytes(value);

    internal void Give(ReadOnlySpan<byte> value) => _bytes = value.ToArray();
}
