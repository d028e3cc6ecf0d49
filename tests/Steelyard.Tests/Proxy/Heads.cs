using System.Net;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>Heads as text: what arrived, and what is written of it.</summary>
internal static class Heads
{
    public const string Date = "Mon, 23 Nov 2026 08:00:00 GMT";

    public static ForwardedFields Client(string address, params string[] trusted) => Client(KernelAddress.For(IPAddress.Parse(address), 4711), trusted);

    public static ForwardedFields Client(in KernelAddress peer, params string[] trusted)
    {
        var fields = new ForwardedFields();
        var routes = new RouteTable([], new Dictionary<string, Pool>());
        fields.Reset(peer, new ListenerState(routes, [.. trusted.Select(IPNetwork.Parse)]));
        return fields;
    }

    public static string Forward(string text, ForwardedFields client)
    {
        var head = Encoding.Latin1.GetBytes(text.ReplaceLineEndings("\r\n"));
        var request = new RequestHead();
        request.Clear();
        Assert.Equal((HeadState.Complete, HeadError.None), (request.Read(head, 16 * 1024, 100), request.Error));
        return Written((ref BlockWriter writer) => RequestWriter.Write(ref writer, request, head, client, "pool"u8));
    }

    public static string Answer(string text, bool chunked = false, ConnectionOption connection = ConnectionOption.Default, FieldEdits? edits = null, PackedHead packed = default)
    {
        var head = Encoding.Latin1.GetBytes(text.ReplaceLineEndings("\r\n"));
        var response = new ResponseHead();
        response.Clear();
        Assert.Equal((HeadState.Complete, HeadError.None), (response.Read(head, 16 * 1024, 100), response.Error));
        return Written((ref BlockWriter writer) => ResponseWriter.Write(ref writer, response, head, chunked, connection, Encoding.ASCII.GetBytes(Date), edits, packed: packed));
    }

    public delegate void Write(ref BlockWriter writer);

    /// <summary>What was written, with the line ends of the test's source; a bare CR or LF would show.</summary>
    public static string Written(Write write)
    {
        using var pool = new BlockPool();
        var writer = new BlockWriter(pool.Rent());
        write(ref writer);
        Assert.False(writer.Overflowed);
        var text = Encoding.Latin1.GetString(writer.Written.Span);
        return text.Replace("\r\n", "\n");
    }
}
