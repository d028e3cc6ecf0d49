using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The networks whose word about a client is believed. Immutable, shared by all loops; a look-up of an IPv4 address
/// allocates nothing, for behind a proxy there is one for every address of every chain.
/// </summary>
internal sealed class TrustedNetworks
{
    /// <summary>Nobody's word is believed.</summary>
    public static readonly TrustedNetworks None = new([]);

    private readonly (uint Prefix, uint Mask)[] _v4;
    private readonly IPNetwork[] _v6;

    public TrustedNetworks(ReadOnlySpan<IPNetwork> networks)
    {
        var (v4, v6) = (new List<(uint, uint)>(), new List<IPNetwork>());
        foreach (var network in networks)
        {
            // ::ffff:10.0.0.0/104 is 10.0.0.0/8: peers are compared as IPv4 too.
            var mapped = network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= 96;
            var length = mapped ? network.PrefixLength - 96 : network.PrefixLength;
            if (mapped || network.BaseAddress.AddressFamily == AddressFamily.InterNetwork)
                v4.Add((ToNumber(network.BaseAddress.MapToIPv4()), length == 0 ? 0 : uint.MaxValue << (32 - length)));
            else
                v6.Add(network);
        }

        (_v4, _v6) = ([.. v4], [.. v6]);
    }

    private static uint ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    /// <summary>Whether a peer is in one of them; one on a Unix socket counts as 127.0.0.1.</summary>
    public bool Contains(in KernelAddress peer) => _v4.Length + _v6.Length > 0 && Contains(peer.Address() ?? IPAddress.Loopback);

    /// <summary>Whether an address as X-Forwarded-For writes it is in one of them; what is no address is in none.</summary>
    public bool Contains(ReadOnlySpan<byte> text)
    {
        if (AddressText.TryParseV4(text, out var address))
            return Contains(address);
        return text.Contains((byte)':') && IPAddress.TryParse(text, out var parsed) && Contains(parsed);
    }

    private bool Contains(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return Contains(ToNumber(address));
        foreach (var network in _v6)
        {
            if (network.Contains(address))
                return true;
        }

        return false;
    }

    private bool Contains(uint address)
    {
        foreach (var (prefix, mask) in _v4)
        {
            if ((address & mask) == prefix)
                return true;
        }

        return false;
    }
}
