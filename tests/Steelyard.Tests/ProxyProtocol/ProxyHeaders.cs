using System.Net;
using System.Text;
using CsCheck;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.ProxyProtocol;
using Steelyard.Fuzz.Targets;

namespace Steelyard.Tests.ProxyProtocol;

public sealed class ProxyHeaders
{
    private static readonly byte[] Signature = [.. "\r\n\r\n\0\r\nQUIT\n"u8];

    private static byte[] Line(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Binary(byte command, byte family, params byte[] content) =>
        [.. Signature, command, family, (byte)(content.Length >> 8), (byte)content.Length, .. content];

    private static readonly byte[] IPv4 = [203, 0, 113, 7, 192, 0, 2, 1, 0x12, 0x67, 0x01, 0xbb];

    private static readonly byte[] IPv6 =
        [.. IPAddress.Parse("2001:db8::7").GetAddressBytes(), .. IPAddress.Parse("2001:db8::1").GetAddressBytes(), 0x12, 0x67, 0x01, 0xbb];

    private static (HeadState State, string? Source, string? Destination) Read(byte[] bytes)
    {
        var header = new ProxyHeader();
        var state = header.Read(bytes);
        if (state == HeadState.Complete)
            Assert.Equal(bytes.Length, header.Length);
        return (state, header.NamesClient ? Name(header.Source) : null, header.NamesClient ? Name(header.Destination) : null);
    }

    private static string Name(in KernelAddress address) => $"{address.Address()} {address.Port}";

    public static TheoryData<byte[], string?, string?> Right => new()
    {
        { Line("PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n"), "203.0.113.7 4711", "192.0.2.1 443" },
        { Line("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"), "0.0.0.0 0", "255.255.255.255 65535" },
        { Line("PROXY TCP6 2001:db8::7 ::1 4711 443\r\n"), "2001:db8::7 4711", "::1 443" },
        { Line("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535" },
        { Line("PROXY TCP6 ::ffff:203.0.113.7 ::ffff:1.2.3.4 1 2\r\n"), "203.0.113.7 1", "1.2.3.4 2" },
        { Line("PROXY UNKNOWN\r\n"), null, null },
        { Line("PROXY UNKNOWN whatever  follows\r\n"), null, null },
        { Binary(0x21, 0x11, IPv4), "203.0.113.7 4711", "192.0.2.1 443" },
        { Binary(0x21, 0x21, IPv6), "2001:db8::7 4711", "2001:db8::1 443" },
        { Binary(0x21, 0x11, [.. IPv4, 1, 0, 2, (byte)'h', (byte)'2', 4, 0, 0]), "203.0.113.7 4711", "192.0.2.1 443" },
        { Binary(0x21, 0x31, [.. "/run/client.sock"u8, .. new byte[92], .. new byte[108]]), null, null },
        { Binary(0x21, 0x00), null, null },
        { Binary(0x21, 0x00, 4, 0, 1, 9), null, null },
        { Binary(0x21, 0x12, IPv4), null, null },
        { Binary(0x20, 0x00), null, null },
        { Binary(0x20, 0x11), null, null },
        { Binary(0x20, 0x00, new byte[300]), null, null },
        { Binary(0x21, 0x11, [.. IPv4, 4, 15, 225, .. new byte[4065]]), "203.0.113.7 4711", "192.0.2.1 443" },
    };

    [Theory, MemberData(nameof(Right))]
    public void What_a_header_says_is_understood(byte[] header, string? source, string? destination) =>
        Assert.Equal((HeadState.Complete, source, destination), Read(header));

    public static TheoryData<string, byte[]> Wrong => new()
    {
        { "a request", Line("GET / HTTP/1.1\r\n") },
        { "lower case", Line("proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n") },
        { "another protocol", Line("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n") },
        { "two blanks", Line("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n") },
        { "a blank at the end", Line("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n") },
        { "a tab", Line("PROXY TCP4\t1.2.3.4 1.2.3.4 1 2\r\n") },
        { "one address", Line("PROXY TCP4 1.2.3.4 1 2\r\n") },
        { "one port", Line("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n") },
        { "three ports", Line("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n") },
        { "a port beyond 65535", Line("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n") },
        { "a port with a zero before", Line("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n") },
        { "a port with a sign", Line("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n") },
        { "three octets", Line("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n") },
        { "five octets", Line("PROXY TCP4 1.2.3.4.5 1.2.3.4 1 2\r\n") },
        { "an octet beyond 255", Line("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n") },
        { "an octal octet", Line("PROXY TCP4 1.2.3.010 1.2.3.4 1 2\r\n") },
        { "IPv6 as TCP4", Line("PROXY TCP4 ::1 ::1 1 2\r\n") },
        { "IPv4 as TCP6", Line("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n") },
        { "a scope", Line("PROXY TCP6 fe80::1%1 ::1 1 2\r\n") },
        { "brackets", Line("PROXY TCP6 [::1] ::1 1 2\r\n") },
        { "a bare LF", Line("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n") },
        { "a bare CR", Line("PROXY TCP4 1.2.3.4\r1.2.3.4 1 2\r\n") },
        { "a line without an end", Line("PROXY UNKNOWN " + new string('x', 94)) },
        { "a line that ends too late", Line("PROXY UNKNOWN " + new string('x', 92) + "\r\n") },
        { "version 1 in binary", Binary(0x11, 0x11, IPv4) },
        { "version 3", Binary(0x31, 0x11, IPv4) },
        { "an unknown command", Binary(0x22, 0x11, IPv4) },
        { "an unknown family", Binary(0x21, 0x41, IPv4) },
        { "an unknown transport", Binary(0x21, 0x13, IPv4) },
        { "addresses cut short", Binary(0x21, 0x11, IPv4[..11]) },
        { "IPv6 addresses cut short", Binary(0x21, 0x21, IPv4) },
        { "half an extra", Binary(0x21, 0x11, [.. IPv4, 1, 0]) },
        { "an extra beyond the end", Binary(0x21, 0x11, [.. IPv4, 1, 0, 2, 0]) },
        { "a checksum that is wrong", Binary(0x21, 0x11, [.. IPv4, 3, 0, 4, 1, 2, 3, 4]) },
        { "a checksum of another size", Binary(0x21, 0x11, [.. IPv4, 3, 0, 2, 1, 2]) },
        { "a header beyond the limit", Binary(0x21, 0x11, [.. IPv4, 4, 15, 226, .. new byte[4066]]) },
        { "another signature", [.. "\r\n\r\n\0\r\nQUIT\r"u8] },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void A_header_that_is_not_right_is_refused(string what, byte[] bytes) =>
        Assert.True(Read(bytes).State == HeadState.Invalid, what);

    [Fact]
    public void A_checksum_that_is_right_is_accepted()
    {
        // The bytes of HAProxy's send-proxy-v2 with the option crc32c, but for the addresses: CRC32c computed bit by bit.
        var header = Binary(0x21, 0x11, [.. IPv4, 3, 0, 4, 0, 0, 0, 0]);
        var crc = uint.MaxValue;
        foreach (var value in header)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) == 1 ? 0x82f63b78 : 0);
        }

        crc = ~crc;
        header[^4..].CopyTo(header, 0);
        byte[] summed = [.. Binary(0x21, 0x11, [.. IPv4, 3, 0, 4, (byte)(crc >> 24), (byte)(crc >> 16), (byte)(crc >> 8), (byte)crc])];

        Assert.Equal(HeadState.Complete, Read(summed).State);
    }

    [Theory]
    [InlineData("203.0.113.7", "192.0.2.1", "PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n")]
    [InlineData("2001:db8::7", "2001:db8::1", "PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n")]
    [InlineData("::ffff:203.0.113.7", "::ffff:192.0.2.1", "PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n")]
    [InlineData("203.0.113.7", "2001:db8::1", "PROXY TCP6 ::ffff:203.0.113.7 2001:db8::1 4711 443\r\n")]
    public void A_line_says_both_addresses_in_one_family(string source, string destination, string line)
    {
        var room = new byte[ProxyHeaderWriter.MostBytes];
        var length = ProxyHeaderWriter.Write(room, ProxyProtocolVersion.V1, KernelAddress.For(IPAddress.Parse(source), 4711), KernelAddress.For(IPAddress.Parse(destination), 443));

        Assert.Equal(line, Encoding.ASCII.GetString(room, 0, length));
    }

    [Fact]
    public void The_longest_line_has_room()
    {
        var longest = KernelAddress.For(IPAddress.Parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 65535);
        var room = new byte[ProxyHeaderWriter.MostBytes];

        Assert.Equal(104, ProxyHeaderWriter.Write(room, ProxyProtocolVersion.V1, longest, longest));
    }

    private static readonly Gen<byte[]> Text = Gen.Select(
        Gen.OneOf("TCP4", "TCP6", "UNKNOWN", "UDP4", "tcp4"),
        Gen.OneOf("1.2.3.4", "::1", "2001:db8::7", "256.1.1.1", "1.2.3.4 ", "", "::ffff:1.2.3.4").Array[0, 3],
        Gen.OneOf("0", "1", "65535", "65536", "01", "x").Array[0, 3],
        Gen.OneOf("\r\n", "\n", "\r", "", "\r\nGET /"),
        (family, addresses, ports, end) => Line($"PROXY {string.Join(' ', [family, .. addresses, .. ports])}{end}"));

    private static readonly Gen<byte[]> Bytes = Gen.Select(
        Gen.OneOf<byte>(0x20, 0x21, 0x21, 0x21, 0x22, 0x11), Gen.OneOf<byte>(0, 0x11, 0x21, 0x31, 0x12, 0x41), Gen.Byte.Array[0, 260], Gen.Byte.Array[0, 10],
        (command, family, content, behind) => (byte[])[.. Binary(command, family, content), .. behind]);

    [Fact]
    public void A_header_is_judged_alike_however_its_bytes_come() =>
        Gen.Select(Gen.OneOf(Text, Bytes), Gen.Select(Gen.Double[0, 1], Gen.Byte).Array[0, 2], Gen.UInt[1, uint.MaxValue])
            .Sample((bytes, changes, seed) =>
            {
                foreach (var (at, value) in changes)
                    bytes[(int)((bytes.Length - 1) * at)] = value;
                ProxyHeaderTarget.Run(bytes, seed);
            }, iter: 20_000);
}
