using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>What a breaker lets through.</summary>
public enum BreakerState
{
    /// <summary>Everything.</summary>
    Closed,

    /// <summary>Nothing.</summary>
    Open,

    /// <summary>One call, which decides.</summary>
    HalfOpen,
}

/// <summary>What an operator wants of a breaker.</summary>
public enum BreakerHold
{
    /// <summary>That it does its work.</summary>
    None,

    /// <summary>That it lets nothing through.</summary>
    Open,

    /// <summary>That it lets everything through and counts nothing (opossum: disable).</summary>
    Closed,
}

/// <summary>What becomes of a call.</summary>
public enum BreakerVerdict
{
    /// <summary>It may be made, and is not counted.</summary>
    Ignored,

    /// <summary>It may be made; its end has to be told.</summary>
    Passed,

    /// <summary>The same, and it is the one that decides.</summary>
    Trial,

    /// <summary>The breaker is open.</summary>
    Rejected,

    /// <summary>As many calls as may be are under way.</summary>
    Full,
}

/// <summary>What has happened at a breaker since its beginning.</summary>
public readonly record struct BreakerCounts(
    long Calls, long Successes, long Failures, long Timeouts, long Rejects, long Full, long Fallbacks, long Opened, long HalfOpened, long Closed);

/// <summary>
/// opossum's circuit breaker, state by state: it opens when more than a share of the calls in a window have failed, and
/// after a while lets one through that decides. As in opossum, calls that were refused count among all, and what was
/// counted before it closed still counts after. All loops call it at once, without locks. All times are monotonic milliseconds.
/// </summary>
/// <param name="settings">What it goes by.</param>
/// <param name="before">The one it takes the place of after a reload that changed its settings: what an operator wants of that one is wanted of this; null for none.</param>
public sealed class Breaker(BreakerSettings settings, Breaker? before = null)
{
    private const int Closed = 0;
    private const int Open = 1;
    private const int HalfOpen = 2;
    private const int HalfOpenTaken = 3;

    private readonly RollingCounts _window = new(settings.Window, settings.Buckets);
    private readonly long _reset = (long)settings.Reset.TotalMilliseconds;
    private readonly Held _held = before?._held ?? new();
    private int _state;
    private long _openedAt;
    private int _underWay;
    private long _calls;
    private long _successes;
    private long _failures;
    private long _timeouts;
    private long _rejects;
    private long _full;
    private long _fallbacks;
    private long _opened;
    private long _halfOpened;
    private long _closed;

    /// <summary>What it goes by.</summary>
    public BreakerSettings Settings { get; } = settings;

    /// <summary>What an operator wants of it.</summary>
    public BreakerHold Hold
    {
        get => _held.Value;
        set => _held.Value = value;
    }

    // Shared with the one before, so that no reload beside it loses what an operator wants.
    private sealed class Held
    {
        public volatile BreakerHold Value;
    }

    /// <summary>What has happened at it.</summary>
    public BreakerCounts Counts => new(
        Volatile.Read(ref _calls), Volatile.Read(ref _successes), Volatile.Read(ref _failures), Volatile.Read(ref _timeouts), Volatile.Read(ref _rejects),
        Volatile.Read(ref _full), Volatile.Read(ref _fallbacks), Volatile.Read(ref _opened), Volatile.Read(ref _halfOpened), Volatile.Read(ref _closed));

    /// <summary>Calls within the window that failed, and all of them.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public (int Failed, int All) Recent(long now) => _window.Sum(now);

    /// <summary>What it lets through now.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public BreakerState StateAt(long now) => Hold switch
    {
        BreakerHold.Open => BreakerState.Open,
        BreakerHold.Closed => BreakerState.Closed,
        _ => Present(now) switch { Closed => BreakerState.Closed, Open => BreakerState.Open, _ => BreakerState.HalfOpen },
    };

    /// <summary>Whether it waits for a call to decide (opossum: pendingClose).</summary>
    public bool AwaitsTrial(long now) => Present(now) == HalfOpen;

    /// <summary>How long it will refuse calls yet, in milliseconds; 0 where it does not, or nobody knows.</summary>
    public long Remaining(long now) => Present(now) == Open ? Math.Max(0, Volatile.Read(ref _openedAt) + _reset - now) : 0;

    /// <summary>Whether it would refuse a call now; asking is not counted.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public bool WouldRefuse(long now) => Hold switch
    {
        BreakerHold.Open => true,
        BreakerHold.Closed => false,
        _ => Present(now) is Open or HalfOpenTaken || Volatile.Read(ref _underWay) >= (Settings.Capacity ?? int.MaxValue),
    };

    /// <summary>Asks whether a call may be made.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public BreakerVerdict Enter(long now)
    {
        if (Hold == BreakerHold.Closed)
            return BreakerVerdict.Ignored;
        Interlocked.Increment(ref _calls);
        _window.Count(now);
        var verdict = Hold == BreakerHold.Open ? BreakerVerdict.Rejected : Pass(now);
        if (verdict == BreakerVerdict.Rejected)
        {
            Interlocked.Increment(ref _rejects);
            return verdict;
        }

        if (Interlocked.Increment(ref _underWay) <= (Settings.Capacity ?? int.MaxValue))
            return verdict;
        Interlocked.Decrement(ref _underWay);
        Interlocked.Increment(ref _full);
        Fail(now);
        return BreakerVerdict.Full;
    }

    private BreakerVerdict Pass(long now) => Present(now) switch
    {
        Closed => BreakerVerdict.Passed,
        HalfOpen when Interlocked.CompareExchange(ref _state, HalfOpenTaken, HalfOpen) == HalfOpen => BreakerVerdict.Trial,
        _ => BreakerVerdict.Rejected,
    };

    /// <summary>A call that may be made went well.</summary>
    public void Succeeded(long now)
    {
        Interlocked.Increment(ref _successes);
        for (var state = Present(now); state is HalfOpen or HalfOpenTaken; state = Present(now))
        {
            if (Interlocked.CompareExchange(ref _state, Closed, state) == state)
                Interlocked.Increment(ref _closed);
        }

        Interlocked.Decrement(ref _underWay);
    }

    /// <summary>A call that may be made failed.</summary>
    public void Failed(long now)
    {
        Interlocked.Decrement(ref _underWay);
        Fail(now);
    }

    /// <summary>A call that may be made took longer than <see cref="BreakerSettings.Timeout"/>.</summary>
    public void TimedOut(long now)
    {
        Interlocked.Increment(ref _timeouts);
        Failed(now);
    }

    /// <summary>A call ended for reasons that say nothing of the servers, such as a client that went away. It is not counted, and if it was to decide another one is.</summary>
    public void Left(BreakerVerdict verdict)
    {
        Interlocked.Decrement(ref _underWay);
        if (verdict == BreakerVerdict.Trial)
            Interlocked.CompareExchange(ref _state, HalfOpen, HalfOpenTaken);
    }

    /// <summary>A client got something else instead.</summary>
    public void FellBack() => Interlocked.Increment(ref _fallbacks);

    private void Fail(long now)
    {
        Interlocked.Increment(ref _failures);
        _window.CountWrong(now);
        for (var state = Present(now); state != Open; state = Present(now))
        {
            if (state == Closed)
            {
                var (failed, all) = _window.Sum(now);

                // In floating point as opossum does it, or 7 of 100 would not be more than 7%.
                if (all < Settings.Volume || !((double)failed / all * 100 > Settings.Errors))
                    return;
            }

            // Before the state, so that nobody sees an old time with it.
            Volatile.Write(ref _openedAt, now);
            if (Interlocked.CompareExchange(ref _state, Open, state) == state)
                Interlocked.Increment(ref _opened);
        }
    }

    /// <summary>The state, half open once its time has come.</summary>
    private int Present(long now)
    {
        var state = Volatile.Read(ref _state);
        if (state != Open || now - Volatile.Read(ref _openedAt) < _reset)
            return state;
        if (Interlocked.CompareExchange(ref _state, HalfOpen, Open) == Open)
            Interlocked.Increment(ref _halfOpened);
        return Volatile.Read(ref _state);
    }
}
