namespace Steelyard.Engine.Proxy;

/// <summary>What a client wants of a file.</summary>
internal enum RangeVerdict : byte
{
    /// <summary>All of it.</summary>
    Whole,

    /// <summary>Parts.</summary>
    Parts,

    /// <summary>Nothing that it has: 416.</summary>
    Unsatisfiable,
}

/// <summary>Reads the field Range (RFC 9110, 14.1.2) as nginx does: a range that ends before it begins is none, and parts that are more than the whole are the whole.</summary>
internal static class ByteRanges
{
    /// <param name="text">What stands behind <c>bytes=</c>.</param>
    /// <param name="size">How long the file is.</param>
    /// <param name="most">How many parts there may be.</param>
    /// <param name="parts">Where the parts go: the first byte of each, and the one behind its last.</param>
    public static RangeVerdict Read(ReadOnlySpan<byte> text, long size, int most, List<(long From, long To)> parts)
    {
        var sum = 0L;
        for (var more = true; more;)
        {
            text = text.TrimStart((byte)' ');
            var isSuffix = text is [(byte)'-', ..];
            long from = 0, to = size;
            if (!isSuffix)
            {
                if (!TryReadNumber(ref text, out from))
                    return RangeVerdict.Unsatisfiable;
                text = text.TrimStart((byte)' ');
                if (text is not [(byte)'-', ..])
                    return RangeVerdict.Unsatisfiable;
            }

            text = isSuffix ? text[1..] : text[1..].TrimStart((byte)' ');
            if (isSuffix || text is not ([] or [(byte)',', ..]))
            {
                if (!TryReadNumber(ref text, out var last))
                    return RangeVerdict.Unsatisfiable;
                text = text.TrimStart((byte)' ');
                if (text is not ([] or [(byte)',', ..]))
                    return RangeVerdict.Unsatisfiable;
                (from, to) = isSuffix ? (Math.Max(size - last, 0), size) : (from, last >= size ? size : last + 1);
            }

            if (from < to)
            {
                parts.Add((from, to));
                sum += to - from;
                if (parts.Count > most || sum > size)
                    return RangeVerdict.Whole;
            }
            else if (from == 0)
            {
                return RangeVerdict.Whole;
            }

            more = text.Length > 0;
            text = more ? text[1..] : text;
        }

        return parts.Count == 0 ? RangeVerdict.Unsatisfiable : RangeVerdict.Parts;
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        var digits = 0;
        while (digits < text.Length && text[digits] is >= (byte)'0' and <= (byte)'9')
        {
            if (number > (long.MaxValue - 9) / 10)
                return false;
            number = (number * 10) + text[digits++] - '0';
        }

        text = text[digits..];
        return digits > 0;
    }
}
