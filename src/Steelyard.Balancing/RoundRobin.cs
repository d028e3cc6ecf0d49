using System.Runtime.InteropServices;

namespace Steelyard.Balancing;

/// <summary>
/// Smooth weighted round robin, in nginx's order: weights 5, 1, 1 give a a b a c a a. One cursor for all loops, so
/// that the shares are exact however the requests fall on them.
/// </summary>
public sealed class RoundRobin : Picker
{
    private readonly Server[] _servers;

    // One round: each server as often as its weight over the greatest common divisor says.
    private readonly int[] _order;
    private PaddedCursor _cursor;

    /// <summary>Works out one round of the servers' weights.</summary>
    /// <param name="servers">The servers of the pool in their order; those of weight 0 are never chosen.</param>
    public RoundRobin(IReadOnlyList<Server> servers)
    {
        _servers = [.. servers];
        _order = SmoothOrder(_servers);
    }

    // Alone on its cache lines: every loop writes it for every request.
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct PaddedCursor
    {
        [FieldOffset(64)]
        public long Next;
    }

    /// <inheritdoc/>
    public override Decision Pick(ServerSet tried)
    {
        if (tried.Count == 0 && _order.Length > 0)
        {
            var turn = (ulong)Interlocked.Increment(ref _cursor.Next) - 1;
            return new(_servers[_order[(int)(turn % (ulong)_order.Length)]], DecisionReason.Turn);
        }

        // Who goes on to another server takes nobody's turn: a dead server would else come up again for the next request.
        var next = (ulong)Volatile.Read(ref _cursor.Next);
        for (var step = 0UL; step < (ulong)_order.Length; step++)
        {
            var index = _order[(int)((next + step) % (ulong)_order.Length)];
            if (!tried.Contains(index))
                return new(_servers[index], DecisionReason.TurnAfterTried);
        }

        return new(null, DecisionReason.NoneLeft);
    }

    /// <summary>nginx's smooth algorithm, run for one whole round ahead of time.</summary>
    private static int[] SmoothOrder(Server[] servers)
    {
        var divisor = 0;
        foreach (var server in servers)
            divisor = GreatestCommonDivisor(divisor, server.Settings.Weight);
        if (divisor == 0)
            return [];

        var (groups, total) = GroupByWeight(servers, divisor);
        var order = new int[total];
        for (var turn = 0; turn < order.Length; turn++)
        {
            var best = groups[0];
            foreach (var group in groups)
            {
                group.Current += group.Weight;
                if (group.Current > best.Current || (group.Current == best.Current && group.Candidate < best.Candidate))
                    best = group;
            }

            order[turn] = best.Take(total);
        }

        return order;
    }

    private static (List<WeightGroup> Groups, int Total) GroupByWeight(Server[] servers, int divisor)
    {
        var (groups, total) = (new List<WeightGroup>(), 0);
        for (var i = 0; i < servers.Length; i++)
        {
            var weight = servers[i].Settings.Weight / divisor;
            if (weight == 0)
                continue;
            total += weight;
            var group = groups.Find(group => group.Weight == weight);
            if (group is null)
                groups.Add(group = new(weight));
            group.Servers.Add(i);
        }

        return (groups, total);
    }

    /// <summary>
    /// The servers of one weight. They take their turns in their order, so only the next of them stands against the
    /// other groups: a round costs its turns times the different weights, not times the servers.
    /// </summary>
    private sealed class WeightGroup(int weight)
    {
        private int _next;

        public int Weight { get; } = weight;

        public List<int> Servers { get; } = [];

        /// <summary>What nginx calls the current weight, of the candidate.</summary>
        public long Current { get; set; }

        public int Candidate => Servers[_next];

        public int Take(int total)
        {
            var taken = Candidate;
            if (++_next == Servers.Count)
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
