using Steelyard.Config;
using Steelyard.Engine.Network;

namespace Steelyard.Engine;

/// <summary>The sockets a configuration listens on. Binding is apart from serving: only binding may need root.</summary>
public sealed class ListeningSockets : IDisposable
{
    private readonly List<(ListeningSocket Socket, int Listener)> _sockets = [];

    private ListeningSockets()
    {
    }

    /// <summary>Binds every address of every listener.</summary>
    /// <exception cref="BindException">An address could not be bound; what was bound before it is closed again.</exception>
    public static ListeningSockets Bind(Snapshot snapshot)
    {
        var bound = new ListeningSockets();
        try
        {
            for (var i = 0; i < snapshot.Listeners.Count; i++)
            {
                foreach (var address in snapshot.Listeners[i].Bind)
                    bound._sockets.Add((ListeningSocket.Bind(address), i));
            }

            return bound;
        }
        catch
        {
            bound.Dispose();
            throw;
        }
    }

    /// <summary>The bound addresses in the order of the configuration, with the ports the kernel picked where 0 was asked.</summary>
    public IReadOnlyList<NetworkAddress> Addresses => _sockets.ConvertAll(bound => bound.Socket.Address);

    /// <summary>Each descriptor with the position of its listener in the snapshot.</summary>
    internal IReadOnlyList<(int Handle, int Listener)> Handles => _sockets.ConvertAll(bound => (bound.Socket.Handle, bound.Listener));

    /// <summary>Closes the sockets and removes the files of Unix sockets.</summary>
    public void Dispose()
    {
        foreach (var (socket, _) in _sockets)
            socket.Dispose();
        _sockets.Clear();
    }
}
