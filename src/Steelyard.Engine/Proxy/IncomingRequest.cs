using System.Runtime.CompilerServices;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>Reads the head of a request from the client's connection. Owned by an exchange.</summary>
internal sealed class IncomingRequest(ExchangeContext context)
{
    /// <summary>Reads what has come of the head.</summary>
    /// <returns>Whether that is all of it, or as much as it takes to refuse it.</returns>
    public bool TryReadHead(out Outcome outcome)
    {
        var (request, input, limits) = (context.Request, context.Client.Input, context.Plan.Limits);
        var state = request.Read(input.Unread, (int)limits.Header.Bytes, limits.HeaderCount);
        outcome = state == HeadState.Invalid ? new(Cause.BadRequest, Detail: request.Error) : Outcome.Success;
        if (state != HeadState.Complete)
            return state == HeadState.Invalid;
        if (request.FieldsStart - 2 > limits.RequestLine.Bytes)
        {
            outcome = new(Cause.BadRequest, Detail: HeadError.TargetTooLong);
            return true;
        }

        input.HoldHead(request.Length);
        (context.HeadHeld, context.Body.IsHere) = (true, true);
        return true;
    }

    /// <summary>Reads until the head is complete.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<Outcome> ReadHead()
    {
        var deadline = Math.Min(context.Events.In(context.Timeouts.ClientHeader), context.Deadline.Due);
        Outcome outcome;
        do
        {
            var wait = deadline - context.Events.Now;
            var filled = wait > 0 ? await context.Client.Input.Fill(context.Client.Transport, wait) : IoStatus.TimedOut;
            if (filled != IoStatus.Done)
                return new(filled == IoStatus.TimedOut ? Cause.HeaderTimeout : Cause.ClientGone);
            context.FollowPlan();
        }
        while (!TryReadHead(out outcome));
        return outcome;
    }
}
