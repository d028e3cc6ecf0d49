using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>Writes a request head as the servers see it (RFC 9110, 7.6).</summary>
internal static class RequestWriter
{
    public static void Write(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head, ForwardedFields forwarded)
    {
        writer.Write(request.MethodBytes(head));
        writer.Write(" "u8);
        WriteTarget(ref writer, request, request.Target(head));
        writer.Write(" HTTP/1.1\r\n"u8);
        WriteFields(ref writer, request, head);
        if (request.AbsoluteForm || request.Authority(head).IsEmpty)
            WriteHost(ref writer, request, head);
        if (request.Body.Kind == BodyKind.Chunked)
            writer.Write("Transfer-Encoding: chunked\r\n"u8);
        forwarded.Write(ref writer, request, head);
        writer.Write("\r\n"u8);
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

    /// <summary>Copies the fields that are forwarded, each run of neighbours at once.</summary>
    private static void WriteFields(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head)
    {
        var runStart = request.FieldsStart;
        foreach (ref readonly var field in request.Fields.All)
        {
            var dropped = field.HopByHop || ForwardedFields.Replaces(field.Known)
                || (field.Known == KnownField.Host && (request.AbsoluteForm || field.ValueLength == 0));
            if (!dropped)
                continue;
            writer.Write(head[runStart..field.Start]);
            runStart = field.End;
        }

        writer.Write(head[runStart..(request.Length - 2)]);
    }

    // A request without any authority still names an empty one to HTTP/1.1 servers (RFC 9112, 3.2).
    private static void WriteHost(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head)
    {
        writer.Write("Host: "u8);
        writer.Write(request.Authority(head));
        writer.Write("\r\n"u8);
    }
}
