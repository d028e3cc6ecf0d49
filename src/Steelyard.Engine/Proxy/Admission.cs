using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>Asks the limits of a listener, a route and a pool whether a request may go on, lets it wait where they say so, and counts it until it has ended. Owned by an exchange.</summary>
internal sealed class Admission(ExchangeContext context) : IEndObserver
{
    private readonly Waiter _waiter = new(context.Events);

    // Those that were asked, with what the request is counted by; 0 where it is not.
    private readonly List<(PlaceLimits Place, int Limit, UInt128 Key)> _asked = new(4);
    private bool _clientGone;

    /// <summary>The rate that a request has exceeded; null for none.</summary>
    public PlaceLimits.RateLimit? Exceeded { get; private set; }

    /// <summary>Asks the limits of one place; at once where it has none, or was asked before this request was sent on within.</summary>
    public ValueTask<Outcome> Ask(PlaceLimits? place)
    {
        if (place is null || WasAsked(place))
            return new(Outcome.Success);
        var scope = context.Scope;
        _asked.Add((place, 0, 0));
        for (var limit = 0; limit < place.Concurrencies; limit++)
        {
            var enters = place.TryEnter(limit, scope, out var key, out var told);
            context.Record.ByConcurrency = LimitVerdicts.Worse(context.Record.ByConcurrency, told);
            if (!enters)
            {
                // By those that would have let it through it is not counted either.
                Leave(place);
                return new(Refuse(Cause.TooManyAtOnce, 1, place.StatusOf(limit)));
            }

            if (key != 0)
                _asked.Add((place, limit, key));
        }

        var verdict = place.Take(scope, context.Events.Now, out var ofRate, out var refusing);
        context.Record.ByRate = LimitVerdicts.Worse(context.Record.ByRate, ofRate);
        if (verdict is { Passes: true, Milliseconds: 0 })
            return new(Outcome.Success);
        if (verdict.Passes)
            return Wait(verdict.Milliseconds);
        Exceeded = refusing;
        return new(Refuse(Cause.RateExceeded, (int)Math.Clamp((verdict.Milliseconds + 999) / 1000, 1, int.MaxValue), refusing!.Status));
    }

    private bool WasAsked(PlaceLimits place)
    {
        foreach (var (other, _, _) in _asked)
        {
            if (other == place || (other.IsOnce && place.IsOnce))
                return true;
        }

        return false;
    }

    private void Leave(PlaceLimits place)
    {
        for (var i = 0; i < _asked.Count; i++)
        {
            if (_asked[i].Place != place || _asked[i].Key == 0)
                continue;
            place.Leave(_asked[i].Limit, _asked[i].Key);
            _asked[i] = (place, 0, 0);
        }
    }

    private Outcome Refuse(Cause cause, int seconds, int told)
    {
        context.Loop.Counters.LimitRefusals++;
        return new(cause, Seconds: seconds, Told: told);
    }

    private ValueTask<Outcome> Wait(long milliseconds)
    {
        context.Loop.Counters.LimitDelays++;
        return Pause(milliseconds);
    }

    /// <summary>Keeps a client waiting.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<Outcome> Pause(long milliseconds)
    {
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
        foreach (var (place, limit, key) in _asked)
        {
            if (key != 0)
                place.Leave(limit, key);
        }

        _asked.Clear();
        Exceeded = null;
    }

    public void PeerEnded(bool broken)
    {
        _clientGone = true;
        Abort();
    }
}
