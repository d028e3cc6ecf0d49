using System.Net;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Lists;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Rules;
using Steelyard.Engine.Sticky;
using Steelyard.Engine.Tracking;

namespace Steelyard.Engine.Explain;

/// <summary>A request that is asked about, read as one that came: what rules and choices go by beside the servers.</summary>
internal sealed class AskedRequest : RoutedRequest, IDisposable
{
    // Any port: nothing goes by it.
    private const int ClientPort = 49152;

    private readonly ForwardedFields _client = new();
    private readonly ListenerState _listener;
    private readonly Ends _ends;
    private readonly BlockPool _blocks = new();
    private readonly List<RuleStep> _steps = [];
    private readonly long _time;
    private byte[] _head = [];

    /// <param name="question">What was asked.</param>
    /// <param name="routes">Where it comes to.</param>
    public AskedRequest(Question question, AskedRoutes routes)
    {
        var listener = routes.Listener;
        Request.Clear();
        (Request.AllowsConnect, Request.Tolerant, Request.KeepsSlashes, Request.AsNginx, Request.Fields.Names) = (listener.Connect, listener.Tolerant, listener.KeepsSlashes, listener.AsNginx, listener.FieldNames);
        _time = Math.Max(0, question.Time.ToUnixTimeSeconds());
        var peer = KernelAddress.For(question.From, ClientPort);
        _listener = new ListenerState(routes.Table, [.. listener.TrustedProxies], listener.Forwarded) { ClientField = listener.ClientField is { } field ? new(field) : null };
        _client.Reset(peer, _listener, listener.Tls is not null);
        _ends = new(peer, DestinationOf(question.Listener ?? listener.Bind[0]));
    }

    private static KernelAddress DestinationOf(NetworkAddress bound) =>
        KernelAddress.For(IPAddress.TryParse(bound.Host, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) ? address : IPAddress.Loopback, bound.Port);

    /// <summary>The name in its TLS hello, in TCP mode.</summary>
    public byte[] ServerName { get; init; } = [];

    /// <summary>The pools there are.</summary>
    public required IReadOnlyDictionary<string, Pool> Pools { get; init; }

    /// <summary>The lists there are; null for none. Who asks changes nothing of them.</summary>
    public required PatternLists? Listed { get; init; }

    public override PatternLists? Lists => null;

    /// <summary>Where its rules are now: the listener, a route or a pool.</summary>
    public string Place { get; set; } = "listener";

    /// <summary>The rules that were done, in their order.</summary>
    public IReadOnlyList<RuleStep> Steps => _steps;

    /// <summary>Told when it goes on by a route, before the route's rules are done.</summary>
    public Action<Route>? Entered { get; set; }

    /// <summary>The pool it goes to, once that is known.</summary>
    public Pool? Pool { get; set; }

    public override BlockPool Blocks => _blocks;

    public override ReadOnlySpan<byte> Head => RequestEdit.IsHeld ? RequestEdit.Bytes : _head;

    public override ExchangeTracking? Tracking => null;

    public override ref readonly KernelAddress Peer => ref _ends.Peer;

    public override void ComeFrom(in KernelAddress peer)
    {
        _ends.ComeFrom(peer);
        _client.Reset(peer, _listener, _client.Secure);
    }

    public override TemplateScope Scope => new()
    {
        Request = Request,
        Head = Head,
        Client = _client,
        ServerName = ServerName,
        Variables = SetVariables,
        Pools = Pools,
        Lists = Listed,
        Connection = _ends,
        Rerouted = Turns > 0,
        Pool = Pool is null ? default : Pool.NameBytes.Span,
    };

    /// <summary>Its head has been read.</summary>
    public void Hold(byte[] head) => _head = head;

    public override void EnterRoute(Route route)
    {
        (Route, Place) = (route, "route");
        Entered?.Invoke(route);
    }

    protected override void LeavePool() => Pool = null;

    public override void Note(Rule rule) => _steps.Add(new(Place, rule.Settings));

    /// <summary>What a pool hashes of it; nothing where it hashes nothing.</summary>
    public ReadOnlySpan<byte> KeyFor(Pool pool) => pool.Settings.Balance.Hash is { Key: var key } ? Read(key) : default;

    /// <summary>The server of a pool that the client belongs to, by its cookies or by what is remembered of it; null for none.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public Server? OwnerIn(Pool pool, long now)
    {
        if (pool.Cookies is { } cookies)
            return CookieLine.Read(Request.Fields, Head, cookies, _time) is { Server: >= 0 } seen ? pool.Servers[seen.Server] : null;
        if (pool.Clients is not { LooksUp: true } clients)
            return null;
        var key = Read(pool.Settings.Sticky!.Key!);
        return key.IsEmpty ? null : clients.OwnerOf(clients.Table.KeyOf(key), now, touch: false);
    }

    private ReadOnlySpan<byte> Read(RequestKey key) =>
        new RequestKeyReader(key).Read(Scope);

    public void Dispose()
    {
        if (RequestEdit.IsHeld)
            RequestEdit.Release(_blocks);
        _blocks.Dispose();
    }

    private sealed class Ends(KernelAddress peer, KernelAddress destination) : ConnectionEnds
    {
        private KernelAddress _peer = peer;
        private readonly KernelAddress _destination = destination;

        public override ref readonly KernelAddress Peer => ref _peer;

        public override ref readonly KernelAddress Destination => ref _destination;

        public void ComeFrom(in KernelAddress peer) => _peer = peer;
    }
}
