using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;

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
    public static void Write(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head, ForwardedFields forwarded, ReadOnlySpan<byte> defaultHost)
    {
        writer.Write(request.MethodBytes(head));
        writer.Write(" "u8);
        WriteTarget(ref writer, request, request.Target(head));
        writer.Write(" HTTP/1.1\r\n"u8);
        WriteFields(ref writer, request, head, forwarded);
        if (request.AbsoluteForm || request.Authority(head).IsEmpty)
            WriteHost(ref writer, request.AbsoluteForm ? request.Authority(head) : defaultHost);
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
    private static void WriteFields(ref BlockWriter writer, RequestHead request, ReadOnlySpan<byte> head, ForwardedFields forwarded)
    {
        var runStart = request.FieldsStart;
        foreach (ref readonly var field in request.Fields.All)
        {
            var dropped = field.HopByHop || forwarded.Replaces(field.Known)
                || (field.Known == KnownField.Host && (request.AbsoluteForm || field.ValueLength == 0));
            if (!dropped)
                continue;
            writer.Write(head[runStart..field.Start]);
            runStart = field.End;
        }

        writer.Write(head[runStart..(request.Length - 2)]);
    }

    private static void WriteHost(ref BlockWriter writer, ReadOnlySpan<byte> host)
    {
        writer.Write("Host: "u8);
        writer.Write(host);
        writer.Write("\r\n"u8);
    }
}
