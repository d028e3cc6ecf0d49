using System.Runtime.CompilerServices;
using Steelyard.Config;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>Waits for a request's body on behalf of rules (HAProxy: wait-for-body, option http-buffer-request).</summary>
internal sealed class BodyWaiting(ExchangeContext context)
{
    private static readonly byte[] s_continue = "HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray();

    private BodyWait _wait = null!;

    /// <summary>What has come of the body has not been taken: rules may look at it.</summary>
    public bool IsHere { get; set; }

    /// <summary>Whether more of it has to come, which <see cref="Run"/> waits for.</summary>
    public bool Lacks(BodyWait wait)
    {
        _wait = wait;
        return IsHere && !ArrivedBody.IsEnough(context.Request, context.Client.Input, wait);
    }

    /// <summary>Waits until enough of it is here.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<Outcome> Run()
    {
        var wait = _wait;
        if (context.Request.ExpectsContinue)
        {
            // Who waits to be told is told here, and no server has to say it again.
            var block = context.Events.Blocks.Rent();
            s_continue.CopyTo(block.Span);
            var told = await context.Client.Transport.SendAll(block.Slice(0, s_continue.Length), context.Timeouts.ClientBody);
            context.Events.Blocks.Return(block);
            if (told != IoStatus.Done)
                return new(Cause.ClientGone);
            context.Request.ContinueTold(context.Head);
        }

        var due = context.Events.In(wait.Time > TimeSpan.Zero ? (long)wait.Time.TotalMilliseconds : context.Timeouts.ClientHeader);
        var input = context.Client.Input;
        while (!ArrivedBody.IsEnough(context.Request, input, wait))
        {
            var left = Math.Min(due, context.Deadline.Due) - context.Events.Now;
            var filled = left > 0 ? await input.Fill(context.Client.Transport, left) : IoStatus.TimedOut;
            if (filled != IoStatus.Done)
                return new(filled == IoStatus.TimedOut ? Cause.BodyTimeout : Cause.ClientGone);
        }

        return Outcome.Success;
    }
}
