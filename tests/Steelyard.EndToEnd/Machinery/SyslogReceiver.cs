using System.Net;
using System.Net.Sockets;
using System.Text;
using Steelyard.Config;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>A program that takes datagrams of syslog, on a port or a Unix socket of its own.</summary>
internal sealed class SyslogReceiver : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _room = new byte[65536];

    private SyslogReceiver(Socket socket, EndPoint address)
    {
        _socket = socket;
        _socket.Bind(address);
    }

    /// <summary>One on UDP.</summary>
    public static SyslogReceiver StartUdp() => new(new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp), new IPEndPoint(IPAddress.Loopback, 0));

    /// <summary>One on a Unix socket.</summary>
    public static SyslogReceiver StartUnix(string path) => new(new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified), new UnixDomainSocketEndPoint(path));

    /// <summary>Where it is.</summary>
    public NetworkAddress Address => NetworkAddress.ForHost("127.0.0.1", ((IPEndPoint)_socket.LocalEndPoint!).Port);

    /// <summary>The next message.</summary>
    public async Task<string> Next() => Encoding.Latin1.GetString(_room, 0, await _socket.ReceiveAsync(_room.AsMemory()).AsTask().Patiently("a message to syslog"));

    public void Dispose() => _socket.Dispose();
}
