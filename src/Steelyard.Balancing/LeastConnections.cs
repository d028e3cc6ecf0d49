namespace Steelyard.Balancing;

/// <summary>
/// The server with the least to do for its weight, as nginx's least_conn and HAProxy's leastconn; among equals it goes
/// in turn. Exact over all loops: who finds that another loop has just chosen the same server looks again. One that fails
/// (<see cref="Server.Fails"/>) has little to do because of that: it gets its share by lot, and no more.
/// </summary>
internal sealed class LeastConnections : Picker
{
    // A turn is looked for among the equals so long and no longer.
    private const ulong MostSteps = 512;

    // Up to here looking at all of them costs less than a microsecond, for their counts fit into the nearest cache; it grows
    // with their number (bench/micro, line). Two choices make more requests wait, at the same cost for any number.
    internal const int MostScanned = Config.BalanceSettings.MostScanned;

    private readonly TurnOrder _turns;
    private readonly WeightedLots _lots;

    /// <param name="servers">All servers of the pool in their order.</param>
    /// <param name="weights">The share of each.</param>
    /// <param name="before">The one whose turns go on; null for none.</param>
    public LeastConnections(Server[] servers, int[] weights, Picker? before)
        : base(servers, weights) => (_turns, _lots) = (new TurnOrder(weights, (before as LeastConnections)?._turns), new WeightedLots(weights));

    /// <summary>Whether so few servers can be chosen that all of them are looked at.</summary>
    internal static bool Scans(ReadOnlySpan<int> weights)
    {
        var usable = 0;
        foreach (var weight in weights)
            usable += weight > 0 ? 1 : 0;
        return usable <= MostScanned;
    }

    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        while (true)
        {
            var best = Least(choice.Tried, failing: false, out var active, out var alone);
            var failing = best < 0;
            if (failing)
                best = Least(choice.Tried, failing, out active, out alone);
            if (best < 0)
                return new(null, DecisionReason.NoneLeft);
            if (!failing && LotOfFailing(choice, best, ref active) is >= 0 and var lot)
            {
                if (Servers[lot].TryBegin(active))
                    return new(Servers[lot], DecisionReason.Lot);
                continue;
            }

            if (!alone)
                best = InTurn(best, ref active, choice.Tried, failing);
            if (Servers[best].TryBegin(active))
                return new(Servers[best], alone ? DecisionReason.LeastActive : DecisionReason.TurnOfLeastActive);
        }
    }

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => (double)Servers[index].Active / Weights[index];

    /// <inheritdoc/>
    internal override string ScoreMeaning => "requests under way for its share, fewest first; who fails gets its share at most";

    /// <inheritdoc/>
    internal override void Detach() => _turns.Detach();

    /// <summary>The first server with the least to do.</summary>
    /// <param name="tried">Those that are left out.</param>
    /// <param name="failing">Whether those that fail are looked at too.</param>
    /// <param name="active">How much it has to do.</param>
    /// <param name="alone">Whether no other has as little to do.</param>
    private int Least(ServerSet tried, bool failing, out int active, out bool alone)
    {
        (var best, active, alone) = (-1, 0, true);
        for (var i = 0; i < Servers.Length; i++)
        {
            if (!IsEligible(i, tried) || (!failing && Servers[i].Fails))
                continue;
            var its = Servers[i].Active;
            var order = best < 0 ? -1 : Compare(its, Weights[i], active, Weights[best]);
            if (order < 0)
                (best, active, alone) = (i, its, true);
            else if (order == 0)
                alone = false;

            // Nobody has less than nothing to do, and another with nothing changes no more.
            if (active == 0 && !alone)
                break;
        }

        return best;
    }

    /// <summary>The server that the lot falls on, if it is one that fails, and has no more to do than the best of the others; else none.</summary>
    private int LotOfFailing(in Choice choice, int best, ref int active)
    {
        var lot = _lots.At(_lots.Place((uint)choice.Chance));
        if (!Servers[lot].Fails || !IsEligible(lot, choice.Tried))
            return -1;
        var its = Servers[lot].Active;
        if (Compare(its, Weights[lot], active, Weights[best]) > 0)
            return -1;
        active = its;
        return lot;
    }

    /// <summary>Whose turn it is among those that have as little to do as the first of them.</summary>
    private int InTurn(int first, ref int active, ServerSet tried, bool failing)
    {
        var position = _turns.Position;
        var steps = Math.Min((ulong)_turns.Length, MostSteps);
        for (var end = position + steps; position < end; position++)
        {
            var index = _turns.At(position);
            if (!IsEligible(index, tried) || (!failing && Servers[index].Fails))
                continue;
            var its = Servers[index].Active;
            if (Compare(its, Weights[index], active, Weights[first]) > 0)
                continue;
            _turns.GoOnAfter(position);
            active = its;
            return index;
        }

        return first;
    }

    /// <summary>Compares what two servers have to do for their weights.</summary>
    internal static int Compare(int active, int weight, int otherActive, int otherWeight) =>
        ((long)active * otherWeight).CompareTo((long)otherActive * weight);
}
