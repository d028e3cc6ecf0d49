using System.Net.Sockets;
using System.Threading.Channels;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Logging;

/// <summary>What the servers of compared logs do, by the target.</summary>
internal sealed class ScriptedServer
{
    private const string Date = "Date: Sat, 28 Nov 2026 12:00:00 GMT\r\n";
    private const string Hello = $"HTTP/1.1 200 OK\r\n{Date}Content-Length: 5\r\n\r\nhello";
    private const int Long = 8_000_000;

    private readonly Channel<bool> _arrived = Channel.CreateUnbounded<bool>();
    private readonly Channel<bool> _released = Channel.CreateUnbounded<bool>();

    /// <summary>Ends when a request has come that is not answered at once.</summary>
    public Task<bool> Arrived() => _arrived.Reader.ReadAsync().AsTask().Patiently("a request at the server");

    public void Release() => _released.Writer.TryWrite(true);

    /// <summary>Forgets arrivals that nobody has waited for.</summary>
    public void Forget()
    {
        while (_arrived.Reader.TryRead(out _))
        {
        }
    }

    public async Task Play(OriginConnection connection)
    {
        while (true)
        {
            HttpMessage request;
            try
            {
                request = await connection.ReadRequestHead();
            }
            catch (Exception ended) when (ended is IOException or SocketException or ObjectDisposedException)
            {
                return;
            }

            var target = request.StartLine.Split(' ')[1];
            if (target.EndsWith("/upload", StringComparison.Ordinal) || target.EndsWith("/silence", StringComparison.Ordinal))
            {
                _arrived.Writer.TryWrite(true);
                await connection.Drain();
                return;
            }

            await connection.ReadRequestBody(request);
            if (!await Answer(connection, target, request["Connection"]))
                return;
        }
    }

    /// <returns>Whether the connection goes on.</returns>
    private async Task<bool> Answer(OriginConnection connection, string target, string? option)
    {
        switch (target)
        {
            case "/web/captured":
                await connection.Send(Hello.Replace("Date:", "X-Reply: r\"|s\r\nDate:", StringComparison.Ordinal));
                return true;
            case "/web/chunked":
                await connection.Send($"HTTP/1.1 200 OK\r\n{Date}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
                return true;
            case "/web/head":
                await connection.Send(Hello[..^5]);
                return true;
            case "/web/500":
                await connection.Send(Hello.Replace("200 OK", "500 Broken", StringComparison.Ordinal));
                return true;
            case "/web/garbage":
                await connection.Send("no HTTP at all\r\n\r\n");
                return false;
            case "/once/close":
                return false;
            case "/web/half":
                await connection.Send(Hello[..^2]);
                return false;
            case "/web/stall":
                await connection.Send(Hello[..^2]);
                await connection.Drain();
                return false;
            case "/web/long":
                await connection.Send(Hello.Replace("Length: 5", $"Length: {Long}", StringComparison.Ordinal));
                await connection.Send(new byte[Long]);
                return false;
            case "/web/upgrade":
                await connection.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
                await connection.Drain();
                return false;
            case "/limited/1" or "/patient/1":
                _arrived.Writer.TryWrite(true);
                await _released.Reader.ReadAsync();
                break;
        }

        await connection.Send(Hello);
        return option != "close";
    }
}
