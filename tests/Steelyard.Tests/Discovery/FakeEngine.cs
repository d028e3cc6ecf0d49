using System.Net.Sockets;
using System.Text;
using Steelyard.Docker;

namespace Steelyard.Tests.Discovery;

/// <summary>Speaks as much of HTTP on a Unix socket as it takes to be asked as Docker's engine is.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("steelyard-engine-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Func<string, (int Status, string Body)> _answer;
    private readonly Task _serving;

    /// <param name="answer">What it answers to a path without its version and what stands behind a question mark; of a body that ends in a NUL more is promised than comes.</param>
    public FakeEngine(Func<string, (int Status, string Body)> answer)
    {
        _answer = answer;
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "sock")));
        _listener.Listen();
        Engine = new(Path.Combine(_folder, "sock"));
        _serving = ServeAsync();
    }

    public DockerEngine Engine { get; }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(TalkAsync(await _listener.AcceptAsync()));
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task TalkAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        try
        {
            while (await reader.ReadLineAsync() is { Length: > 0 } line)
            {
                while (await reader.ReadLineAsync() is { Length: > 0 })
                {
                }

                var path = line.Split(' ')[1].Split('?')[0];
                var (status, body) = path == "/version" ? (200, """{ "Version": "28.0", "ApiVersion": "1.48", "MinAPIVersion": "1.24" }""") : _answer(path[path.IndexOf('/', 1)..]);
                var promised = body.EndsWith('\0') ? int.MaxValue : Encoding.UTF8.GetByteCount(body);
                await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {status} x\r\nContent-Length: {promised}\r\n\r\n{body}"));
            }
        }
        catch (IOException)
        {
            // Who asked has gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        Engine.Dispose();
        _listener.Dispose();
        await _serving;
        Directory.Delete(_folder, recursive: true);
    }
}
