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

    private static bool Find(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
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
