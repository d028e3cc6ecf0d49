using Steelyard.Balancing;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// What an exchange has to do with its pool beside the servers' answers: the breaker's leave, what is learned of each
/// attempt, and who answers where all fail. Used again and again; owned by an exchange.
/// </summary>
internal sealed class PoolCall(ExchangeContext context, Attempts attempts, ServerChoice choice, BreakerGuard guard, OutgoingRequest outgoing, Conversation conversation, ExchangeAccount account)
{
    /// <summary>Begins with a pool, if its breaker allows.</summary>
    public bool Begin(Pool pool, ref Outcome outcome)
    {
        attempts.Begin(pool, context.Affinity.Owner);
        choice.Begin();
        outcome = guard.Enter(pool.Breaker);
        return outcome.IsSuccess;
    }

    /// <summary>Goes on with the servers that the pool has now, if a reload has come between.</summary>
    public bool Follow(ref Pool pool)
    {
        if (!context.FollowPool(ref pool))
            return false;
        context.Affinity.Begin(pool);
        attempts.Follow(pool, context.Affinity.Owner);
        return true;
    }

    /// <summary>No server was chosen, or one whose breaker is open.</summary>
    /// <returns>Whether another one is to be chosen.</returns>
    public bool IsPassedOver(in Outcome chosen, ref Outcome outcome)
    {
        if (chosen.Cause == Cause.BreakerOpen)
        {
            // What became of an attempt says more, and whoever is asked next is asked again.
            attempts.Tried.Add(context.Server!.Index);
            outcome = outcome.Retry == Retry.Never ? chosen : outcome;
            return true;
        }

        if (context.Log is { KeepsAttempts: true } && context.Record.Tried.Count == 0)
            context.Record.EndAttempt(context.Pool!.NameBytes, chosen.ToldAsGateway().Status);

        // What became of the last attempt says more than that there is no other.
        outcome = outcome.IsSuccess || chosen.Cause != Cause.NoServer ? EndedByTime(chosen) : outcome with { Retry = Retry.Never };
        guard.End(outcome);
        return false;
    }

    /// <summary>What an end means that the time has brought about.</summary>
    public Outcome EndedByTime(in Outcome outcome) =>
        context.Deadline.Passed ? new(outgoing.BodyPending && outcome.Cause != Cause.RequestTimeout ? Cause.BodyTimeout : Cause.RequestTimeout)
        : guard.TimedOut ? new(Cause.BreakerTimeout)
        : outcome;

    /// <summary>Remembers how the server did. That a kept connection was closed meanwhile is no failure of it.</summary>
    public void Learn(Pool pool, Server server, in Outcome outcome, int status, long latency)
    {
        if (outcome.Retry == Retry.OnFreshConnection)
            return;
        var answered = outcome.IsSuccess || outcome.Cause == Cause.StatusReplaced;
        if (answered || outcome.ServerFailure != ServerFailure.None)
            pool.Learn(server, answered ? ServerFailure.None : outcome.ServerFailure, status, context.Events.Now, latency);
        if (outcome.Retry == Retry.Never || server.Breaker is not null)
            guard.End(outcome);
    }

    /// <summary>Goes on with another pool, where the breaker of this one says so and the request may go there.</summary>
    public bool FallsBack(ref Pool pool, ref Outcome outcome)
    {
        if (outcome.Fault != Fault.Server || context.ResponseBegun || context.IsHandedOn || pool.Settings.Breaker is not { Fallback.Pool: { } name } || !outgoing.Replayable
            || (!outcome.IsUnsent && !conversation.MayBeSentAgain))
            return false;
        CountFallback(pool);
        context.EndWithServer();
        pool = context.Pool = context.Plan.Pools[name];
        if (context.Log is not null)
            context.Record.Enter(pool);
        context.Affinity.Begin(pool);
        return Begin(pool, ref outcome) || FallsBack(ref pool, ref outcome);
    }

    /// <summary>The answer that a client gets instead of a failure; null for none.</summary>
    public LocalAnswer? FallbackFor(Pool pool, in Outcome outcome)
    {
        if (outcome.Fault != Fault.Server || context.ResponseBegun || context.Plan.Fallbacks.GetValueOrDefault(pool) is not { } instead)
            return null;
        CountFallback(pool);

        // The client may not see that anything has failed; who looks for why has to.
        account.Note(outcome, instead.Status);
        return instead;
    }

    private void CountFallback(Pool pool)
    {
        context.Loop.Counters.Fallbacks++;
        (pool.Breaker ?? context.Server?.Breaker)?.FellBack();
    }
}
