using System.Text;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Explain;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;
using Steelyard.Engine.Sticky;

namespace Steelyard.Engine.Proxy;

/// <summary>How a client connection goes on after a response, as its head says.</summary>
internal enum ConnectionOption : byte
{
    /// <summary>Nothing is said: HTTP/1.1 keeps the connection.</summary>
    Default,

    /// <summary>The connection is closed.</summary>
    Close,

    /// <summary>An HTTP/1.0 client asked to keep the connection.</summary>
    KeepAlive,

    /// <summary>It is a tunnel from here on: 101, or CONNECT agreed to.</summary>
    Tunnel,
}

/// <summary>Writes a response head as the client sees it (RFC 9110, 7.6).</summary>
internal static class ResponseWriter
{
    /// <summary>Writes the head.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="response">What was read of the server's head.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="chunked">The body is passed on in chunks.</param>
    /// <param name="connection">How the client's connection goes on.</param>
    /// <param name="date">The present second.</param>
    /// <param name="edits">What is changed; null for nothing.</param>
    /// <param name="scope">What the variables of the changes stand for.</param>
    /// <param name="affinity">What clients are told to be known again by; null for nothing.</param>
    /// <param name="explanation">What is told of the choice of the server; null for nothing.</param>
    /// <param name="trailers">Trailers are passed on, and so is what announces them.</param>
    /// <param name="packed">How the body is compressed.</param>
    public static void Write(
        ref BlockWriter writer,
        ResponseHead response,
        ReadOnlySpan<byte> head,
        bool chunked,
        ConnectionOption connection,
        ReadOnlySpan<byte> date,
        FieldEdits? edits = null,
        in TemplateScope scope = default,
        Affinity? affinity = null,
        ExplainField? explanation = null,
        bool trailers = false,
        in PackedHead packed = default)
    {
        writer.Write("HTTP/1.1 "u8);
        var status = response.StatusAndReason(head);
        writer.Write(status);

        // RFC 9112, 4: the blank behind the code belongs there even without a reason.
        writer.Write(status.Length == 3 ? " \r\n"u8 : "\r\n"u8);
        var dated = WriteFields(ref writer, response, head, connection, edits, affinity, trailers, packed);
        affinity?.WriteOwn(ref writer, response, head);
        if (packed.Varies || packed.IsChanged)
            packed.Write(ref writer, edits, packed.IsChanged ? TagOf(response, head) : default);
        edits?.Write(ref writer, scope);
        WriteExplanation(ref writer, explanation);

        // RFC 9110, 6.6.1: who forwards a response without a date says when it came.
        if (!dated && !response.Interim)
        {
            writer.Write("Date: "u8);
            writer.Write(date);
            writer.Write("\r\n"u8);
        }

        if (response.Switches)
            writer.Write("Connection: upgrade\r\n"u8);
        if (chunked)
            writer.Write("Transfer-Encoding: chunked\r\n"u8);
        WriteConnection(ref writer, connection);
        writer.Write("\r\n"u8);
    }

    /// <summary>Writes a field of an answer of the proxy's own, unless the changes of the head take it out.</summary>
    public static void WriteOwn(ref BlockWriter writer, FieldEdits? edits, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (edits is not null && edits.Drops(name))
            return;
        writer.Write(name);
        writer.Write(": "u8);
        writer.Write(value);
        writer.Write("\r\n"u8);
    }

    /// <summary>Writes what is told of the choice of the server, where there is ample room: it must not cost the answer.</summary>
    public static void WriteExplanation(ref BlockWriter writer, ExplainField? explanation)
    {
        if (explanation is not null && explanation.Lines.Length < writer.Room / 2)
            writer.Write(explanation.Lines);
    }

    /// <summary>Writes the Content-Length field in its shortest form.</summary>
    public static void WriteContentLength(ref BlockWriter writer, long length)
    {
        writer.Write("Content-Length: "u8);
        writer.Write(length);
        writer.Write("\r\n"u8);
    }

    /// <summary>Writes the Connection field, where there is something to say.</summary>
    public static void WriteConnection(ref BlockWriter writer, ConnectionOption connection)
    {
        if (connection == ConnectionOption.Close)
            writer.Write("Connection: close\r\n"u8);
        else if (connection == ConnectionOption.KeepAlive)
            writer.Write("Connection: keep-alive\r\n"u8);
    }

    private static ReadOnlySpan<byte> TagOf(ResponseHead response, ReadOnlySpan<byte> head)
    {
        foreach (ref readonly var field in response.Fields.All)
        {
            if (field.NameLength == 4 && Ascii.EqualsIgnoreCase(field.Name(head), "etag"u8))
                return field.Value(head);
        }

        return default;
    }

    /// <summary>Copies the fields that are forwarded, each run of neighbours at once.</summary>
    /// <returns>Whether a Date is among them.</returns>
    private static bool WriteFields(ref BlockWriter writer, ResponseHead response, ReadOnlySpan<byte> head, ConnectionOption connection, FieldEdits? edits, Affinity? affinity, bool trailers, in PackedHead packed)
    {
        var dated = false;
        var runStart = response.FieldsStart;
        var anew = response.Fields.Edited;

        // RFC 9110, 8.6: there is no content of that length after these, and a client might wait for it.
        var dropLength = packed.IsChanged || response.Interim || response.Status is 101 or 204 || connection == ConnectionOption.Tunnel;
        foreach (ref readonly var field in response.Fields.All)
        {
            dated |= field.Known == KnownField.Date;
            var dropped = (field.HopByHop && !(field.Known == KnownField.Upgrade && response.Switches) && !(field.Known == KnownField.Trailer && trailers)) || (field.Known == KnownField.ContentLength && (dropLength || response.Fields.LengthIsPadded)) || (edits is not null && edits.Drops(field.Name(head))) || packed.Drops(field, head);
            var changed = !dropped && affinity is not null && affinity.Changes(field, head);
            if (!anew && !dropped && !changed)
                continue;
            if (!anew)
                writer.Write(head[runStart..field.Start]);
            if (changed)
                affinity!.WriteChanged(ref writer, field.Value(head));
            else if (anew && !dropped)
                RequestWriter.WriteField(ref writer, field, head);
            runStart = field.End;
        }

        if (!anew)
            writer.Write(head[runStart..(response.Length - 2)]);
        if (response.Fields.LengthIsPadded && !dropLength)
            WriteContentLength(ref writer, response.Fields.ContentLength);
        return dated;
    }
}
