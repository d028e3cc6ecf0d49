using System.Globalization;
using System.Text;
using Steelyard.Engine.Causes;
using Steelyard.Engine.Explain;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>The answers that are the proxy's own: plain text, JSON (RFC 9457) or a page, whichever the client likes best.</summary>
internal static class ErrorPage
{
    private const int MostCauses = 64;
    private const int MostDetails = 32;

    // By cause, detail and format, without and with a trace. Two loops may make the same page at once, and either is kept.
    private static readonly Body?[] s_bodies = new Body[MostCauses * MostDetails * 6];

    // The same for the few that clients are told by another status; made when one is first.
    private const int LeastTold = 400;
    private const int MostTold = 200;
    private static Body?[]? s_told;

    // What stands where the name of the request belongs.
    private const string NamePlace = "\0";

    // What stands where its trace belongs.
    private const string TracePlace = "\u0001";

    /// <summary>A page: before the name of the request, between it and the trace, and behind; nothing is behind where there is no trace.</summary>
    private sealed record Body(byte[] Before, byte[] Between, byte[] Behind);

    private enum Format
    {
        Plain,
        Json,
        Html,
    }

    /// <summary>Writes head and body.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="outcome">What happened.</param>
    /// <param name="accept">The client's Accept field; empty for none.</param>
    /// <param name="headOnly">The request was HEAD.</param>
    /// <param name="connection">How the connection goes on.</param>
    /// <param name="date">The present second.</param>
    /// <param name="edits">What is changed of the head; null for nothing.</param>
    /// <param name="scope">What the variables of the changes stand for.</param>
    /// <param name="explanation">What is told of the choice of the server; null for nothing.</param>
    /// <param name="policyLine">The line of the limit that was exceeded; empty for none.</param>
    /// <param name="requestId">The name of the request.</param>
    /// <param name="trace">Its trace; empty where it has none.</param>
    /// <param name="asNginx">Whether nothing is said of who may keep it.</param>
    public static void Write(
        ref BlockWriter writer,
        in Outcome outcome,
        ReadOnlySpan<byte> accept,
        bool headOnly,
        ConnectionOption connection,
        ReadOnlySpan<byte> date,
        FieldEdits? edits = null,
        in TemplateScope scope = default,
        ExplainField? explanation = null,
        ReadOnlySpan<byte> policyLine = default,
        ReadOnlySpan<byte> requestId = default,
        ReadOnlySpan<byte> trace = default,
        bool asNginx = false)
    {
        var format = Choose(accept);
        var body = BodyOf(format, outcome, !trace.IsEmpty);
        WriteStatusLine(ref writer, outcome.Status);
        ResponseWriter.WriteOwn(ref writer, edits, "Date"u8, date);
        ResponseWriter.WriteOwn(ref writer, edits, "Content-Type"u8, ContentType(format));
        writer.Write("Content-Length: "u8);
        writer.Write(body.Before.Length + requestId.Length + body.Between.Length + trace.Length + body.Behind.Length);
        writer.Write("\r\n"u8);

        // nginx says nothing of it.
        if (!asNginx)
            ResponseWriter.WriteOwn(ref writer, edits, "Cache-Control"u8, "no-store"u8);
        if (!policyLine.IsEmpty)
        {
            writer.Write(policyLine);
            writer.Write("RateLimit: \"requests\";r=0;t="u8);
            writer.Write(outcome.RetryAfter);
            writer.Write("\r\n"u8);
        }

        if (outcome.RetryAfter > 0)
        {
            writer.Write("Retry-After: "u8);
            writer.Write(outcome.RetryAfter);
            writer.Write("\r\n"u8);
        }

        edits?.Write(ref writer, scope);
        ResponseWriter.WriteExplanation(ref writer, explanation);
        ResponseWriter.WriteConnection(ref writer, connection);
        writer.Write("\r\n"u8);
        if (headOnly)
            return;
        writer.Write(body.Before);
        writer.Write(requestId);
        writer.Write(body.Between);
        writer.Write(trace);
        writer.Write(body.Behind);
    }

    /// <summary>Writes the first line of an answer of the proxy's own.</summary>
    public static void WriteStatusLine(ref BlockWriter writer, int status)
    {
        writer.Write("HTTP/1.1 "u8);
        writer.Write(status);
        writer.Write(" "u8);
        WriteAscii(ref writer, ReasonPhrase.Of(status));
        writer.Write("\r\n"u8);
    }

    private static ReadOnlySpan<byte> ContentType(Format format) => format switch
    {
        Format.Json => "application/problem+json"u8,
        Format.Html => "text/html; charset=utf-8"u8,
        _ => "text/plain; charset=utf-8"u8,
    };

    private static void WriteAscii(ref BlockWriter writer, string text)
    {
        Span<byte> bytes = stackalloc byte[64];
        writer.Write(bytes[..Encoding.ASCII.GetBytes(text, bytes)]);
    }

    /// <summary>A page is made once: whoever provokes errors must not make garbage of us.</summary>
    private static Body BodyOf(Format format, in Outcome outcome, bool traced)
    {
        var place = ((int)format * 2) + (traced ? 1 : 0);
        if (outcome.Told is >= LeastTold and < LeastTold + MostTold)
        {
            var all = s_told ??= new Body[MostCauses * MostTold * 6];
            return all[((((int)outcome.Cause * MostTold) + outcome.Told - LeastTold) * 6) + place] ??= Make(format, outcome, traced);
        }

        ref var body = ref s_bodies[((((int)outcome.Cause * MostDetails) + (int)outcome.Detail) * 6) + place];
        return body ??= Make(format, outcome, traced);
    }

    private static Body Make(Format format, in Outcome outcome, bool traced)
    {
        var text = TextOf(format, outcome, traced).Split(NamePlace);
        var rest = text[1].Split(TracePlace);
        return new(Encoding.UTF8.GetBytes(text[0]), Encoding.UTF8.GetBytes(rest[0]), traced ? Encoding.UTF8.GetBytes(rest[1]) : []);
    }

    // Every word of a page is ours, or, as the name of the request, of letters that need no escaping.
    private static string TextOf(Format format, in Outcome outcome, bool traced)
    {
        var (reason, known) = (ReasonPhrase.Of(outcome.Status), CauseTable.Of(outcome));
        return format switch
        {
            Format.Json => $$"""{"status":{{outcome.Status}},"title":"{{reason}}","detail":"{{known.Sentence}}","cause":"{{known.Code}}","request":"{{NamePlace}}"{{(traced ? $",\"trace\":\"{TracePlace}\"" : "")}}}""" + "\n",
            Format.Html => $$"""
                <!doctype html>
                <html lang="en">
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width">
                <meta name="color-scheme" content="light dark">
                <title>{{outcome.Status}} {{reason}}</title>
                <style>body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}h1{font-size:1.5rem}</style>
                <h1>{{outcome.Status}} {{reason}}</h1>
                <p>{{known.Sentence}}</p>
                <p><small><code>{{known.Code}}</code><br>request <code>{{NamePlace}}</code>{{(traced ? $"<br>trace <code>{TracePlace}</code>" : "")}}</small></p>
                </html>

                """,
            _ => $"{outcome.Status} {reason}\n{known.Sentence}\n{known.Code}\nrequest {NamePlace}\n{(traced ? $"trace {TracePlace}\n" : "")}",
        };
    }

    /// <summary>Weighs the three types by the client's Accept (RFC 9110, 12.5.1). Among equals: plain, unless a page or JSON was named.</summary>
    private static Format Choose(ReadOnlySpan<byte> accept)
    {
        Span<(double Quality, int Precision)> best = stackalloc (double, int)[3];
        while (!accept.IsEmpty)
        {
            var range = HttpBytes.NextMember(ref accept);
            var parameters = range.IndexOf((byte)';');
            var type = HttpBytes.Trim(parameters < 0 ? range : range[..parameters]);
            var quality = parameters < 0 ? 1 : Quality(range[parameters..]);
            for (var format = Format.Plain; format <= Format.Html; format++)
            {
                var precision = Precision(type, format);
                if (precision > best[(int)format].Precision)
                    best[(int)format] = (quality, precision);
            }
        }

        var chosen = Format.Plain;
        for (var format = Format.Json; format <= Format.Html; format++)
        {
            // Quality 0 means never, however exactly the type is named.
            if (best[(int)format].Quality > 0 && best[(int)format].CompareTo(best[(int)chosen]) > 0)
                chosen = format;
        }

        return chosen;
    }

    /// <summary>How exactly a media range names a format: 0 not at all, 1 <c>*/*</c>, 2 the main type, 3 the type.</summary>
    private static int Precision(ReadOnlySpan<byte> range, Format format)
    {
        if (range.SequenceEqual("*/*"u8))
            return 1;
        return format switch
        {
            Format.Json => Ascii.EqualsIgnoreCase(range, "application/json"u8) || Ascii.EqualsIgnoreCase(range, "application/problem+json"u8) ? 3
                : Ascii.EqualsIgnoreCase(range, "application/*"u8) ? 2 : 0,
            Format.Html => Ascii.EqualsIgnoreCase(range, "text/html"u8) ? 3 : Ascii.EqualsIgnoreCase(range, "text/*"u8) ? 2 : 0,
            _ => Ascii.EqualsIgnoreCase(range, "text/plain"u8) ? 3 : Ascii.EqualsIgnoreCase(range, "text/*"u8) ? 2 : 0,
        };
    }

    private static double Quality(ReadOnlySpan<byte> parameters)
    {
        while (!parameters.IsEmpty)
        {
            var semicolon = parameters.IndexOf((byte)';');
            var parameter = HttpBytes.Trim(semicolon < 0 ? parameters : parameters[..semicolon]);
            parameters = semicolon < 0 ? default : parameters[(semicolon + 1)..];
            if (parameter.Length > 2 && (parameter[0] | 0x20) == 'q' && parameter[1] == '=')
            {
                return double.TryParse(parameter[2..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quality)
                    ? Math.Clamp(quality, 0, 1)
                    : 1;
            }
        }

        return 1;
    }
}
