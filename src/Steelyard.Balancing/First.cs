namespace Steelyard.Balancing;

/// <summary>The first server in the order of the configuration that has room, as HAProxy's first: the others may sleep.</summary>
internal sealed class First : Picker
{
    /// <inheritdoc cref="Picker(Server[], int[])"/>
    public First(Server[] servers, int[] weights)
        : base(servers, weights)
    {
    }

    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        for (var i = 0; i < Servers.Length; i++)
        {
            if (IsEligible(i, choice.Tried))
                return Take(i, DecisionReason.First);
        }

        return new(null, DecisionReason.NoneLeft);
    }

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => index;

    /// <inheritdoc/>
    internal override string ScoreMeaning => "its place in the configuration, first with room first";
}
