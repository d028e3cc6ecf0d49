using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.ProxyProtocol;
using Steelyard.Engine.Tls;
using Steelyard.Engine.Tracking;

namespace Steelyard.Engine.Proxy;

/// <summary>A client's connection: one exchange after the other, until one side has had enough. Owned by its loop.</summary>
internal sealed class ClientConnection : ConnectionEnds
{
    private const long LongestPromise = 1000;

    private const int BudgetOfExchange = TurnBudget.BytesPerTurn / 16;

    private readonly ProxyLoop _loop;
    private readonly Action _ended;
    private ValueTaskAwaiter _serving;
    private Exchange? _exchange;
    private TcpSession? _session;
    private TurnBudget _budget;
    private KernelAddress _peer;
    private KernelAddress _ownPeer;
    private KernelAddress _destination;
    private KernelAddress _sender;
    private KernelAddress _toldPeer;
    private KernelAddress _toldDestination;
    private ProxyHeader? _proxyHeader;
    private ClientHello? _hello;
    private byte[]? _certificate;
    private ShownCertificate? _shown;
    private byte[]? _tlsName;
    private Arrival _arrival;
    private int _requests;
    private long _number;
    private long _begun;
    private bool _helloRead;
    private bool _idle;
    private bool _awaited;
    private bool _cameLate;
    private bool _waitedTooLong;

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

    /// <summary>Whether it speaks HTTP without TLS where that is spoken, and is told so.</summary>
    public bool SpeaksPlainly { get; private set; }

    /// <summary>What it is to do as a copy of a request that another client has sent; null for a client of its own.</summary>
    public CopyOrder? Copy { get; private set; }

    public InputBuffer Input { get; }

    /// <summary>What its next request goes by.</summary>
    public LoopPlan Plan { get; private set; } = null!;

    public ListenerState Listener { get; private set; } = null!;

    /// <summary>How many requests it has brought so far, the present one included.</summary>
    public override int Requests => _requests;

    /// <summary>A number that no other connection of the process has.</summary>
    public override long Number => _number;

    public override ClientHello? Hello => _helloRead ? _hello : null;

    public override ReadOnlySpan<byte> FirstBytes => Listener.Mode == ListenerMode.Tcp ? Input.Unread : default;

    public override long OpenBeside => Listener.Connections.Open;

    public override SslStream? Tls => (Transport as TlsTransport)?.Stream;

    public override ReadOnlySpan<byte> TlsName => _tlsName ??= Tls is { TargetHostName: { Length: > 0 } name } ? Encoding.ASCII.GetBytes(name) : [];

    public override ShownCertificate? Certificate => _shown ??= Tls?.RemoteCertificate is X509Certificate2 certificate ? new(certificate) : null;

    /// <summary>Whether the present request was there, in part at least, before the one before was answered.</summary>
    public bool IsPipelined { get; private set; }

    /// <summary>When it was ready for its next request: its handshakes done, or the request before over.</summary>
    public long ReadyAt { get; private set; }

    /// <summary>Milliseconds that its handshakes took; 0 after its first request.</summary>
    public long HandshakeTime => _requests > 1 ? 0 : ReadyAt - _begun;

    /// <summary>How it came.</summary>
    public ref readonly Arrival Arrival => ref _arrival;

    /// <summary>
    /// The connection ends with its present exchange: the loop drains, the configuration has its listener no more or
    /// lets it speak something else, or it has had as many requests as it may.
    /// </summary>
    public bool Leaving =>
        _loop.Draining || Copy is not null || SpeaksPlainly || (Plan != _loop.Present && !IsServedOn) || (_requests > 0 && Plan.Plan.Limits.RequestsPerConnection <= _requests);

    // Who came without TLS, or without a certificate, does not get what is behind them now.
    private bool IsServedOn => _loop.Plan.ListenerAt(Arrival.Slot) is { } listener && listener.Continues(Listener);

    /// <summary>What it has of its own at a server; null for nothing so far.</summary>
    public OwnConnection? Own { get; private set; }

    /// <summary>What the connection is counted by with all its requests; null for nothing.</summary>
    public TrackedKeys? Tracked { get; set; }

    /// <summary>What the servers are told of this client.</summary>
    public ForwardedFields Forwarded { get; } = new();

    /// <summary>The name in the hello of a client whose TLS is left to the servers; empty for none, or where nobody asked for it.</summary>
    public ReadOnlySpan<byte> ServerName => _helloRead ? _hello!.ServerName : default;

    public override ref readonly KernelAddress Peer => ref _peer;

    public override ref readonly KernelAddress Sender => ref _sender;

    public override ref readonly KernelAddress ToldPeer => ref _toldPeer;

    public override ref readonly KernelAddress ToldDestination => ref _toldDestination;

    public override ref readonly KernelAddress Destination
    {
        get
        {
            if (_destination.Length == 0)
                _destination = Transport.LocalAddress();
            return ref _destination;
        }
    }

    /// <summary>Takes the client to be elsewhere, until its present request has been answered.</summary>
    public void ComeFrom(in KernelAddress peer)
    {
        if (_ownPeer.Length == 0)
            _ownPeer = _peer;
        _peer = peer;
        Forwarded.Reset(_peer, Listener, IsSecure, _certificate);
    }

    /// <summary>Whether its present request is taken to be from elsewhere.</summary>
    public bool IsTakenElsewhere => _ownPeer.Length > 0;

    private void ComeBack()
    {
        if (_ownPeer.Length == 0)
            return;
        (_peer, _ownPeer) = (_ownPeer, default);
        Forwarded.Reset(_peer, Listener, IsSecure, _certificate);
    }

    private bool IsSecure => Transport is TlsTransport or CopyTransport { IsSecure: true };

    /// <param name="transport">The connection.</param>
    /// <param name="arrival">How it came.</param>
    public void Start(Transport transport, in Arrival arrival)
    {
        (Transport, _arrival, _peer, _destination) = (transport, arrival, arrival.Connection.Peer, default);
        (_sender, _toldPeer, _toldDestination) = (arrival.Connection.Peer, default, default);
        (Plan, _certificate, _shown, _tlsName, _helloRead, _requests, _begun) = (null!, null, null, null, false, 0, _loop.Events.Now);
        _cameLate = _loop.Draining;
        _awaited = _cameLate || Copy is not null;
        (_number, IsPipelined, SpeaksPlainly, _ownPeer) = (_loop.NextNumber(), false, false, default);
        FollowPlan();
        Observe(Serve());
    }

    /// <summary>Serves a copy of a request, whose answer nobody gets.</summary>
    public void StartCopy(CopyTransport transport, in CopyOrder order)
    {
        Copy = order;
        var original = order.Original!.Client;
        Start(transport, new Arrival(new(-1, original.Peer), original.Arrival.Slot, original.Listener, CountedAs: null));
        if (Copy is not null)
            Copy = order with { Original = null };
    }

    /// <summary>Takes up what the loop goes by now. Where the listener has left, or speaks another language now, the connection stays with what it had.</summary>
    public void FollowPlan()
    {
        if (Plan == _loop.Present || _loop.Plan.ListenerAt(Arrival.Slot) is not { } listener || (Plan is not null && !listener.Continues(Listener)))
            return;
        (Plan, Listener) = (_loop.Present, listener);
        Forwarded.Reset(_peer, listener, IsSecure, _certificate);
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
            var next = Copy is null && Listener.ProxyProtocol.Contains(_peer) ? await ReadProxyHeader() : AfterExchange.KeepAlive;
            if (next == AfterExchange.KeepAlive && Copy is null && Listener.Tls is { } tls)
                next = await Secure(tls);
            ReadyAt = _loop.Events.Now;
            if (next == AfterExchange.KeepAlive && Listener.Mode == ListenerMode.Tcp)
                next = await ServeSession();

            while (next == AfterExchange.KeepAlive && (!Input.IsEmpty || await WaitForRequest()))
            {
                FollowPlan();
                _requests++;
                _exchange = _loop.RentExchange();
                next = await _exchange.Run(this);
                _exchange.Leave();
                ComeBack();
                _loop.Recycle(_exchange);
                _exchange = null;
                Input.ReleaseHead();
                ReadyAt = _loop.Events.Now;
                IsPipelined = !Input.IsEmpty;

                // Requests that are all here already must not keep the loop from everybody else.
                if (!Input.IsEmpty && _budget.Spend(BudgetOfExchange))
                    await _loop.Events.NextTurn;
            }

            if (_requests == 0 && next == AfterExchange.KeepAlive && Listener.Log is { WritesNull: true })
                NoteNothing();
            if (next is AfterExchange.Linger or AfterExchange.Truncate)
                await Lingering.Run(_loop, Transport, Input, cut: next == AfterExchange.Truncate);
            else if (next == AfterExchange.Reset)
                Transport.ResetOnClose();
        }
        catch (Exception fault)
        {
            _loop.Faulted(fault);
            _exchange?.Abandon();
            _session?.Abandon();
            (_exchange, _session) = (null, null);
            Transport.ResetOnClose();
        }
    }

    /// <summary>Reads what a trusted proxy says of the client, before anything of the client's own.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> ReadProxyHeader()
    {
        var header = _proxyHeader ??= new ProxyHeader();
        var end = await ReadStart(header);
        if (end != StartEnd.Complete)
        {
            var refused = end is StartEnd.Invalid or StartEnd.TimedOut;
            _loop.Counters.ProxyHeadersRefused += refused ? 1 : 0;
            return refused ? AfterExchange.Reset : AfterExchange.Close;
        }

        Input.Take(header.Length);
        Input.ReleaseHead();
        if (header.NamesClient)
        {
            (_toldPeer, _toldDestination) = (header.Source, header.Destination);
            if (Listener.ProxyProtocolClients is not { } believed)
                (_peer, _destination) = (header.Source, header.Destination);
            else if (believed.Contains(_peer))
                _peer = header.Source;
            Forwarded.Reset(_peer, Listener);
        }

        return AfterExchange.KeepAlive;
    }

    /// <summary>Looks at the first bytes until they can be judged; until then the client is idle, whatever it has sent.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<StartEnd> ReadStart(IStartReader reader)
    {
        _idle = true;
        var end = await StartOfConnection.Read(Transport, Input, reader, _loop.Events.In(Listener.Timeouts.ClientHeader));
        _idle = false;
        return end;
    }

    /// <summary>Joins the connection to a server, whatever it carries, to its end.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> ServeSession()
    {
        _loop.Counters.Sessions++;
        FollowPlan();
        var asksStart = Listener.RulesAskName || Listener.Start is not null;
        var (end, closes) = (StartEnd.Complete, !asksStart && RulesClose());

        // HAProxy: what does not come in time is not there, and rules and routes go by that.
        if (Listener.Start is { } start)
        {
            end = await ReadStart(start);
            end = end == StartEnd.TimedOut || (end == StartEnd.Closed && !Input.IsEmpty) ? StartEnd.Complete : end;
            FollowPlan();
        }

        if (end == StartEnd.Complete && !closes && !(Listener.Start is not null && Input.IsEmpty) && (Listener.Routes.ByHost || Listener.Routes.ByServerName || Listener.RulesAskName))
        {
            end = await ReadStart(_hello ??= new ClientHello());
            _helloRead = end == StartEnd.Complete;
            FollowPlan();
        }

        closes |= asksStart && end == StartEnd.Complete && RulesClose();

        var route = closes || end != StartEnd.Complete ? null : Listener.Routes.MatchConnection(SessionScope);
        if (route is null)
        {
            _loop.Counters.SessionsRefused++;
            if (Listener.Log is not null)
                NoteRefusal(closes);
            return closes || end is StartEnd.Closed or StartEnd.Aborted ? AfterExchange.Close : AfterExchange.Reset;
        }

        _session = _loop.RentSession();
        var next = await _session.Run(this, route);
        _session.Context.LeaveMeters();
        _loop.Recycle(_session);
        _session = null;
        return next;
    }

    // What is known of a connection before its route is.
    private TemplateScope SessionScope =>
        new() { Request = RouteTable.NoRequest, Head = default, Client = Forwarded, ServerName = ServerName, Pools = _loop.Plan.Pools, Lists = _loop.Plan.Lists, Connection = this, Loop = _loop, Tracking = SessionTracking };

    private ConnectionTracking? SessionTracking => _loop.Plan.Tables is null ? null : field ??= new(this, _loop);

    private bool RulesClose() => Listener.Rules is { } rules && rules.CloseConnection(SessionScope, SessionTracking);

    /// <summary>Writes down that no route takes a connection, or that a rule has closed it.</summary>
    private void NoteRefusal(bool isDenied)
    {
        var session = _loop.RentSession();
        session.NoteRefusal(this, isDenied);
        _loop.Recycle(session);
    }

    /// <summary>Writes down that a connection has brought no request.</summary>
    private void NoteNothing()
    {
        var exchange = _loop.RentExchange();
        exchange.NoteNothing(this, _waitedTooLong);
        _loop.Recycle(exchange);
    }

    /// <summary>Puts TLS between the connection and everything that is read from it.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<AfterExchange> Secure(TlsListener tls)
    {
        if (Listener.HasPlainPage)
        {
            _idle = true;
            var came = Input.IsEmpty ? await Input.Fill(Transport, Listener.Timeouts.TlsHandshake) : IoStatus.Done;
            _idle = false;
            if (came != IoStatus.Done)
                return AfterExchange.Close;
            SpeaksPlainly = Input.Unread[0] is >= (byte)'A' and <= (byte)'Z';
            if (SpeaksPlainly)
                return AfterExchange.KeepAlive;
        }

        var secured = new TlsTransport(Transport, _loop.Tls);
        secured.Begin(Input.Unread);
        Input.Release();
        Transport = secured;
        if (Leaving && !_cameLate)
            return AfterExchange.Close;
        var due = _loop.Events.In(Listener.Timeouts.TlsHandshake);
        _idle = true;
        var first = await secured.AwaitFirstRecord(due);
        _idle = false;
        var end = await ServerHandshake.Run(_loop, secured, tls, first, due);
        var meter = _loop.MeterOf(Arrival.Slot);
        if (end == HandshakeEnd.Done)
        {
            if (meter is not null)
                meter.TlsHandshakes++;
            // Who began a handshake before the end was in sight has a request.
            _awaited = true;
            _certificate = tls.Settings.ClientCertificates is null ? null : ClientCertificateFields.Of(secured.Stream.RemoteCertificate);
            Forwarded.Reset(_peer, Listener, secure: true, _certificate);
            return AfterExchange.KeepAlive;
        }

        _loop.Counters.TlsFailures++;
        if (meter is not null)
            meter.TlsFailures++;
        if (end == HandshakeEnd.Failed)
            return AfterExchange.Close;
        Transport = secured.Unwrap();
        ServerHandshake.AnswerPlain(Transport);
        return AfterExchange.Linger;
    }

    /// <summary>Waits for the first bytes of a request: until then the client is idle, whatever woke it.</summary>
    /// <returns>Whether they came.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> WaitForRequest()
    {
        var due = _loop.Events.In(Listener.Timeouts.ClientIdle);
        while (!Leaving || _awaited)
        {
            _idle = true;
            var wake = await Transport.Readable(Leaving ? LongestPromise : Math.Max(due - _loop.Events.Now, 1));
            (_idle, _awaited) = (false, false);

            // Who is told to end while idle may have sent a request a moment before: it is still served.
            _waitedTooLong = wake == Wake.TimedOut;
            if (wake == Wake.TimedOut || Transport.Aborted)
                return false;
            var filled = Input.TryFill(Transport);
            if (filled != IoStatus.NotYet)
                return filled == IoStatus.Done;
        }

        return false;
    }

    /// <summary>
    /// How it ends once the last answer is sent: to close with bytes unread would break the connection off, and with it
    /// what is still on the way to the client.
    /// </summary>
    public AfterExchange CloseOrLinger() => Input.IsEmpty && !Transport.ReadReady ? AfterExchange.Close : AfterExchange.Linger;

    private void Ended()
    {
        _serving.GetResult();
        _serving = default;
        Tracked?.Leave(_loop.Events.Now);
        Own?.Close();
        Input.Release();
        Transport.Close();
        var (copied, isCopy) = (Transport as CopyTransport, Copy is not null);
        (Transport, Copy) = (null!, null);
        if (isCopy)
            _loop.Copies.Ended(this, copied!);
        else
            _loop.Ended(this);
    }

    /// <summary>How it is.</summary>
    public ConnectionStatus Look()
    {
        var context = _exchange?.Context ?? _session?.Context;
        return new(
            _peer.Address()?.ToString(),
            Plan.Plan.ListenerNames[Listener.Ordinal],
            _exchange is not null ? ConnectionState.Request : _session is not null ? ConnectionState.Session : _idle ? ConnectionState.Idle : ConnectionState.Opening,
            TimeSpan.FromMilliseconds(_loop.Events.Now - _begun),
            _requests,
            _exchange is null ? null : ErrorNote.RequestOf(context!),
            context?.Pool?.Name,
            context?.Server?.Settings.Address.ToString())
        { Number = _number };
    }

    /// <summary>The server that its exchange or session is with; null for none.</summary>
    public Balancing.Server? Server => (_exchange?.Context ?? _session?.Context)?.Server;

    /// <summary>Keeps a connection that serves this client alone.</summary>
    public void Keep(UpstreamConnection connection, Balancing.Pool pool, Balancing.Server server, long milliseconds) =>
        (Own ??= new(_loop)).Keep(connection, pool, server, leads: connection.Use == ConnectionUse.LoggedIn, milliseconds);

    /// <summary>Closes the connection if it waits for a request; who came when the loop drained already has a moment for one.</summary>
    public void EndIfIdle()
    {
        if (_idle && !_cameLate)
            Transport.CancelRead();
    }

    /// <summary>Looks again for a server, if it waits for one.</summary>
    public void LookAgain()
    {
        _exchange?.LookAgain();
        _session?.LookAgain();
    }

    /// <summary>Breaks the connection off, whatever it does.</summary>
    /// <returns>Whether it was in the middle of an exchange, or of a session in TCP mode.</returns>
    public bool Cut()
    {
        var inUse = _exchange is not null || _session is not null;

        // First the server's side, for the exchange may wait there; ending it may end this connection too.
        _exchange?.AbortUpstream();
        _session?.AbortUpstream();
        Transport?.Abort();
        return inUse;
    }
}
