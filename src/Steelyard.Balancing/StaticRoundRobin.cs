namespace Steelyard.Balancing;

/// <summary>Round robin in the order of HAProxy's static-rr: weights 5, 1, 1 give a a a b a a c. Exact over all loops.</summary>
internal sealed class StaticRoundRobin : RoundRobin
{
    /// <param name="servers">All servers of the pool in their order.</param>
    /// <param name="weights">The share of each.</param>
    /// <param name="before">The one whose turns go on; null for none.</param>
    public StaticRoundRobin(Server[] servers, int[] weights, Picker? before)
        : base(servers, weights, SlotOrder.Of(weights), before)
    {
    }
}
