using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Steelyard.Apps.Node;

/// <summary>What a primary of Node's cluster says to a worker (lib/internal/cluster/primary.js): lines of JSON.</summary>
internal static class PrimaryWords
{
    /// <summary>Its servers are to be closed, and once their connections have ended it leaves.</summary>
    public static byte[] Disconnect { get; } = Line("""{"cmd":"NODE_CLUSTER","act":"disconnect"}""");

    /// <summary>A descriptor of the worker's has arrived.</summary>
    public static byte[] HandleTaken { get; } = Line("""{"cmd":"NODE_HANDLE_ACK"}""");

    /// <summary>A connection for one of its servers; the descriptor goes with this.</summary>
    /// <param name="key">The server.</param>
    /// <param name="number">What the answer will bear.</param>
    public static byte[] Connection(int key, long number) =>
        Line($$$"""{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"{{{key}}}","seq":{{{number}}}}}""");

    /// <summary>The worker may end.</summary>
    public static byte[] MayLeave(long? asked) => Line($$"""{"cmd":"NODE_CLUSTER","ack":{{asked ?? 0}}}""");

    /// <summary>A server may not listen.</summary>
    /// <param name="asked">The number of its question.</param>
    /// <param name="error">Why, as a negative errno.</param>
    public static byte[] MayNotListen(long asked, int error) =>
        Line($$"""{"cmd":"NODE_CLUSTER","ack":{{asked}},"errno":{{error}},"key":null,"data":null}""");

    /// <summary>A server listens.</summary>
    /// <param name="asked">The number of its question.</param>
    /// <param name="key">What it is called from now on.</param>
    /// <param name="data">What all workers are told alike, as JSON; null for nothing.</param>
    /// <param name="address">The address it is told to have; null for a Unix socket.</param>
    /// <param name="port">The port.</param>
    public static byte[] Listens(long asked, int key, string? data, string? address, int port)
    {
        var socket = address is null ? "" : $$""","sockname":{"address":{{Quoted(address)}},"family":"{{(address.Contains(':') ? "IPv6" : "IPv4")}}","port":{{port}}}""";
        return Line($$"""{"cmd":"NODE_CLUSTER","ack":{{asked}},"key":"{{key}}","data":{{data ?? "null"}}{{socket}}}""");
    }

    /// <summary>A socket of UDP is bound; its descriptor goes with this.</summary>
    /// <param name="asked">The number of the question.</param>
    /// <param name="key">What it is called from now on.</param>
    public static byte[] Receives(long asked, int key) =>
        Line($$$"""{"cmd":"NODE_HANDLE","type":"dgram.Native","msg":{"cmd":"NODE_CLUSTER","ack":{{{asked}}},"key":"{{{key}}}","data":null}}""");

    /// <summary>Asks prom-client in the worker for its metrics, as its AggregatorRegistry in a primary does.</summary>
    /// <param name="number">What the answer will bear.</param>
    public static byte[] Metrics(long number) => Line($$"""{"type":"prom-client:getMetricsReq","requestId":{{number}}}""");

    /// <summary>A text for the app: <c>process.on('message')</c>.</summary>
    public static byte[] Text(string text) => Line(Quoted(text));

    private static byte[] Line(string json) => Encoding.UTF8.GetBytes(json + "\n");

    private static string Quoted(string text)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes))
            writer.WriteStringValue(text);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
