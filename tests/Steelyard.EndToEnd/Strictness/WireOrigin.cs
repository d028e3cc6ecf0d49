using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Strictness;

/// <summary>The server behind a proxy under test: answers as the case at hand says, and keeps what reached it.</summary>
internal sealed class WireOrigin : IAsyncDisposable
{
    private const string Mark = "X-Origin: yes\r\n";

    private readonly RecordingOrigin _origin;
    private readonly Lock _lock = new();
    private readonly List<WireMessage> _seen = [];
    private WireCase? _case;

    public WireOrigin() => _origin = RecordingOrigin.Start(Play);

    public Config.NetworkAddress Address => _origin.Address;

    /// <summary>Forgets what came before, and answers by this case from now on.</summary>
    public void Begin(WireCase wireCase)
    {
        lock (_lock)
        {
            _case = wireCase;
            _seen.Clear();
        }
    }

    /// <summary>The requests that came since.</summary>
    public WireMessage[] Seen
    {
        get
        {
            lock (_lock)
                return [.. _seen];
        }
    }

    /// <summary>Whether an answer is from here, and not from the proxy.</summary>
    public static bool IsFromHere(WireMessage answer) => answer["X-Origin"].Length > 0;

    private async Task Play(OriginConnection connection)
    {
        connection.Records = false;
        var arrived = "";
        for (var piece = await connection.ReadSome(); !piece.IsEmpty; piece = await connection.ReadSome())
        {
            arrived += RawSocket.Latin1.GetString(piece.Span);
            while (WireMessage.Take(ref arrived) is { } request)
            {
                WireCase current;
                lock (_lock)
                {
                    _seen.Add(request);
                    current = _case!;
                }

                var special = current.Answer is not null && !IsNext(request);
                await connection.Send(special ? current.Answer! : Marked(IsNext(request) ? "next" : "hello", request));
                if (special && current.ServerCloses)
                    return;
            }
        }
    }

    /// <summary>Whether a request is the one that follows each case.</summary>
    public static bool IsNext(WireMessage request) => request.StartLine.StartsWith("GET /next ", StringComparison.Ordinal);

    private static string Marked(string body, WireMessage request) =>
        $"HTTP/1.1 200 OK\r\n{Mark}Content-Length: {body.Length}\r\n\r\n{(request.StartLine.StartsWith("HEAD ", StringComparison.Ordinal) ? "" : body)}";

    public ValueTask DisposeAsync() => _origin.DisposeAsync();
}
