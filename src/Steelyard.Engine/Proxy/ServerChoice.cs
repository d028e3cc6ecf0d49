using System.Buffers.Text;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// Chooses the server of each attempt, or waits until one has room. Owned by an exchange or a session; only
/// <see cref="Called"/> comes from any thread.
/// </summary>
internal sealed class ServerChoice : QueuedRequest, IEndObserver
{
    // HAProxy: as many classes, and as many milliseconds.
    private const int MostPriority = 2047;
    private const int MostOffset = 524_287;

    private readonly ExchangeContext _context;
    private readonly Attempts _attempts;
    private readonly Waiter _waiter;
    private readonly Action _ready;
    private long _waited;
    private bool _clientGone;

    // In the queue, or served by it and not taken over yet.
    private bool _joined;

    public ServerChoice(ExchangeContext context, Attempts attempts)
    {
        (_context, _attempts, _waiter) = (context, attempts, new(context.Events));
        _ready = () => _waiter.Complete(Wake.Ready);
    }

    /// <summary>Forgets the request before.</summary>
    public void Begin()
    {
        Debug.Assert(!_waiter.Waiting, "The exchange before still waits for a server.");
        _waited = 0;
    }

    /// <summary>Chooses a server of the pool that was not tried, which is the context's then.</summary>
    public ValueTask<Outcome> Choose(Pool pool)
    {
        var decision = _context.Choose(pool, _attempts.Tried);
        return decision.Reason == DecisionReason.AllFull ? Wait(pool, decision.Awaited)
            : new(decision.Server is null ? new Outcome(Cause.NoServer) : Outcome.Success);
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> Wait(Pool pool, Server? wanted)
    {
        _context.Loop.Counters.QueueWaits++;
        Since = _waited == 0 ? _context.Events.Now + (NumberOf(pool.OffsetVariable, MostOffset) ?? 0) : Since;
        var (since, longest) = (_context.Events.Now, pool.Settings.Queue.Timeout is { } own ? (long)own.TotalMilliseconds : _context.Timeouts.Queue);

        // Not begun for sessions, which have no end.
        var whole = _context.Deadline.Due;
        var due = Math.Min(_context.Events.In(Math.Max(longest - _waited, 1)), whole);
        _clientGone = false;
        _joined = true;
        var wake = Wake.Ready;
        if (pool.Join(this, _attempts.Tried, wanted, PriorityIn(pool), again: _attempts.Begun, since) == QueueState.Waiting)
        {
            _context.Client.Transport.EndObserver = this;
            _context.Record.QueuePosition = Math.Max(pool.Waiting, 1);

            // A call for a wait that has ended may still be under way.
            while (wake == Wake.Ready && State == QueueState.Waiting && !_context.HasFollower(pool))
                wake = await _waiter.Wait(due);
            _context.Client.Transport.EndObserver = null;
            var waited = _context.Events.Now - since;
            _waited += waited;
            _context.Meters.Pool(pool).Queue.Add(waited);
            _context.RouteMeter.QueueTime += waited;
        }

        if (State == QueueState.Waiting && pool.Leave(this))
        {
            // After a reload there may be other servers to wait for.
            _joined = false;
            return wake == Wake.Ready ? new(Cause.NoServer) : Left(pool, wake, whole);
        }

        if (Server is { } server)
        {
            _context.Take(server);
            _context.Explanation?.Served(pool, server);
        }

        _joined = false;
        return wake == Wake.Aborted ? Left(pool, wake, whole) : State switch
        {
            QueueState.Served => Outcome.Success,
            QueueState.Full => Refuse(Cause.QueueFull, ref _context.Loop.Counters.QueueFull, ref _context.Meters.Pool(pool).QueueFull),

            // Who waited for one server that has gone may have another.
            _ => wanted is null ? new(Cause.NoServer) : await Choose(pool),
        };
    }

    private Outcome Left(Pool pool, Wake wake, long whole)
    {
        if (wake == Wake.TimedOut)
        {
            return _context.Deadline.Passed || _context.Events.Now >= whole ? new(Cause.RequestTimeout)
                : Refuse(Cause.QueueTimeout, ref _context.Loop.Counters.QueueTimeouts, ref _context.Meters.Pool(pool).QueueTimeouts);
        }

        return _clientGone ? Refuse(Cause.ClientGone, ref _context.Loop.Counters.QueueLeft, ref _context.Meters.Pool(pool).QueueLeft) : new(Cause.Stopped);
    }

    private static Outcome Refuse(Cause cause, ref long counter, ref long ofPool)
    {
        counter++;
        ofPool++;
        return new(cause);
    }

    private int PriorityIn(Pool pool)
    {
        if (_context.Route is not { } route)
            return 0;
        if (NumberOf(pool.PriorityVariable, MostPriority) is { } told)
            return told;
        if (pool.PriorityField is not { } name || _context.Client.Listener.Mode == ListenerMode.Tcp)
            return route.Priority;
        var head = _context.Head;
        foreach (ref readonly var field in _context.Request.Fields.All)
        {
            if (field.NameLength == name.Length && Ascii.EqualsIgnoreCase(field.Name(head), name.Span)
                && Utf8Parser.TryParse(field.Value(head), out int priority, out var length) && length == field.ValueLength && priority is >= -MostPriority and <= MostPriority)
                return priority;
        }

        return route.Priority;
    }

    // What rules have said; null where they have not, or something else.
    private int? NumberOf(byte[]? variable, int most) =>
        variable is not null && _context.Scope.Variables is { } variables && variables.TryGet(variable, out var text) && Utf8Parser.TryParse(text, out int number, out var length) && length == text.Length
            ? Math.Clamp(number, -most, most)
            : null;

    /// <summary>Looks again whether there is something to wait for.</summary>
    public void LookAgain()
    {
        if (_waiter.Waiting)
            _context.Events.RunNextTurn(_ready);
    }

    /// <summary>Calls a wait off; the exchange ends of itself.</summary>
    public void Abort() => _waiter.Complete(Wake.Aborted);

    /// <summary>Gives up what a fault of ours has left.</summary>
    public void Abandon(Pool? pool)
    {
        if (!_joined)
            return;
        _joined = false;
        if (pool?.Leave(this) is not true && Server is { } server)
            server.End();
    }

    protected override void Called()
    {
        // On its own loop there is no need to wake it; but who gives room back is in the middle of something else.
        if (EventLoop.Current == _context.Events)
            _context.Events.RunNextTurn(_ready);
        else
            _context.Events.Post(static choice => ((ServerChoice)choice)._waiter.Complete(Wake.Ready), this);
    }

    /// <summary>
    /// Who goes away leaves the queue. Half an end is one here: a person who gives up closes so. Not in TCP mode, where
    /// half an end may belong to what is spoken.
    /// </summary>
    public void PeerEnded(bool broken)
    {
        if (!broken && _context.Client.Listener.Mode == ListenerMode.Tcp)
            return;
        _clientGone = true;
        Abort();
    }
}
