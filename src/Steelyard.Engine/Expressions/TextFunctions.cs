using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>What functions make of texts, in the room of the thread.</summary>
internal static class TextFunctions
{
    private static readonly SearchValues<byte> s_unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    private static readonly SearchValues<byte> s_base64Url =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    public static bool TryChangeCase(ReadOnlySpan<byte> text, bool upper, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(text.Length, out var written))
            return false;
        for (var i = 0; i < text.Length; i++)
            written[i] = upper ? (char.IsAsciiLetterLower((char)text[i]) ? (byte)(text[i] - 0x20) : text[i]) : char.IsAsciiLetterUpper((char)text[i]) ? (byte)(text[i] + 0x20) : text[i];
        value = written;
        return true;
    }

    public static bool TryDecodeUrl(ReadOnlySpan<byte> text, bool keepsPlus, bool isStrict, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(text.Length, out var written))
            return false;
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && Digit(text[i + 1]) is var high and >= 0 && Digit(text[i + 2]) is var low and >= 0)
            {
                written[length++] = (byte)((high << 4) | low);
                i += 2;
            }
            else if (isStrict && text[i] == '%')
            {
                return false;
            }
            else
            {
                written[length++] = text[i] == '+' && !keepsPlus ? (byte)' ' : text[i];
                keepsPlus &= text[i] != '?';
            }
        }

        value = written[..length];
        return true;
    }

    private static int Digit(byte digit) => char.IsAsciiHexDigit((char)digit) ? char.IsAsciiDigit((char)digit) ? digit - '0' : (digit | 0x20) - 'a' + 10 : -1;

    public static bool TryEncodeUrl(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(text.Length * 3, out var written))
            return false;
        var length = 0;
        foreach (var one in text)
        {
            if (s_unreserved.Contains(one))
            {
                written[length++] = one;
                continue;
            }

            written[length++] = (byte)'%';
            WriteHex(one, written[length..]);
            length += 2;
        }

        value = written[..length];
        return true;
    }

    public static bool TryEncodeBase64(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(Base64.GetMaxEncodedToUtf8Length(text.Length), out var written) || Base64.EncodeToUtf8(text, written, out _, out var length) != OperationStatus.Done)
            return false;
        value = written[..length];
        return true;
    }

    // RFC 7468, 3 and 5.
    public static bool TryWritePem(ReadOnlySpan<byte> certificate, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        const int BytesOfLine = 48;
        value = default;
        var begin = "-----BEGIN CERTIFICATE-----\n"u8;
        var end = "-----END CERTIFICATE-----\n"u8;
        var lines = (certificate.Length + BytesOfLine - 1) / BytesOfLine;
        if (!room.TryTake(begin.Length + Base64.GetMaxEncodedToUtf8Length(certificate.Length) + lines + end.Length, out var written))
            return false;
        begin.CopyTo(written);
        var at = begin.Length;
        for (; !certificate.IsEmpty; certificate = certificate[Math.Min(BytesOfLine, certificate.Length)..])
        {
            Base64.EncodeToUtf8(certificate[..Math.Min(BytesOfLine, certificate.Length)], written[at..], out _, out var length);
            at += length;
            written[at++] = (byte)'\n';
        }

        end.CopyTo(written[at..]);
        value = written;
        return true;
    }

    public static bool TryDecodeBase64(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(Base64.GetMaxDecodedFromUtf8Length(text.Length), out var written) || Base64.DecodeFromUtf8(text, written, out _, out var length) != OperationStatus.Done)
            return false;
        value = written[..length];
        return true;
    }

    public static bool TryDecodeHex(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(text.Length / 2, out var written) || Convert.FromHexString(text, written, out _, out var length) != OperationStatus.Done)
            return false;
        value = written[..length];
        return true;
    }

    public static bool TryEncodeBase64Url(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(Base64Url.GetEncodedLength(text.Length), out var written))
            return false;
        value = written[..Base64Url.EncodeToUtf8(text, written)];
        return true;
    }

    public static bool TryDecodeBase64Url(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(Base64Url.GetMaxDecodedLength(text.Length), out var written) || Base64Url.DecodeFromUtf8(text, written, out _, out var length) is var done && done != OperationStatus.Done && !TryDecodeLast(text, written, out length))
            return false;
        value = written[..length];
        return true;
    }

    // What is left over of the bits of the last letter is of no account, as HAProxy has it.
    private static bool TryDecodeLast(ReadOnlySpan<byte> text, Span<byte> written, out int length)
    {
        length = 0;
        var whole = text.Length / 4 * 4;
        Span<byte> last = stackalloc byte[4];
        var left = text[whole..];
        if (left.Length is not (2 or 3) || left.ContainsAnyExcept(s_base64Url) || Base64Url.DecodeFromUtf8(text[..whole], written, out _, out length) != OperationStatus.Done)
            return false;
        last.Fill((byte)'A');
        left.CopyTo(last);
        Span<byte> bytes = stackalloc byte[3];
        if (Base64Url.DecodeFromUtf8(last, bytes, out _, out _) != OperationStatus.Done)
            return false;
        bytes[..(left.Length - 1)].CopyTo(written[length..]);
        length += left.Length - 1;
        return true;
    }

    /// <summary>A hash by the name of its function.</summary>
    public static long Hash(ReadOnlySpan<byte> text, ReadOnlySpan<byte> function, long seed) => (char)function[^1] switch
    {
        'c' => KeyHash.Crc32C(text),
        '6' => KeyHash.Of(HashFunction.Wt6, text),
        'm' => KeyHash.Of(HashFunction.Sdbm, text),
        '3' => KeyHash.Xx(3, text, seed),
        '4' => KeyHash.Xx(64, text, seed),
        _ when function[0] == 'x' => KeyHash.Xx(32, text, seed),
        _ when function[0] == 'd' => KeyHash.Of(HashFunction.Djb2, text),
        _ => KeyHash.Of(HashFunction.Crc32, text),
    };

    public static bool TryWriteHex(scoped ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(text.Length * 2, out var written))
            return false;
        for (var i = 0; i < text.Length; i++)
            WriteHex(text[i], written[(i * 2)..]);
        value = written;
        return true;
    }

    /// <summary>A number, or an address of IPv4; of others nothing.</summary>
    public static bool TryWriteHexNumber(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (AddressText.Parse(text, bytes) is > 0 and var length)
            return TryWriteHex(bytes[..length], room, out value);
        value = default;
        if (!Utf8Parser.TryParse(text, out long number, out var read) || read != text.Length || !Utf8Formatter.TryFormat(number, room.Rest, out var written, new StandardFormat('X', 4)) || !room.TryTake(written, out var taken))
            return false;
        value = taken;
        return true;
    }

    public static bool TryAuthenticate(ReadOnlySpan<byte> text, ReadOnlySpan<byte> algorithm, ReadOnlySpan<byte> base64, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        var length = LengthOf(algorithm);
        if (!TryDecodeBase64(base64, room, out var key) || !room.TryTake(length, out var written))
            return false;

#pragma warning disable CA5350, CA5351 // The configuration names the digest, for what others have signed with it before.
        switch (length)
        {
            case 16:
                HMACMD5.HashData(key, text, written);
                break;
            case 20:
                HMACSHA1.HashData(key, text, written);
                break;
            case 32:
                HMACSHA256.HashData(key, text, written);
                break;
            case 48:
                HMACSHA384.HashData(key, text, written);
                break;
            default:
                HMACSHA512.HashData(key, text, written);
                break;
        }
#pragma warning restore CA5350, CA5351
        value = written;
        return true;
    }

    /// <summary>The bytes that a number or an address is.</summary>
    public static bool TryPack(ReadOnlySpan<byte> text, ReadOnlySpan<byte> kind, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (kind[0] == 'a')
        {
            Span<byte> address = stackalloc byte[AddressText.Longest];
            var taken = AddressText.Parse(HttpBytes.Trim(text), address);
            if (taken <= 0 || !room.TryTake(taken, out var written))
                return false;
            address[..taken].CopyTo(written);
            value = written;
            return true;
        }

        if (text.IsEmpty || !room.TryTake(sizeof(long), out var bytes))
            return false;
        _ = Utf8Parser.TryParse(text, out long number, out _);
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        value = kind[0] == 's' ? bytes[sizeof(int)..] : bytes;
        return true;
    }

    private static int LengthOf(ReadOnlySpan<byte> algorithm) => algorithm[^1] switch { (byte)'5' => 16, (byte)'1' => 20, (byte)'6' => 32, (byte)'4' => 48, _ => 64 };

    public static bool TryDigest(ReadOnlySpan<byte> text, ReadOnlySpan<byte> algorithm, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        var length = LengthOf(algorithm);
        if (!room.TryTake(length, out var written))
            return false;

#pragma warning disable CA5350, CA5351 // The configuration names the digest, and nothing here is kept secret or believed by it.
        switch (length)
        {
            case 16:
                MD5.HashData(text, written);
                break;
            case 20:
                SHA1.HashData(text, written);
                break;
            case 32:
                SHA256.HashData(text, written);
                break;
            case 48:
                SHA384.HashData(text, written);
                break;
            default:
                SHA512.HashData(text, written);
                break;
        }
#pragma warning restore CA5350, CA5351

        value = written;
        return true;
    }

    /// <summary>Seconds since 1970 as a date (RFC 9110, 5.6.7).</summary>
    public static bool TryWriteDate(long seconds, long later, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (seconds > 253_402_300_799 || seconds + later is < 0 or > 253_402_300_799
            || !Utf8Formatter.TryFormat(DateTimeOffset.FromUnixTimeSeconds(seconds + later), room.Rest, out var length, 'R') || !room.TryTake(length, out var taken))
            return false;
        value = taken;
        return true;
    }

    public static bool TryWriteJson(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        var start = room.Used;
        while (!text.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(text, out var rune, out var length);
            if (status != OperationStatus.Done)
            {
                if (!PatternReplacement.Copy("?"u8, room))
                    return false;
            }
            else if ("\"\\\b\f\n\r\t/"u8.IndexOf(text[0]) is >= 0 and var known)
            {
                if (!PatternReplacement.Copy([(byte)'\\', "\"\\bfnrt/"u8[known]], room))
                    return false;
            }
            else if (rune.Value is < 0x20 or 0x7f)
            {
                if (!PatternReplacement.Copy("\\u00"u8, room) || !TryWriteHex(text[..1], room, out _))
                    return false;
            }
            else if (!PatternReplacement.Copy(text[..length], room))
            {
                return false;
            }

            text = text[length..];
        }

        value = room.From(start);
        return true;
    }

    private static void WriteHex(byte value, Span<byte> written)
    {
        written[0] = "0123456789ABCDEF"u8[value >> 4];
        written[1] = "0123456789ABCDEF"u8[value & 15];
    }

    /// <summary>One part between separators, or several in a row.</summary>
    /// <param name="text">The text.</param>
    /// <param name="index">Which: from 1, or from the end by -1.</param>
    /// <param name="separators">The bytes that separate.</param>
    /// <param name="count">How many parts, with what separates them; 0 for all that follow.</param>
    /// <param name="skipEmpty">Whether empty parts are not counted.</param>
    /// <param name="value">The part.</param>
    public static bool TryCut(ReadOnlySpan<byte> text, long index, ReadOnlySpan<byte> separators, long count, bool skipEmpty, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (index == 0)
            return false;
        if (index < 0)
            return TryCutFromEnd(text, -index, separators, count, skipEmpty, out value);
        var (start, found, first) = (0, 0L, -1);
        while (start <= text.Length)
        {
            var length = text[start..].IndexOfAny(separators);
            var end = length < 0 ? text.Length : start + length;
            if ((!skipEmpty || end > start) && ++found >= index)
            {
                first = first < 0 ? start : first;
                if (count > 0 && found == index + count - 1)
                {
                    value = text[first..end];
                    return true;
                }
            }

            start = end + 1;
        }

        if (first < 0)
            return false;
        value = text[first..];
        return true;
    }

    private static bool TryCutFromEnd(ReadOnlySpan<byte> text, long index, ReadOnlySpan<byte> separators, long count, bool skipEmpty, out ReadOnlySpan<byte> value)
    {
        value = default;
        var (end, found, last) = (text.Length, 0L, -1);
        while (end >= 0)
        {
            var start = text[..end].LastIndexOfAny(separators) + 1;
            if ((!skipEmpty || end > start) && ++found >= index)
            {
                last = last < 0 ? end : last;
                if (count > 0 && found == index + count - 1)
                {
                    value = text[start..last];
                    return true;
                }
            }

            end = start - 1;
        }

        if (last < 0)
            return false;
        value = text[..last];
        return true;
    }

    public static bool TryMask(ReadOnlySpan<byte> text, int bitsOfV4, int bitsOfV6, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        Span<byte> bytes = stackalloc byte[16];
        var length = AddressText.Parse(text, bytes);
        if (length == 0)
            return false;
        var bits = length == 4 ? bitsOfV4 : bitsOfV6;
        if (bits < 0)
            return false;
        for (var i = 0; i < length; i++)
            bytes[i] &= (byte)(0xFF00 >> Math.Clamp(bits - (i * 8), 0, 8));
        if (length == 4)
        {
            var start = room.Used;
            for (var i = 0; i < 4; i++)
            {
                if (i > 0 && room.TryTake(1, out var dot))
                    dot[0] = (byte)'.';
                if (!room.TryWrite(bytes[i], out _))
                    return false;
            }

            value = room.From(start);
            return true;
        }

        // Rare enough that an address may be made for it.
        if (!new IPAddress(bytes).TryFormat(room.Rest, out var written) || !room.TryTake(written, out var taken))
            return false;
        value = taken;
        return true;
    }

    public static bool TryReadPort(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        var rest = text[WithoutPort(text).Length..];
        return room.TryWrite(rest.Length > 1 && Utf8Parser.TryParse(rest[1..], out uint port, out _) ? port : 0, out value);
    }

    /// <summary>What stands before the last colon, where it is no address of IPv6 in brackets.</summary>
    public static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> text) =>
        text.LastIndexOf((byte)':') is >= 0 and var colon && colon > text.LastIndexOf((byte)']') ? text[..colon] : text;

    /// <summary>The number that hexadecimal digits are, the last sixteen of them; an empty text is 0 (HAProxy: hex2i).</summary>
    public static bool TryReadHex(ReadOnlySpan<byte> text, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        var number = 0UL;
        foreach (var digit in text)
        {
            if (Digit(digit) is not (>= 0 and var its))
                return false;
            number = (number << 4) | (uint)its;
        }

        return room.TryWrite((long)number, out value);
    }
}
