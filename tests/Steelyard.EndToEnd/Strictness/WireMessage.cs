using System.Globalization;

namespace Steelyard.EndToEnd.Strictness;

/// <summary>
/// One message as it stands at the front of some bytes, read with more patience than any proxy should have: what a
/// lax server or client behind it would understand.
/// </summary>
internal sealed record WireMessage(string Head, string Body, string Trailers, bool Whole)
{
    public string StartLine => Head.Split("\r\n")[0];

    public int Status => StartLine.Split(' ') is [_, var code, ..] && int.TryParse(code, out var status) ? status : 0;

    /// <summary>The values of a field, in order.</summary>
    public string[] this[string name] =>
        [.. from line in Head.Split("\r\n")[1..] where line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase) select line[(name.Length + 1)..].Trim()];

    /// <summary>Reads the first message.</summary>
    /// <param name="bytes">What has come; the message is taken off the front.</param>
    /// <param name="bodyless">The answer to HEAD.</param>
    /// <param name="ended">Nothing more will come.</param>
    /// <returns>Null as long as its head, or its end while more may come, is missing.</returns>
    public static WireMessage? Take(ref string bytes, bool bodyless = false, bool ended = false)
    {
        var end = bytes.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return null;
        var head = bytes[..(end + 2)];
        var rest = bytes[(end + 4)..];
        var message = new WireMessage(head, "", "", Whole: true);
        var answer = head.StartsWith("HTTP/", StringComparison.Ordinal);
        if (answer && (bodyless || message.Status is < 200 or 204 or 304))
            bytes = rest;
        else if (message["Transfer-Encoding"].Any(value => value.Contains("chunked", StringComparison.OrdinalIgnoreCase)))
            message = message.TakeChunks(rest, out bytes);
        else if (message["Content-Length"] is [var length, ..])
            message = message.TakeCounted(rest, long.Parse(length, CultureInfo.InvariantCulture), out bytes);
        else if (answer)
            (message, bytes) = (message with { Body = rest, Whole = ended }, "");
        else
            bytes = rest;
        if (message.Whole || ended)
            return message;
        bytes = head + "\r\n" + rest;
        return null;
    }

    private WireMessage TakeCounted(string bytes, long length, out string rest)
    {
        var count = (int)Math.Min(length, bytes.Length);
        rest = bytes[count..];
        return this with { Body = bytes[..count], Whole = count == length };
    }

    private WireMessage TakeChunks(string bytes, out string rest)
    {
        var body = "";
        rest = bytes;
        while (TakeLine(ref rest) is { } line)
        {
            if (!int.TryParse(line.Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier, null, out var size))
                break;
            if (size == 0)
                return TakeTrailers(body, ref rest);
            if (rest.Length < size + 2)
                break;
            body += rest[..size];
            rest = rest[(size + 2)..];
        }

        return this with { Body = body, Whole = false };
    }

    private WireMessage TakeTrailers(string body, ref string rest)
    {
        var trailers = "";
        while (TakeLine(ref rest) is { } line)
        {
            if (line.Length == 0)
                return this with { Body = body, Trailers = trailers };
            trailers += line + "\r\n";
        }

        return this with { Body = body, Trailers = trailers, Whole = false };
    }

    private static string? TakeLine(ref string bytes)
    {
        var end = bytes.IndexOf("\r\n", StringComparison.Ordinal);
        if (end < 0)
            return null;
        var line = bytes[..end];
        bytes = bytes[(end + 2)..];
        return line;
    }
}
