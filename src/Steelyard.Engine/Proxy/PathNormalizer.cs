namespace Steelyard.Engine.Proxy;

/// <summary>
/// Brings a path into the one form that routes are compared with, so that no spelling of a path steps around its route:
/// percent-encoded characters that need no encoding are decoded, dot segments are removed (RFC 3986, 6.2.2) and slashes
/// that follow each other are one, as nginx does it, unless a listener keeps them. An encoded slash stays encoded: to some servers it is no separator.
/// </summary>
internal static class PathNormalizer
{
    /// <summary>Whether a path may have another form; most have not.</summary>
    public static bool IsNeeded(ReadOnlySpan<byte> path) => path.Contains((byte)'%') || path.IndexOf("//"u8) >= 0 || path.IndexOf("/."u8) >= 0;

    /// <summary>The path in its one form.</summary>
    /// <param name="path">A path that starts with a slash.</param>
    /// <param name="room">Room for the result, as long as the path.</param>
    /// <param name="keepSlashes">Whether slashes that follow each other stay (nginx: merge_slashes off).</param>
    public static ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> path, Span<byte> room, bool keepSlashes = false)
    {
        var decoded = Decode(path, room);
        return room[..RemoveSegments(room[..decoded], keepSlashes)];
    }

    /// <summary>Whether there is a path, and no segment of it leads upwards, in whatever spelling (nginx: unsafe URIs).</summary>
    /// <param name="target">Path and query.</param>
    public static bool StaysBelowRoot(ReadOnlySpan<byte> target)
    {
        var query = target.IndexOf((byte)'?');
        var path = query < 0 ? target : target[..query];
        if (path.IsEmpty)
            return false;
        foreach (var range in path.Split((byte)'/'))
        {
            var segment = path[range];
            var dots = 0;
            while (dots < 3 && TakeDot(ref segment))
                dots++;
            if (dots == 2 && segment.IsEmpty)
                return false;
        }

        return true;
    }

    /// <summary>Whether a path leads out of the root.</summary>
    public static bool Climbs(ReadOnlySpan<byte> path)
    {
        var depth = 0;
        foreach (var range in path.Split((byte)'/'))
        {
            var segment = path[range];
            if (segment.IsEmpty)
                continue;
            var rest = segment;
            var dots = 0;
            while (dots < 3 && TakeDot(ref rest))
                dots++;
            depth += dots > 2 || !rest.IsEmpty ? 1 : dots == 2 ? -1 : 0;
            if (depth < 0)
                return true;
        }

        return false;
    }

    private static bool TakeDot(ref ReadOnlySpan<byte> text)
    {
        var length = text.StartsWith("."u8) ? 1 : text.StartsWith("%2E"u8) || text.StartsWith("%2e"u8) ? 3 : 0;
        text = text[length..];
        return length > 0;
    }

    private static int Decode(ReadOnlySpan<byte> path, Span<byte> room)
    {
        var length = 0;
        for (var i = 0; i < path.Length; i++)
        {
            var value = path[i];
            if (value == '%' && i + 2 < path.Length && HexOf(path[i + 1]) is var high and >= 0 && HexOf(path[i + 2]) is var low and >= 0)
            {
                var code = (high << 4) | low;
                if (NeedsEncoding(code))
                {
                    // The same digits in one case: %2f is %2F.
                    room[length++] = (byte)'%';
                    room[length++] = ToUpper(path[i + 1]);
                    room[length++] = ToUpper(path[i + 2]);
                    i += 2;
                    continue;
                }

                value = (byte)code;
                i += 2;
            }

            room[length++] = value;
        }

        return length;
    }

    // What would read as something else once decoded: controls, blanks, bytes beyond ASCII, and the characters with a meaning.
    private static bool NeedsEncoding(int code) => code is <= ' ' or >= 0x7F or '/' or '%' or '?' or '#' or '\\';

    private static int RemoveSegments(Span<byte> path, bool keepSlashes)
    {
        var (read, length) = (0, 0);
        while (read < path.Length)
        {
            // Each turn stands at a slash, the first one too.
            read++;
            while (!keepSlashes && read < path.Length && path[read] == '/')
                read++;
            var end = path[read..].IndexOf((byte)'/');
            var last = end < 0;
            var segment = last ? path[read..] : path.Slice(read, end);
            if (segment.SequenceEqual("."u8) || segment.SequenceEqual(".."u8))
            {
                if (segment.Length == 2)
                    length = Math.Max(path[..length].LastIndexOf((byte)'/'), 0);
                read += segment.Length;
                if (last)
                    path[length++] = (byte)'/';
                continue;
            }

            path[length++] = (byte)'/';
            segment.CopyTo(path[length..]);
            length += segment.Length;
            read += segment.Length;
        }

        return length;
    }

    private static int HexOf(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    private static byte ToUpper(byte digit) => digit >= 'a' ? (byte)(digit - 0x20) : digit;
}
