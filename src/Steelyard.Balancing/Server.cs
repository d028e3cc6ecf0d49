using System.Runtime.InteropServices;
using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>One server of a pool, alive: its settings, and the state that all loops share.</summary>
public sealed class Server
{
    // How finely a share grows.
    internal const int RampSteps = 16;

    /// <summary>Before the pool is put to use nobody knows what time it is.</summary>
    internal const long TimeUnknown = long.MinValue;

    private const int AllFailing = 1 << 16;
    private const long Never = long.MinValue;
    private const long Joined = long.MinValue + 1;

    private readonly LiveState _state;

    // Null where the server may have any number of requests, and never had a limit.
    private readonly PoolQueue? _queue;
    private readonly int _mostActive;

    // Null where the limit is the same whatever the pool has to do.
    private readonly LimitRamp? _limitRamp;
    private readonly bool _drainsByCheck;

    /// <param name="settings">What the configuration says of it.</param>
    /// <param name="index">Its position in the pool.</param>
    /// <param name="ordinal">Its number among the servers of all pools.</param>
    /// <param name="pool">What the configuration says of its pool.</param>
    /// <param name="before">The same server before a reload, whose state goes on; null for none.</param>
    /// <param name="joins">Whether others of the pool were there before it.</param>
    /// <param name="queue">Where requests wait for room; null where no server of the pool has a limit.</param>
    /// <param name="total">What all servers of the pool have to do; null where nothing goes by that.</param>
    /// <param name="departed">The same server when it was in the pool last, with what was wanted of it; null for none. Its history goes on, its health begins anew.</param>
    internal Server(ServerSettings settings, int index, int ordinal, PoolSettings pool, Server? before, bool joins, PoolQueue? queue = null, ActiveTotal? total = null, DepartedServer? departed = null)
    {
        (Settings, Index, Ordinal) = (settings, index, ordinal);
        AddressBytes = System.Text.Encoding.UTF8.GetBytes(settings.Address.ToString());
        NameBytes = settings.Name is { } name ? System.Text.Encoding.UTF8.GetBytes(name) : AddressBytes;
        _state = before?._state ?? (departed is null ? new() : LiveState.Again(departed));
        _queue = queue;
        if (queue is not null)
            _state.Active.Queue = queue;
        Breaker = pool.Breaker is { Scope: BreakerScope.Server } breaker ? Pool.Kept(before?.Breaker, breaker) : null;
        _mostActive = settings.MaxConnections ?? pool.MaxConnections ?? int.MaxValue;

        Total = total;
        if (settings.MinConnections is { } least && pool.FullConnections is { } full && total is not null && queue is not null)
            _limitRamp = new(least, full, total, queue);
        if (before is null && departed is null && settings.Maintenance)
            _state.Wanted = (int)ServerState.Maintenance;

        // Of a server that serves already nothing changes before its new pool is put to use, which may never be.
        if (before is null)
            _state.Limit = _mostActive;
        var health = pool.HealthOf(settings);
        if (before is null && joins && health is null)
            _state.RampFrom = Joined;
        Observation = Observation.Of(health, before?.Observation);
        Health = before is { Asked: true } && health is not null ? before.Health : ServerHealth.Begin(health, joins && before is null);
        (Asked, HasAgent, _drainsByCheck) = (health is not null, pool.Agent is not null, health?.DrainStatuses.Count > 0);
        if (pool.Balance.Policy == BalancePolicy.PeakEwma)
            Latency = _state.Latency ??= new();
        Adaptive = before?.Adaptive is { } adaptive && adaptive.Settings == pool.AdaptiveLimit ? adaptive
            : pool.AdaptiveLimit is { } found ? new AdaptiveLimit(found)
            : null;
        if (before is null && Adaptive is not null)
            _state.Limit = Math.Min(_state.Limit, Adaptive.Limit);
        var rule = pool.OutlierOf(settings);
        Outlier = (before ?? departed?.Server)?.Outlier is { } outlier && outlier.Settings == rule ? outlier
            : rule is { } judged ? new OutlierState(judged)
            : null;
    }

    /// <summary>A server in the same state that goes on by itself.</summary>
    internal Server(Server original, PoolQueue? queue, ActiveTotal? total)
    {
        (_queue, _mostActive) = (queue, original._mostActive);
        (Settings, Index, Ordinal, AddressBytes, Asked) = (original.Settings, original.Index, original.Ordinal, original.AddressBytes, original.Asked);
        (NameBytes, Total) = (original.NameBytes, total);
        if (original._limitRamp is not null)
            _limitRamp = new(Settings.MinConnections!.Value, original._limitRamp.Full, total!, queue!);
        (HasAgent, Adaptive, _drainsByCheck) = (original.HasAgent, original.Adaptive?.Copy(), original._drainsByCheck);

        // Who asks a copy only looks at breakers.
        Breaker = original.Breaker;
        (_state, Health, Outlier) = (original._state.Copy(), original.Health.Copy(), original.Outlier?.Copy());
        _state.Active.Queue = queue;
        if (original.Latency is not null)
            Latency = _state.Latency = original.Latency.Copy();
    }

    /// <summary>What outlives a reload.</summary>
    private sealed class LiveState
    {
        public LiveState Copy() => (LiveState)MemberwiseClone();

        /// <summary>What goes on of a server that comes back: what it was seen to do, and what operators want of it. What it has not ended yet it ends as the one that left.</summary>
        public static LiveState Again(DepartedServer departed)
        {
            var before = departed.Server._state;
            return new()
            {
                Failures = Interlocked.Read(ref before.Failures),
                LastFailure = Volatile.Read(ref before.LastFailure),
                LastReason = Volatile.Read(ref before.LastReason),
                Weight = Volatile.Read(ref before.Weight),
                Wanted = (int)departed.Wanted,
                Latency = before.Latency,
            };
        }

        public ActiveCount Active;
        public int Limit = int.MaxValue;

        public long Failures;
        public int LastFailure;
        public int LastReason;
        public int Weight = -1;
        public int Wanted;
        public int AgentWeight = -1;
        public int AgentWanted;
        public int AgentDown;
        public int CheckDrains;
        public string? AgentReason;
        public int AgentLimit = -1;
        public int Unheard;
        public long RampFrom = Never;

        // What of the requests that came is its share, while it fails and they wait.
        public int Owed;
        public Latency? Latency;
    }

    /// <summary>Alone on its cache lines: every loop writes it twice for every request.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct ActiveCount
    {
        [FieldOffset(64)]
        public int Value;

        // Beside the count, because who reads the one for a choice reads the other; hardly ever written.
        [FieldOffset(68)]
        public int Failing;

        // Written with the count, where anything goes by it.
        [FieldOffset(72)]
        public uint Changed;

        // Who gives room back has just written the count. Requests that began before the pool had a limit give theirs back to
        // those who wait since.
        [FieldOffset(80)]
        public PoolQueue? Queue;
    }

    /// <summary>The requests, tunnels and sessions in TCP mode it has to do now, over all loops; also those of a configuration before.</summary>
    public int Active => Volatile.Read(ref _state.Active.Value);

    /// <summary>How many it may have to do at once, now; <see cref="int.MaxValue"/> for any number.</summary>
    public int Limit => Volatile.Read(ref _state.Limit) is var most && _limitRamp is null ? most : _limitRamp.Of(most);

    /// <summary>Whether its pool has limits, so that it may be full at some time.</summary>
    internal bool MayBeFull => _queue is not null;

    /// <summary>Whether it has as much to do as it may.</summary>
    public bool Full => _queue is not null && Active >= Limit;

    /// <summary>
    /// Whether so many of its last requests failed that it says nothing how few are under way: who fails at once seems idle.
    /// One in eight, by an average that three in a row bring there, and 33 good answers back from nothing but failures.
    /// Not while it is on trial: one request goes there as to the others, and says what is true now.
    /// </summary>
    public bool Fails => Volatile.Read(ref _state.Active.Failing) >= AllFailing / 8 && !Trying;

    /// <summary>Whether one of those who come is its own, by its share: of any number in a row as many as by lot, and no more.</summary>
    internal bool DrawsLot(Picker picker)
    {
        var (share, all) = (picker.Basis[Index], (int)Math.Min(picker.TotalWeight, int.MaxValue / 2));
        if (share == 0 || Interlocked.Add(ref _state.Owed, share) < all)
            return false;
        Interlocked.Add(ref _state.Owed, -all);
        return true;
    }

    /// <summary>Takes whether a request failed. Loops that do so at the same time may lose one of both, which an average bears.</summary>
    internal void LearnFailing(bool failed)
    {
        var share = Volatile.Read(ref _state.Active.Failing);
        if (failed)
            Volatile.Write(ref _state.Active.Failing, share + ((AllFailing - share) / 16));
        else if (share != 0)
            Volatile.Write(ref _state.Active.Failing, share - Math.Max(share / 16, 1));
    }

    /// <summary>It has shown that it is well.</summary>
    internal void ForgetFailing() => Volatile.Write(ref _state.Active.Failing, 0);

    /// <summary>Counts one more as active, whatever its limit.</summary>
    internal void Begin()
    {
        Interlocked.Increment(ref _state.Active.Value);
        NoteChange(1);
    }

    /// <summary>Counts one more as active if it may have one more; exact over all loops.</summary>
    internal bool TryBegin()
    {
        if (_queue is null)
        {
            Begin();
            return true;
        }

        for (var seen = Active; seen < Limit;)
        {
            var found = Interlocked.CompareExchange(ref _state.Active.Value, seen + 1, seen);
            if (found == seen)
            {
                NoteChange(1);
                return true;
            }

            seen = found;
        }

        return false;
    }

    /// <summary>Counts one more as active if nobody else has meanwhile, and it may have one more.</summary>
    /// <param name="seen">What <see cref="Active"/> was.</param>
    internal bool TryBegin(int seen)
    {
        if ((_queue is not null && seen >= Limit) || Interlocked.CompareExchange(ref _state.Active.Value, seen + 1, seen) != seen)
            return false;
        NoteChange(1);
        return true;
    }

    /// <summary>What it was chosen for has ended, well or badly; once for each <see cref="Decision"/> that names it. Who waits for its room gets it.</summary>
    public void End()
    {
        Interlocked.Decrement(ref _state.Active.Value);
        NoteChange(-1);
        if (_state.Active.Queue is { Count: > 0 } queue)
            queue.Serve(this);
    }

    private void NoteChange(int change)
    {
        if (Total is { } total)
            Volatile.Write(ref _state.Active.Changed, total.Add(change));
    }

    /// <summary>When <see cref="Active"/> changed last, in the order of such changes in its pool; 0 where nothing goes by that.</summary>
    internal uint Changed => Volatile.Read(ref _state.Active.Changed);

    /// <summary>Whether another server is this one, before or after a reload.</summary>
    public bool IsTwinOf(Server other) => _state == other._state;

    /// <summary>Works its limit out anew: less than the whole while it comes back.</summary>
    internal void SetLimit(TimeSpan? slowStart, long now)
    {
        var most = HasAgent && Volatile.Read(ref _state.AgentLimit) is >= 0 and var told ? told == 0 ? int.MaxValue : told : _mostActive;
        if (Adaptive is not null)
            most = Math.Min(most, Adaptive.Limit);
        var present = Volatile.Read(ref _state.Limit);
        if (most == int.MaxValue && present == int.MaxValue)
            return;
        var ramped = most == int.MaxValue ? most : (int)Math.Max(1, (long)most * Ramp(slowStart, now) / RampSteps);
        if (ramped != present)
            Volatile.Write(ref _state.Limit, ramped);
    }

    /// <summary>What all servers of the pool have to do, where its policy goes by that; null where it does not.</summary>
    internal ActiveTotal? Total { get; }

    /// <summary>How long its answers take, where its pool's policy goes by that; null where it does not.</summary>
    internal Latency? Latency { get; }

    /// <summary>Failures since the start; any loop may count one.</summary>
    public long Failures => Interlocked.Read(ref _state.Failures);

    /// <summary>How the last request with it failed; none when it succeeded, or there was none.</summary>
    public ServerFailure LastFailure => (ServerFailure)Volatile.Read(ref _state.LastFailure);

    /// <summary>How the last of its failures came about, also when it has succeeded since; none when there was none.</summary>
    public ServerFailure LastReason => (ServerFailure)Volatile.Read(ref _state.LastReason);

    /// <summary>A request with it failed.</summary>
    public void Failed(ServerFailure failure)
    {
        Interlocked.Increment(ref _state.Failures);
        Volatile.Write(ref _state.LastReason, (int)failure);
        Volatile.Write(ref _state.LastFailure, (int)failure);
    }

    /// <summary>A request with it succeeded. Writes only where the last one failed, so that a healthy server's state stays in every core's cache.</summary>
    public void Succeeded()
    {
        if (LastFailure != ServerFailure.None)
            Volatile.Write(ref _state.LastFailure, (int)ServerFailure.None);
    }

    /// <summary>Its share against the other servers' weights, 0 to 256: what an operator has set, else what its agent says, else what the configuration says.</summary>
    public int Weight => Volatile.Read(ref _state.Weight) is >= 0 and var set ? set
        : HasAgent && Volatile.Read(ref _state.AgentWeight) is >= 0 and var told ? told
        : Settings.Weight;

    /// <summary>The weight that an operator has set; null for what the configuration says.</summary>
    public int? LiveWeight => Volatile.Read(ref _state.Weight) is >= 0 and var set ? set : null;

    /// <summary>What an operator wants of it.</summary>
    public ServerState Wanted => (ServerState)Volatile.Read(ref _state.Wanted);

    /// <summary>The breaker of this server; null for none.</summary>
    public Breaker? Breaker { get; }

    /// <summary>What an operator wants of it, or its agent: whoever wants less.</summary>
    public ServerState State => (ServerState)Math.Max(Math.Max(Volatile.Read(ref _state.Wanted), (int)WantedByAgent), (int)(IsDrainedByCheck ? ServerState.Drain : ServerState.Ready));

    /// <summary>Whether it says by its check that it wants no new clients.</summary>
    public bool IsDrainedByCheck => _drainsByCheck && Volatile.Read(ref _state.CheckDrains) != 0;

    /// <returns>Whether anything has changed.</returns>
    internal bool SetDrainedByCheck(bool drains) => _drainsByCheck && Interlocked.Exchange(ref _state.CheckDrains, drains ? 1 : 0) != (drains ? 1 : 0);

    /// <summary>What its agent wants of it; ready where there is none.</summary>
    public ServerState WantedByAgent => HasAgent ? (ServerState)Volatile.Read(ref _state.AgentWanted) : ServerState.Ready;

    /// <summary>Why its agent wants that, or says that it is down, in the agent's own words; null where it gave no reason.</summary>
    public string? ReasonOfAgent => HasAgent ? Volatile.Read(ref _state.AgentReason) : null;

    /// <summary>Whether it is up, by what it was asked and by what its agent says; also where nobody asks.</summary>
    public bool Up => Health.Up && !IsDownByAgent && !Settings.IsNowhere;

    /// <summary>Whether nothing speaks against it but that it has joined and was not asked yet.</summary>
    internal bool Awaited => Health.Awaited && !IsDownByAgent && !Settings.IsNowhere;

    /// <summary>Whether there is an agent that says how much it can do.</summary>
    public bool HasAgent { get; }

    /// <summary>Whether its agent says that it is down.</summary>
    public bool IsDownByAgent => HasAgent && Volatile.Read(ref _state.AgentDown) != 0;

    /// <summary>Whether it is asked for its health.</summary>
    public bool Asked { get; }

    /// <summary>What was wrong when it was asked last.</summary>
    public ProbeFault LastCheck => Settings.IsNowhere ? ProbeFault.Unresolved : Health.Fault;

    /// <summary>The status of its answer when it was asked last; 0 for none.</summary>
    public int LastCheckStatus => Health.Status;

    /// <summary>Whether it is left out because its requests went wrong.</summary>
    public bool Ejected => Outlier is { Ejected: true };

    /// <summary>Whether one request has to show that they go well again.</summary>
    public bool Trying => Outlier is { Trying: true };

    /// <summary>How many times in a row it was left out.</summary>
    public int Ejections => Outlier?.Times ?? 0;

    internal ServerHealth Health { get; }

    /// <summary>What its requests say of its health; null where that does not count.</summary>
    public Observation? Observation { get; }

    internal OutlierState? Outlier { get; }

    /// <summary>What finds out how much it may have to do at once; null where nothing does.</summary>
    public AdaptiveLimit? Adaptive { get; }

    /// <summary>Whether it is up and not in maintenance.</summary>
    public bool Serves => Up && State != ServerState.Maintenance;

    /// <summary>Whether it is to have new requests at all, well or not.</summary>
    internal bool Open => State == ServerState.Ready && Weight > 0;

    /// <summary>Whether what checks say of it counts for nothing for now.</summary>
    public bool IgnoresChecks => ((Hearing)Volatile.Read(ref _state.Unheard)).HasFlag(Hearing.Checks);

    /// <summary>Whether what its agent says counts for nothing for now.</summary>
    public bool IgnoresAgent => ((Hearing)Volatile.Read(ref _state.Unheard)).HasFlag(Hearing.Agent);

    /// <summary>Lets what is said of it count, or not.</summary>
    internal void SetHearing(Hearing what, bool counts)
    {
        if (counts)
            Interlocked.And(ref _state.Unheard, ~(int)what);
        else
            Interlocked.Or(ref _state.Unheard, (int)what);
    }

    /// <summary>Sets its weight; -1 for what the configuration says. <see cref="Pool.Refresh"/> has to follow.</summary>
    internal void SetWeight(int weight) => Volatile.Write(ref _state.Weight, weight);

    /// <summary>Sets what is wanted of it. <see cref="Pool.Refresh"/> has to follow.</summary>
    internal void SetWanted(ServerState wanted) => Volatile.Write(ref _state.Wanted, (int)wanted);

    /// <summary>Takes what its agent says. <see cref="Pool.Refresh"/> has to follow.</summary>
    /// <returns>Whether anything has changed.</returns>
    internal bool Heard(in AgentReply reply)
    {
        var changed = false;
        if (reply.Weight is { } weight)
        {
            // A small weight is not rounded to nothing, which would take all clients away.
            var told = !reply.IsPercent ? weight : weight == 0 ? 0 : (int)Math.Clamp(((long)Settings.Weight * weight + 50) / 100, Settings.Weight == 0 ? 0 : 1, 256);
            changed |= Interlocked.Exchange(ref _state.AgentWeight, told) != told;
        }

        if (reply.Reason is not null || reply.Wanted is not null || reply.Up is not null)
            Volatile.Write(ref _state.AgentReason, reply.Reason);
        if (reply.Wanted is { } wanted)
            changed |= Interlocked.Exchange(ref _state.AgentWanted, (int)wanted) != (int)wanted;
        if (reply.Up is { } up)
            changed |= Interlocked.Exchange(ref _state.AgentDown, up ? 0 : 1) != (up ? 0 : 1);
        if (reply.Limit is { } limit)
            changed |= Interlocked.Exchange(ref _state.AgentLimit, limit) != limit;
        return changed;
    }

    /// <summary>It is there again, and perhaps another than it was: how it did before says nothing.</summary>
    internal void Return(long now)
    {
        ForgetFailing();
        _state.Latency?.Forget();
        StartRamp(now);
    }

    /// <summary>It has come back, and gets its share step by step.</summary>
    internal void StartRamp(long now) => Volatile.Write(ref _state.RampFrom, now);

    /// <summary>How much of its share it gets, from 1 to <see cref="RampSteps"/>.</summary>
    internal int Ramp(TimeSpan? slowStart, long now)
    {
        var from = Volatile.Read(ref _state.RampFrom);
        if (slowStart is not { } span || from == Never)
            return RampSteps;
        if (now == TimeUnknown)
            return 1;
        if (from == Joined)
            Volatile.Write(ref _state.RampFrom, from = now);
        return (int)Math.Clamp(1 + ((now - from) * RampSteps / (long)span.TotalMilliseconds), 1, RampSteps);
    }

    /// <summary>How much of its share it gets, in percent: less than 100 while it comes back slowly.</summary>
    /// <param name="slowStart">How long that takes; null for at once.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public int PercentOfShare(TimeSpan? slowStart, long now) => Ramp(slowStart, now) * 100 / RampSteps;

    /// <summary>What the configuration says of it.</summary>
    public ServerSettings Settings { get; }

    /// <summary>Its address as the configuration writes it, in UTF-8.</summary>
    public ReadOnlyMemory<byte> AddressBytes { get; }

    /// <summary>What it is called, as text; its address where it has no name.</summary>
    public ReadOnlyMemory<byte> NameBytes { get; }

    /// <summary>Its address as a number, by which it is remembered; never 0.</summary>
    public ulong Id => System.IO.Hashing.XxHash64.HashToUInt64(AddressBytes.Span) | 1;

    /// <summary>Its position in the pool, from 0.</summary>
    public int Index { get; }

    /// <summary>Its number among the servers of all pools, from 0; loops find their own state of it by this.</summary>
    public int Ordinal { get; }
}
