namespace Steelyard.Balancing;

/// <summary>
/// Of two servers by lot the one with less to do for its weight: nginx's random two least_conn. The two are never the
/// same (Envoy draws with replacement, and of two hosts takes the busier one in a quarter of the cases).
/// </summary>
public sealed class TwoChoices : Picker
{
    private const int MostDraws = 20;

    private readonly WeightedLots _lots;
    private readonly bool _several;

    /// <inheritdoc cref="Picker(Server[], int[])"/>
    public TwoChoices(Server[] servers, int[] weights)
        : base(servers, weights)
    {
        _lots = new WeightedLots(Weights);
        _several = Array.FindAll(Weights, weight => weight > 0).Length > 1;
    }

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
            {
                var order = LeastConnections.Compare(Servers[second].Active, Weights[second], Servers[first].Active, Weights[first]);
                return Take(order < 0 ? second : first, DecisionReason.LessActiveOfTwo);
            }

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

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => (double)Servers[index].Active / Weights[index];

    /// <inheritdoc/>
    internal override string ScoreMeaning => "requests under way for its share, fewest of two first";
}
