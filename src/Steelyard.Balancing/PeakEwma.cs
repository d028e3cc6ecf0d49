using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// Of two servers by lot the one with the lower cost: what its answers took lately times what it would have to do, for its
/// weight (Finagle's and Linkerd's peak EWMA). A server of which nothing is known gets one request to show it.
/// </summary>
internal sealed class PeakEwma : PairPicker
{
    // Who has not answered its first request yet: worse than anybody of whom something is known.
    private const double Unknown = 1e9;

    // The loops' clock counts milliseconds; who answers within one still has a cost that grows with what it has to do.
    private const double Least = 0.25;

    private readonly double _decay;

    // What a server has to do counts for its share against the others': equal weights are alike, of whatever size.
    private readonly double _meanWeight;

    /// <param name="settings">How fast is forgotten.</param>
    /// <param name="servers">All servers of the pool in their order.</param>
    /// <param name="weights">The share of each.</param>
    internal PeakEwma(BalanceSettings settings, Server[] servers, int[] weights)
        : base(servers, weights, DecisionReason.LowerCostOfTwo)
    {
        _decay = settings.Decay.TotalMilliseconds;
        var (sum, usable) = (0L, 0);
        foreach (var weight in weights)
            (sum, usable) = (sum + weight, usable + (weight > 0 ? 1 : 0));
        _meanWeight = usable == 0 ? 1 : (double)sum / usable;
    }

    private protected override bool IsBetter(int second, int first, long now) => Cost(second, now) < Cost(first, now);

    private double Cost(int index, long now)
    {
        var server = Servers[index];
        var active = server.Active * _meanWeight / Weights[index];
        var latency = server.Latency!.Estimate(now, _decay);
        return !double.IsNaN(latency) ? Math.Max(latency, Least) * (active + 1)
            : active == 0 ? 0
            : Unknown + active;
    }

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => Cost(index, choice.Now);

    /// <inheritdoc/>
    internal override string ScoreMeaning => "milliseconds to an answer times one more than the requests under way for its share; least of two first";
}
