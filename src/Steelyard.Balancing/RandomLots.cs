namespace Steelyard.Balancing;

/// <summary>A server by lot, as likely as its weight says: nginx's random.</summary>
public sealed class RandomLots : Picker
{
    private readonly WeightedLots _lots;

    /// <inheritdoc cref="Picker(Server[], int[])"/>
    public RandomLots(Server[] servers, int[] weights)
        : base(servers, weights) => _lots = new WeightedLots(Weights);

    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        var index = Draw(_lots, (uint)choice.Chance, choice.Tried);
        return index < 0 ? new(null, DecisionReason.NoneLeft) : Take(index, DecisionReason.Lot);
    }

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => (double)Weights[index] / _lots.Total;

    /// <inheritdoc/>
    internal override string ScoreMeaning => "its part of the lots";

    /// <summary>The one a lot falls on, or the next that was not tried.</summary>
    private int Draw(WeightedLots lots, uint chance, ServerSet tried)
    {
        if (lots.Total == 0)
            return -1;
        var drawn = lots.At(lots.Place(chance));
        for (var step = 0; step < Servers.Length; step++)
        {
            var index = (drawn + step) % Servers.Length;
            if (IsEligible(index, tried))
                return index;
        }

        return -1;
    }
}
