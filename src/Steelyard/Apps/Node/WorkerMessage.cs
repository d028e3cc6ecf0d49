using System.Text.Json;

namespace Steelyard.Apps.Node;

/// <summary>What a message of a worker is about.</summary>
internal enum WorkerMessageKind
{
    /// <summary>Not JSON, or not what its kind has to be; nothing follows from it.</summary>
    Invalid,

    /// <summary>A text that the app has sent: <c>process.send('ready')</c>.</summary>
    Text,

    /// <summary>An object that the app has sent, or an internal message that means nothing to us.</summary>
    Other,

    /// <summary>The worker has started.</summary>
    Online,

    /// <summary>A server wants to listen, and has to be told whether it may.</summary>
    Query,

    /// <summary>A server listens.</summary>
    Listening,

    /// <summary>A server listens no more.</summary>
    Close,

    /// <summary>A connection was taken, or not.</summary>
    Accepted,

    /// <summary>The worker ends of its own accord, and waits to be told that this is known.</summary>
    Leaving,

    /// <summary>What prom-client in the worker counts, where it was asked; without anything where it could not say.</summary>
    Metrics,

    /// <summary>A descriptor has arrived.</summary>
    HandleTaken,

    /// <summary>A message that should have brought a descriptor has arrived without.</summary>
    HandleLost,

    /// <summary>The worker sends a descriptor, and sends no other before it is told that this one has arrived.</summary>
    HandleOffered,
}

/// <summary>
/// A message of a worker of Node's cluster (lib/internal/cluster/child.js): one line of JSON. Whatever a worker sends,
/// reading it has no other effect than a value of this type.
/// </summary>
internal sealed record WorkerMessage
{
    private const int LongestText = 1024;
    private const int LongestData = 4096;

    private static readonly WorkerMessage s_invalid = new();
    private static readonly WorkerMessage s_other = new() { Kind = WorkerMessageKind.Other };

    public WorkerMessageKind Kind { get; init; }

    /// <summary>The number its answer has to bear, or that of what it answers; null for none.</summary>
    public long? Number { get; init; }

    /// <summary>Whether a connection was taken.</summary>
    public bool Accepted { get; init; }

    /// <summary>Which of its servers; as we named it.</summary>
    public string Key { get; init; } = "";

    /// <summary>A text of the app's.</summary>
    public string Text { get; init; } = "";

    /// <summary>The host or the path a server listens on; null for every address.</summary>
    public string? Address { get; init; }

    /// <summary>The port, 0 for any, -1 for a path or a descriptor.</summary>
    public int Port { get; init; }

    /// <summary>What kind of socket.</summary>
    public ServerSocketKind Socket { get; init; }

    /// <summary>How a socket of UDP is bound.</summary>
    public DatagramFlags Flags { get; init; }

    /// <summary>Tells servers apart that listen on the same.</summary>
    public int Index { get; init; }

    /// <summary>What all workers are to be told alike, keys of TLS tickets, or what it counts; as JSON, null for nothing.</summary>
    public string? Data { get; init; }

    /// <summary>Reads a line.</summary>
    public static WorkerMessage Read(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line, new() { MaxDepth = 64 });
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Not JSON; or half a surrogate, which is no text.
            return s_invalid;
        }
    }

    private static WorkerMessage Read(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.String)
            return TextOf(root) is { } text ? new() { Kind = WorkerMessageKind.Text, Text = text } : s_other;
        if (root.ValueKind != JsonValueKind.Object)
            return s_other;
        return TextOf(root, "cmd") switch
        {
            "NODE_CLUSTER" => ReadCluster(root),
            "NODE_HANDLE" => new() { Kind = WorkerMessageKind.HandleOffered },
            "NODE_HANDLE_ACK" => new() { Kind = WorkerMessageKind.HandleTaken },
            "NODE_HANDLE_NACK" => new() { Kind = WorkerMessageKind.HandleLost },
            null when TextOf(root, "type") == "prom-client:getMetricsRes" => ReadMetrics(root),
            _ => s_other,
        };
    }

    private static WorkerMessage ReadMetrics(JsonElement root) => Whole(root, "requestId") is { } number
        ? new() { Kind = WorkerMessageKind.Metrics, Number = number, Data = root.TryGetProperty("metrics", out var metrics) && metrics.ValueKind == JsonValueKind.Array ? metrics.GetRawText() : null }
        : s_invalid;

    private static WorkerMessage ReadCluster(JsonElement root)
    {
        if (root.TryGetProperty("ack", out _))
        {
            var accepted = root.TryGetProperty("accepted", out var value) && value.ValueKind == JsonValueKind.True;
            return Whole(root, "ack") is { } answered ? new() { Kind = WorkerMessageKind.Accepted, Number = answered, Accepted = accepted } : s_invalid;
        }

        return TextOf(root, "act") switch
        {
            "online" => new() { Kind = WorkerMessageKind.Online },
            "queryServer" => ReadServer(root, WorkerMessageKind.Query),
            "listening" => ReadServer(root, WorkerMessageKind.Listening),
            "close" => TextOf(root, "key") is { } key ? new() { Kind = WorkerMessageKind.Close, Key = key } : s_invalid,
            "exitedAfterDisconnect" => new() { Kind = WorkerMessageKind.Leaving, Number = Whole(root, "seq") },
            _ => s_other,
        };
    }

    private static WorkerMessage ReadServer(JsonElement root, WorkerMessageKind kind)
    {
        if (Whole(root, "seq") is not { } number || ReadSocket(root) is not { } socket)
            return s_invalid;
        var (port, descriptor, index) = (Whole(root, "port") ?? -1, Whole(root, "fd") ?? -1, Whole(root, "index") ?? 0);

        // A socket of UDP that leaves its port open may say nothing of it.
        if (socket == ServerSocketKind.Datagram)
            port = Math.Max(port, 0);
        if (port is < -1 or > 65535 || index is < 0 or > int.MaxValue)
            return s_invalid;
        return new()
        {
            Kind = kind,
            Number = number,
            Address = TextOf(root, "address"),
            Port = (int)port,
            Socket = descriptor >= 0 ? ServerSocketKind.Descriptor : socket,
            Index = (int)index,
            Flags = socket == ServerSocketKind.Datagram ? (DatagramFlags)(Whole(root, "flags") ?? 0) & (DatagramFlags.IPv6Only | DatagramFlags.ReuseAddress) : DatagramFlags.None,
            Data = root.TryGetProperty("data", out var data) && data.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) && data.GetRawText() is { Length: <= LongestData } raw ? raw : null,
        };
    }

    private static ServerSocketKind? ReadSocket(JsonElement root)
    {
        if (!root.TryGetProperty("addressType", out var type) || type.ValueKind == JsonValueKind.Null)
            return ServerSocketKind.Descriptor;
        if (type.ValueKind == JsonValueKind.String)
            return TextOf(type) is "udp4" or "udp6" ? ServerSocketKind.Datagram : null;
        return type.ValueKind != JsonValueKind.Number || !type.TryGetInt64(out var number) ? null : number switch
        {
            4 => ServerSocketKind.IPv4,
            6 => ServerSocketKind.IPv6,
            -1 => ServerSocketKind.Path,
            _ => null,
        };
    }

    private static long? Whole(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    private static string? TextOf(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? TextOf(value) : null;

    private static string? TextOf(JsonElement value) => value.GetString() is { Length: <= LongestText } text ? text : null;
}

/// <summary>What a server of a worker wants to listen with.</summary>
internal enum ServerSocketKind
{
    IPv4,
    IPv6,

    /// <summary>A Unix socket.</summary>
    Path,

    /// <summary>UDP.</summary>
    Datagram,

    /// <summary>A descriptor of the primary's.</summary>
    Descriptor,
}

/// <summary>How a socket of UDP is bound, as libuv numbers it (<c>uv_udp_flags</c>).</summary>
[Flags]
internal enum DatagramFlags
{
    None = 0,
    IPv6Only = 1,
    ReuseAddress = 4,
}
