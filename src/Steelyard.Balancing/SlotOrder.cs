namespace Steelyard.Balancing;

/// <summary>
/// The order of HAProxy's static-rr and of its maps. Each turn everybody's score grows by its weight; the first whose
/// score, in whole rounds, is highest takes the turn and pays a round for it. So the first server is always first, and
/// weights 5, 1, 1 give a a a b a a c.
/// </summary>
internal static class SlotOrder
{
    /// <summary>One whole round.</summary>
    /// <param name="weights">What each gets a share by; 0 gets none.</param>
    /// <returns>Positions in <paramref name="weights"/>, each as often as its weight over the greatest common divisor says.</returns>
    public static int[] Of(ReadOnlySpan<int> weights) => SmoothOrder.Of(weights, inWholeRounds: true);
}
