using Steelyard.Balancing.Sticky;
using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>What becomes of a client that belongs to a server: that one, or another where it is not to be had (docs/stickiness.md).</summary>
internal static class OwnerChoice
{
    /// <summary>The server the client belongs to, as soon as it has room; another where it is not to be had, or drains and is not to keep its clients.</summary>
    public static Decision Choose(Pool pool, Server owner, Picker picker, in Choice choice)
    {
        var sticky = pool.Settings.Sticky!;
        owner = pool.Members[owner.Index];
        var outcome = OutcomeFor(owner, picker, choice, sticky);
        if ((choice.Forced || sticky.WhenDown == StickyDown.Always) && outcome is StickyOutcome.Down or StickyOutcome.Ejected or StickyOutcome.Maintenance)
            outcome = StickyOutcome.Kept;
        if (outcome == StickyOutcome.Kept || (outcome is StickyOutcome.Down or StickyOutcome.Ejected && sticky.WhenDown == StickyDown.Persist))
        {
            if (owner.TryBegin())
                return new(owner, DecisionReason.Sticky) { Sticky = StickyOutcome.Kept };

            // The client waits for this one, and no other.
            if (sticky.WhenFull == StickyFull.Wait)
                return new(null, DecisionReason.AllFull) { Sticky = StickyOutcome.Kept, Awaited = owner };
            outcome = StickyOutcome.Full;
        }

        var refuses = outcome == StickyOutcome.Tried ? !sticky.Redispatch : sticky.WhenDown == StickyDown.Refuse && outcome is not (StickyOutcome.OnTrial or StickyOutcome.Full or StickyOutcome.Drained);
        return (refuses ? new(null, DecisionReason.StickyRefused) : pool.ChooseAny(picker, choice)) with { Sticky = outcome };
    }

    /// <summary>Whether a server where the client has a connection of its own takes this request too.</summary>
    public static bool TakesAgain(Server server, Picker picker, in Choice choice) =>
        picker.Shares[server.Index] > 0 && !choice.Tried.Contains(server.Index) && server.Outlier is not { Trying: true } && server.TryBegin();

    /// <summary>Whether a server that is named takes the request: one without a weight, or that drains, does.</summary>
    public static bool IsUp(Server server, Picker picker, in Choice choice) =>
        server.State != ServerState.Maintenance && (server.Up || picker.Shares[server.Index] > 0) && !choice.Tried.Contains(server.Index);

    /// <summary>That server, as soon as it has room.</summary>
    public static Decision ChooseNamed(Server server, in Choice choice) =>
        (server.TryBegin() ? new Decision(server, DecisionReason.Named) : new(null, DecisionReason.AllFull) { Awaited = server }) with { Sticky = choice.Owner is null ? StickyOutcome.None : StickyOutcome.Yielded };

    private static StickyOutcome OutcomeFor(Server owner, Picker picker, in Choice choice, StickySettings sticky)
    {
        if (choice.Tried.Contains(owner.Index))
            return StickyOutcome.Tried;
        if (owner.State == ServerState.Maintenance)
            return StickyOutcome.Maintenance;
        if (!owner.Open && !choice.Forced && sticky.WhenDrained == StickyDrained.Redispatch && picker.HasServerBeside(choice.Tried))
            return StickyOutcome.Drained;

        // Where others are worse still, the shares say that it serves all the same.
        if (picker.Shares[owner.Index] == 0)
        {
            if (!owner.Up)
                return StickyOutcome.Down;
            if (owner.Ejected)
                return StickyOutcome.Ejected;
        }

        return owner.Outlier is { Trying: true } state && !state.Admits(choice.Now) ? StickyOutcome.OnTrial : StickyOutcome.Kept;
    }
}
