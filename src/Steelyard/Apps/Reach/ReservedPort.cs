using System.Net;
using System.Net.Sockets;

namespace Steelyard.Apps.Reach;

/// <summary>A free port of the loopback address, held so that no other instance is given it before its own starts.</summary>
internal sealed class ReservedPort : IDisposable
{
    private readonly Socket _holder = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ReservedPort()
    {
        _holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Number = ((IPEndPoint)_holder.LocalEndPoint!).Port;
    }

    public int Number { get; }

    public void Dispose() => _holder.Dispose();
}
