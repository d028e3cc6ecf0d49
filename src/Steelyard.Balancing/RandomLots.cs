namespace Steelyard.Balancing;

/// <summary>A server by lot, as likely as its weight says: nginx's random.</summary>
internal sealed class RandomLots : Picker
{
    // nginx: random gives up after as many.
    private const int MostDraws = 20;

    private readonly WeightedLots _lots;

    /// <inheritdoc cref="Picker(Server[], int[])"/>
    public RandomLots(Server[] servers, int[] weights)
        : base(servers, weights) => _lots = new WeightedLots(Weights);

    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        var index = Draw(choice.Chance, choice.Tried);
        return index < 0 ? new(null, DecisionReason.NoneLeft) : Take(index, DecisionReason.Lot);
    }

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => (double)Weights[index] / _lots.Total;

    /// <inheritdoc/>
    internal override string ScoreMeaning => "its part of the lots";

    /// <summary>The one a lot falls on, or another by lot, as likely as its weight: the next would get all that one cannot do.</summary>
    private int Draw(ulong chance, ServerSet tried)
    {
        if (_lots.Total == 0)
            return -1;
        var first = _lots.At(_lots.Place((uint)chance));
        if (IsEligible(first, tried))
            return first;
        if (_lots.Total == Weights[first])
            return -1;
        chance >>= 32;
        for (var draw = 0; draw < MostDraws; draw++)
        {
            var index = _lots.At(_lots.PlaceBut((uint)chance, first));
            if (IsEligible(index, tried))
                return index;
            chance = Hashes.Mix(chance + 1);
        }

        for (var step = 1; step < Servers.Length; step++)
        {
            var index = (first + step) % Servers.Length;
            if (IsEligible(index, tried))
                return index;
        }

        return -1;
    }
}
