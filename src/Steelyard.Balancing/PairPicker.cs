namespace Steelyard.Balancing;

/// <summary>
/// The better of two servers by lot, which are never the same (Envoy draws with replacement, and of two hosts takes the
/// busier one in a quarter of the cases).
/// </summary>
internal abstract class PairPicker : Picker
{
    private const int MostDraws = 20;

    private readonly WeightedLots _lots;
    private readonly bool _several;
    private readonly DecisionReason _betterOfTwo;

    /// <param name="servers">All servers of the pool in their order.</param>
    /// <param name="weights">The share of each.</param>
    /// <param name="betterOfTwo">Why the better one is chosen.</param>
    private protected PairPicker(Server[] servers, int[] weights, DecisionReason betterOfTwo)
        : base(servers, weights)
    {
        (_lots, _betterOfTwo) = (new WeightedLots(Weights), betterOfTwo);
        _several = Array.FindAll(Weights, weight => weight > 0).Length > 1;
    }

    /// <summary>Whether the second is better than the first.</summary>
    private protected abstract bool IsBetter(int second, int first, long now);

    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        var chance = choice.Chance;
        for (var draw = 0; draw < MostDraws && _several; draw++)
        {
            var first = _lots.At(_lots.Place((uint)chance));
            var second = _lots.At(_lots.PlaceBut((uint)(chance >> 32), first));
            var (takesFirst, takesSecond) = (IsEligible(first, choice.Tried), IsEligible(second, choice.Tried));
            if (takesFirst && takesSecond)
                return Take(IsBetter(second, first, choice.Now) ? second : first, _betterOfTwo);
            if (takesFirst || takesSecond)
                return Take(takesFirst ? first : second, DecisionReason.Lot);

            // Other bits out of these: an odd factor loses none of them.
            chance = System.Numerics.BitOperations.RotateLeft(chance * 0x9E3779B97F4A7C15, 29);
        }

        for (var i = 0; i < Servers.Length; i++)
        {
            if (IsEligible(i, choice.Tried))
                return Take(i, DecisionReason.Lot);
        }

        return new(null, DecisionReason.NoneLeft);
    }
}
