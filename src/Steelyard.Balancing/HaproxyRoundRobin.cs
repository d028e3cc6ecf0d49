namespace Steelyard.Balancing;

/// <summary>Round robin in the order of HAProxy's roundrobin: weights 5, 1, 1 give a a a b a a c, and 1, 2, 3 give c b c a c b. Exact over all loops.</summary>
internal sealed class HaproxyRoundRobin : RoundRobin
{
    /// <param name="servers">All servers of the pool in their order.</param>
    /// <param name="weights">The share of each.</param>
    /// <param name="before">The one whose turns go on; null for none.</param>
    public HaproxyRoundRobin(Server[] servers, int[] weights, Picker? before)
        : base(servers, weights, WindowOrder.Of(weights), before)
    {
    }
}
