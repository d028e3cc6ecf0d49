using System.Net.Sockets;

namespace Steelyard.EndToEnd;

/// <summary>A request that is surely in flight: the server has asked for its body, which comes when the test says so.</summary>
internal sealed class SlowRequest : IAsyncDisposable
{
    private readonly TcpClient _client = new();
    private StreamReader? _reader;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<SlowRequest> BeginAsync(Uri url)
    {
        var request = new SlowRequest();
        await request._client.ConnectAsync(url.Host, url.Port, Cancel);
        await request._client.GetStream().WriteAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"u8.ToArray(), Cancel);
        request._reader = new StreamReader(request._client.GetStream());
        Assert.Equal("HTTP/1.1 100 Continue", await request._reader.ReadLineAsync(Cancel));
        return request;
    }

    /// <summary>Sends the body and gives all that comes until the connection ends.</summary>
    public async Task<string> EndAsync()
    {
        await _client.GetStream().WriteAsync("hi"u8.ToArray(), Cancel);
        return await _reader!.ReadToEndAsync(Cancel);
    }

    public ValueTask DisposeAsync()
    {
        _reader?.Dispose();
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
