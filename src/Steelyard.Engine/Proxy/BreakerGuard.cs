using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// Asks a breaker before a call, ends the call in its time, and tells how it went; does nothing where the pool has no
/// breaker. Owned by an exchange or a session.
/// </summary>
/// <param name="context">The exchange.</param>
/// <param name="timedOut">Breaks off what the call waits on, so that it ends of itself.</param>
internal sealed class BreakerGuard(ExchangeContext context, Action timedOut) : TimerEntry
{
    private Breaker? _breaker;
    private BreakerVerdict _verdict;

    /// <summary>The call took longer than it may.</summary>
    public bool TimedOut { get; private set; }

    private bool UnderWay => _verdict is BreakerVerdict.Passed or BreakerVerdict.Trial;

    /// <summary>Forgets the call before.</summary>
    public void Clear() => (_breaker, _verdict, TimedOut) = (null, BreakerVerdict.Ignored, false);

    /// <summary>Asks whether a call may be made.</summary>
    /// <param name="breaker">The breaker; null for none.</param>
    public Outcome Enter(Breaker? breaker)
    {
        Clear();
        if (breaker is null)
            return Outcome.Success;
        _breaker = breaker;
        var now = context.Events.Now;
        _verdict = breaker.Enter(now);
        if (_verdict is BreakerVerdict.Rejected or BreakerVerdict.Full)
        {
            context.Loop.Counters.BreakerRejects++;
            return new(Cause.BreakerOpen, Seconds: (int)Math.Clamp((breaker.Remaining(now) + 999) / 1000, 1, int.MaxValue));
        }

        if (UnderWay && breaker.Settings.Timeout is { } longest)
            context.Events.Timers.Set(this, context.Events.In((long)longest.TotalMilliseconds));
        return Outcome.Success;
    }

    protected internal override void Expire()
    {
        TimedOut = true;
        timedOut();
    }

    /// <summary>The head of an answer has come, which decides.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="maySendAgain">Whether another pool may have the request too.</param>
    /// <returns>Whether the client gets it; else it gets something else instead.</returns>
    public bool Accepts(int status, bool maySendAgain)
    {
        if (!UnderWay)
            return true;
        var failed = Counts(ServerFailure.None, status);
        Settle(failed);
        return !failed || _breaker!.Settings.Fallback is not { } fallback || (fallback.Pool is not null && !maySendAgain);
    }

    /// <summary>The call has ended, if it had not before.</summary>
    public void End(in Outcome outcome)
    {
        Cancel();
        if (!UnderWay)
            return;
        if (TimedOut)
            SettleTimedOut();
        else if (outcome.IsSuccess || outcome.ServerFailure != ServerFailure.None || outcome.Cause == Cause.NoServer)
            Settle(outcome.Cause == Cause.NoServer || (!outcome.IsSuccess && Counts(outcome.ServerFailure, outcome.FailedStatus)));
        else
            Leave();
    }

    private void SettleTimedOut()
    {
        _breaker!.TimedOut(context.Events.Now);
        _verdict = BreakerVerdict.Ignored;
    }

    private void Leave()
    {
        _breaker!.Left(_verdict);
        _verdict = BreakerVerdict.Ignored;
    }

    private void Settle(bool failed)
    {
        Cancel();
        if (failed)
            _breaker!.Failed(context.Events.Now);
        else
            _breaker!.Succeeded(context.Events.Now);
        _verdict = BreakerVerdict.Ignored;
    }

    private bool Counts(ServerFailure failure, int status) => (FailureKinds.Of(failure, status) & _breaker!.Settings.On) != OutlierConditions.None;
}
