using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps.Reach;

/// <summary>A listening socket of 127.0.0.1 that the worker is handed as descriptor 3 (sd_listen_fds(3)).</summary>
internal sealed class ActivationReach : WorkerReach
{
    private const int Lowest = 16;

    // tcpi_unacked of struct tcp_info, which for a listening socket is the length of its queue (tcp(7)).
    private const int TcpLevel = 6, TcpInfo = 11, QueueOffset = 24;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly string _pool;
    private int _theirs;

    public ActivationReach(string pool)
    {
        _pool = pool;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _socket.Listen();
        Address = NetworkAddress.ForHost("127.0.0.1", ((IPEndPoint)_socket.LocalEndPoint!).Port);
        _theirs = Posix.fcntl((int)_socket.Handle, Posix.F_DUPFD_CLOEXEC, Lowest);
    }

    public override NetworkAddress Address { get; }

    public override IReadOnlyList<int> Handles => [_theirs];

    public override bool NamesItsProcess => true;

    public override IEnumerable<KeyValuePair<string, string>> Environment => [new("LISTEN_FDS", "1"), new("LISTEN_FDNAMES", _pool)];

    public override void Started(int process) => CloseTheirs();

    /// <summary>The kernel takes connections from the beginning; the worker listens when it has taken one out of the queue.</summary>
    public override async Task ListeningAsync(CancellationToken cancel)
    {
        using var visitor = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await visitor.ConnectAsync(_socket.LocalEndPoint!, cancel);
        while (QueueLength() > 0)
            await Task.Delay(s_pause, cancel);
    }

    // Ours would go on to queue connections when the worker has closed its own.
    public override void Ready() => _socket.Dispose();

    public override void Dispose()
    {
        CloseTheirs();
        _socket.Dispose();
    }

    private uint QueueLength()
    {
        Span<byte> information = stackalloc byte[QueueOffset + 4];
        _socket.GetRawSocketOption(TcpLevel, TcpInfo, information);
        return BinaryPrimitives.ReadUInt32LittleEndian(information[QueueOffset..]);
    }

    private void CloseTheirs()
    {
        if (_theirs < 0)
            return;
        _ = Posix.close(_theirs);
        _theirs = -1;
    }
}
