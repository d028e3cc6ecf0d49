namespace Steelyard.Balancing;

/// <summary>
/// Smooth weighted round robin, in nginx's order: weights 5, 1, 1 give a a b a c a a. Exact over all loops.
/// </summary>
internal class RoundRobin : Picker
{
    private readonly TurnOrder _turns;

    // Who comes again goes round by itself: by the turns of the others, what one server cannot do would all fall to the next
    // of them, and a dead one would come up again for the next request.
    private Cursor _again;

    /// <param name="servers">All servers of the pool in their order.</param>
    /// <param name="weights">The share of each.</param>
    /// <param name="before">The one whose turns go on; null for none.</param>
    public RoundRobin(Server[] servers, int[] weights, Picker? before)
        : base(servers, weights) => (_turns, _again) = (new TurnOrder(weights, (before as RoundRobin)?._turns), AgainOf(before));

    private protected RoundRobin(Server[] servers, int[] weights, int[] order, Picker? before)
        : base(servers, weights) => (_turns, _again) = (TurnOrder.In(order, (before as RoundRobin)?._turns), AgainOf(before));

    private static Cursor AgainOf(Picker? before) => (before as RoundRobin)?._again ?? new();

    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        if (choice.Tried.Count == 0 && _turns.Length > 0)
            return InTurn();

        // The first one goes where the next turn stands.
        var position = _again.Position is > 0 and var own ? own : _turns.Position;
        for (var end = position + (ulong)_turns.Length; position < end; position++)
        {
            var index = _turns.At(position);
            if (!IsEligible(index, choice.Tried))
                continue;
            _again.GoOnAfter(position);
            return Take(index, DecisionReason.TurnAfterTried);
        }

        return new(null, DecisionReason.NoneLeft);
    }

    /// <summary>The one whose turn it is; a server that is full lets its turn go by.</summary>
    private Decision InTurn()
    {
        for (var turn = 0; turn < _turns.Length; turn++)
        {
            var server = Servers[_turns.Next()];
            if (server.TryBegin())
                return new(server, DecisionReason.Turn);
        }

        return new(null, DecisionReason.AllFull);
    }

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => _turns.TurnsUntil(index);

    /// <inheritdoc/>
    internal override string ScoreMeaning => "turns before its own";

    /// <inheritdoc/>
    internal override void Detach()
    {
        _turns.Detach();
        _again = _again.Copy();
    }
}
