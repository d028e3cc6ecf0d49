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
        for (var turn = 0; turn < _order.Length; turn++)
        {
            var next = (ulong)Interlocked.Increment(ref _cursor.Next) - 1;
            var index = _order[(int)(next % (ulong)_order.Length)];
            if (!tried.Contains(index))
                return new(_servers[index], turn == 0 ? DecisionReason.Turn : DecisionReason.TurnAfterTried);
        }

        // Other loops took the turns between ours: look at every server before giving up.
        foreach (var server in _servers)
        {
            if (server.Settings.Weight > 0 && !tried.Contains(server.Index))
                return new(server, DecisionReason.TurnAfterTried);
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

        var weights = new int[servers.Length];
        var total = 0;
        for (var i = 0; i < servers.Length; i++)
            total += weights[i] = servers[i].Settings.Weight / divisor;

        var order = new int[total];
        if (total == servers.Length && Array.TrueForAll(weights, weight => weight == 1))
        {
            for (var i = 0; i < order.Length; i++)
                order[i] = i;
            return order;
        }

        var current = new int[servers.Length];
        for (var turn = 0; turn < order.Length; turn++)
        {
            var best = 0;
            for (var i = 0; i < current.Length; i++)
            {
                current[i] += weights[i];
                if (current[i] > current[best])
                    best = i;
            }

            current[best] -= total;
            order[turn] = best;
        }

        return order;
    }

    private static int GreatestCommonDivisor(int a, int b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}
