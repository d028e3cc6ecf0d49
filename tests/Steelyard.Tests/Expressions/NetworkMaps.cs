using System.Net;
using System.Text;
using CsCheck;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Expressions;

/// <summary>Maps of networks, as nginx's geo makes them: the first that has the address, however many there are.</summary>
public sealed class NetworkMaps
{
    // Addresses and networks so near to one another that they meet.
    private static readonly Gen<IPNetwork> s_network = Gen.OneOf(
        Gen.Select(Gen.UInt[0, 15], Gen.Int[0, 8], (low, bits) => Network([10, 0, 0, (byte)(low * 16)], bits == 0 ? 0 : 24 + bits)),
        Gen.Select(Gen.UInt[0, 15], Gen.Int[0, 8], (low, bits) => Network([0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(low * 16)], bits == 0 ? 0 : 120 + bits)),
        Gen.Select(Gen.UInt[0, 15], Gen.Int[0, 8], (low, bits) => Network([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, (byte)(low * 16)], bits == 0 ? 90 : 120 + bits)),
        Gen.Const(Network([255, 255, 255, 255], 32)),
        Gen.Const(Network([.. Enumerable.Repeat((byte)255, 16)], 128)));

    private static readonly string[] s_addresses =
    [
        .. Enumerable.Range(0, 256).SelectMany(last => new[] { $"10.0.0.{last}", $"2001::{last:x}", $"::ffff:10.0.0.{last}" }),
        "9.255.255.255", "10.0.1.0", "0.0.0.0", "255.255.255.255", "255.255.255.254", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "[2001::7]", "2000::", "nobody", "", "10.0.0",
    ];

    private static IPNetwork Network(byte[] address, int bits)
    {
        for (var i = 0; i < address.Length; i++)
            address[i] &= (byte)(0xFF00 >> Math.Clamp(bits - (i * 8), 0, 8));
        return new(new IPAddress(address), bits);
    }

    private static CompiledValue Compile(IEnumerable<string> networks) => CompiledValue.From(new MapExpression(
        new FetchExpression(FetchKind.Header, "X-A"),
        networks.Select((network, i) => new MapCase(TestKind.Network, false, network, TextTemplate.Literal($"{i}"))).ToValueList(),
        null));

    private static string? Find(CompiledValue map, TemplateScope scope)
    {
        ExpressionRoom.OfThread.Clear();
        return map.TryRead(scope, out var value) ? Encoding.ASCII.GetString(value) : null;
    }

    private static TemplateScope ScopeOf(string address)
    {
        var head = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\nX-A: {address}\r\n\r\n");
        var request = new RequestHead();
        request.Clear();
        Assert.Equal(HeadState.Complete, request.Read(head, 16384, 100));
        var client = new ForwardedFields();
        client.Reset(KernelAddress.For(IPAddress.Parse("10.1.2.3"), 1234), new ListenerState(new RouteTable([], new Dictionary<string, Steelyard.Balancing.Pool>()), []));
        return new() { Request = request, Head = head, Client = client };
    }

    [Fact]
    public void The_first_network_that_has_the_address_counts() => s_network.Array[1, 12].Sample(networks =>
    {
        var texts = Array.ConvertAll(networks, network => network.ToString());
        var map = Compile(texts);
        foreach (var address in s_addresses)
        {
            var bytes = Encoding.ASCII.GetBytes(address);
            var first = Array.FindIndex(networks, network => new TrustedNetworks([network]).Contains(bytes));
            Assert.Equal(first < 0 ? null : $"{first}", Find(map, ScopeOf(address)));
        }
    }, iter: 300);

    [Fact]
    public void Among_a_hundred_thousand_networks_an_address_is_found_at_once()
    {
        var map = Compile(Enumerable.Range(0, 100_000).Select(i => $"2001:{i / 65536:x}:{i % 65536:x}::/48"));
        var scope = ScopeOf("2001:1:8000::1");
        var nobody = ScopeOf("2002::1");
        Assert.Equal(("98304", (string?)null), (Find(map, scope), Find(map, nobody)));

        // One after the other these are a hundred billion comparisons.
        for (var i = 0; i < 1_000_000; i++)
            Assert.False(map.TryRead(nobody, out _));
        Steady.RequireNone(scope, scope =>
        {
            ExpressionRoom.OfThread.Clear();
            map.TryRead(scope, out _);
        });
    }
}
