using System.Net;
using System.Net.Sockets;
using Steelyard.Config;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>A port whose queue of new connections is full: the handshake of one more gets no answer.</summary>
internal sealed class DeafServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _filler = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public DeafServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);
        _filler.Connect(_listener.LocalEndPoint!);
    }

    public NetworkAddress Address => NetworkAddress.ForHost("127.0.0.1", ((IPEndPoint)_listener.LocalEndPoint!).Port);

    public void Dispose()
    {
        _filler.Dispose();
        _listener.Dispose();
    }
}
