using System.Buffers.Text;
using System.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Logging;

/// <summary>nginx's format combined, which is Apache's (ngx_http_log_module).</summary>
internal static class CombinedFormat
{
    // nginx: a request that its client closed before the answer.
    private const int ClientGoneStatus = 499;

    private const int LongestRequestLine = 6 * 1024;
    private const int LongestReferer = 2048;
    private const int LongestAgent = 1024;
    private const int LongestUser = 128;

    public static void Write(ref LineWriter writer, in LoggedExchange line)
    {
        writer.Write(line.ClientAddress);
        writer.Write(" - "u8);
        if (!TryWriteUser(ref writer, line, Escaping.Nginx))
            writer.Write((byte)'-');
        writer.Write(" ["u8);
        line.Context.Loop.LogClock.WriteWithZone(ref writer, line.Context.Loop.LogClock.At(line.Now, line.Now));
        writer.Write("] \""u8);
        if (line.RequestLine is { IsEmpty: false } request)
            line.Log.Redaction.Write(ref writer, request, Escaping.Nginx, LongestRequestLine);
        else
            writer.Write((byte)'-');
        writer.Write("\" "u8);
        writer.Write(line.Status < 0 ? ClientGoneStatus : line.Status);
        writer.Write((byte)' ');
        writer.Write(line.Body);
        writer.Write(" \""u8);
        WriteField(ref writer, line, "referer"u8, LongestReferer);
        writer.Write("\" \""u8);
        WriteField(ref writer, line, "user-agent"u8, LongestAgent);
        writer.Write((byte)'"');
    }

    private static void WriteField(ref LineWriter writer, in LoggedExchange line, scoped ReadOnlySpan<byte> name, int most)
    {
        var value = ValueOf(line, name);
        if (value.IsEmpty)
            writer.Write((byte)'-');
        else
            line.Log.Redaction.Write(ref writer, value, Escaping.Nginx, most);
    }

    /// <summary>The value of the first field of a name; empty for none.</summary>
    internal static ReadOnlySpan<byte> ValueOf(in LoggedExchange line, ReadOnlySpan<byte> name)
    {
        if (!line.HasBegun)
            return default;
        var head = line.Head;
        foreach (ref readonly var field in line.Context.Request.Fields.All)
        {
            if (field.NameLength == name.Length && Ascii.EqualsIgnoreCase(field.Name(head), name))
                return field.Value(head);
        }

        return default;
    }

    /// <summary>Writes the name of Basic authentication (RFC 7617), never what stands behind it; false where there is none.</summary>
    internal static bool TryWriteUser(ref LineWriter writer, in LoggedExchange line, Escaping escaping)
    {
        var value = ValueOf(line, "authorization"u8);
        if (value.Length > 6 && Ascii.EqualsIgnoreCase(value[..6], "basic "u8))
        {
            Span<byte> decoded = stackalloc byte[LongestUser];
            var encoded = HttpBytes.Trim(value[6..]);
            Base64.DecodeFromUtf8(encoded, decoded, out _, out var length, isFinalBlock: true);
            var colon = decoded[..length].IndexOf((byte)':');
            if (colon > 0)
            {
                writer.Write(decoded[..colon], escaping);
                return true;
            }
        }

        return false;
    }
}
