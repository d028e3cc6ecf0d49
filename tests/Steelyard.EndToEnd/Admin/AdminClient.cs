using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Steelyard.EndToEnd.Admin;

/// <summary>Asks the admin API of a running program: over its local socket, or over TCP as a stranger would.</summary>
internal sealed class AdminClient : IDisposable
{
    private readonly HttpClient _http;

    private AdminClient(HttpClient http) => _http = http;

    /// <summary>The socket that a keeper has made in a folder.</summary>
    public static AdminClient Local(string runtimeFolder)
    {
        var path = Directory.GetFiles(runtimeFolder, "*.admin.sock").Single();
        return new(new(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new("http://local/"), Timeout = TimeSpan.FromSeconds(30) });
    }

    public static AdminClient Open(Uri url) => new(new() { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The JSON of a path that answers well.</summary>
    public async Task<JsonNode> Get(string path)
    {
        var (status, body) = await Ask("GET", path);
        Assert.True(status == 200, $"{path}: {status} {body}");
        return body!;
    }

    /// <summary>The status and the JSON of an answer; null where it has none.</summary>
    public async Task<(int Status, JsonNode? Body)> Ask(string method, string path, string? json = null, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        foreach (var (name, value) in fields)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await _http.SendAsync(request, Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.Equal((int)answer.StatusCode < 400 ? "application/json" : "application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return ((int)answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public void Dispose() => _http.Dispose();
}
