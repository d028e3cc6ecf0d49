using System.Net;
using System.Net.Sockets;

namespace Steelyard.Apps.Reach;

/// <summary>
/// A free port of the loopback address, given to nobody else before it is disposed of: not by the kernel before
/// <see cref="Release"/>, and not by us after that, when the worker it is for has yet to bind it.
/// </summary>
internal sealed class ReservedPort : IDisposable
{
    private static readonly HashSet<int> s_given = [];

    private readonly Socket _holder;

    /// <exception cref="SocketException">No port or no descriptor is left.</exception>
    public ReservedPort()
    {
        lock (s_given)
        {
            // Those that are ours are held meanwhile, so that the kernel comes to others.
            var held = new List<Socket>();
            try
            {
                do
                {
                    held.Add(_holder = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                    _holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                    Number = ((IPEndPoint)_holder.LocalEndPoint!).Port;
                }
                while (!s_given.Add(Number));
                held.Remove(_holder);
            }
            finally
            {
                foreach (var socket in held)
                    socket.Dispose();
            }
        }
    }

    public int Number { get; }

    /// <summary>Lets the worker bind it.</summary>
    public void Release() => _holder.Dispose();

    public void Dispose()
    {
        _holder.Dispose();
        lock (s_given)
            s_given.Remove(Number);
    }
}
