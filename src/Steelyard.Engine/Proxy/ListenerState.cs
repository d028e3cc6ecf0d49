using System.Net;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Proxy;

/// <summary>What a listener gives the connections it accepts. Immutable, shared by all loops.</summary>
internal sealed class ListenerState(RouteTable routes, IPNetwork[] trustedProxies)
{
    public RouteTable Routes { get; } = routes;

    /// <summary>Whether the peer's word about the client before it is believed.</summary>
    public bool Trusts(in KernelAddress peer)
    {
        if (trustedProxies.Length == 0)
            return false;
        return Trusts(peer.Address() ?? IPAddress.Loopback);
    }

    public bool Trusts(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        foreach (var network in trustedProxies)
        {
            if (network.Contains(address))
                return true;
        }

        return false;
    }
}
