namespace Steelyard.Balancing;

/// <summary>
/// Of two servers by lot the one with less to do for its weight: nginx's random two least_conn. One that fails
/// (<see cref="Server.Fails"/>) is not better for having less to do: it gets its share and no more.
/// </summary>
internal sealed class TwoChoices : PairPicker
{
    /// <inheritdoc cref="Picker(Server[], int[])"/>
    public TwoChoices(Server[] servers, int[] weights)
        : base(servers, weights, DecisionReason.LessActiveOfTwo)
    {
    }

    private protected override bool IsBetter(int second, int first, long now) =>
        (Servers[first].Fails || !Servers[second].Fails) && LeastConnections.Compare(Servers[second].Active, Weights[second], Servers[first].Active, Weights[first]) < 0;

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => (double)Servers[index].Active / Weights[index];

    /// <inheritdoc/>
    internal override string ScoreMeaning => "requests under way for its share, fewest of two first; who fails gets its share at most";
}
