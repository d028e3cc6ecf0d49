using System.Diagnostics;
using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>Asks the limits of a listener, a route and a pool whether a request may go on, lets it wait where they say so, and counts it until it has ended. Owned by an exchange.</summary>
internal sealed class Admission(ExchangeContext context) : IEndObserver
{
    private const int MostPlaces = 4;

    private readonly Waiter _waiter = new(context.Events);
    private readonly (PlaceLimits Place, UInt128 Key)[] _entered = new (PlaceLimits, UInt128)[MostPlaces];
    private int _count;
    private bool _clientGone;

    /// <summary>Whose rate a request has exceeded; null for nobody's.</summary>
    public PlaceLimits? Exceeded { get; private set; }

    /// <summary>Asks the limits of one place; at once where it has none.</summary>
    public ValueTask<Outcome> Ask(PlaceLimits? place)
    {
        if (place is null)
            return new(Outcome.Success);
        var scope = context.Scope;
        if (!place.TryEnter(scope, out var key))
            return new(Refuse(Cause.TooManyAtOnce, 1, place.ConcurrencyStatus));
        if (key != 0)
        {
            Debug.Assert(_count < MostPlaces, "A request is counted at a place once.");
            _entered[_count++] = (place, key);
        }

        var verdict = place.Take(scope, context.Events.Now);
        if (verdict is { Passes: true, Milliseconds: 0 })
            return new(Outcome.Success);
        if (verdict.Passes)
            return Wait(verdict.Milliseconds);
        Exceeded = place;
        return new(Refuse(Cause.RateExceeded, (int)Math.Clamp((verdict.Milliseconds + 999) / 1000, 1, int.MaxValue), place.RateStatus));
    }

    private Outcome Refuse(Cause cause, int seconds, int told)
    {
        context.Loop.Counters.LimitRefusals++;
        return new(cause, Seconds: seconds, Told: told);
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<Outcome> Wait(long milliseconds)
    {
        context.Loop.Counters.LimitDelays++;
        var whole = context.Deadline.Due;
        _clientGone = false;
        context.Client.Transport.EndObserver = this;
        var wake = await _waiter.Wait(Math.Min(context.Events.In(milliseconds), whole));
        context.Client.Transport.EndObserver = null;
        if (wake == Wake.Aborted)
            return new(_clientGone ? Cause.ClientGone : Cause.Stopped);
        return context.Deadline.Passed || context.Events.Now >= whole ? new(Cause.RequestTimeout) : Outcome.Success;
    }

    /// <summary>Calls a wait off; the exchange ends of itself.</summary>
    public void Abort() => _waiter.Complete(Wake.Aborted);

    /// <summary>The request has ended.</summary>
    public void End()
    {
        while (_count > 0)
        {
            var (place, key) = _entered[--_count];
            place.Leave(key);
        }

        Exceeded = null;
    }

    public void PeerEnded(bool broken)
    {
        _clientGone = true;
        Abort();
    }
}
