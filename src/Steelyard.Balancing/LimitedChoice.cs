using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// How a server is chosen where servers have limits, and who of those that wait gets the room of which. Shared by all loops.
/// </summary>
/// <remarks>
/// A server that fails fast has room at all times: when the others are full, all that waits would go to it. So those who come
/// wait for one that does well, as long as the pool has any, and of so many that come one that fails gets its share by weight.
/// HAProxy's policies do as HAProxy does, which sends it all of them.
/// </remarks>
internal sealed class LimitedChoice
{
    private readonly Pool _pool;
    private readonly PoolQueue _queue;
    private readonly bool _isCustom;
    private readonly bool _sparesFailing;

    /// <param name="pool">The pool.</param>
    /// <param name="queue">Where its requests wait, which outlives a reload.</param>
    /// <param name="isCustom">Whether its policy is written elsewhere.</param>
    public LimitedChoice(Pool pool, PoolQueue queue, bool isCustom)
    {
        (_pool, _queue, _isCustom) = (pool, queue, isCustom);
        _sparesFailing = SparesFailing(pool.Settings.Balance.Policy, isCustom);
    }

    /// <summary>Whether a policy leaves those that fail no more than their share of what others have no room for.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="isCustom">Whether another stands in its place, which is written elsewhere.</param>
    public static bool SparesFailing(BalancePolicy policy, bool isCustom) => !isCustom && policy is BalancePolicy.RoundRobin or BalancePolicy.LeastConnections
        or BalancePolicy.TwoChoices or BalancePolicy.Random or BalancePolicy.PeakEwma or BalancePolicy.Hash;

    /// <summary>Whether a server of a pool has a limit, or may get one.</summary>
    public static bool IsNeeded(PoolSettings settings)
    {
        if (settings.MaxConnections is not null || settings.Agent is not null || settings.AdaptiveLimit is not null)
            return true;
        foreach (var server in settings.Servers)
        {
            if (server.MaxConnections is not null)
                return true;
        }

        return false;
    }

    /// <summary>Chooses a server with room; none, with <see cref="DecisionReason.AllFull"/>, where the request is to wait.</summary>
    public Decision Choose(in Choice choice)
    {
        while (true)
        {
            var picker = _pool.Picker;

            // Nobody overtakes those who wait for any server; who waits for one of them alone bars nobody from the others.
            var asked = _queue.Unbound == 0 && picker.HasRoomBeside(choice.Tried, _sparesFailing);
            var decision = !asked ? default
                : picker.HasTrials ? _pool.ChooseWithTrials(picker, choice)
                : picker.Pick(choice);
            if (decision.Server is not null)
                return decision;

            // A policy that is written elsewhere may want none of those that have room.
            if (asked && _isCustom && decision.Reason == DecisionReason.NoneLeft)
                return decision;
            if (_queue.Unbound == 0 && picker.HasRoomBeside(choice.Tried, _sparesFailing))
                continue;

            // By nginx's rule nobody waits for one that is on trial.
            if (_pool.Settings.Outlier is not { MaxFails: not null })
                choice.Tried.TakeBackPassed();
            return new(null, picker.HasServerBeside(choice.Tried) ? DecisionReason.AllFull : DecisionReason.NoneLeft);
        }
    }

    /// <inheritdoc cref="Pool.Join"/>
    public QueueState Join(QueuedRequest request, ServerSet tried, Server? wanted, int priority, bool again, long now)
    {
        (request.Pool, request.Tried, request.Wanted, request.Priority) = (_pool, tried, wanted, priority);
        if (!_queue.TryAdd(request, _pool.Settings.Queue.Most, again))
        {
            // Rather one that may fail than nobody.
            if (_sparesFailing && wanted is null && TakeFailing(tried) is { } failing)
                (request.Chosen, request.Present) = (failing, QueueState.Served);
            return request.State;
        }

        // Room or an end that came before the request was in cannot have called it.
        Serve(now, wanted is null ? tried : null);
        if (!HasHopeFor(request))
            _queue.Dismiss();
        return request.State;
    }

    private Server? TakeFailing(ServerSet tried)
    {
        var picker = _pool.Picker;
        foreach (var server in _pool.Members)
        {
            if (server.Fails && picker.Offers(server.Index, tried) && !picker.HoldsBack(server.Index, tried) && server.TryBegin())
                return server;
        }

        return null;
    }

    /// <summary>Lets those go who have no server to wait for any more, and gives the others all room there is.</summary>
    public void LookAgain(long now)
    {
        if (_queue.Count == 0)
            return;
        _queue.Dismiss();
        Serve(now, null);
    }

    /// <summary>Gives all room there is to those who wait.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="tried">What one has tried who has just come for any server, so that those that fail get their share; null where nobody has.</param>
    private void Serve(long now, ServerSet? tried)
    {
        var servers = _pool.Members;
        var spares = tried is not null && _sparesFailing && _pool.Picker.HasWellServerBeside(tried);
        for (var i = 0; i < servers.Length && _queue.Count > 0; i++)
        {
            var server = servers[i];
            if (server.Full)
                continue;
            if (server.Outlier is { Trying: true } state)
            {
                if (state.Admits(now))
                    _queue.ServeOne(server);
            }
            else if (spares && server.Fails)
            {
                if (server.DrawsLot(_pool.Picker))
                    _queue.ServeOne(server);
            }
            else
            {
                _queue.Serve(server);
            }
        }
    }

    /// <summary>Whether a server would take a request that waits, when it has room.</summary>
    /// <param name="server">One of the pool.</param>
    /// <param name="request">The request.</param>
    /// <param name="one">Whether it gets this one and no other for now: to show that it is well, or as its share.</param>
    public bool Offers(Server server, QueuedRequest request, bool one)
    {
        if (!one && server.Trying)
            return false;
        if (request.Wanted is { } wanted)
            return wanted == server && Keeps(wanted);
        var picker = _pool.Picker;
        return picker.Offers(server.Index, request.Tried) && !picker.HoldsBack(server.Index, request.Tried) && (one || !_sparesFailing || !server.Fails || !picker.HasWellServerBeside(request.Tried));
    }

    /// <summary>Whether some server could still take a request that waits.</summary>
    public bool HasHopeFor(QueuedRequest request) => request.Wanted is { } wanted ? Keeps(wanted) : _pool.HasServerBeside(request.Tried);

    // A server that drains still has those who belong to it.
    private bool Keeps(Server server) => _pool.Settings.Sticky is { WhenDown: StickyDown.Always } || (server.State != ServerState.Maintenance
        && (_pool.Picker.Shares[server.Index] > 0 || (server.Up && !server.Ejected) || _pool.Settings.Sticky is { WhenDown: StickyDown.Persist }));
}
