using System.Collections.Concurrent;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Health;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Metering;
using Steelyard.Engine.Network;
using Steelyard.Engine.Tls;
using Steelyard.Engine.Tracing;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The proxy on one event loop: its client connections, its connections to servers, and what it uses again. Nothing
/// here is shared but <see cref="ClientCount"/>, the hand-over queue and what the plan points at; counters may be read
/// from outside, a moment old. Owned by its loop.
/// </summary>
internal sealed class ProxyLoop
{
    private const long AcceptWatchMilliseconds = 20;
    private const long LongestAfterglow = 1000;

    private readonly Stack<UpstreamConnection> _unusedUpstreams = new();
    private readonly Stack<ClientConnection> _unusedClients = new();
    private readonly Stack<Exchange> _unusedExchanges = new();
    private readonly Stack<TcpSession> _unusedSessions = new();
    private readonly ConcurrentQueue<Arrival> _handedOver = new();
    private readonly AcceptWatch _acceptWatch;
    private ProxyLoop[] _all = [];
    private ClientConnection? _clients;
    private Action? _drained;
    private int _clientCount;
    private long _lastArrival = -LongestAfterglow;
    private bool _nobodyElseComes;
    private ulong _chance;
    private long _numbered;

    public ProxyLoop(EventLoop events, ProxyPlan plan)
    {
        Events = events;
        Tls = new TlsLoop(events);
        Prober = new Prober(this);
        _acceptWatch = new AcceptWatch(this);
        _chance = ((ulong)events.Now << 8) + (ulong)events.Number;
        LogClock = new LogClock(events.Network);
        Identities = new IdentitySource(events.Network.NextSeed(), events.Network.NextSeed());
        var idle = new IdleConnections[plan.Addresses.Length];
        for (var i = 0; i < idle.Length; i++)
            idle[i] = new IdleConnections(this);
        Present = new(plan, idle, new LoopMeters(plan, before: null));
    }

    public EventLoop Events { get; }

    /// <summary>What requests that begin now go by.</summary>
    public LoopPlan Present { get; private set; }

    public ProxyPlan Plan => Present.Plan;

    /// <summary>What its TLS connections share.</summary>
    public TlsLoop Tls { get; }

    /// <summary>Asks this loop's part of the servers for their health.</summary>
    public Prober Prober { get; }

    public ProxyCounters Counters { get; } = new();

    /// <summary>The last errors, for people to look at.</summary>
    public ErrorLog Errors { get; } = new();

    /// <summary>Room for one path in the form that routes are compared with; used within one call.</summary>
    public byte[] PathRoom { get; } = new byte[(int)ByteSize.FromKibibytes(16).Bytes];

    /// <summary>What requests are called that nobody has named.</summary>
    public IdentitySource Identities { get; }

    /// <summary>Makes pages about the balancer, on any thread; null where nobody does.</summary>
    public Func<StatisticsQuestion, Task<StatisticsPage>>? Pages { get; set; }

    /// <summary>The time of lines in logs.</summary>
    public LogClock LogClock { get; }

    /// <summary>Looks names up that requests say, on any thread; null where nobody does.</summary>
    public Func<ResolverSettings, string, Task<NamedPlace>>? Names { get; set; }

    /// <summary>The places that requests have named.</summary>
    public MadeTargets Targets => field ??= new(this);

    /// <summary>What compresses bodies.</summary>
    public DeflaterPool Deflaters { get; } = new();

    /// <summary>Requests that are sent elsewhere too.</summary>
    public CopiesUnderWay Copies => field ??= new(this);

    /// <summary>Pipes kept for large bodies.</summary>
    public Stack<SplicePipe> Pipes { get; } = new();

    /// <summary>Each connection ends with its present exchange, or the one that it still may have.</summary>
    public bool Draining { get; private set; }

    /// <summary>Client connections open on this loop; any loop may read it.</summary>
    public int ClientCount => Volatile.Read(ref _clientCount);

    /// <summary>What the listener of a socket counts; null when the configuration has it no more.</summary>
    /// <param name="slot">The socket.</param>
    public ListenerMeter? MeterOf(int slot) => Plan.ListenerAt(slot) is { } listener ? Present.Meters.Listener(listener.Ordinal) : null;

    /// <summary>A number that no other loop gives, and this one never again.</summary>
    public long NextNumber() => (_numbered++ * AccessLog.MostLoops) + Events.Number + 1;

    /// <summary>64 random bits, good for choosing and for nothing secret (splitmix64).</summary>
    public ulong NextChance()
    {
        var bits = _chance += 0x9E3779B97F4A7C15;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }

    /// <summary>Starts to accept. Called on the loop.</summary>
    /// <param name="sockets">The listening sockets.</param>
    /// <param name="all">All loops, this one among them.</param>
    public void Listen(IReadOnlyList<SocketHandle> sockets, ProxyLoop[] all)
    {
        _all = all;
        foreach (var socket in sockets)
            Events.Network.Listen(socket.Handle, new ClientAcceptor(this, socket.Slot));
    }

    /// <summary>Stops to accept on some sockets; what was accepted lives on. Called on the loop.</summary>
    public void StopListening(IReadOnlyList<SocketHandle> sockets)
    {
        foreach (var socket in sockets)
            Events.Network.StopListening(socket.Handle);
    }

    /// <summary>
    /// Goes by another plan from the next request on; requests in flight end by the plan they began with, but for the
    /// servers that they may still need. Called on the
    /// loop, when no loop accepts on a socket any more that the plan does not know.
    /// </summary>
    public void Follow(ProxyPlan plan)
    {
        var before = Present.Idle;
        var idle = new IdleConnections[plan.Addresses.Length];
        var stays = new bool[before.Length];
        for (var i = 0; i < idle.Length; i++)
        {
            var ordinalBefore = plan.OrdinalsBefore[i];
            idle[i] = ordinalBefore >= 0 ? before[ordinalBefore] : new IdleConnections(this);
            if (ordinalBefore >= 0)
                stays[ordinalBefore] = true;
        }

        Present = new(plan, idle, new LoopMeters(plan, Present.Meters));
        Targets.Clear();

        // There may be more room than before.
        Events.Network.ResumeListening();
        for (var i = 0; i < before.Length; i++)
        {
            if (!stays[i])
                before[i].Retire();
        }

        for (var client = _clients; client is not null;)
        {
            var next = client.Next;
            client.LookAgain();
            if (client.Leaving)
                client.EndIfIdle();
            client = next;
        }
    }

    /// <summary>Whether the buffers of all loops leave room for one more connection.</summary>
    private bool HasMemory()
    {
        if (Plan.Memory is not { } budget)
            return true;
        var held = 0L;
        foreach (var loop in _all)
            held += loop.Events.Blocks.Rented;
        return budget.HasRoom(held * Block.Size);
    }

    /// <summary>Counts one more connection of a socket, if it may have one.</summary>
    private bool TryReserve(int slot)
    {
        // Blocks come back without a word: it is looked for them.
        if (!HasMemory())
        {
            Events.Timers.Set(_acceptWatch, Events.In(AcceptWatchMilliseconds));
            return false;
        }

        if (Plan.ListenerAt(slot) is not { } listener || !TryTakePace(listener))
            return false;
        if (listener.Connections.TryEnter(listener.MostConnections))
        {
            if (Plan.Connections.TryEnter(Plan.MostConnections))
                return true;

            // Whoever found this one's place taken meanwhile is told with those who wait for the whole process.
            listener.Connections.Undo();
        }

        GiveBackPace(listener);
        return false;
    }

    /// <summary>Whether one more may be accepted now; where not, it is looked again soon.</summary>
    private bool TryTakePace(ListenerState listener)
    {
        if (listener.Pace?.TryTake(listener.MostPerSecond, Events.Now) != false)
        {
            if (Plan.Pace?.TryTake(Plan.MostPerSecond, Events.Now) != false)
                return true;
            listener.Pace?.GiveBack(Events.Now);
        }

        Events.Timers.Set(_acceptWatch, Events.In(AcceptWatchMilliseconds));
        return false;
    }

    private void GiveBackPace(ListenerState listener)
    {
        listener.Pace?.GiveBack(Events.Now);
        Plan.Pace?.GiveBack(Events.Now);
    }

    /// <summary>Counts a connection no more, and lets those in that wait for its place.</summary>
    private void GiveBack(ListenerState listener)
    {
        var awaited = listener.Connections.Leave();
        awaited |= Plan.Connections.Leave();
        if (!awaited)
            return;
        foreach (var loop in _all)
            loop.Events.Post(static loop => ((ProxyLoop)loop).Events.Network.ResumeListening(), loop);
    }

    /// <summary>Takes a new connection, or gives it to a loop that has fewer.</summary>
    private void Accept(in AcceptedConnection connection, int slot)
    {
        var listener = Plan.ListenerAt(slot)!;
        var client = listener.MostPerAddress is not null && !listener.TrustedProxies.Contains(connection.Peer) && !listener.ProxyProtocol.Contains(connection.Peer) ? connection.Peer.ClientKey() : null;
        if (client is { } address && !listener.ByAddress.TryEnter(address, listener.MostPerAddress!.Value))
        {
            Counters.ConnectionsRefused++;
            Present.Meters.Listener(listener.Ordinal).Refused++;
            GiveBack(listener);
            var refused = Events.Network.Adopt(connection);
            refused.ResetOnClose();
            refused.Close();
            return;
        }

        var arrival = new Arrival(connection, slot, listener, client);
        var emptiest = this;
        foreach (var loop in _all)
        {
            if (loop.ClientCount < emptiest.ClientCount)
                emptiest = loop;
        }

        if (emptiest == this)
        {
            Serve(arrival);
            return;
        }

        // Counted at once, or a burst would all go the same way.
        Interlocked.Increment(ref emptiest._clientCount);
        emptiest._handedOver.Enqueue(arrival);
        emptiest.Events.Post(static loop => ((ProxyLoop)loop).TakeHandedOver(), emptiest);
    }

    private void TakeHandedOver()
    {
        while (_handedOver.TryDequeue(out var handedOver))
        {
            Interlocked.Decrement(ref _clientCount);
            Serve(handedOver);
        }
    }

    private void Serve(in Arrival arrival)
    {
        Counters.Connections++;
        Volatile.Write(ref _lastArrival, Events.Now);
        if (MeterOf(arrival.Slot) is { } meter)
            meter.Connections++;
        Interlocked.Increment(ref _clientCount);
        if (!_unusedClients.TryPop(out var client))
            client = new ClientConnection(this);
        client.Next = _clients;
        if (_clients is not null)
            _clients.Previous = client;
        _clients = client;
        client.Start(Events.Network.Adopt(arrival.Connection), arrival);
    }

    /// <summary>How the clients' connections are. Called on the loop.</summary>
    public List<ConnectionStatus> LookAtClients(int most)
    {
        var seen = new List<ConnectionStatus>();
        for (var client = _clients; client is not null && seen.Count < most; client = client.Next)
            seen.Add(client.Look());
        return seen;
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
        if (client.Arrival.CountedAs is { } address)
            client.Arrival.Listener.ByAddress.Leave(address);
        Interlocked.Decrement(ref _clientCount);
        GiveBack(client.Arrival.Listener);
        _unusedClients.Push(client);
        TellWhenDrained();
    }

    public Exchange RentExchange() => _unusedExchanges.TryPop(out var exchange) ? exchange : new Exchange(this);

    public void Recycle(Exchange exchange) => _unusedExchanges.Push(exchange);

    public TcpSession RentSession() => _unusedSessions.TryPop(out var session) ? session : new TcpSession(this);

    public void Recycle(TcpSession session) => _unusedSessions.Push(session);

    public void Recycle(UpstreamConnection connection) => _unusedUpstreams.Push(connection);

    /// <summary>Begins a connection to a server; null, with the negative errno, when it fails at once.</summary>
    /// <param name="address">Where it is; null where its name did not resolve.</param>
    /// <param name="home">Where the connection is kept when it is idle.</param>
    /// <param name="error">Why not.</param>
    /// <param name="from">The address that it comes from; null for the kernel's choice.</param>
    public UpstreamConnection? BeginConnect(in KernelAddress? address, IdleConnections home, out int error, KernelAddress? from = null)
    {
        error = 0;
        if (address is null)
            return null;
        var transport = Events.Network.Connect(address.Value, out error, from: from);
        if (transport is null)
            return null;
        if (!_unusedUpstreams.TryPop(out var connection))
            connection = new UpstreamConnection(this);
        connection.Open(transport, home);
        Counters.UpstreamConnections++;
        return connection;
    }

    /// <summary>
    /// Lets every connection end with its present exchange, and those of idle clients with one more request. Who is accepted
    /// from now on has one too. Called on the loop.
    /// </summary>
    /// <param name="drained">Called on the loop when no connection is left and <see cref="NobodyElseComes"/> was called.</param>
    public void Drain(Action drained)
    {
        Draining = true;
        _drained = drained;
        Prober.Stop();
    }

    /// <summary>No loop accepts any more, so this one gets no more connections. Called on the loop.</summary>
    public void NobodyElseComes()
    {
        _nobodyElseComes = true;
        TellWhenDrained();
    }

    /// <summary>Whether a client is connected or was a moment ago, so that others may be about to; any loop may ask.</summary>
    public bool HasCompany => ClientCount > 0 || Events.Network.Milliseconds - Volatile.Read(ref _lastArrival) < LongestAfterglow;

    /// <summary>Closes the connections of idle clients. Called on the loop.</summary>
    public void EndIdle()
    {
        for (var client = _clients; client is not null;)
        {
            var next = client.Next;
            client.EndIfIdle();
            client = next;
        }
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

    /// <summary>Cuts the connection of a number, if it is one of this loop. Called on the loop.</summary>
    public bool Cut(long number)
    {
        for (var client = _clients; client is not null; client = client.Next)
        {
            if (client.Number != number)
                continue;
            client.Cut();
            return true;
        }

        return false;
    }

    /// <summary>Cuts the connections whose exchange is with a server. Called on the loop.</summary>
    public void CutWith(Server server)
    {
        for (var client = _clients; client is not null;)
        {
            var next = client.Next;
            if (client.Server is { } its && its.IsTwinOf(server))
                client.Cut();
            client = next;
        }
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
        if (!_nobodyElseComes || _clients is not null || _drained is not { } drained)
            return;
        _drained = null;
        Copies.CutAll();
        foreach (var idle in Present.Idle)
            idle.CloseAll();
        foreach (var pipe in Pipes)
            pipe.Close();
        Pipes.Clear();
        drained();
    }

    /// <summary>Goes on to accept when buffers have come back, or it is time.</summary>
    private sealed class AcceptWatch(ProxyLoop loop) : TimerEntry
    {
        protected internal override void Expire()
        {
            if (loop.Draining)
                return;
            if (loop.HasMemory())
                loop.Events.Network.ResumeListening();
            else
                loop.Events.Timers.Set(this, loop.Events.In(AcceptWatchMilliseconds));
        }
    }

    private sealed class ClientAcceptor(ProxyLoop loop, int slot) : Acceptor
    {
        public override bool TryReserve() => loop.TryReserve(slot);

        public override void GiveBack()
        {
            var listener = loop.Plan.ListenerAt(slot)!;
            loop.GiveBackPace(listener);
            loop.GiveBack(listener);
        }

        public override void Paused() => loop.Counters.AcceptPauses++;

        public override void Accepted(in AcceptedConnection connection) => loop.Accept(connection, slot);
    }
}

/// <summary>A connection that was accepted, on its way to the loop that serves it.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Slot">The socket it was accepted on.</param>
/// <param name="Listener">The listener that counts it.</param>
/// <param name="CountedAs">The client that it counts for; null where that is not counted.</param>
internal readonly record struct Arrival(AcceptedConnection Connection, int Slot, ListenerState Listener, UInt128? CountedAs);
