using System.Net;
using System.Text;
using CsCheck;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>Who is believed: peers, and addresses as proxies write them.</summary>
public sealed class TrustedProxies
{
    private static TrustedNetworks Networks(params string[] networks) => new([.. networks.Select(IPNetwork.Parse)]);

    [Theory]
    [InlineData("10.0.0.0", true)]
    [InlineData("10.255.255.255", true)]
    [InlineData("11.0.0.0", false)]
    [InlineData("9.255.255.255", false)]
    [InlineData("192.168.1.1", true)]
    [InlineData("192.168.1.2", false)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("::ffff:11.1.2.3", false)]
    [InlineData("fd00::1", true)]
    [InlineData("fe00::1", false)]
    [InlineData("010.0.0.1", false)]
    [InlineData("10.00.0.1", false)]
    [InlineData("0010.0.0.1", false)]
    [InlineData("10.1", false)]
    [InlineData("10.0.1", false)]
    [InlineData("167772161", false)]
    [InlineData("0xa.0.0.1", false)]
    [InlineData("10.0.0.256", false)]
    [InlineData("10.0.0.", false)]
    [InlineData("10.0.0.1.", false)]
    [InlineData("10.0.0.1.1", false)]
    [InlineData("10..0.1", false)]
    [InlineData("10.0.0.1 ", false)]
    [InlineData("10.0.0.+1", false)]
    [InlineData("unknown", false)]
    [InlineData("", false)]
    [InlineData(":", false)]
    [InlineData("10.0.0.1:80", false)]
    public void An_address_is_believed_when_it_is_in_a_network(string text, bool trusted) =>
        Assert.Equal(trusted, Networks("10.0.0.0/8", "192.168.1.1/32", "fd00::/8").Contains(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Every_address_of_IPv4_is_no_address_of_IPv6()
    {
        Assert.True(Networks("0.0.0.0/0").Contains("255.1.2.3"u8));
        Assert.False(Networks("0.0.0.0/0").Contains("::1"u8));
        Assert.False(Networks("::/0").Contains("10.0.0.1"u8));
        Assert.True(Networks("::/0").Contains("::1"u8));
    }

    [Fact]
    public void Peers_and_texts_are_judged_as_the_library_judges_them() =>
        Gen.Select(Gen.UInt, Gen.Int[0, 32], Gen.Int[0, 32]).Sample(
            (bits, prefix, flipped) =>
            {
                var address = ToAddress(flipped == 32 ? bits : bits ^ (1u << flipped));
                var network = new IPNetwork(ToAddress(prefix == 0 ? 0 : bits & (uint.MaxValue << (32 - prefix))), prefix);
                var trusted = new TrustedNetworks([network]);
                Assert.Equal(network.Contains(address), trusted.Contains(Encoding.ASCII.GetBytes(address.ToString())));
                Assert.Equal(network.Contains(address), trusted.Contains(KernelAddress.For(address, 80)));
                Assert.Equal(network.Contains(address), trusted.Contains(KernelAddress.For(address.MapToIPv6(), 80)));
            },
            iter: 2_000);

    private static IPAddress ToAddress(uint bits) => new([(byte)(bits >> 24), (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits]);

    [Fact]
    public void A_peer_on_a_Unix_socket_is_this_machine()
    {
        Assert.True(Networks("127.0.0.0/8").Contains(KernelAddress.ForUnix("/x")));
        Assert.False(Networks("10.0.0.0/8").Contains(KernelAddress.ForUnix("/x")));
        Assert.False(Networks().Contains(KernelAddress.ForUnix("/x")));
    }
}
