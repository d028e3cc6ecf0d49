using System.Net.Sockets;
using System.Text;

namespace Steelyard.Apps.Readiness;

/// <summary>The socket that NOTIFY_SOCKET names for one worker, and what it has said there (sd_notify(3)).</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastSign = Environment.TickCount64;

    public NotifySocket(string path)
    {
        Path = path;
        _socket.Bind(new UnixDomainSocketEndPoint(path));

        // Whoever may enter the folder may write to it.
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        _ = ReadAsync();
    }

    public string Path { get; }

    /// <summary>Ends when it has said READY=1.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Milliseconds since it said WATCHDOG=1 or READY=1.</summary>
    public long Silence => Environment.TickCount64 - Volatile.Read(ref _lastSign);

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(Path);
    }

    private async Task ReadAsync()
    {
        var room = new byte[4096];
        while (true)
        {
            try
            {
                var length = await _socket.ReceiveAsync(room);
                foreach (var line in Encoding.UTF8.GetString(room, 0, length).Split('\n'))
                    Take(line);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The worker has ended.
                return;
            }
        }
    }

    private void Take(string line)
    {
        if (line is "READY=1" or "WATCHDOG=1")
            Volatile.Write(ref _lastSign, Environment.TickCount64);
        if (line == "READY=1")
            _ready.TrySetResult();
    }
}
