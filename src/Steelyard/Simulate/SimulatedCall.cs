using Steelyard.Balancing;

namespace Steelyard.Simulate;

/// <summary>A request, or one attempt, as its breaker counts it; does nothing where there is no breaker. Used again and again.</summary>
internal sealed class SimulatedCall
{
    private Breaker? _breaker;
    private BreakerVerdict _verdict;

    private bool UnderWay => _verdict is BreakerVerdict.Passed or BreakerVerdict.Trial;

    /// <summary>How long it may take, in microseconds; null for any time, or where it is not counted.</summary>
    public long? Longest => UnderWay ? (long?)_breaker!.Settings.Timeout?.TotalMicroseconds : null;

    /// <summary>Asks whether it may be made.</summary>
    public bool Enter(Breaker? breaker, long now)
    {
        (_breaker, _verdict) = (breaker, breaker?.Enter(now) ?? BreakerVerdict.Ignored);
        return _verdict is not (BreakerVerdict.Rejected or BreakerVerdict.Full);
    }

    /// <summary>It has ended, if it had not before.</summary>
    public void End(ServerFailure failure, int status, long now)
    {
        if (UnderWay)
            Settle((FailureKinds.Of(failure, status) & _breaker!.Settings.On) != Config.OutlierConditions.None, now);
    }

    /// <summary>No server was left for it.</summary>
    public void FoundNobody(long now)
    {
        if (UnderWay)
            Settle(failed: true, now);
    }

    /// <summary>It ended for reasons that say nothing of the servers.</summary>
    public void Leave()
    {
        if (UnderWay)
            _breaker!.Left(_verdict);
        _verdict = BreakerVerdict.Ignored;
    }

    /// <summary>It took longer than it may.</summary>
    /// <returns>Whether it was under way.</returns>
    public bool TimeOut(long now)
    {
        if (!UnderWay)
            return false;
        _breaker!.TimedOut(now);
        _verdict = BreakerVerdict.Ignored;
        return true;
    }

    private void Settle(bool failed, long now)
    {
        if (failed)
            _breaker!.Failed(now);
        else
            _breaker!.Succeeded(now);
        _verdict = BreakerVerdict.Ignored;
    }
}
