using System.Runtime.InteropServices;
using Steelyard.Keeper;

namespace Steelyard.Apps.Node;

/// <summary>
/// A connection on its way to a worker. It stays open here too until the worker has said that it took it: what was not
/// taken has not been touched, and may go to somebody else.
/// </summary>
/// <param name="handle">The connection; closed with this.</param>
/// <param name="from">Whose connection it is.</param>
internal sealed unsafe class HandOver(int handle, ConnectionSource from)
{
    public int Handle => handle;

    /// <summary>Who hears what becomes of it.</summary>
    public ConnectionSource From => from;

    /// <summary>Workers that were asked to take it.</summary>
    public HashSet<NodeChannel> Asked { get; } = [];

    /// <summary>Whether the descriptor is on its way to the worker that was asked last.</summary>
    public bool Sent { get; set; }

    /// <summary>Says to the other end that a worker has taken it: one byte, for which a new connection always has room.</summary>
    public void Greet()
    {
        byte greeting = (byte)'+';
        _ = Posix.send(handle, &greeting, 1, Posix.MSG_NOSIGNAL | Posix.MSG_DONTWAIT);
    }

    public void Close() => _ = Posix.close(handle);
}

/// <summary>A listening socket whose connections are handed to workers. Owned by the loop.</summary>
internal abstract unsafe class ConnectionSource : NodeHandle
{
    private const int MostAtOnce = 64;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly NodeLoop _loop;
    private bool _rests;

    protected ConnectionSource(NodeLoop loop, int descriptor)
        : base(descriptor)
    {
        _loop = loop;
        loop.Watch(this);
    }

    public override short Wanted => _rests || !HasRoom ? (short)0 : Posix.POLLIN;

    /// <summary>Whether one more connection could be handed on.</summary>
    protected abstract bool HasRoom { get; }

    public override void Ready(short events)
    {
        for (var i = 0; i < MostAtOnce && !Closed && HasRoom; i++)
        {
            var connection = Posix.accept4(Descriptor, null, null, Posix.SOCK_CLOEXEC | Posix.SOCK_NONBLOCK);
            if (connection >= 0)
            {
                Offer(new(connection, this));
                continue;
            }

            // Without descriptors the event would come at once, for ever.
            if (Marshal.GetLastPInvokeError() is Posix.EMFILE or Posix.ENFILE)
                Rest();
            return;
        }
    }

    /// <summary>Finds a worker for a new connection, or closes it.</summary>
    protected abstract void Offer(HandOver connection);

    /// <summary>A worker has taken the connection, which is closed here.</summary>
    public virtual void Taken(HandOver connection) => connection.Close();

    /// <summary>A worker has not, and will not.</summary>
    public abstract void Refused(HandOver connection);

    public override void Close()
    {
        if (Closed)
            return;
        _loop.Forget(this);
        CloseDescriptor();
    }

    private void Rest()
    {
        _rests = true;
        _loop.PostLater(() => _rests = false, s_pause);
    }
}

/// <summary>
/// Where the engine finds one worker: a port of 127.0.0.1, so that the app sees a client with an address it may trust.
/// </summary>
/// <param name="loop">The loop.</param>
/// <param name="descriptor">The listening socket.</param>
/// <param name="worker">The worker.</param>
/// <param name="greets">Whether the engine waits for a byte that says that the worker has taken its connection.</param>
internal sealed class WorkerDoor(NodeLoop loop, int descriptor, NodeChannel worker, bool greets) : ConnectionSource(loop, descriptor)
{
    protected override bool HasRoom => worker.HasRoom;

    protected override void Offer(HandOver connection)
    {
        if (!worker.TryGive(connection))
            connection.Close();
    }

    public override void Taken(HandOver connection)
    {
        if (greets)
            connection.Greet();
        connection.Close();
    }

    // The engine hears no greeting, and looks for another server.
    public override void Refused(HandOver connection) => connection.Close();
}

/// <summary>
/// A port that servers of all workers listen on together beside that of the app: bound here, and its connections handed
/// out in turn, as Node's own primary does it.
/// </summary>
/// <param name="loop">The loop.</param>
/// <param name="descriptor">The listening socket.</param>
/// <param name="port">The port it has; -1 for a Unix socket.</param>
internal sealed class SharedPort(NodeLoop loop, int descriptor, int port) : ConnectionSource(loop, descriptor)
{
    private readonly List<NodeChannel> _workers = [];
    private int _next;

    public int Port => port;

    public bool IsUnused => _workers.Count == 0;

    public bool Has(NodeChannel worker) => _workers.Contains(worker);

    public void Add(NodeChannel worker) => _workers.Add(worker);

    public void Remove(NodeChannel worker) => _workers.Remove(worker);

    // One that leaves may listen until its end, and would take what it cuts then; with nobody else who comes waits in the kernel.
    protected override bool HasRoom => _workers.Exists(worker => worker.HasRoom && !worker.LetsGo);

    protected override void Offer(HandOver connection)
    {
        for (var i = 0; i < _workers.Count; i++)
        {
            _next = (_next + 1) % _workers.Count;
            if (!_workers[_next].LetsGo && connection.Asked.Add(_workers[_next]) && _workers[_next].TryGive(connection))
                return;
        }

        connection.Close();
    }

    public override void Refused(HandOver connection) => Offer(connection);
}
