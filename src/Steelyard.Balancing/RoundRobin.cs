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
        var weights = new int[_servers.Length];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = _servers[i].Settings.Weight;
        _order = SmoothOrder.Of(weights);
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
}
