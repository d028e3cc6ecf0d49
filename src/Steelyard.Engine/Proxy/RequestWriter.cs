using Steelyard.Balancing.Sticky;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;
using Steelyard.Engine.Sticky;
using Steelyard.Engine.Tracing;

namespace Steelyard.Engine.Proxy;

/// <summary>Writes a request head as the servers see it (RFC 9110, 7.6).</summary>
internal static class RequestWriter
{
    /// <summary>Writes the head.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="request">What was read of the client's head.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="forwarded">What is said of the client.</param>
    /// <param name="defaultHost">The Host of a request without any, as HTTP/1.0 allows: the pool's name, as nginx sends its upstream's.</param>
    /// <param name="route">What is changed on the way; null for nothing.</param>
    /// <param name="cookies">The cookies clients are known again by, which are not all meant for the servers; null for none.</param>
    public static void Write(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head, ForwardedFields forwarded, ReadOnlySpan<byte> defaultHost, Route? route = null, StickyCookies? cookies = null) =>
        Write(ref writer, new() { Request = request, Head = head, Client = forwarded, Pool = defaultHost }, route, cookies);

    /// <summary>Writes the head.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="scope">The request, its client and its pool, whose name is the Host of a request without any.</param>
    /// <param name="route">What is changed on the way; null for nothing.</param>
    /// <param name="cookies">The cookies clients are known again by, which are not all meant for the servers; null for none.</param>
    /// <param name="identifies">Whether the servers are told by what the request is known.</param>
    /// <param name="closes">Whether the connection is not used again.</param>
    public static void Write(ref BlockWriter writer, in TemplateScope scope, Route? route, StickyCookies? cookies, bool identifies = false, bool closes = false)
    {
        var edits = route?.RequestEdits;
        var (request, forwarded) = (scope.Request, scope.Client);
        var head = scope.Head;
        var defaultHost = scope.Pool;
        writer.Write(route?.SendMethod is { } sent ? sent : request.SentMethodBytes(head));
        writer.Write(" "u8);
        if (request.Method == KnownMethod.Connect)
            writer.Write(request.Authority(head));
        else if (route is { ServerTarget: { } target } && !request.Path(head).SequenceEqual("*"u8))
            WriteTarget(ref writer, target, scope);
        else if (route is { ChangesPath: true } && !request.Path(head).SequenceEqual("*"u8))
            WriteChangedTarget(ref writer, request, head, route, scope);
        else
            WriteTarget(ref writer, request, request.Target(head));
        writer.Write(" HTTP/1.1\r\n"u8);
        if (route is { DropsFields: true })
            WriteHostField(ref writer, request, head, edits);
        else
            WriteFields(ref writer, request, head, forwarded, edits, CookieLine.ChangesRequest(cookies) ? cookies : null, identifies ? scope.Identity : null);
        if (edits is not { SetsHost: true } && (request.AbsoluteForm || request.Authority(head).IsEmpty))
            WriteHost(ref writer, request.AbsoluteForm ? request.Authority(head) : defaultHost);
        edits?.Write(ref writer, scope);
        if (request.WantsUpgrade)
            writer.Write("Connection: upgrade\r\n"u8);
        else if (request.WantsTrailers && (edits is null || !edits.Drops("te"u8)))
            writer.Write(closes ? "TE: trailers\r\nConnection: close, TE\r\n"u8 : "TE: trailers\r\nConnection: TE\r\n"u8);
        else if (closes)
            writer.Write("Connection: close\r\n"u8);
        if (request.Fields.ContentLength >= 0 && (request.Body.HasBody ? request.Fields.LengthIsPadded || route is { DropsFields: true } : request.Fields is { LengthIsPadded: true, ContentLength: 0 }))
            ResponseWriter.WriteContentLength(ref writer, request.Fields.ContentLength);
        if (route?.SendBody is { } body)
            WriteLengthOf(ref writer, body, scope);
        if (request.Body.Kind == BodyKind.Chunked)
            writer.Write("Transfer-Encoding: chunked\r\n"u8);
        forwarded.Write(ref writer, request, head);
        if (identifies)
            scope.Identity!.Write(ref writer);
        writer.Write("\r\n"u8);
    }

    private static void WriteHostField(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head, FieldEdits? edits)
    {
        if (edits is not { SetsHost: true } && !request.AbsoluteForm && request.Authority(head) is { IsEmpty: false } host)
            WriteHost(ref writer, host);
    }

    private static void WriteLengthOf(ref BlockWriter writer, TemplateBytes body, in TemplateScope scope)
    {
        ExpressionRoom.OfThread.Clear();
        ResponseWriter.WriteContentLength(ref writer, body.TryMake(scope, out var text) ? text.Length : 0);
    }

    // RFC 9112, 3.2.4: an absolute form without a path asks for "/", or for "*" with OPTIONS.
    private static void WriteTarget(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> target)
    {
        if (target.IsEmpty)
            writer.Write(request.Method == KnownMethod.Options ? "*"u8 : "/"u8);
        else if (target[0] == '?')
            writer.Write("/"u8);
        writer.Write(target);
    }

    /// <summary>Writes what the configuration asks for; what a target cannot carry is percent-encoded.</summary>
    public static void WriteTarget(ref BlockWriter writer, TemplateBytes target, in TemplateScope scope)
    {
        ExpressionRoom.OfThread.Clear();
        if (!target.TryMake(scope, out var made) || made.IsEmpty || made[0] != '/')
            writer.Write("/"u8);
        while (!made.IsEmpty)
        {
            var plain = made.IndexOfAnyExceptInRange((byte)'!', (byte)'~');
            writer.Write(plain < 0 ? made : made[..plain]);
            if (plain < 0)
                break;
            ReadOnlySpan<byte> encoded = [(byte)'%', "0123456789ABCDEF"u8[made[plain] >> 4], "0123456789ABCDEF"u8[made[plain] & 15]];
            writer.Write(encoded);
            made = made[(plain + 1)..];
        }
    }

    private static void WriteChangedTarget(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head, Route route, in TemplateScope scope)
    {
        // In its one form, in which the route was matched: the client's spelling would keep its prefix, or climb out of
        // what the route puts before it.
        scoped var path = request.Path(head);
        if (PathNormalizer.IsNeeded(path))
            path = PathNormalizer.Normalize(request, path, stackalloc byte[path.Length]);
        route.WritePath(ref writer, scope, path);
        if (!request.Target(head).Contains((byte)'?'))
            return;
        writer.Write("?"u8);
        writer.Write(request.Query(head));
    }

    /// <summary>Copies the fields that are forwarded, each run of neighbours at once; one by one where a line's end is not passed on.</summary>
    private static void WriteFields(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head, ForwardedFields forwarded, FieldEdits? edits, StickyCookies? cookies, RequestIdentity? identity)
    {
        var runStart = request.FieldsStart;
        var anew = request.Fields.HasBareLineEnds || request.Fields.Edited;
        foreach (ref readonly var field in request.Fields.All)
        {
            var dropped = (field.HopByHop && !IsOffered(field.Known, request)) || forwarded.Replaces(field.Known)
                || (field.Known == KnownField.ContentLength && (request.Fields.LengthIsPadded || (!request.Body.HasBody && request.Fields.ContentLength > 0)))
                || (field.Known == KnownField.Expect && !request.ExpectsContinue)
                || (field.Known == KnownField.Host && (request.AbsoluteForm || field.ValueLength == 0))
                || (edits is not null && edits.DropsAlike(field.Name(head)))
                || (identity is not null && identity.Replaces(field, head));
            var changed = !dropped && cookies is not null && CookieLine.IsChanged(field, head, cookies);
            if (!anew && !dropped && !changed)
                continue;
            if (!anew)
                writer.Write(head[runStart..field.Start]);
            if (changed)
                CookieLine.Write(ref writer, field.Value(head), cookies!);
            else if (anew && !dropped)
                WriteField(ref writer, field, head);
            runStart = field.End;
        }

        if (!anew)
            writer.Write(head[runStart..(request.Length - 2)]);
    }

    // Of one connection each, but this one's other end goes on with them.
    private static bool IsOffered(KnownField known, RequestHead request) =>
        (known == KnownField.Upgrade && request.WantsUpgrade) || (known == KnownField.Trailer && request.PassesTrailers);

    /// <summary>Writes a field's line.</summary>
    public static void WriteField(ref BlockWriter writer, in Field field, ReadOnlySpan<byte> head)
    {
        writer.Write(field.Name(head));
        writer.Write(": "u8);
        writer.Write(field.Value(head));
        writer.Write("\r\n"u8);
    }

    private static void WriteHost(ref BlockWriter writer, ReadOnlySpan<byte> host)
    {
        writer.Write("Host: "u8);
        writer.Write(host);
        writer.Write("\r\n"u8);
    }
}
