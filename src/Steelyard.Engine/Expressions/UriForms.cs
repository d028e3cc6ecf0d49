using System.Buffers;
using System.Text;

namespace Steelyard.Engine.Expressions;

/// <summary>Forms of paths and queries that mean the same (RFC 3986, 6.2.2), each by its name, as HAProxy's normalize-uri has them.</summary>
internal static class UriForms
{
    // Beyond it a query stays as it is.
    private const int MostParameters = 256;

    // What a path of a request line cannot carry as it is (nginx: NGX_ESCAPE_URI).
    private static readonly SearchValues<byte> s_encoded = SearchValues.Create([.. Enumerated(0, 0x20), .. " \"#%<>?\\^`{|}"u8, .. Enumerated(0x7F, 0x81)]);

    // The same of a value in a query (nginx: NGX_ESCAPE_ARGS).
    private static readonly SearchValues<byte> s_encodedInQueries = SearchValues.Create([.. Enumerated(0, 0x20), .. " \"#%&+;<=>?[\\]^`{|}"u8, .. Enumerated(0x7F, 0x81)]);

    private static byte[] Enumerated(int first, int count)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
            bytes[i] = (byte)(first + i);
        return bytes;
    }

    /// <summary>Writes a text in a form.</summary>
    public static bool TryWrite(ReadOnlySpan<byte> text, ReadOnlySpan<byte> form, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = text;
        if (form.StartsWith("encode-"u8))
            return TryEncode(text, form.SequenceEqual("encode-argument"u8) ? s_encodedInQueries : s_encoded, form.SequenceEqual("encode-target"u8), room, out value);
        if (!room.TryTake(text.Length + 1, out var written))
            return false;
        var length = form switch
        {
            _ when form.SequenceEqual("merge-slashes"u8) => MergeSlashes(text, written),
            _ when form.SequenceEqual("strip-dot"u8) => StripDots(text, written, parents: false, full: false),
            _ when form.SequenceEqual("strip-dotdot"u8) => StripDots(text, written, parents: true, full: false),
            _ when form.SequenceEqual("strip-dotdot-full"u8) => StripDots(text, written, parents: true, full: true),
            _ when form.SequenceEqual("decode-unreserved"u8) => RewriteEscapes(text, written, decode: true),
            _ when form.SequenceEqual("percent-uppercase"u8) => RewriteEscapes(text, written, decode: false),
            _ => SortByName(text, written),
        };
        value = written[..length];
        return true;
    }

    /// <summary>A path that is no text of a request line yet.</summary>
    public static string EncodePath(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        return bytes.AsSpan().IndexOfAny(s_encoded) < 0 ? path : Encoding.ASCII.GetString(Encode(bytes, s_encoded, new byte[bytes.Length * 3]));
    }

    private static bool TryEncode(ReadOnlySpan<byte> text, SearchValues<byte> encoded, bool hasQuery, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = text;
        var mark = hasQuery ? text.IndexOf((byte)'?') : -1;
        var path = mark < 0 ? text : text[..mark];
        if (path.IndexOfAny(encoded) < 0)
            return true;
        if (!room.TryTake((path.Length * 3) + text.Length - path.Length, out var written))
            return false;
        var length = Encode(path, encoded, written).Length;
        text[path.Length..].CopyTo(written[length..]);
        value = written[..(length + text.Length - path.Length)];
        return true;
    }

    private static ReadOnlySpan<byte> Encode(ReadOnlySpan<byte> path, SearchValues<byte> encoded, Span<byte> written)
    {
        var length = 0;
        foreach (var letter in path)
        {
            if (!encoded.Contains(letter))
            {
                written[length++] = letter;
                continue;
            }

            written[length++] = (byte)'%';
            written[length++] = "0123456789ABCDEF"u8[letter >> 4];
            written[length++] = "0123456789ABCDEF"u8[letter & 15];
        }

        return written[..length];
    }

    private static int MergeSlashes(ReadOnlySpan<byte> path, Span<byte> written)
    {
        var length = 0;
        foreach (var letter in path)
        {
            if (letter != '/' || length == 0 || written[length - 1] != '/')
                written[length++] = letter;
        }

        return length;
    }

    // Segment by segment, each with the slash before it.
    private static int StripDots(ReadOnlySpan<byte> path, Span<byte> written, bool parents, bool full)
    {
        if (path.IsEmpty || path[0] != '/')
        {
            path.CopyTo(written);
            return path.Length;
        }

        var (length, kept) = (0, 0);
        while (!path.IsEmpty)
        {
            var end = path[1..].IndexOf((byte)'/');
            var segment = end < 0 ? path : path[..(end + 1)];
            path = path[segment.Length..];
            var last = path.IsEmpty;
            if (!parents && segment.SequenceEqual("/."u8))
            {
                if (last)
                    written[length++] = (byte)'/';
                continue;
            }

            if (parents && segment.SequenceEqual("/.."u8))
            {
                // What leads above the beginning stays, unless all of it is to go.
                if (length > kept)
                    length = written[..length].LastIndexOf((byte)'/');
                else if (!full)
                    kept = length = Append(segment, written, length);
                if (last)
                    written[length++] = (byte)'/';
                continue;
            }

            length = Append(segment, written, length);
        }

        return length;
    }

    private static int Append(ReadOnlySpan<byte> segment, Span<byte> written, int length)
    {
        segment.CopyTo(written[length..]);
        return length + segment.Length;
    }

    private static int RewriteEscapes(ReadOnlySpan<byte> text, Span<byte> written, bool decode)
    {
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%' || i + 2 >= text.Length || !char.IsAsciiHexDigit((char)text[i + 1]) || !char.IsAsciiHexDigit((char)text[i + 2]))
            {
                written[length++] = text[i];
                continue;
            }

            var letter = (byte)((Digit(text[i + 1]) << 4) | Digit(text[i + 2]));
            if (decode && (char.IsAsciiLetterOrDigit((char)letter) || letter is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~'))
            {
                written[length++] = letter;
            }
            else
            {
                text.Slice(i, 3).CopyTo(written[length..]);
                if (!decode)
                    Ascii.ToUpperInPlace(written.Slice(length, 3), out _);
                length += 3;
            }

            i += 2;
        }

        return length;
    }

    private static int Digit(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    /// <summary>Sorts parameters by their names; those of one name keep their order.</summary>
    private static int SortByName(ReadOnlySpan<byte> query, Span<byte> written)
    {
        Span<(int Start, int Length)> parts = stackalloc (int, int)[MostParameters];
        var (count, start) = (0, 0);
        for (var i = 0; i <= query.Length; i++)
        {
            if (i < query.Length && query[i] != '&')
                continue;
            if (count == MostParameters)
            {
                query.CopyTo(written);
                return query.Length;
            }

            var at = count++;
            for (; at > 0 && Name(query, parts[at - 1]).SequenceCompareTo(Name(query, (start, i - start))) > 0; at--)
                parts[at] = parts[at - 1];
            parts[at] = (start, i - start);
            start = i + 1;
        }

        var length = 0;
        for (var i = 0; i < count; i++)
        {
            if (i > 0)
                written[length++] = (byte)'&';
            length = Append(query.Slice(parts[i].Start, parts[i].Length), written, length);
        }

        return length;
    }

    private static ReadOnlySpan<byte> Name(ReadOnlySpan<byte> query, (int Start, int Length) part)
    {
        var text = query.Slice(part.Start, part.Length);
        return text.IndexOf((byte)'=') is >= 0 and var end ? text[..end] : text;
    }
}
