using System.Text;

namespace Steelyard.Engine.Http1;

/// <summary>
/// Which trailer fields are passed on. Whoever merges them into a head must not take one for what it decided by before:
/// framing, routing, authentication, modifiers of the request and descriptions of the content (RFC 9110, 6.5.1).
/// </summary>
internal static class TrailerFields
{
    /// <summary>Moves the lines that may be passed on to the front.</summary>
    /// <param name="section">All lines of well-formed trailers, with the empty line behind them.</param>
    /// <param name="decided">What the configuration decides; null for nothing.</param>
    /// <returns>How many bytes are left, with the empty line.</returns>
    public static int Keep(Span<byte> section, DecidedNames? decided = null)
    {
        var (read, kept) = (0, 0);
        while (true)
        {
            var line = section[read..];
            line = line[..(line.IndexOf("\r\n"u8) + 2)];
            if (line.Length > 2 && line[..line.IndexOf((byte)':')] is var name && (IsForbidden(name) || decided?.Contains(name) is true))
            {
                read += line.Length;
                continue;
            }

            line.CopyTo(section[kept..]);
            (read, kept) = (read + line.Length, kept + line.Length);
            if (line.Length == 2)
                return kept;
        }
    }

    /// <summary>Whether a name has no place in trailers. Underscores have none: CGI and its heirs take them for hyphens.</summary>
    public static bool IsForbidden(ReadOnlySpan<byte> name) =>
        name.Contains((byte)'_') || Field.Recognize(name) != KnownField.Other || Field.RecognizeDisguised(name) != KnownField.Other
        || Field.IsForAllRecipients(name) || Modifies(name);

    // Set-Cookie and WWW-Authenticate authenticate, the others control caches, ranges, conditions and redirects.
    private static bool Modifies(ReadOnlySpan<byte> name) => name.Length switch
    {
        3 => Is(name, "age"u8),
        4 => Is(name, "vary"u8) || Is(name, "etag"u8),
        5 => Is(name, "range"u8),
        6 => Is(name, "pragma"u8),
        7 => Is(name, "expires"u8) || Is(name, "warning"u8),
        8 => Is(name, "location"u8) || Is(name, "if-match"u8) || Is(name, "if-range"u8),
        10 => Is(name, "set-cookie"u8),
        11 => Is(name, "retry-after"u8),
        12 => Is(name, "max-forwards"u8),
        13 => Is(name, "if-none-match"u8),
        16 => Is(name, "www-authenticate"u8),
        17 => Is(name, "if-modified-since"u8),
        18 => Is(name, "proxy-authenticate"u8),
        19 => Is(name, "if-unmodified-since"u8) || Is(name, "authentication-info"u8),
        _ => false,
    };

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lowerCase) => Ascii.EqualsIgnoreCase(name, lowerCase);
}
