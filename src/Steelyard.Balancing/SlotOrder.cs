namespace Steelyard.Balancing;

/// <summary>The order of HAProxy's static-rr and of its maps: the first server is always first, and the others are mixed in by their weights.</summary>
internal static class SlotOrder
{
    /// <summary>One whole round.</summary>
    /// <param name="weights">What each gets a share by; 0 gets none.</param>
    /// <returns>Positions in <paramref name="weights"/>, each as often as its weight over the greatest common divisor says.</returns>
    public static int[] Of(ReadOnlySpan<int> weights)
    {
        var (divisor, equal, last) = (0, true, 0);
        foreach (var weight in weights)
        {
            if (weight == 0)
                continue;
            divisor = SmoothOrder.GreatestCommonDivisor(divisor, weight);
            equal &= last == 0 || last == weight;
            last = weight;
        }

        if (divisor == 0)
            return [];
        List<(int Server, int Weight)> servers = [];
        var total = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] == 0)
                continue;
            servers.Add((i, weights[i] / divisor));
            total += weights[i] / divisor;
        }

        var order = new int[total];
        if (equal)
        {
            for (var i = 0; i < order.Length; i++)
                order[i] = servers[i].Server;
            return order;
        }

        Fill(order, servers);
        return order;
    }

    /// <summary>
    /// Each turn everybody's score grows by its weight; the first whose score, in whole rounds, is highest takes the turn
    /// and pays a round for it. A score lies between minus one round and two, so whoever has more than none goes before
    /// whoever has less.
    /// </summary>
    private static void Fill(int[] order, List<(int Server, int Weight)> servers)
    {
        var scores = new long[servers.Count];
        for (var turn = 0; turn < order.Length; turn++)
        {
            var (best, most) = (-1, 0L);
            for (var i = 0; i < scores.Length; i++)
            {
                scores[i] += servers[i].Weight;
                var rounds = (scores[i] + order.Length) / order.Length;
                if (best < 0 || rounds > most)
                    (best, most) = (i, rounds);
            }

            order[turn] = servers[best].Server;
            scores[best] -= order.Length;
        }
    }
}
