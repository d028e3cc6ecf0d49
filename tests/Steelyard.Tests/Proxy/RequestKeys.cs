using System.Net;
using System.Text;
using CsCheck;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>What of a request is hashed, counted and remembered by.</summary>
public sealed class RequestKeys
{
    private static string Read(string key, string target = "/", string fields = "", string peer = "192.0.2.1", string name = "", params string[] trusted)
    {
        Assert.True(RequestKey.TryParse(key, out var parsed, out _));
        var head = Encoding.Latin1.GetBytes($"GET {target} HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n");
        var request = new RequestHead();
        request.Clear();
        Assert.Equal((HeadState.Complete, HeadError.None), (request.Read(head, 16 * 1024, 100), request.Error));
        var reader = new RequestKeyReader(parsed);
        var client = Heads.Client(peer, trusted);
        var scope = new TemplateScope { Request = request, Head = head, Client = client, ServerName = Encoding.ASCII.GetBytes(name) };
        var value = reader.Read(scope);
        var text = parsed.Kind == RequestKeyKind.Address && value.Length is 4 or 16 ? new IPAddress(value).ToString() : Encoding.Latin1.GetString(value);

        // To see whether an IPv6 address is in a network costs an object (see TrustedNetworks).
        if (trusted.Length > 0 && fields.Contains("::", StringComparison.Ordinal))
            return text;
        Steady.RequireNone(scope, scope => reader.Read(scope));
        return text;
    }

    [Theory]
    [InlineData("path", "/a/b?c=d", "/a/b")]
    [InlineData("path", "http://a.test?x", "/")]
    [InlineData("uri", "/a/b?c=d", "/a/b?c=d")]
    [InlineData("uri", "/", "/")]
    [InlineData("query:user", "/?user=7", "7")]
    [InlineData("query:user", "/?a=1&user=7&user=8", "7")]
    [InlineData("query:user", "/?user", "")]
    [InlineData("query:user", "/?users=7&User=8", "")]
    [InlineData("query:user", "/?user=%37=x", "%37=x")]
    [InlineData("query:user", "/", "")]
    public void Of_a_target(string key, string target, string value) => Assert.Equal(value, Read(key, target));

    [Theory]
    [InlineData("header:X-User", "x-user: seven\r\nX-User: eight\r\n", "seven")]
    [InlineData("header:X-User", "X-Users: seven\r\n", "")]
    [InlineData("header:host", "", "a.test")]
    [InlineData("cookie:sid", "Cookie: a=b; sid=7; c=d\r\n", "7")]
    [InlineData("cookie:sid", "Cookie: SID=7; sids=8\r\n", "")]
    [InlineData("cookie:sid", "Cookie: a=sid=8\r\n", "")]
    [InlineData("cookie:sid", "cookie: a=b\r\nCookie: sid=\"7\"\r\n", "7")]
    [InlineData("cookie:sid", "Cookie: sid;sid=;sid=7\r\n", "")]
    public void Of_a_field(string key, string fields, string value) => Assert.Equal(value, Read(key, fields: fields));

    [Fact]
    public void Of_a_hello() => Assert.Equal("b.test", Read("sni", name: "b.test"));

    [Theory]
    [InlineData("192.0.2.1", "", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "", "192.0.2.1")]
    [InlineData("2001:db8::1", "", "2001:db8::1")]
    [InlineData("192.0.2.1", "X-Forwarded-For: 198.51.100.9\r\n", "192.0.2.1")]
    [InlineData("10.0.0.1", "X-Forwarded-For: 198.51.100.9, 10.0.0.2\r\n", "198.51.100.9")]
    [InlineData("10.0.0.1", "X-Forwarded-For: 2001:DB8:0:0::1\r\n", "2001:db8::1")]
    [InlineData("10.0.0.1", "X-Forwarded-For: ::ffff:198.51.100.9\r\n", "198.51.100.9")]
    [InlineData("10.0.0.1", "X-Forwarded-For: unknown\r\n", "10.0.0.1")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    public void The_address_is_the_clients(string peer, string fields, string value) =>
        Assert.Equal(value, Read("address", fields: fields, peer: peer, trusted: "10.0.0.0/8"));

    [Fact]
    public void A_client_on_a_Unix_socket_counts_as_on_this_machine()
    {
        var bytes = new byte[16];
        Assert.Equal(4, KernelAddress.ForUnix("/run/x").WriteBytes(bytes));
        Assert.Equal([127, 0, 0, 1], bytes[..4]);
    }

    private static readonly Gen<byte[]> Address = Gen.OneOf(
        Gen.Byte.Array[4],
        Gen.Byte.Array[16],
        Gen.OneOf((byte)0, (byte)0, (byte)1, (byte)255).Array[16]);

    [Fact]
    public void Every_address_is_read_as_it_is_written() => Address.Sample(address =>
    {
        var bytes = new byte[16];
        var ip = new IPAddress(address);
        var length = AddressText.Parse(Encoding.ASCII.GetBytes(ip.ToString()), bytes);
        Assert.Equal((ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip).GetAddressBytes(), bytes[..length]);
    });

    // Of the two only one side is held to the other: IPAddress also reads zones, prefixes and numbers of other shapes.
    [Fact]
    public void What_is_read_as_an_address_is_one() => Gen.Char[":.012afF1[]x"].Array[0, 24].Sample(
        characters =>
        {
            var (text, bytes) = (new string(characters), new byte[16]);
            if (AddressText.Parse(Encoding.ASCII.GetBytes(text), bytes) is not (> 0 and var length))
                return;
            var ip = IPAddress.Parse(text);
            Assert.Equal((ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip).GetAddressBytes(), bytes[..length]);
        },
        iter: 50_000);

    [Theory]
    [InlineData("address")]
    [InlineData("path")]
    [InlineData("uri")]
    [InlineData("query:a.b")]
    [InlineData("header:X-User")]
    [InlineData("cookie:sid")]
    [InlineData("sni")]
    public void A_key_is_written_as_it_is_read(string text)
    {
        Assert.True(RequestKey.TryParse(text, out var key, out _));
        Assert.Equal(text, key.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Address")]
    [InlineData("header")]
    [InlineData("header:")]
    [InlineData("header:a b")]
    [InlineData("cookie:a=b")]
    [InlineData("query:a&b")]
    [InlineData("path:x")]
    public void What_names_nothing_of_a_request_is_refused(string text)
    {
        Assert.False(RequestKey.TryParse(text, out _, out var mistake));
        Assert.NotNull(mistake.Message);
    }
}
