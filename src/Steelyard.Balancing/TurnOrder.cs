namespace Steelyard.Balancing;

/// <summary>Whose turn it is by weights, smoothly mixed: one cursor for all loops, so that the shares are exact however the requests fall on them.</summary>
internal sealed class TurnOrder
{
    // One round: each server as often as its weight over the greatest common divisor says.
    private readonly int[] _order;
    private readonly ulong _inverse;
    private Cursor _cursor;

    /// <param name="weights">What each gets its share by; 0 gets none.</param>
    /// <param name="before">The order whose turns go on; null for none.</param>
    public TurnOrder(ReadOnlySpan<int> weights, TurnOrder? before)
        : this(before, SmoothOrder.Of(weights))
    {
    }

    private TurnOrder(TurnOrder? before, int[] order) =>
        (_order, _inverse, _cursor) = (order, order.Length == 0 ? 0 : (ulong.MaxValue / (ulong)order.Length) + 1, before?._cursor ?? new());

    /// <summary>Turns in an order of another kind.</summary>
    /// <param name="order">One round.</param>
    /// <param name="before">The order whose turns go on; null for none.</param>
    public static TurnOrder In(int[] order, TurnOrder? before) => new(before, order);

    /// <summary>Turns in a round; 0 when nobody has a weight.</summary>
    public int Length => _order.Length;

    /// <summary>Takes the next turn.</summary>
    public int Next() => At(_cursor.Take());

    /// <summary>Where the next turn stands, without taking it.</summary>
    public ulong Position => _cursor.Position;

    /// <summary>Whose turn one is.</summary>
    public int At(ulong position) => _order[position <= uint.MaxValue ? (int)Remainder((uint)position) : (int)(position % (ulong)_order.Length)];

    // A remainder by two multiplications (Lemire, Kaser, Kurz: Faster remainder by direct computation, 2019). For one turn alone the inverse is 0.
    private uint Remainder(uint position) => (uint)Math.BigMul(_inverse * position, (ulong)_order.Length, out _);

    /// <summary>Lets the next turn be the one after a position.</summary>
    public void GoOnAfter(ulong position) => _cursor.GoOnAfter(position);

    /// <summary>Takes no turns of the order any more that it goes on from.</summary>
    public void Detach() => _cursor = _cursor.Copy();

    /// <summary>How many turns come before the next one of a server.</summary>
    public int TurnsUntil(int index)
    {
        var position = Position;
        for (var step = 0; step < _order.Length; step++)
        {
            if (At(position + (ulong)step) == index)
                return step;
        }

        return _order.Length;
    }
}
