namespace Steelyard.Balancing;

/// <summary>nginx's smooth weighted order: weights 5, 1, 1 give a a b a c a a.</summary>
internal static class SmoothOrder
{
    /// <summary>Runs the algorithm for one whole round ahead of time.</summary>
    /// <param name="weights">What each gets a share by; 0 gets none.</param>
    /// <returns>Positions in <paramref name="weights"/>, each as often as its weight over the greatest common divisor says.</returns>
    public static int[] Of(ReadOnlySpan<int> weights) => Of(weights, inWholeRounds: false);

    /// <summary>The same, or with those equal whose scores lie in the same whole round.</summary>
    internal static int[] Of(ReadOnlySpan<int> weights, bool inWholeRounds)
    {
        var divisor = 0;
        foreach (var weight in weights)
            divisor = GreatestCommonDivisor(divisor, weight);
        if (divisor == 0)
            return [];

        var (groups, total) = GroupByWeight(weights, divisor);
        var order = new int[total];
        for (var turn = 0; turn < order.Length; turn++)
        {
            var (best, most) = (groups[0], long.MinValue);
            foreach (var group in groups)
            {
                group.Current += group.Weight;
                var score = inWholeRounds ? (group.Current + total) / total : group.Current;
                if (score > most || (score == most && group.Candidate < best.Candidate))
                    (best, most) = (group, score);
            }

            order[turn] = best.Take(total);
        }

        return order;
    }

    private static (List<WeightGroup> Groups, int Total) GroupByWeight(ReadOnlySpan<int> weights, int divisor)
    {
        var (groups, total) = (new List<WeightGroup>(), 0);
        for (var i = 0; i < weights.Length; i++)
        {
            var weight = weights[i] / divisor;
            if (weight == 0)
                continue;
            total += weight;
            var group = groups.Find(group => group.Weight == weight);
            if (group is null)
                groups.Add(group = new(weight));
            group.Members.Add(i);
        }

        return (groups, total);
    }

    /// <summary>
    /// Those of one weight. They take their turns in their order, so only the next of them stands against the other
    /// groups: a round costs its turns times the different weights, not times the members.
    /// </summary>
    private sealed class WeightGroup(int weight)
    {
        private int _next;

        public int Weight { get; } = weight;

        public List<int> Members { get; } = [];

        /// <summary>What nginx calls the current weight, of the candidate.</summary>
        public long Current { get; set; }

        public int Candidate => Members[_next];

        public int Take(int total)
        {
            var taken = Candidate;
            if (++_next == Members.Count)
            {
                // Each of them has paid for its turn now.
                _next = 0;
                Current -= total;
            }

            return taken;
        }
    }

    private static int GreatestCommonDivisor(int a, int b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}
