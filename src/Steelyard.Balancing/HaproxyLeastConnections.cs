namespace Steelyard.Balancing;

/// <summary>
/// HAProxy's leastconn: the score of a server is what it has to do and the request to come, for its weight and rounded down;
/// nothing where it has nothing to do. Among equals the one whose score has stayed for longest.
/// </summary>
internal sealed class HaproxyLeastConnections : Picker
{
    private readonly int _heaviest = 256;

    /// <inheritdoc cref="Picker(Server[], int[])"/>
    public HaproxyLeastConnections(Server[] servers, int[] weights)
        : base(servers, weights)
    {
        // During a slow start weights count in finer steps, as HAProxy's do at all times.
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] > servers[i].Weight)
                _heaviest = 256 * Server.RampSteps;
        }
    }

    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        var (servers, weights, tried) = (Servers, Weights, choice.Tried);
        var isFirst = tried.Count == 0;
        while (true)
        {
            var (best, least, since, active, alone) = (-1, long.MaxValue, 0U, 0, true);
            for (var i = 0; i < servers.Length && i < weights.Length; i++)
            {
                // As IsEligible, without looking into the set each time.
                var server = servers[i];
                if (weights[i] <= 0 || (!isFirst && tried.Contains(i)) || server.Full)
                    continue;
                var its = server.Active;
                var score = ScoreOf(i, its);
                if (score > least)
                    continue;

                // Numbers go round after four thousand million changes.
                var changed = server.Changed;
                if (score == least && (int)(changed - since) >= 0)
                {
                    alone = false;
                    continue;
                }

                alone = score < least;
                (best, least, since, active) = (i, score, changed, its);
            }

            if (best < 0)
                return new(null, DecisionReason.NoneLeft);
            if (Servers[best].TryBegin(active))
                return new(Servers[best], alone ? DecisionReason.LeastActive : DecisionReason.TurnOfLeastActive);
        }
    }

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => ScoreOf(index, Servers[index].Active);

    /// <inheritdoc/>
    internal override string ScoreMeaning => "requests under way and the one to come for its share, fewest first";

    private long ScoreOf(int index, int active) => active <= 0 ? 0 : (active + 1L) * _heaviest / Weights[index];
}
