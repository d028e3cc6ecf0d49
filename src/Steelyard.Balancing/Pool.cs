using Steelyard.Balancing.Sticky;
using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>The servers that answer the same requests, alive, with the way one is chosen. Shared by all loops.</summary>
public sealed class Pool
{
    private readonly Server[] _servers;
    private readonly Standing _standing;
    private readonly Tiers? _tiers;
    private readonly IServerPolicy? _custom;
    private readonly ActiveTotal? _total;

    // What logs count; nothing where there are none.
    private readonly ActiveTotal _sessions;

    // Null where no server has a limit, nor had one before a reload.
    private readonly PoolQueue? _queue;
    private readonly LimitedChoice? _limited;
    private readonly Succession _succession;

    // Null where servers do not come and go by themselves.
    private readonly DepartedServers? _departed;
    private volatile Picker _picker;
    private int _changes;

    /// <param name="settings">What the configuration says of the pool.</param>
    /// <param name="firstOrdinal">The <see cref="Server.Ordinal"/> of its first server; the others follow.</param>
    public Pool(PoolSettings settings, int firstOrdinal)
        : this(settings, () => firstOrdinal++, before: null)
    {
    }

    /// <summary>A pool after a reload: the state of servers that stay goes on.</summary>
    /// <param name="settings">What the configuration says of the pool.</param>
    /// <param name="nextOrdinal">Gives each server its <see cref="Server.Ordinal"/>, in their order.</param>
    /// <param name="before">The pool of that name before; null for none.</param>
    /// <param name="stickyKey">What cookies are signed with where the configuration does not say.</param>
    /// <param name="clientKey">What clients that are remembered are hashed with; empty for the same.</param>
    /// <param name="shared">The memory of clients that other pools have too; null for one of its own.</param>
    /// <param name="custom">How a server is chosen, instead of what the configuration says; null for that.</param>
    public Pool(PoolSettings settings, Func<int> nextOrdinal, Pool? before, ReadOnlySpan<byte> stickyKey = default, ReadOnlySpan<byte> clientKey = default, StickTable? shared = null, IServerPolicy? custom = null)
    {
        Settings = settings;
        Name = settings.Name;
        NameBytes = System.Text.Encoding.UTF8.GetBytes(Name);
        PriorityField = settings.Queue.PriorityField is { } field ? new(System.Text.Encoding.UTF8.GetBytes(field)) : null;
        PriorityVariable = settings.Queue.PriorityVariable is { } variable ? System.Text.Encoding.ASCII.GetBytes(variable) : null;
        OffsetVariable = settings.Queue.OffsetVariable is { } offset ? System.Text.Encoding.ASCII.GetBytes(offset) : null;
        RetryBudget = before?.Settings.Retries == settings.Retries ? before.RetryBudget : new(settings.Retries.Budget, settings.Retries.LeastPerSecond);
        _sessions = before?._sessions ?? new();
        if (settings.Balance is { Hash.Load: not null } or { Policy: BalancePolicy.HaproxyLeastConnections } || settings.FullConnections is not null)
            _total = before?._total ?? new();
        _servers = new Server[settings.Servers.Count];
        Breaker = settings.Breaker is { Scope: BreakerScope.Pool } its ? Kept(before?.Breaker, its) : null;
        _queue = before?._queue ?? (LimitedChoice.IsNeeded(settings) ? new() : null);
        _succession = before?._succession ?? new();
        for (var i = 0; i < _servers.Length; i++)
            _servers[i] = new Server(settings.Servers[i], i, nextOrdinal(), settings, before?.Find(settings.Servers[i].Address), joins: before is not null, _queue, _total, before?._departed?.Find(settings.Servers[i].Address));
        if (settings.Discover.Count > 0)
            _departed = new(this, before, before?._departed);
        _standing = new Standing(_servers, settings);
        Cookies = settings.Sticky is { Key: null } sticky ? new(sticky, Name, [.. settings.Servers], stickyKey) : null;
        Clients = settings.Sticky is { Key: not null } remembered ? new(remembered, _servers, clientKey.IsEmpty ? stickyKey : clientKey, before?.Clients, shared) : null;
        (_tiers, _custom) = (Tiers.Of(settings), custom);
        _limited = _queue is null ? null : new(this, _queue, custom is not null);
        _picker = PickerOf(_standing.Weights(Server.TimeUnknown, out _), before?._picker);
    }

    private Pool(Pool original)
    {
        _succession = new();
        (Settings, Name, NameBytes, Breaker) = (original.Settings, original.Name, original.NameBytes, original.Breaker);
        RetryBudget = new(Settings.Retries.Budget, Settings.Retries.LeastPerSecond);
        (PriorityField, PriorityVariable, OffsetVariable) = (original.PriorityField, original.PriorityVariable, original.OffsetVariable);
        (_queue, _total) = (original._queue is null ? null : new(), original._total?.Copy());
        _sessions = new();
        _servers = Array.ConvertAll(original._servers, server => new Server(server, _queue, _total));
        _standing = new Standing(_servers, Settings);
        (Cookies, Clients) = (original.Cookies, original.Clients);
        var picker = original._picker;
        (_tiers, _custom) = (original._tiers, original._custom);
        _limited = _queue is null ? null : new(this, _queue, _custom is not null);
        _picker = PickerOf(picker.Basis.ToArray(), picker);
        _picker.Detach();
    }

    private Picker PickerOf(int[] weights, Picker? before) => _tiers is null
        ? Picker.Of(Settings.Balance, _servers, weights, before, _custom)
        : new TieredPicker(_tiers, Settings.Balance, _servers, weights, before, _custom);

    /// <summary>What the configuration says of it.</summary>
    public PoolSettings Settings { get; }

    /// <summary>What tells by a client's cookie whose it is; null where none does.</summary>
    public StickyCookies? Cookies { get; }

    /// <summary>The breaker of the whole pool; null for none.</summary>
    public Breaker? Breaker { get; }

    internal static Breaker Kept(Breaker? before, BreakerSettings settings) =>
        before is not null && before.Settings == settings ? before : new(settings, before);

    /// <summary>Holds breakers open or closed until another call or the end of the program; a reload changes nothing of it.</summary>
    /// <param name="hold">What is wanted of them; <see cref="BreakerHold.None"/> lets them do their work again.</param>
    /// <param name="server">Whose breaker it is about; null for all of the pool's and its servers'.</param>
    /// <returns>Whether there is a breaker that it is about.</returns>
    public bool HoldBreakers(BreakerHold hold, NetworkAddress? server = null)
    {
        var held = false;
        if (server is null && Breaker is not null)
        {
            Breaker.Hold = hold;
            held = true;
        }

        foreach (var one in _servers)
        {
            if (one.Breaker is null || (server is not null && one.Settings.Address != server))
                continue;
            one.Breaker.Hold = hold;
            held = true;
        }

        return held;
    }

    /// <summary>The field whose number says who goes first in the queue, in UTF-8; null for none.</summary>
    public ReadOnlyMemory<byte>? PriorityField { get; }

    /// <summary>The variable whose number says so; null for none.</summary>
    public byte[]? PriorityVariable { get; }

    /// <summary>The variable whose number says how many milliseconds later than it did a request counts as come; null for none.</summary>
    public byte[]? OffsetVariable { get; }

    /// <summary>Whose clients are remembered here; null where none are.</summary>
    public StickyClients? Clients { get; }

    /// <summary>How many of its requests may be sent again.</summary>
    public RetryBudget RetryBudget { get; }

    /// <summary>What chooses by the state of now.</summary>
    internal Picker Picker => _picker;

    /// <summary>Whether a server would be chosen that is not in a set.</summary>
    /// <param name="tried">The set.</param>
    /// <param name="owner">The server the client belongs to; null for none.</param>
    public bool HasServerBeside(ServerSet tried, Server? owner = null) =>
        (owner is null || Settings.Sticky!.Redispatch || !tried.Contains(owner.Index)) && _picker.HasServerBeside(tried);

    /// <summary>The server at an address; null for none.</summary>
    public Server? Find(NetworkAddress address) => ByAddress.GetValueOrDefault(address);

    // Whoever asks first makes it. A reload asks for each server that stays, and there may be ten thousand.
    private Dictionary<NetworkAddress, Server> ByAddress => field ??= IndexByAddress();

    private Dictionary<NetworkAddress, Server> IndexByAddress()
    {
        var index = new Dictionary<NetworkAddress, Server>(_servers.Length);
        foreach (var server in _servers)
            index.TryAdd(server.Settings.Address, server);
        return index;
    }

    /// <summary>The name routes refer to.</summary>
    public string Name { get; }

    /// <summary><see cref="Name"/> in UTF-8, for messages written as bytes.</summary>
    public ReadOnlyMemory<byte> NameBytes { get; }

    /// <summary>The servers in the order of the configuration.</summary>
    public IReadOnlyList<Server> Servers => _servers;

    /// <summary>The same, for what looks at them for a request.</summary>
    internal Server[] Members => _servers;

    /// <summary>How many servers there are.</summary>
    public int Count => _servers.Length;

    /// <summary>Chooses a server for a request and counts the request as active there; <see cref="Server.End"/> has to follow.</summary>
    /// <param name="choice">What the choice goes by. A server whose trial another request has is passed over.</param>
    public Decision Choose(in Choice choice) => ChooseBy(_picker, choice);

    /// <summary>Chooses as <see cref="Choose"/> does, and says what each server was to the choice the moment before.</summary>
    /// <param name="choice">What the choice goes by.</param>
    /// <param name="candidates">Gets the servers in the order of the configuration; what was in it is gone.</param>
    public Decision Explain(in Choice choice, List<Candidate> candidates)
    {
        var picker = _picker;
        candidates.Clear();
        foreach (var server in _servers)
        {
            var share = picker.Shares[server.Index];
            var state = Standing.StateOf(server, share);
            if (share > 0 && choice.Tried.Contains(server.Index))
                state = CandidateState.Tried;
            else if (state is CandidateState.Eligible or CandidateState.OnTrial && server.Breaker?.WouldRefuse(choice.Now) is true)
                state = CandidateState.BreakerOpen;
            var score = state is CandidateState.Eligible or CandidateState.OnTrial ? picker.Score(server.Index, choice) : double.NaN;
            candidates.Add(new(server, state, share, server.Active, score) { Limit = _queue is null || server.Limit == int.MaxValue ? null : server.Limit });
        }

        return ChooseBy(picker, choice);
    }

    /// <summary>What <see cref="Candidate.Score"/> counts; null where the policy has no such thing.</summary>
    public string? ScoreMeaning => _picker.ScoreMeaning;

    /// <summary>
    /// A pool in the same state that goes on by itself: what is chosen in it takes no turn and no trial from this one's
    /// requests.
    /// </summary>
    public Pool Copy() => new(this);

    private Decision ChooseBy(Picker picker, in Choice choice) =>
        choice.Named is { } named && OwnerChoice.IsUp(Members[named.Index], picker, choice) ? OwnerChoice.ChooseNamed(Members[named.Index], choice)
        : choice.Owner is { } owner ? OwnerChoice.Choose(this, owner, picker, choice)
        : choice.Preferred is { } preferred && OwnerChoice.TakesAgain(preferred, picker, choice) ? new(preferred, DecisionReason.OwnConnection)
        : ChooseAny(picker, choice);

    /// <summary>Chooses for a client that belongs to nobody.</summary>
    internal Decision ChooseAny(Picker picker, in Choice choice)
    {
        if (_limited is null && !picker.HasTrials)
            return picker.Pick(choice);
        var decision = _limited is not null ? _limited.Choose(choice) : ChooseWithTrials(picker, choice);

        // Who was passed over was not tried: the request may wait for it, and come to it when it is sent again.
        choice.Tried.TakeBackPassed();
        return decision;
    }

    /// <summary>Chooses where one of the servers takes no more than one request, which shows whether it is well.</summary>
    internal Decision ChooseWithTrials(Picker picker, in Choice choice)
    {
        Decision passedOver = default;
        while (true)
        {
            var decision = picker.Pick(choice);
            if (decision.Server is not { } server)
            {
                // Nobody else is left: rather a server that may not be well than none.
                return passedOver.Server is null || Settings.Outlier is { MaxFails: not null } || picker.HasServerBeside(choice.Tried) || !passedOver.Server.TryBegin() ? decision : passedOver;
            }

            if (server.Outlier is not { Trying: true } state || state.Admits(choice.Now))
                return decision;
            server.End();
            choice.Tried.Pass(server.Index);
            if (passedOver.Server is null)
                passedOver = decision;
        }
    }

    /// <summary>Requests and sessions that are under way, waiting ones too, by <see cref="EnterSession"/>.</summary>
    public long Sessions => _sessions.Count;

    /// <summary>Counts one more, for who keeps a log. May be called from any thread.</summary>
    public void EnterSession() => _sessions.Add(1);

    /// <summary>It is over.</summary>
    public void LeaveSession() => _sessions.Add(-1);

    /// <summary>How many requests wait for a server.</summary>
    public int Waiting => _queue?.Count ?? 0;

    /// <summary>How many requests wait for one server and no other.</summary>
    public int WaitingFor(Server server) => _queue?.CountFor(server) ?? 0;

    /// <summary>
    /// Lets a request wait for a server, after <see cref="DecisionReason.AllFull"/>: in the order of coming, those of a lower
    /// priority number first (HAProxy: set-priority-class). When a server has room the request gets it and is called.
    /// </summary>
    /// <param name="request">The request; it waits nowhere.</param>
    /// <param name="tried">The servers it does not wait for. Not to be changed while it waits.</param>
    /// <param name="wanted">The one it waits for, as its client belongs to it or its route names it (<see cref="Decision.Awaited"/>); null for any.</param>
    /// <param name="priority">Smaller numbers go first.</param>
    /// <param name="again">Whether it had a server before, and so goes before the others of its priority.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public QueueState Join(QueuedRequest request, ServerSet tried, Server? wanted, int priority, bool again, long now) =>
        (_limited ?? throw new InvalidOperationException("A pool without limits has no queue.")).Join(request, tried, wanted is null ? null : _servers[wanted.Index], priority, again, now);

    /// <summary>
    /// Lets a request wait no longer. When it was served meanwhile it stays <see cref="QueueState.Served"/>, and
    /// <see cref="Server.End"/> has to follow.
    /// </summary>
    /// <returns>Whether it still waited.</returns>
    public bool Leave(QueuedRequest request) => _queue is not null && _queue.Remove(request);

    /// <inheritdoc cref="LimitedChoice.Offers"/>
    internal bool Offers(Server server, QueuedRequest request, bool one) => _limited!.Offers(server, request, one);

    /// <inheritdoc cref="LimitedChoice.HasHopeFor"/>
    internal bool HasHopeFor(QueuedRequest request) => _limited!.HasHopeFor(request);

    /// <summary>The server of a name; null for none.</summary>
    public Server? FindServer(string name)
    {
        foreach (var server in _servers)
        {
            if (server.Settings.Name == name)
                return server;
        }

        return null;
    }

    /// <summary>A server of another configuration as this pool knows it; null for none.</summary>
    public Server? Twin(Server server)
    {
        if (server.Index < _servers.Length && _servers[server.Index] == server)
            return server;
        foreach (var own in _servers)
        {
            if (own.IsTwinOf(server))
                return own;
        }

        return null;
    }

    /// <summary>Told on some thread when <see cref="Tick"/> has something to do later.</summary>
    public Action<Pool>? Stirred { get; set; }

    /// <summary>
    /// Makes choices go by what the servers are now. Any thread may call it after a change; what it costs grows with the
    /// number of servers, so it is for changes and not for requests.
    /// </summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public void Refresh(long now)
    {
        Interlocked.Increment(ref _changes);
        int seen;
        bool stirred;
        do
        {
            seen = Volatile.Read(ref _changes);
            var weights = _standing.Weights(now, out stirred);
            var before = _picker;
            SetLimits(now);

            // How requests are shared among tiers goes by those that cannot serve too.
            if (_tiers is not null || before.HasTrials || _standing.HasTrials || !before.Basis.SequenceEqual(weights))
                _picker = PickerOf(weights, before);
        }
        while (seen != Volatile.Read(ref _changes));
        _limited?.LookAgain(now);

        if (stirred)
            Stirred?.Invoke(this);

        // What requests learn that began before a reload, those after it have to know.
        if (_succession.Present is { } present && present != this)
            present.Refresh(now);
    }

    /// <summary>
    /// Puts the pool to use after a reload: from now on it says what the servers may do, and no longer the one before,
    /// whose requests still end. <see cref="Refresh"/> is called.
    /// </summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public void TakeOver(long now)
    {
        _succession.Lock.Enter();
        _succession.Present = this;
        _succession.Lock.Leave();
        Refresh(now);
    }

    /// <summary>Whether no reload has put another pool in its place, which may have other servers.</summary>
    public bool IsInUse => _succession.Present is not { } present || present == this;

    private void SetLimits(long now)
    {
        _succession.Lock.Enter();
        if (IsInUse)
        {
            foreach (var server in _servers)
                server.SetLimit(Settings.SlowStart, now);
        }

        _succession.Lock.Leave();
    }

    /// <summary>Which of the pools that followed each other over reloads is in use; null before one was taken up.</summary>
    private sealed class Succession
    {
        // Held for as long as the limits of a pool's servers are set, which no request waits for.
        public BriefLock Lock;
        public volatile Pool? Present;
    }

    /// <summary>Does what is due: who was left out is tried again, who came back gets more.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <returns>Whether it is to be called again.</returns>
    public bool Tick(long now)
    {
        foreach (var server in _servers)
            server.Outlier?.TryAgain(now);
        Refresh(now);
        return _standing.Stirs(now);
    }

    /// <summary>Cuts what is with a server; for all servers that want it so. Set where the pool is put to use.</summary>
    public Action<Server>? Cut { get; set; }

    /// <summary>Takes how a request with a server has ended.</summary>
    /// <param name="server">One of this pool.</param>
    /// <param name="failure">What the server did wrong; none when it answered.</param>
    /// <param name="status">The status of its answer; 0 for none.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="latency">From the request sent to the head of the answer, in milliseconds; -1 where there was none.</param>
    public void Learn(Server server, ServerFailure failure, int status, long now, double latency = -1)
    {
        server.Latency?.Learn(Settings.Balance, failure, status, latency, now);
        server.LearnFailing(FailureKinds.IsFailure(failure, status));
        if (failure == ServerFailure.None)
            server.Succeeded();
        else
            server.Failed(failure);
        if (server.Adaptive is { } adaptive && LearnLimit(adaptive, server, failure, status, now, latency))
            (_succession.Present ?? this).TakeLimit(server, now);
        server.Observation?.Learn(failure, status);
        if (server.Outlier is not { } state)
            return;
        if ((FailureKinds.Of(failure, status) & state.Settings.On) != OutlierConditions.None)
        {
            if (state.Failed(now) && _standing.MayEject(server) && state.Eject(now))
                Refresh(now);
        }
        else if (failure == ServerFailure.None && state.Succeeded(now))
        {
            server.ForgetFailing();
            server.StartRamp(now);
            Refresh(now);
        }
    }

    // A failure that comes fast is no sign of room, nor is one of another kind a sign of too much to do.
    private static bool LearnLimit(AdaptiveLimit limit, Server server, ServerFailure failure, int status, long now, double latency) =>
        failure is ServerFailure.AnswerTimeout or ServerFailure.BreakerTimeout || status == 503 ? limit.Dropped(server.Active, now)
        : failure == ServerFailure.None && status < 500 && latency >= 0 && limit.Answered(latency, server.Active, now);

    /// <summary>Lets the limit that was found out count.</summary>
    /// <param name="server">Of this pool, or of one before it.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    private void TakeLimit(Server server, long now)
    {
        if (Twin(server) is not { } its)
            return;
        _succession.Lock.Enter();
        if (IsInUse)
            its.SetLimit(Settings.SlowStart, now);
        _succession.Lock.Leave();
        if (_queue is { Count: > 0 } queue && !its.Trying)
            queue.Serve(its);
    }
}
