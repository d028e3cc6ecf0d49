using System.Text;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Sticky;

/// <summary>Finds a cookie in the Cookie fields of a request, and writes them without it (RFC 6265, 4.2.1).</summary>
internal static class CookieLine
{
    // What stands between the server and the application's own value, as HAProxy has it.
    internal const byte Delimiter = (byte)'~';

    /// <summary>Whether servers do not get all that clients send in their cookies.</summary>
    public static bool ChangesRequest(StickyCookies? cookies) =>
        cookies is { Settings: { Kind: StickyKind.Insert, Indirect: true } or { Kind: StickyKind.Prefix } };

    /// <summary>Whose client it is by its cookies: the first that names a server, else the first of the name.</summary>
    /// <param name="fields">The fields of the request.</param>
    /// <param name="head">The bytes they were read from.</param>
    /// <param name="cookies">The cookies of the pool.</param>
    /// <param name="now">Seconds of Unix.</param>
    public static StickyCookie Read(FieldTable fields, ReadOnlySpan<byte> head, StickyCookies cookies, long now)
    {
        var found = StickyCookie.None;
        foreach (ref readonly var field in fields.All)
        {
            var rest = IsCookie(field, head) ? field.Value(head) : default;
            while (!rest.IsEmpty)
            {
                if (!TryTake(ref rest, out _, cookies.Name.Span, out var value))
                    continue;
                if (cookies.Settings.Kind == StickyKind.Prefix && value.IndexOf(Delimiter) is >= 0 and var end)
                    value = value[..end];
                var read = cookies.Read(value, now);
                if (read.State == StickyCookieState.Valid)
                    return read;
                if (found.State == StickyCookieState.Absent)
                    found = read;
            }
        }

        return found;
    }

    /// <summary>Whether a field is written otherwise than it came.</summary>
    public static bool IsChanged(in Field field, ReadOnlySpan<byte> head, StickyCookies cookies)
    {
        var rest = IsCookie(field, head) ? field.Value(head) : default;
        while (!rest.IsEmpty)
        {
            if (TryTake(ref rest, out _, cookies.Name.Span, out var value) && (cookies.Settings.Kind != StickyKind.Prefix || value.Contains(Delimiter)))
                return true;
        }

        return false;
    }

    /// <summary>Writes a Cookie field as the servers see it; nothing where nothing is left of it.</summary>
    public static void Write(ref BlockWriter writer, ReadOnlySpan<byte> line, StickyCookies cookies)
    {
        var empty = true;
        while (!line.IsEmpty)
        {
            var own = TryTake(ref line, out var pair, cookies.Name.Span, out var value);
            if (pair.IsEmpty || (own && cookies.Settings.Kind == StickyKind.Insert))
                continue;
            writer.Write(empty ? "Cookie: "u8 : "; "u8);
            empty = false;
            if (own && value.IndexOf(Delimiter) is >= 0 and var end)
            {
                writer.Write(cookies.Name.Span);
                writer.Write("="u8);
                writer.Write(value[(end + 1)..]);
            }
            else
            {
                writer.Write(pair);
            }
        }

        if (!empty)
            writer.Write("\r\n"u8);
    }

    private static bool IsCookie(in Field field, ReadOnlySpan<byte> head) =>
        field.NameLength == 6 && Ascii.EqualsIgnoreCase(field.Name(head), "cookie"u8);

    /// <summary>Takes the next pair.</summary>
    /// <returns>Whether it is the cookie of a name.</returns>
    private static bool TryTake(ref ReadOnlySpan<byte> line, out ReadOnlySpan<byte> pair, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var end = line.IndexOf((byte)';');
        pair = HttpBytes.Trim(end < 0 ? line : line[..end]);
        line = end < 0 ? default : line[(end + 1)..];
        var equals = pair.IndexOf((byte)'=');
        value = equals < 0 ? default : HttpBytes.Trim(pair[(equals + 1)..]);
        return equals >= 0 && HttpBytes.Trim(pair[..equals]).SequenceEqual(name);
    }
}
