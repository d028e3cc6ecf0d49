using System.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>Reads the cookies of a request (RFC 6265, 4.2.1).</summary>
internal static class Cookies
{
    /// <summary>The value of the first cookie of a name, without the quotes around it; empty where there is none.</summary>
    /// <param name="request">The request.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="name">The name; case matters.</param>
    public static ReadOnlySpan<byte> Find(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name) =>
        TryFind(request, head, name, out var value) ? value : default;

    /// <summary>Finds the first cookie of a name.</summary>
    /// <param name="request">The request.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="name">The name; case matters.</param>
    /// <param name="value">The value, without the quotes around it.</param>
    public static bool TryFind(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly var field in request.Fields.All)
        {
            // Clients of HTTP/2 may send several lines, and HTTP/1 forbids nobody to.
            if (field.NameLength == 6 && Ascii.EqualsIgnoreCase(field.Name(head), "Cookie"u8) && Find(field.Value(head), name, out value))
                return true;
        }

        value = default;
        return false;
    }

    /// <summary>Finds the last cookie of a name that has a value.</summary>
    public static bool TryFindLast(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        var found = false;
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.NameLength != 6 || !Ascii.EqualsIgnoreCase(field.Name(head), "Cookie"u8))
                continue;
            for (var line = field.Value(head); FindNext(ref line, name, out var next);)
            {
                if (next.IsEmpty)
                    continue;
                found = true;
                value = next;
            }
        }

        return found;
    }

    /// <summary>How many cookies of a name a request has.</summary>
    public static int Count(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        var count = 0;
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.NameLength != 6 || !Ascii.EqualsIgnoreCase(field.Name(head), "Cookie"u8))
                continue;
            for (var line = field.Value(head); FindNext(ref line, name, out _);)
                count++;
        }

        return count;
    }

    /// <summary>Finds the cookie of a name that a response sets.</summary>
    public static bool TryFindSet(ReadOnlySpan<Field> fields, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly var field in fields)
        {
            if (field.NameLength != 10 || !Ascii.EqualsIgnoreCase(field.Name(head), "Set-Cookie"u8))
                continue;
            var line = field.Value(head);
            line = line.IndexOf((byte)';') is >= 0 and var end ? line[..end] : line;
            if (FindNext(ref line, name, out value))
                return true;
        }

        value = default;
        return false;
    }

    /// <summary>
    /// Finds the first cookie of a name as nginx looks for it (ngx_http_parse_multi_header_lines): in any case, behind commas
    /// too, with the quotes of its value, up to the semicolon.
    /// </summary>
    public static bool TryFindAsNginx(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.NameLength != 6 || !Ascii.EqualsIgnoreCase(field.Name(head), "Cookie"u8))
                continue;
            for (var line = field.Value(head); !line.IsEmpty; line = (line.IndexOfAny((byte)';', (byte)',') is >= 0 and var end ? line[(end + 1)..] : default).TrimStart((byte)' '))
            {
                if (line.Length < name.Length || !Ascii.EqualsIgnoreCase(line[..name.Length], name) || line[name.Length..].TrimStart((byte)' ') is not [(byte)'=', .. var rest])
                    continue;
                rest = rest.TrimStart((byte)' ');
                value = rest.IndexOf((byte)';') is >= 0 and var last ? rest[..last] : rest;
                return true;
            }
        }

        value = default;
        return false;
    }

    private static bool Find(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value) => FindNext(ref line, name, out value);

    /// <summary>Finds the next one in what is left of a line.</summary>
    public static bool FindNext(scoped ref ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (!line.IsEmpty)
        {
            var end = line.IndexOf((byte)';');
            var pair = HttpBytes.Trim(end < 0 ? line : line[..end]);
            line = end < 0 ? default : line[(end + 1)..];
            var equals = pair.IndexOf((byte)'=');
            if (equals < 0 || !HttpBytes.Trim(pair[..equals]).SequenceEqual(name))
                continue;
            value = HttpBytes.Trim(pair[(equals + 1)..]);
            if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
                value = value[1..^1];
            return true;
        }

        value = default;
        return false;
    }
}
