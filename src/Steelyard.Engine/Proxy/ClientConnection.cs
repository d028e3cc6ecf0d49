using System.Runtime.CompilerServices;
using Steelyard.Config;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.ProxyProtocol;
using Steelyard.Engine.Tcp;

namespace Steelyard.Engine.Proxy;

/// <summary>A client's connection: one exchange after the other, until one side has had enough. Owned by its loop.</summary>
internal sealed class ClientConnection
{
    // nginx: lingering_time, lingering_timeout.
    private const long LongestLinger = 30_000;
    private const long LongestLingerPause = 2000;

    private const int BudgetOfExchange = TurnBudget.BytesPerTurn / 16;

    private readonly ProxyLoop _loop;
    private readonly Action _ended;
    private ValueTaskAwaiter _serving;
    private Exchange? _exchange;
    private SessionOpening? _opening;
    private DuplexRelay? _relay;
    private UpstreamConnection? _joined;
    private TurnBudget _budget;
    private KernelAddress _peer;
    private KernelAddress _destination;
    private ProxyHeader? _proxyHeader;
    private ClientHello? _hello;
    private int _slot;
    private bool _idle;

    internal ClientConnection? Next;
    internal ClientConnection? Previous;

    public ClientConnection(ProxyLoop loop)
    {
        _loop = loop;
        _ended = Ended;
        _budget = new TurnBudget(loop.Events);
        Input = new InputBuffer(loop.Events);
    }

    public Transport Transport { get; private set; } = null!;

    public InputBuffer Input { get; }

    /// <summary>What its next request goes by.</summary>
    public LoopPlan Plan { get; private set; } = null!;

    public ListenerState Listener { get; private set; } = null!;

    /// <summary>The connection ends with its present exchange: the loop drains, or the configuration has its listener no more.</summary>
    public bool Leaving => _loop.Draining || _loop.Plan.ListenerAt(_slot) is null;

    /// <summary>What the servers are told of this client.</summary>
    public ForwardedFields Forwarded { get; } = new();

    /// <summary>The address of the client: where the connection comes from, or what a proxy that is believed has said.</summary>
    public ref readonly KernelAddress Peer => ref _peer;

    /// <summary>The address the client connected to, here or at the proxy before; of no family where it is not known.</summary>
    public ref readonly KernelAddress Destination
    {
        get
        {
            if (_destination.Length == 0)
                _destination = Transport.LocalAddress();
            return ref _destination;
        }
    }

    /// <param name="transport">The connection.</param>
    /// <param name="peer">The address of the client.</param>
    /// <param name="slot">The socket it was accepted on.</param>
    public void Start(Transport transport, in KernelAddress peer, int slot)
    {
        (Transport, _peer, _destination, _slot, Plan) = (transport, peer, default, slot, null!);
        FollowPlan();
        Observe(Serve());
    }

    /// <summary>Takes up what the loop goes by now. Where the listener has left, the connection stays with what it had.</summary>
    private void FollowPlan()
    {
        if (Plan == _loop.Present || _loop.Plan.ListenerAt(_slot) is not { } listener)
            return;
        (Plan, Listener) = (_loop.Present, listener);
        Forwarded.Reset(_peer, listener);
    }

    private void Observe(ValueTask serving)
    {
        _serving = serving.GetAwaiter();
        if (_serving.IsCompleted)
            Ended();
        else
            _serving.UnsafeOnCompleted(_ended);
    }

    // A fault of ours costs one connection, not the loop with all its others.
    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask Serve()
    {
        try
        {
            if (Listener.ProxyProtocol.Contains(_peer) && !await ReadProxyHeader())
                return;
            if (Listener.Mode == ListenerMode.Tcp)
            {
                await ServeSession();
                return;
            }

            var next = AfterExchange.KeepAlive;
            while (next == AfterExchange.KeepAlive && (!Input.IsEmpty || await WaitForRequest()))
            {
                FollowPlan();
                _exchange = _loop.RentExchange();
                next = await _exchange.Run(this);
                _loop.Recycle(_exchange);
                _exchange = null;
                Input.ReleaseHead();

                // Requests that are all here already must not keep the loop from everybody else.
                if (!Input.IsEmpty && _budget.Spend(BudgetOfExchange))
                    await _loop.Events.NextTurn;
            }

            if (next == AfterExchange.Linger)
                await Linger();
            else if (next == AfterExchange.Tunnel)
                await ServeTunnel();
            else if (next == AfterExchange.Reset)
                Transport.ResetOnClose();
        }
        catch (Exception fault)
        {
            _loop.Faulted(fault);
            Abandon();
            Transport.ResetOnClose();
        }
    }

    private void Abandon()
    {
        _exchange?.Abandon();
        _opening?.Abandon();
        _relay?.Abandon();
        _joined?.Close();
        (_exchange, _opening, _relay, _joined) = (null, null, null, null);
    }

    /// <summary>Reads what a trusted proxy says of the client, before anything of the client's own.</summary>
    /// <returns>Whether the connection is served.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> ReadProxyHeader()
    {
        var header = _proxyHeader ??= new ProxyHeader();
        _idle = true;
        var end = await StartOfConnection.Read(Transport, header, _loop.Events.In(Plan.Plan.Timeouts.ClientHeader));
        _idle = false;
        if (end != StartEnd.Complete)
        {
            if (end is StartEnd.Invalid or StartEnd.TimedOut)
            {
                _loop.Counters.ProxyHeadersRefused++;
                Transport.ResetOnClose();
            }

            return false;
        }

        StartOfConnection.Take(Transport, header.Length);
        if (!header.NamesClient)
            return true;
        (_peer, _destination) = (header.Source, header.Destination);
        Forwarded.Reset(_peer, Listener);
        return true;
    }

    /// <summary>Joins the connection to a server, whatever it carries.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask ServeSession()
    {
        var route = Listener.Routes.ByHost ? await MatchServerName() : Listener.Routes.MatchName(default);
        if (route is null)
            return;
        _opening = _loop.RentOpening();
        _joined = await _opening.Run(this, route.ChoosePool());
        _loop.Recycle(_opening);
        _opening = null;
        if (_joined is null)
        {
            _loop.Counters.SessionsRefused++;
            Transport.ResetOnClose();
            return;
        }

        _loop.Counters.Sessions++;
        await Relay(Plan.Plan.Timeouts.TcpIdle);
    }

    /// <summary>
    /// Reads which name a TLS client asks for, and leaves its hello for the server. What is not TLS, or names nobody, goes
    /// where a route without host leads.
    /// </summary>
    /// <returns>The route; null when there is none, and the connection is to end.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Route?> MatchServerName()
    {
        var hello = _hello ??= new ClientHello();
        _idle = true;
        var end = await StartOfConnection.Read(Transport, hello, _loop.Events.In(Plan.Plan.Timeouts.ClientHeader));
        _idle = false;
        var route = end == StartEnd.Complete ? Listener.Routes.MatchName(hello.ServerName) : null;
        if (route is not null || end is StartEnd.Closed or StartEnd.Aborted)
            return route;
        _loop.Counters.SessionsRefused++;
        Transport.ResetOnClose();
        return null;
    }

    /// <summary>Takes the server's connection over, as the other end of a tunnel.</summary>
    public void Join(UpstreamConnection upstream) => _joined = upstream;

    private ValueTask ServeTunnel()
    {
        _loop.Counters.Tunnels++;
        return Relay(Plan.Plan.Timeouts.Tunnel);
    }

    /// <summary>Passes bytes between the client and the server it is joined to, until one of them has had enough.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask Relay(long idleMilliseconds)
    {
        _relay = _loop.RentRelay();
        await _relay.Run(Transport, Input, _joined!.Transport, _joined.Input, idleMilliseconds);
        _loop.Recycle(_relay);
        _relay = null;
        _joined.Close();
        _joined = null;
    }

    /// <summary>Waits for the first bytes of a request: until then the client is idle, whatever woke it.</summary>
    /// <returns>Whether they came.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> WaitForRequest()
    {
        while (!Leaving)
        {
            _idle = true;
            var wake = await Transport.Readable(_loop.Plan.Timeouts.ClientIdle);
            _idle = false;

            // Who is told to end while idle may have sent a request a moment before: it is still served.
            if (wake == Wake.TimedOut || Transport.Aborted)
                return false;
            var filled = Input.TryFill(Transport);
            if (filled != IoStatus.NotYet)
                return filled == IoStatus.Done;
        }

        return false;
    }

    /// <summary>
    /// Reads on for a while after the last answer: to close with bytes unread would reset the connection and take the
    /// answer with it before the client has read it (RFC 9112, 9.6). Many clients send all of a body before they look.
    /// </summary>
    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask Linger()
    {
        Transport.FinishSending();
        var begun = _loop.Events.Now;
        var budget = new TurnBudget(_loop.Events);
        while (_loop.Events.Now - begun < (_loop.Draining ? LongestLingerPause : LongestLinger))
        {
            var budgetSpent = budget.Spend(Input.Unread.Length);
            Input.Release();
            if (budgetSpent)
                await _loop.Events.NextTurn;
            if (await Input.Fill(Transport, LongestLingerPause) != IoStatus.Done)
                break;
        }
    }

    private void Ended()
    {
        _serving.GetResult();
        _serving = default;
        Input.Release();
        Transport.Close();
        Transport = null!;
        _loop.Ended(this);
    }

    /// <summary>Closes the connection if it waits for a request.</summary>
    public void EndIfIdle()
    {
        if (_idle)
            Transport.CancelRead();
    }

    /// <summary>Breaks the connection off, whatever it does.</summary>
    /// <returns>Whether it was in the middle of an exchange, or of a session.</returns>
    public bool Cut()
    {
        if (_relay is not null)
        {
            _relay.Cut();
            return true;
        }

        var (exchange, opening) = (_exchange, _opening);

        // First the server's side, for the exchange may wait there; ending it may end this connection too.
        exchange?.AbortUpstream();
        opening?.Abort();
        Transport?.Abort();
        return exchange is not null || opening is not null;
    }
}
