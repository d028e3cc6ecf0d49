using Steelyard.Config;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Network;

namespace Steelyard.Engine;

/// <summary>The sockets a configuration listens on. Binding is apart from serving: only binding may need root.</summary>
public sealed class ListeningSockets : IDisposable
{
    /// <summary>Whether places may be listened on by another process too that does the same, until it leaves (HAProxy: -sf).</summary>
    public static bool SharePlaces
    {
        get => ListeningSocket.SharesPlaces;
        set => ListeningSocket.SharesPlaces = value;
    }

    private readonly List<Bound> _sockets = [];

    // A slot is one socket's for good, so that what was accepted on it can be told apart over reloads.
    private int _nextSlot;

    private ListeningSockets()
    {
    }

    private readonly record struct Bound(ListeningSocket Socket, int Listener, int Slot);

    /// <summary>Binds every address of every listener.</summary>
    /// <exception cref="BindException">An address could not be bound; what was bound before it is closed again.</exception>
    public static ListeningSockets Bind(Snapshot snapshot)
    {
        using var none = new ListeningSockets();
        return none.Rebind(snapshot);
    }

    /// <summary>Binds addresses that are no configuration's: each is a listener of its own.</summary>
    /// <exception cref="BindException">An address could not be bound; what was bound before it is closed again.</exception>
    public static ListeningSockets Bind(params ReadOnlySpan<NetworkAddress> addresses)
    {
        using var none = new ListeningSockets();
        return none.Rebind(addresses);
    }

    /// <summary>The sockets for other addresses; see <see cref="Rebind(Snapshot)"/>.</summary>
    /// <exception cref="BindException">An address could not be bound; what was bound before it is closed again.</exception>
    public ListeningSockets Rebind(params ReadOnlySpan<NetworkAddress> addresses)
    {
        var lists = new List<ValueList<NetworkAddress>>();
        foreach (var address in addresses)
            lists.Add([address]);
        return Rebind(lists);
    }

    /// <summary>
    /// The sockets for another configuration: those of addresses that stay are the same, the others are bound. Nothing
    /// of this set is closed; see <see cref="CloseExcept"/>.
    /// </summary>
    /// <exception cref="BindException">An address could not be bound; what was bound before it is closed again.</exception>
    public ListeningSockets Rebind(Snapshot snapshot)
    {
        var lists = new List<ValueList<NetworkAddress>>();
        foreach (var listener in snapshot.Listeners)
            lists.Add(listener.Serving == ListenerServing.Open ? listener.Bind : []);
        return Rebind(lists);
    }

    private ListeningSockets Rebind(List<ValueList<NetworkAddress>> listeners)
    {
        var bound = new ListeningSockets { _nextSlot = _nextSlot };
        var kept = new HashSet<int>();
        try
        {
            for (var i = 0; i < listeners.Count; i++)
            {
                foreach (var address in listeners[i])
                {
                    // Port 0 may be asked for several times.
                    var before = _sockets.FindIndex(socket => socket.Socket.Asked == address && !kept.Contains(socket.Slot));
                    if (before >= 0)
                        kept.Add(_sockets[before].Slot);
                    bound._sockets.Add(before >= 0 ? _sockets[before] with { Listener = i } : new(BindBeside(address), i, bound._nextSlot++));
                }
            }

            return bound;
        }
        catch
        {
            bound.CloseExcept(this);
            throw;
        }
    }

    /// <summary>Binds an address while those of this set are bound, one of which may be in its way.</summary>
    private ListeningSocket BindBeside(NetworkAddress address)
    {
        try
        {
            return ListeningSocket.Bind(address);
        }
        catch (BindException failure) when (failure.Error == Errno.AddressInUse && address.UnixPath is null && _sockets.Find(socket => socket.Socket.Address.Port == address.Port) is { Socket: { } own })
        {
            throw new BindException($"cannot listen on {address} while this program still listens on {own.Address}: take that one out first, or restart", failure.Error);
        }
    }

    /// <summary>The bound addresses in the order of the configuration, with the ports the kernel picked where 0 was asked.</summary>
    public IReadOnlyList<NetworkAddress> Addresses => _sockets.ConvertAll(bound => bound.Socket.Address);

    /// <summary>The listener of one of <see cref="Addresses"/>.</summary>
    /// <param name="address">The address.</param>
    /// <param name="snapshot">What these sockets were bound for.</param>
    public ListenerSettings ListenerOf(NetworkAddress address, Snapshot snapshot) =>
        snapshot.Listeners[_sockets.Find(bound => bound.Socket.Address == address).Listener];

    /// <summary>Each socket as another process gets it, which serves the same configuration on it.</summary>
    public IReadOnlyList<HandedSocket> Handed => _sockets.ConvertAll(bound => new HandedSocket(bound.Socket.Handle, bound.Slot, bound.Listener));

    /// <summary>The sockets that another process has bound and handed over. To close them closes the descriptors only.</summary>
    public static ListeningSockets Adopt(IEnumerable<HandedSocket> handed)
    {
        var adopted = new ListeningSockets();
        foreach (var socket in handed)
            adopted._sockets.Add(new(ListeningSocket.Adopt(socket.Handle), socket.Listener, socket.Slot));
        return adopted;
    }

    /// <summary>Each descriptor with its slot and the position of its listener in the snapshot.</summary>
    internal IReadOnlyList<SocketHandle> Handles => _sockets.ConvertAll(bound => new SocketHandle(bound.Socket.Handle, bound.Slot, bound.Listener));

    /// <summary>Closes the sockets that another set does not share, and removes the files of Unix sockets. This set is not used again.</summary>
    /// <param name="shared">The set that goes on; null for none.</param>
    public void CloseExcept(ListeningSockets? shared)
    {
        foreach (var bound in _sockets)
        {
            if (shared is null || !shared._sockets.Exists(other => other.Slot == bound.Slot))
                bound.Socket.Dispose();
        }

        _sockets.Clear();
    }

    /// <summary>Removes the files of Unix sockets before a stop: nobody else can connect, and who has connected is still accepted.</summary>
    public void RemoveFiles()
    {
        foreach (var bound in _sockets)
            bound.Socket.RemoveFile();
    }

    /// <summary>Closes the sockets and removes the files of Unix sockets.</summary>
    public void Dispose()
    {
        foreach (var bound in _sockets)
            bound.Socket.Dispose();
        _sockets.Clear();
    }
}

/// <summary>A listening socket on its way to another process.</summary>
/// <param name="Handle">The descriptor.</param>
/// <param name="Slot">Its own number, kept over reloads.</param>
/// <param name="Listener">The position of its listener in the snapshot.</param>
public readonly record struct HandedSocket(int Handle, int Slot, int Listener);

/// <summary>A listening socket as the loops know it.</summary>
/// <param name="Handle">The descriptor.</param>
/// <param name="Slot">Its own number, kept over reloads.</param>
/// <param name="Listener">The position of its listener in the snapshot.</param>
internal readonly record struct SocketHandle(int Handle, int Slot, int Listener);
