using System.Net;
using Steelyard.Config;
using Steelyard.Config.Expressions;

namespace Steelyard.Engine.Lists;

/// <summary>An entry of a <see cref="PatternList"/>.</summary>
public sealed class ListedPattern
{
    // As addresses in HAProxy: each its own, and none twice.
    private static long s_last;

    private volatile byte[]? _bytes;
    private IPNetwork? _network;
    private bool _networkIsRead;

    internal ListedPattern(string pattern, string? value, uint version)
    {
        (Pattern, Key, Version, Number) = (pattern, BytesText.Encode(pattern), version, Interlocked.Increment(ref s_last));
        if (value is not null)
            Give(value);
    }

    /// <summary>The pattern, in the writing of <see cref="BytesText"/>.</summary>
    public string Pattern { get; }

    /// <summary>What it stands for, in the same writing; null in a list that is no map.</summary>
    public string? Value => _bytes is { } bytes ? BytesText.Decode(bytes) : null;

    /// <summary>The version it belongs to.</summary>
    public uint Version { get; }

    /// <summary>A number that no other entry of the process has.</summary>
    public long Number { get; }

    internal byte[] Key { get; }

    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The pattern as a network, an IPv4 one that is mapped into IPv6 as IPv4; null where it is none. Whoever asks holds the list.</summary>
    internal IPNetwork? Network
    {
        get
        {
            if (!_networkIsRead)
                (_network, _networkIsRead) = (ReadNetwork(), true);
            return _network;
        }
    }

    /// <summary>The pattern where it is a regular expression that has been compared with; null for anything else.</summary>
    internal BytePattern? Expression { get; set; }

    internal LinkedListNode<ListedPattern>? Node { get; set; }

    internal void Give(string value) => _bytes = BytesText.Encode(value);

    internal void Give(ReadOnlySpan<byte> value) => _bytes = value.ToArray();

    private IPNetwork? ReadNetwork()
    {
        if (PatternListSettings.FindMistake(TestKind.Network, Pattern, ignoreCase: false) is not null)
            return null;
        var network = TestCondition.ParseNetwork(PatternListSettings.Of(TestKind.Network, Pattern));
        return network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= 96 ? new(network.BaseAddress.MapToIPv4(), network.PrefixLength - 96) : network;
    }
}
