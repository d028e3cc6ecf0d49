using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// Reads on for a while after the last answer, or the part of it that there is: to close with bytes unread would reset the
/// connection and take the answer with it before the client has read it (RFC 9112, 9.6). Many clients send all of a body
/// before they look.
/// </summary>
internal static class Lingering
{
    // nginx: lingering_time, lingering_timeout.
    private const long Longest = 30_000;
    private const long LongestPause = 2000;

    /// <param name="loop">Whose connection it is; while it drains, no more is waited than one pause.</param>
    /// <param name="transport">The connection.</param>
    /// <param name="input">Where it is read into, and forgotten.</param>
    /// <param name="cut">Whether the answer is not whole.</param>
    [AsyncMethodBuilder(typeof(LoopMethod))]
    public static async ValueTask Run(ProxyLoop loop, Transport transport, InputBuffer input, bool cut)
    {
        if (cut)
            transport.FinishCut();
        else
            transport.FinishSending();
        var begun = loop.Events.Now;
        var budget = new TurnBudget(loop.Events);
        while (loop.Events.Now - begun < (loop.Draining ? LongestPause : Longest))
        {
            var budgetSpent = budget.Spend(input.Unread.Length);
            input.Release();
            if (budgetSpent)
                await loop.Events.NextTurn;
            if (await input.Fill(transport, LongestPause) != IoStatus.Done)
                break;
        }
    }
}
