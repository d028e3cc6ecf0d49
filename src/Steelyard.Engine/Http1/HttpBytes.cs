using System.Buffers;

namespace Steelyard.Engine.Http1;

/// <summary>The character classes of RFC 9110 and 9112.</summary>
internal static class HttpBytes
{
    /// <summary>RFC 9110, 5.6.2: what a method, a field name and a transfer coding are made of.</summary>
    public static readonly SearchValues<byte> Token = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>What ends a field line or makes it invalid: every control but the tab (RFC 9110, 5.5).</summary>
    public static readonly SearchValues<byte> FieldControls = SearchValues.Create(Controls(except: (byte)'\t'));

    /// <summary>What cannot stand in a request target: blanks, controls, bytes beyond ASCII, and '#', which no client may send (RFC 9112, 3.2).</summary>
    public static readonly SearchValues<byte> NotTarget = SearchValues.Create(TargetBreakers());

    /// <summary>The same as nginx has it, which takes bytes beyond ASCII too.</summary>
    public static readonly SearchValues<byte> NotTargetOfNginx = SearchValues.Create([.. Controls(0xff), (byte)' ', (byte)'#']);

    /// <summary>
    /// What a host with a port is made of (RFC 3986, 3.2.2), brackets of IPv6 included. No name is percent-encoded: to who
    /// decodes it, it would be another one than that which chooses the route.
    /// </summary>
    public static readonly SearchValues<byte> Host = SearchValues.Create(
        "-._~!$&'()*+,;=:[]0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>What the name of a request may be made of: nothing that means something to a shell, a page or a log.</summary>
    public static readonly SearchValues<byte> Identity = SearchValues.Create("-._~+/=:@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static byte[] Controls(byte except)
    {
        var bytes = new List<byte>();
        for (var value = 0; value < 0x20; value++)
        {
            if (value != except)
                bytes.Add((byte)value);
        }

        bytes.Add(0x7f);
        return [.. bytes];
    }

    private static byte[] TargetBreakers()
    {
        var bytes = new List<byte> { (byte)' ', (byte)'#', 0x7f };
        for (var value = 0; value < 0x20; value++)
            bytes.Add((byte)value);
        for (var value = 0x80; value <= 0xff; value++)
            bytes.Add((byte)value);
        return [.. bytes];
    }

    /// <summary>Takes the optional white space off both ends (RFC 9110, 5.6.3).</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value) => value.Trim(" \t"u8);

    /// <summary>Takes the first member off a comma-separated list (RFC 9110, 5.6.1), trimmed; empty members come as empty spans.</summary>
    public static ReadOnlySpan<byte> NextMember(ref ReadOnlySpan<byte> list)
    {
        var comma = list.IndexOf((byte)',');
        var member = comma < 0 ? list : list[..comma];
        list = comma < 0 ? default : list[(comma + 1)..];
        return Trim(member);
    }

    /// <summary>Reads digits and nothing else; false beyond 2^63 - 1 as well.</summary>
    public static bool TryParseLength(ReadOnlySpan<byte> digits, out long length)
    {
        length = 0;
        if (digits.IsEmpty)
            return false;
        foreach (var digit in digits)
        {
            var value = digit - '0';
            if ((uint)value > 9 || length > (long.MaxValue - value) / 10)
                return false;
            length = (length * 10) + value;
        }

        return true;
    }
}
