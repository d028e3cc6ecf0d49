using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Explain;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Lists;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Metering;
using Steelyard.Engine.Network;
using Steelyard.Engine.Rules;
using Steelyard.Engine.Sticky;
using Steelyard.Engine.Tracing;
using Steelyard.Engine.Tracking;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// What the parts of one exchange share: the client, its request, the server's connection, and the one plan the
/// exchange goes by from its beginning to its end, whatever the loop is given meanwhile.
/// </summary>
internal sealed class ExchangeContext : RoutedRequest
{
    private static readonly RequestHead s_unknown = new();

    private LoopPlan _loopPlan;
    private OwnConnection? _own;

    private Pool? _pool;
    private MillisecondTimeouts? _poolTimeouts;
    private ExplainField? _explanation;
    private ExchangeTracking? _tracking;
    private InputBuffer? _responseInput;

    // Who count this exchange as under way.
    private ListenerMeter? _atListener;
    private RouteMeter? _atRoute;

    // The server counts this exchange as active.
    private bool _active;

    public ExchangeContext(ProxyLoop loop)
    {
        (Loop, _loopPlan) = (loop, loop.Present);
        Deadline = new RequestDeadline(this);
        (Affinity, Body, Asking) = (new Affinity(this), new BodyWaiting(this), new Asking(this));
        Identity = new RequestIdentity(this);
        Record = new AccessRecord(this);
        (RequestRate, ResponseRate, SendRate) = (new MinimumRate(loop.Events), new MinimumRate(loop.Events), new MaximumRate(loop.Events));
    }

    public ProxyLoop Loop { get; }

    public EventLoop Events => Loop.Events;

    public override BlockPool Blocks => Events.Blocks;

    public ProxyPlan Plan => _loopPlan.Plan;

    /// <summary>How long the whole of it may take.</summary>
    public RequestDeadline Deadline { get; }

    /// <summary>How fast the client has to send its body.</summary>
    public MinimumRate RequestRate { get; }

    /// <summary>How fast the client has to take its answer.</summary>
    public MinimumRate ResponseRate { get; }

    /// <summary>How fast the answer is sent to it.</summary>
    public MaximumRate SendRate { get; }

    /// <summary>Where it is copied to; null where it never was.</summary>
    public Mirroring? Mirroring { get; set; }

    /// <summary>Whose client it is.</summary>
    public Affinity Affinity { get; }

    /// <summary>By what the request is known beyond this program.</summary>
    public RequestIdentity Identity { get; }

    public override ExchangeTracking? Tracking => Plan.Tables is null ? null : _tracking ??= new(this);

    /// <summary>What writes it down: the route's, the listener's before it is matched; null for nothing.</summary>
    public AccessLog? Log { get; private set; }

    /// <summary>What a log says of it.</summary>
    public AccessRecord Record { get; }

    public ClientConnection Client { get; private set; } = null!;

    public override ref readonly KernelAddress Peer => ref Client.Peer;

    public override void ComeFrom(in KernelAddress peer) => Client.ComeFrom(peer);

    /// <summary>What is changed in the response, whoever gives it; null for nothing.</summary>
    public FieldEdits? ResponseEdits => Route is null ? Client.Listener.Routes.ResponseEdits : Route.ResponseEdits;

    /// <summary>The pool that serves it, once it is chosen.</summary>
    public Pool? Pool
    {
        get => _pool;
        set => (_pool, _poolTimeouts) = (value, value is null || Plan.PoolTimeouts is not { } all ? null : all.GetValueOrDefault(value));
    }

    /// <summary>What is told of the choices, where somebody trusted asks; null for nobody.</summary>
    public ExplainField? Explanation { get; private set; }

    /// <summary>The server of the present attempt, or of the last one.</summary>
    public Server? Server { get; private set; }

    /// <summary>Where the request itself has said that its server is; null where it has not.</summary>
    public MadeTarget? Target { get; set; }

    /// <summary>The address of the server of the present attempt; empty for none.</summary>
    public ReadOnlyMemory<byte> ServerBytes => Target?.Text ?? Server?.AddressBytes ?? default;

    /// <summary>What rules have changed of the response's head.</summary>
    public EditedHead ResponseEdit { get; } = new();

    /// <summary>What an answer has left that says who is to answer in its place.</summary>
    public HandedOn Handed { get; } = new();

    public override PatternLists? Lists => Plan.Lists;

    public override ReadOnlySpan<byte> Head => RequestEdit.IsHeld ? RequestEdit.Bytes : Client.Input.Head;

    /// <summary>The server's response, where rules or templates may ask for it; null until its head has come.</summary>
    public ResponseHead? Response { get; private set; }

    /// <summary>The bytes of the response's head, as rules have left it.</summary>
    public ReadOnlySpan<byte> ResponseBytes => ResponseEdit.IsHeld ? ResponseEdit.Bytes : _responseInput!.Head;

    /// <summary>What the variables of templates stand for. Of a request whose head is not held, nothing is known.</summary>
    public override TemplateScope Scope => ScopeOf(HeadHeld ? Head : default, Response, Response is null ? default : ResponseBytes, OwnStatus);

    /// <summary>The same where the head was kept for a log and the answer is over.</summary>
    /// <param name="head">The head that was kept.</param>
    /// <param name="status">What the client was told; -1 for nothing.</param>
    public TemplateScope ScopeOfLog(ReadOnlySpan<byte> head, int status) => ScopeOf(HeadHeld ? head : default, null, default, status);

    /// <summary>The same with a response, whether rules ask for it or not.</summary>
    public TemplateScope ScopeOfResponse(ResponseHead? response, ReadOnlySpan<byte> bytes) => ScopeOf(Head, response, bytes, status: 0);

    private TemplateScope ScopeOf(ReadOnlySpan<byte> head, ResponseHead? response, ReadOnlySpan<byte> responseBytes, int status) => new()
    {
        Request = HeadHeld ? Request : s_unknown,
        Head = head,
        Client = Client.Forwarded,
        ServerName = Client.ServerName,
        Response = response,
        ResponseBytes = responseBytes,
        Variables = SetVariables,
        Pools = Plan.Pools,
        Lists = Plan.Lists,
        Identity = Identity,
        Tracking = Tracking,
        Connection = Client,
        Arrived = Body.IsHere ? Client.Input : null,
        Loop = Loop,
        Rerouted = Turns > 0,
        OwnStatus = status,
        Pool = Pool is null ? default : Pool.NameBytes.Span,
        Server = ServerBytes.Span,
        ServedBy = Server,
    };

    /// <summary>How long each part of it may take.</summary>
    public ExchangeTimeouts Timeouts => new(
        Client.Listener.Timeouts,
        _poolTimeouts,
        Route?.Timeouts,
        SetServerTimeout,
        SetTunnelTimeout);

    /// <summary>What the loop counts for the plan of this exchange.</summary>
    public LoopMeters Meters => _loopPlan.Meters;

    /// <summary>When the first byte of the request was read, in the loop's milliseconds.</summary>
    public long Begun { get; private set; }

    /// <summary>When the present attempt began.</summary>
    public long AttemptBegun { get; set; }

    /// <summary>When the head of the final answer had come.</summary>
    public long AnsweredAt { get; set; }

    /// <summary>Bytes of the answer that were passed on, head, body and tunnel.</summary>
    public long BytesPassed { get; set; }

    /// <summary>Those of them that were a tunnel's, which counts them as they pass.</summary>
    public long TunneledDown { get; set; }

    /// <summary>Bytes that a tunnel has brought from the client.</summary>
    public long TunneledUp { get; set; }

    /// <summary>The server's connection while one is in use.</summary>
    public UpstreamConnection? Upstream { get; set; }

    /// <summary>The client's head is complete and held in its input.</summary>
    public bool HeadHeld { get; set; }

    /// <summary>What has come of the request's body, and how it is waited for.</summary>
    public BodyWaiting Body { get; }

    public override bool LacksBody(BodyWait wait) => Body.Lacks(wait);

    /// <summary>Something of the final response may have been sent.</summary>
    public bool ResponseBegun { get; set; }

    /// <summary>Whoever sees the connection end before the response does knows that something is missing.</summary>
    public bool EndShows { get; set; }

    /// <summary>The client was told that its connection ends with this response.</summary>
    public bool ClosesAfter { get; set; }

    /// <summary>The connection has gone on in another protocol.</summary>
    public bool Switched { get; set; }

    /// <summary>The status of an answer of the proxy's own, while it is written.</summary>
    public int OwnStatus { get; set; }

    /// <summary>Something of the request's body is still to come, and will not be taken.</summary>
    public bool BodyLeft { get; set; }

    /// <summary>Whether it may go on, where somebody is asked that first.</summary>
    public Asking Asking { get; }

    /// <summary>Goes on as the copy of a request that it is.</summary>
    /// <returns>Whether there was room for what it asks for.</returns>
    public bool BeginCopy()
    {
        var order = Client.Copy!.Value;
        if (order.Original?.SetVariables is { } theirs)
            Variables.Take(theirs);
        if (!order.HasBody)
            RuleEdits.DropBody(this);
        Turns++;
        ExpressionRoom.OfThread.Clear();
        return order.Path.TryMake(Scope, out var path) && RuleEdits.SetTarget(this, path, keepQuery: true);
    }

    /// <summary>Whether an answer of a server with this status gives way to an error page, or where one answers already to a page of the proxy's own (nginx).</summary>
    public bool Intercepts(int status) => !Asking.IsUnderWay && Route is { Intercepts: true, ErrorPages: { } pages } && pages.Find(status) is not null && (Client.Listener.GatewayStatuses || PageFor(status) is not null);

    public void Begin(ClientConnection client)
    {
        (Client, Upstream, Pool, Server, _own) = (client, null, null, null, client.Own);
        BeginRouting();
        (HeadHeld, ResponseBegun, EndShows, ClosesAfter, Switched, Body.IsHere) = (false, false, false, false, false, false);
        (OwnStatus, BodyLeft, Target, Instead, IsHandedOn) = (0, false, null, null, false);
        (Begun, AnsweredAt, BytesPassed, TunneledUp, TunneledDown) = (Events.Now, Events.Now, 0, 0, 0);
        Asking.Forget();
        Affinity.Forget();
        Identity.Forget();
        Record.Begin();
        (Explanation, Response) = (null, null);
        TakePlan();
    }

    // By which nothing has been made of the request so far.
    private void TakePlan()
    {
        (_loopPlan, Log) = (Client.Plan, Client.Copy is null ? Client.Listener.Log : null);
        Request.Clear();
        (Request.AllowsConnect, Request.Tolerant) = (Client.Listener.Connect, Client.Listener.Tolerant);
        (Request.KeepsSlashes, Request.AsNginx) = (Client.Listener.KeepsSlashes, Client.Listener.AsNginx);
        Request.Fields.Names = Client.Listener.FieldNames;
    }

    /// <summary>Takes up what the loop goes by now, as long as the head is not whole: of servers that have left meanwhile none may be there any more.</summary>
    public void FollowPlan()
    {
        Client.FollowPlan();
        if (_loopPlan == Client.Plan)
            return;
        LeaveMeters();
        TakePlan();
        EnterListener();
    }

    /// <summary>
    /// Goes on with the pool that a reload has put in the place of the one at hand, whose servers may be gone. What the
    /// request was decided on before stays decided.
    /// </summary>
    /// <returns>Whether there is such a pool.</returns>
    public bool FollowPool(ref Pool pool)
    {
        if (FollowerOf(pool) is not { } its)
            return false;
        _loopPlan = Loop.Present;
        Pool = pool = its;
        return true;
    }

    /// <summary>Whether a reload has put another pool in the place of the one at hand.</summary>
    public bool HasFollower(Pool pool) => FollowerOf(pool) is not null;

    private Pool? FollowerOf(Pool pool) =>
        _loopPlan != Loop.Present && Loop.Plan.Pools.GetValueOrDefault(pool.Name) is { } its && its != pool ? its : null;

    /// <summary>Counts it as under way at its listener, until <see cref="LeaveMeters"/>.</summary>
    public void EnterListener() => (_atListener = Meters.Listener(Client.Listener.Ordinal)).UnderWay++;

    /// <summary>What counts its listener, as long as it is under way.</summary>
    public ListenerMeter ListenerMeter => _atListener!;

    /// <summary>What counts its route; that of none where it has none.</summary>
    public RouteMeter RouteMeter => Route is null ? Meters.Route(0) : _atRoute!;

    /// <summary>Where the bytes of a tunnel are counted.</summary>
    public TunnelMeters TunnelMeters => new(ListenerMeter, RouteMeter, Meters.Server(Pool!, Server!));

    /// <summary>Goes on by a route, and counts as under way there too, and no more at one before.</summary>
    public override void EnterRoute(Route route)
    {
        Route = route;
        Explanation?.Take(route.Settings);

        // Who counts for its line counts no more where none is written.
        if (Log is not null && route.Log is null)
            Record.End();
        Log = Client.Copy is null ? route.Log : null;
        if (_atRoute is not null)
            _atRoute.UnderWay--;
        (_atRoute = Meters.Route(route.Ordinal)).UnderWay++;
    }

    protected override void LeavePool() => (Record.LeftPool, Pool) = (Pool ?? Record.LeftPool, null);

    /// <summary>Is not under way any more; of one that was not, nothing comes.</summary>
    public void LeaveMeters()
    {
        // Those it was counted by, even where a reload has put others in their places.
        if (_atListener is not null)
            _atListener.UnderWay--;
        if (_atRoute is not null)
            _atRoute.UnderWay--;
        (_atListener, _atRoute) = (null, null);
    }

    /// <summary>Finds out whether the client may know how its server is chosen, and wants to. The head is held.</summary>
    public void SeeWhoAsks()
    {
        if (Client.Listener.Explain is not { } trusted || Request.Fields.IndexOf(KnownField.SteelyardExplain) < 0)
            return;

        // A proxy in front is trusted; who is behind it may be anybody.
        if (!trusted.Contains(Client.Peer) || !trusted.Contains(Client.Forwarded.ClientAddress(Request, Head)))
            return;
        Explanation = _explanation ??= new();
        Explanation.Begin();
    }

    /// <summary>Lets rules and templates ask for a response, until <see cref="ForgetResponse"/>.</summary>
    /// <param name="response">Its head, which has come.</param>
    /// <param name="input">What holds that.</param>
    public void TakeResponse(ResponseHead response, InputBuffer input) => (Response, _responseInput) = (response, input);

    /// <summary>Does what the rules for responses say: the pool's, then the listener's.</summary>
    /// <param name="response">The final response, whose head has come.</param>
    /// <param name="input">What holds its head.</param>
    /// <returns>Whether the response is passed on.</returns>
    public bool RunResponseRules(ResponseHead response, InputBuffer input)
    {
        var ofPool = Plan.PoolRules?.GetValueOrDefault(Pool!).OfResponses;
        var ofListener = Client.Listener.ResponseRules;
        var ofRoute = Route.ResponseRules;
        if (ofPool is null && ofListener is null && ofRoute is null && Route.ResponseEdits is null && ToldStatus == 0)
            return true;
        TakeResponse(response, input);
        if (ToldStatus > 0 && response.Status is not (204 or 304))
        {
            ResponseEdit.Take(Events.Blocks, ResponseBytes);
            if (!response.TrySetStatus(ToldStatus, ResponseEdit))
                return false;
        }

        return (ofRoute is null || ofRoute.RunOnResponse(this) == RuleVerdict.GoOn)
            && (ofPool is null || ofPool.RunOnResponse(this) == RuleVerdict.GoOn)
            && (ofListener is null || ofListener.RunOnResponse(this) == RuleVerdict.GoOn);
    }

    /// <summary>Whether rules change answers of the proxy's own: those of the pool, and of the listener.</summary>
    public bool HasOwnRules => HeadHeld && Response is null && (Client.Listener.OwnRules is not null || (Pool is { } pool && Plan.PoolRules?.GetValueOrDefault(pool).OfOwn is not null));

    /// <summary>Does what they say with such an answer. What it becomes is held until <see cref="ForgetResponse"/>.</summary>
    /// <param name="answer">Its head, read.</param>
    /// <param name="head">The bytes of that.</param>
    public void RunOwnRules(ResponseHead answer, ReadOnlySpan<byte> head)
    {
        ResponseEdit.Take(Events.Blocks, head);
        Response = answer;
        if (Pool is { } pool)
            _ = Plan.PoolRules?.GetValueOrDefault(pool).OfOwn?.RunOnResponse(this);
        _ = Client.Listener.OwnRules?.RunOnResponse(this);
    }

    /// <summary>The response gives way to what is found by a path, or by the name of a route.</summary>
    /// <param name="target">Path and query; empty for a route.</param>
    /// <param name="route">The name; null for a path.</param>
    /// <returns>Whether there was room to keep what is wanted of it.</returns>
    public bool HandOn(ReadOnlySpan<byte> target, byte[]? route) =>
        IsHandedOn = Handed.TryTake(Events.Blocks, Response!.Fields, ResponseBytes, target, route);

    /// <summary>The response at hand has given way to another answer.</summary>
    public bool IsHandedOn { get; private set; }

    /// <summary>Goes on to who answers instead.</summary>
    /// <param name="asItCame">Whether the request goes there as it came.</param>
    /// <returns>Whether there was room for what is asked for.</returns>
    public bool TakeHandedOn(bool asItCame)
    {
        (IsHandedOn, GoesTo) = (false, Handed.Route);
        LeavePool();
        Turns++;
        return (Handed.Route is not null || RuleEdits.SetTarget(this, Handed.Target, keepQuery: false)) && (asItCame || RuleEdits.BecomeGet(this));
    }

    /// <summary>What the client gets where rules have kept a response back; null for the page of that.</summary>
    public LocalAnswer? Instead { get; set; }

    /// <summary>Lets go of what rules have made.</summary>
    public void EndRules()
    {
        if (RequestEdit.IsHeld)
            RequestEdit.Release(Events.Blocks);
        Handed.Release(Events.Blocks);
        ForgetResponse();
        SetVariables?.Clear();
        _tracking?.End();
    }

    /// <summary>The response's head is not held any more.</summary>
    public void ForgetResponse()
    {
        if (Response is null)
            return;
        if (ResponseEdit.IsHeld)
            ResponseEdit.Release(Events.Blocks);
        (Response, _responseInput) = (null, null);
    }

    /// <summary>Chooses the server of the next attempt; the one before has no more to do with this exchange.</summary>
    public Decision Choose(Pool pool, ServerSet tried)
    {
        EndWithServer();
        var choice = new Choice { Tried = tried, Owner = Affinity.Owner, Named = Affinity.Named, Forced = Affinity.Forced, Preferred = _own?.ServerIn(pool), Now = Events.Now, Chance = Loop.NextChance(), Key = KeyFor(pool) };
        var decision = Explanation is { } explanation ? explanation.Choose(pool, choice) : pool.Choose(choice);
        if (decision.Server is { } server)
            Take(server);
        return decision;
    }

    /// <summary>Goes on with a server that counts this exchange as active already.</summary>
    public void Take(Server server)
    {
        (Server, _active, Target, IsHandedOn) = (server, true, null, false);
        Affinity.Chosen(server);
    }

    private ReadOnlySpan<byte> KeyFor(Pool pool) => pool.Settings.Balance.Hash is null ? default : Plan.HashedKeys[pool].Read(Scope);

    /// <summary>The server has done what it was chosen for.</summary>
    public void EndWithServer()
    {
        if (_active)
            Server!.End();
        _active = false;
    }

    /// <summary>The loop's kept connections to a server of this plan.</summary>
    public IdleConnections IdleConnectionsOf(Server server) => _loopPlan.Idle[server.Ordinal];

    public void CloseUpstream()
    {
        ForgetResponse();
        Client.Transport.EndsWith = null;
        Upstream!.Close();
        Upstream = null;
    }
}
