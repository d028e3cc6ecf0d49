using System.Buffers.Binary;

namespace Steelyard.Engine.Proxy;

/// <summary>Addresses as X-Forwarded-For and its like write them, read without allocating.</summary>
internal static class AddressText
{
    private const int Groups = 8;

    /// <summary>How many bytes an address has at most.</summary>
    public const int Longest = 16;

    /// <summary>Reads an address: IPv4, IPv6 (RFC 4291, 2.2), also in brackets.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">Room for 16 bytes; the address in network order, an IPv4 address mapped into IPv6 as IPv4.</param>
    /// <returns>4 or 16; 0 when it is no address.</returns>
    public static int Parse(ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        if (TryParseV4(text, out var address))
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
            return 4;
        }

        if (text.Length > 2 && text[0] == '[' && text[^1] == ']')
            text = text[1..^1];
        return TryParseV6(text, bytes[..16]) ? Unmap(bytes[..16]) : 0;
    }

    /// <summary>An address without the port that may stand behind it, and without brackets.</summary>
    public static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> hop)
    {
        if (hop.StartsWith("["u8))
            return hop.IndexOf((byte)']') is var close and > 0 ? hop[1..close] : hop;
        return hop.IndexOf((byte)':') is var colon and >= 0 && hop.LastIndexOf((byte)':') == colon ? hop[..colon] : hop;
    }

    /// <summary>An IPv4 address mapped into IPv6 is the IPv4 address.</summary>
    /// <returns>How many of the bytes are the address now.</returns>
    public static int Unmap(Span<byte> v6)
    {
        if (!v6[..12].SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]))
            return 16;
        v6[12..16].CopyTo(v6);
        return 4;
    }

    /// <summary>Four plain decimal numbers; what else inet_aton(3) reads (10.1, 0xa.0.0.1, octal) others read otherwise.</summary>
    public static bool TryParseV4(ReadOnlySpan<byte> text, out uint address)
    {
        address = 0;
        for (var octet = 0; octet < 4; octet++)
        {
            var dot = octet < 3 ? text.IndexOf((byte)'.') : text.Length;
            if (dot is < 1 or > 3 || (dot > 1 && text[0] == '0'))
                return false;
            var value = 0u;
            foreach (var digit in text[..dot])
            {
                if (!char.IsAsciiDigit((char)digit))
                    return false;
                value = (value * 10) + digit - '0';
            }

            if (value > 255)
                return false;
            address = (address << 8) | value;
            text = octet < 3 ? text[(dot + 1)..] : default;
        }

        return true;
    }

    private static bool TryParseV6(ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        // Where "::" stands, counted in bytes written.
        var (written, gap) = (0, -1);
        if (text.StartsWith("::"u8))
        {
            gap = 0;
            text = text[2..];
        }

        while (!text.IsEmpty)
        {
            var colon = text.IndexOf((byte)':');
            var group = colon < 0 ? text : text[..colon];
            if (colon < 0 && group.Contains((byte)'.'))
            {
                if (written > bytes.Length - 4 || !TryParseV4(group, out var last))
                    return false;
                BinaryPrimitives.WriteUInt32BigEndian(bytes[written..], last);
                written += 4;
                break;
            }

            if (written > bytes.Length - 2 || !TryParseGroup(group, out var value))
                return false;
            BinaryPrimitives.WriteUInt16BigEndian(bytes[written..], value);
            written += 2;
            if (colon < 0)
                break;
            text = text[(colon + 1)..];
            if (text.IsEmpty)
                return false;
            if (text[0] != ':')
                continue;
            if (gap >= 0)
                return false;
            gap = written;
            text = text[1..];
        }

        if (gap < 0)
            return written == 2 * Groups;
        var behind = written - gap;
        if (written > (2 * Groups) - 2)
            return false;
        bytes[gap..written].CopyTo(bytes[^behind..]);
        bytes[gap..^behind].Clear();
        return true;
    }

    private static bool TryParseGroup(ReadOnlySpan<byte> digits, out ushort value)
    {
        value = 0;
        if (digits.Length is 0 or > 4)
            return false;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit((char)digit))
                return false;
            value = (ushort)((value << 4) | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10));
        }

        return true;
    }
}
