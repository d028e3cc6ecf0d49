namespace Steelyard.Engine.Proxy;

/// <summary>
/// Brings a path into the one form that routes are compared with, so that no spelling of a path steps around its route:
/// percent-encoded characters that need no encoding are decoded, dot segments are removed (RFC 3986, 6.2.2) and slashes
/// that follow each other are one, as nginx does it, unless a listener keeps them. An encoded slash stays encoded: to some servers it is no separator.
/// Where requests are read as nginx reads them all is decoded first, slashes too, and the form is what the path stands for (nginx: $uri).
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

    /// <summary>A path of a request in the form that its listener compares.</summary>
    /// <param name="request">The request, which says how.</param>
    /// <param name="path">A path that starts with a slash.</param>
    /// <param name="room">Room for the result, as long as the path.</param>
    public static ReadOnlySpan<byte> Normalize(Http1.RequestHead request, ReadOnlySpan<byte> path, Span<byte> room)
    {
        if (!request.AsNginx)
            return Normalize(path, room, request.KeepsSlashes);
        var decoded = DecodeAll(path, room);
        return room[..RemoveSegments(room[..decoded], request.KeepsSlashes)];
    }

    /// <summary>Undoes all percent-encoding; what is none stays.</summary>
    /// <param name="path">A path.</param>
    /// <param name="room">Room for the result, as long as the path.</param>
    /// <returns>How long it is.</returns>
    public static int DecodeAll(ReadOnlySpan<byte> path, Span<byte> room)
    {
        var length = 0;
        for (var i = 0; i < path.Length; i++)
            room[length++] = TryDecode(path, ref i, out var value) ? value : path[i];
        return length;
    }

    /// <summary>Whether nginx takes a path: what is percent-encoded is, none of it is a zero, and it stays below the root.</summary>
    public static bool IsSound(ReadOnlySpan<byte> path)
    {
        // Dots beyond the second do not count apart.
        var (depth, length, dots) = (0, 0, 0);
        for (var i = 0; i < path.Length; i++)
        {
            var value = path[i];
            if (value == '%' && (!TryDecode(path, ref i, out value) || value == 0))
                return false;
            if (value != '/')
            {
                (length, dots) = (length + 1, value == '.' ? dots + 1 : dots);
                continue;
            }

            if ((depth += Step(length, dots)) < 0)
                return false;
            (length, dots) = (0, 0);
        }

        return depth + Step(length, dots) >= 0;

        static int Step(int length, int dots) => length == dots && length <= 2 ? length == 2 ? -1 : 0 : 1;
    }

    private static bool TryDecode(ReadOnlySpan<byte> path, ref int at, out byte value)
    {
        value = 0;
        if (path[at] != '%' || at + 2 >= path.Length || HexOf(path[at + 1]) is not (var high and >= 0) || HexOf(path[at + 2]) is not (var low and >= 0))
            return false;
        value = (byte)((high << 4) | low);
        at += 2;
        return true;
    }

    /// <summary>Whether there is a path, and no segment of it leads upwards, in whatever spelling (nginx: unsafe URIs).</summary>
    /// <param name="target">Path and query.</param>
    public static bool StaysBelowRoot(ReadOnlySpan<byte> target)
    {
        var query = target.IndexOf((byte)'?');
        var path = query < 0 ? target : target[..query];
        var (length, dots) = (0, 0);
        for (var i = 0; i < path.Length; i++)
        {
            if (!TryDecode(path, ref i, out var value))
                value = path[i];
            if (value == '/' && length == 2 && dots == 2)
                return false;
            (length, dots) = value == '/' ? (0, 0) : (length + 1, value == '.' ? dots + 1 : dots);
        }

        return !path.IsEmpty && !(length == 2 && dots == 2);
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
