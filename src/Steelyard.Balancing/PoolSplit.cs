namespace Steelyard.Balancing;

/// <summary>Shares requests among pools by weights, smoothly mixed and exact over all loops. Shared by all loops.</summary>
public sealed class PoolSplit
{
    private readonly Pool[] _pools;
    private readonly int[] _order;
    private readonly Cursor _cursor = new();

    /// <param name="shares">The pools with their weights, 0 or more, one of them at least 1.</param>
    /// <exception cref="ArgumentException">All weights are 0.</exception>
    public PoolSplit(IReadOnlyList<(Pool Pool, int Weight)> shares)
    {
        _pools = new Pool[shares.Count];
        var weights = new int[shares.Count];
        for (var i = 0; i < _pools.Length; i++)
            (_pools[i], weights[i]) = shares[i];
        _order = SmoothOrder.Of(weights);
        if (_order.Length == 0)
            throw new ArgumentException("A split needs a pool with a weight of at least 1.", nameof(shares));
    }

    /// <summary>The pool whose turn it is.</summary>
    public Pool Next() => _pools[_order[(int)(_cursor.Take() % (ulong)_order.Length)]];
}
