using System.Collections.Concurrent;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The proxy on one event loop: its client connections, its connections to servers, and what it uses again. Nothing
/// here is shared but <see cref="ClientCount"/>, the hand-over queue and what the plan points at; counters may be read
/// from outside, a moment old. Owned by its loop.
/// </summary>
internal sealed class ProxyLoop
{
    private readonly IdleConnections[] _idle;
    private readonly Stack<UpstreamConnection> _unusedUpstreams = new();
    private readonly Stack<ClientConnection> _unusedClients = new();
    private readonly Stack<Exchange> _unusedExchanges = new();
    private readonly ConcurrentQueue<(AcceptedConnection Connection, ListenerState Listener)> _handedOver = new();
    private ProxyLoop[] _all = [];
    private ClientConnection? _clients;
    private Action? _drained;
    private int _clientCount;

    public ProxyLoop(EventLoop events, ProxyPlan plan)
    {
        (Events, Plan) = (events, plan);
        _idle = new IdleConnections[plan.Addresses.Length];
        for (var i = 0; i < _idle.Length; i++)
            _idle[i] = new IdleConnections(this);
    }

    public EventLoop Events { get; }

    public ProxyPlan Plan { get; }

    public ProxyCounters Counters { get; } = new();

    /// <summary>Room for one path in the form that routes are compared with; used within one call.</summary>
    public byte[] PathRoom { get; } = new byte[(int)ByteSize.FromKibibytes(16).Bytes];

    /// <summary>Pipes kept for large bodies.</summary>
    public Stack<SplicePipe> Pipes { get; } = new();

    /// <summary>No new connections are taken, and each ends with its present exchange.</summary>
    public bool Draining { get; private set; }

    /// <summary>Client connections open on this loop; any loop may read it.</summary>
    public int ClientCount => Volatile.Read(ref _clientCount);

    /// <summary>Starts to accept. Called on the loop.</summary>
    /// <param name="sockets">Each listening socket with the position of its listener.</param>
    /// <param name="all">All loops, this one among them.</param>
    public void Listen(IReadOnlyList<(int Handle, int Listener)> sockets, ProxyLoop[] all)
    {
        _all = all;
        foreach (var (handle, listener) in sockets)
            Events.Network.Listen(handle, new ClientAcceptor(this, Plan.Listeners[listener]));
    }

    /// <summary>Takes a new connection, or gives it to a loop that has fewer.</summary>
    private void Accept(in AcceptedConnection connection, ListenerState listener)
    {
        var emptiest = this;
        foreach (var loop in _all)
        {
            if (loop.ClientCount < emptiest.ClientCount)
                emptiest = loop;
        }

        if (emptiest == this)
        {
            Serve(connection, listener);
            return;
        }

        // Counted at once, or a burst would all go the same way.
        Interlocked.Increment(ref emptiest._clientCount);
        emptiest._handedOver.Enqueue((connection, listener));
        emptiest.Events.Post(static loop => ((ProxyLoop)loop).TakeHandedOver(), emptiest);
    }

    private void TakeHandedOver()
    {
        while (_handedOver.TryDequeue(out var handedOver))
        {
            Interlocked.Decrement(ref _clientCount);
            Serve(handedOver.Connection, handedOver.Listener);
        }
    }

    private void Serve(in AcceptedConnection connection, ListenerState listener)
    {
        Counters.Connections++;
        Interlocked.Increment(ref _clientCount);
        if (!_unusedClients.TryPop(out var client))
            client = new ClientConnection(this);
        client.Next = _clients;
        if (_clients is not null)
            _clients.Previous = client;
        _clients = client;
        client.Start(Events.Network.Adopt(connection), connection.Peer, listener);
    }

    /// <summary>A client connection has closed.</summary>
    public void Ended(ClientConnection client)
    {
        if (client.Previous is null)
            _clients = client.Next;
        else
            client.Previous.Next = client.Next;
        if (client.Next is not null)
            client.Next.Previous = client.Previous;
        client.Next = client.Previous = null;
        _unusedClients.Push(client);
        Interlocked.Decrement(ref _clientCount);
        TellWhenDrained();
    }

    public Exchange RentExchange() => _unusedExchanges.TryPop(out var exchange) ? exchange : new Exchange(this);

    public void Recycle(Exchange exchange) => _unusedExchanges.Push(exchange);

    public void Recycle(UpstreamConnection connection) => _unusedUpstreams.Push(connection);

    public IdleConnections IdleConnectionsOf(Server server) => _idle[server.Ordinal];

    /// <summary>Begins a connection to a server; null, with the negative errno, when it fails at once.</summary>
    public UpstreamConnection? BeginConnect(Server server, out int error)
    {
        error = 0;
        if (Plan.Addresses[server.Ordinal] is not { } address)
            return null;
        var transport = Events.Network.Connect(address, out error);
        if (transport is null)
            return null;
        if (!_unusedUpstreams.TryPop(out var connection))
            connection = new UpstreamConnection(this);
        connection.Open(transport, _idle[server.Ordinal]);
        Counters.UpstreamConnections++;
        return connection;
    }

    /// <summary>Stops to accept and lets every connection end with its present exchange. Called on the loop.</summary>
    /// <param name="released">Called on the loop when it uses the listening sockets no more.</param>
    /// <param name="drained">Called on the loop when no connection is left.</param>
    public void Drain(Action released, Action drained)
    {
        Draining = true;
        _drained = drained;
        Events.Network.StopListening();
        released();
        for (var client = _clients; client is not null;)
        {
            var next = client.Next;
            client.EndIfIdle();
            client = next;
        }

        TellWhenDrained();
    }

    /// <summary>Cuts every connection. Called on the loop.</summary>
    /// <returns>How many exchanges were cut.</returns>
    public int CutAll()
    {
        var cut = 0;
        for (var client = _clients; client is not null;)
        {
            var next = client.Next;
            cut += client.Cut() ? 1 : 0;
            client = next;
        }

        return cut;
    }

    /// <summary>Counts a fault of ours and remembers the last, to be reported.</summary>
    public void Faulted(Exception fault)
    {
        Counters.Faults++;
        LastFault = fault;
    }

    /// <summary>What went wrong last in this program itself; null when nothing has.</summary>
    public Exception? LastFault { get; private set; }

    private void TellWhenDrained()
    {
        if (!Draining || _clients is not null || _drained is not { } drained)
            return;
        _drained = null;
        foreach (var idle in _idle)
            idle.CloseAll();
        foreach (var pipe in Pipes)
            pipe.Close();
        Pipes.Clear();
        drained();
    }

    private sealed class ClientAcceptor(ProxyLoop loop, ListenerState listener) : Acceptor
    {
        public override void Accepted(in AcceptedConnection connection) => loop.Accept(connection, listener);
    }
}
