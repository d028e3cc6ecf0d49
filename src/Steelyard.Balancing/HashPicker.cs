using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// A server by the hash of something of the request, with an optional bound on what each may have to do (Mirrokni,
/// Thorup, Zadimoghaddam: Consistent Hashing with Bounded Loads, 2016). Without a key, and where nobody on a key's way
/// can serve, it goes in turn.
/// </summary>
internal sealed class HashPicker : Picker
{
    private readonly HashSettings _settings;
    private readonly Placement _placement;
    private readonly TurnOrder _turns;
    private readonly long _configuredWeight;
    private readonly ActiveTotal? _total;
    private readonly int _load;

    /// <param name="settings">What is hashed, and how.</param>
    /// <param name="servers">All servers of the pool in their order.</param>
    /// <param name="weights">The share of each. A slow start is not seen here: a key that moves on and back again is no gain.</param>
    /// <param name="before">The one whose turns go on; null for none.</param>
    /// <param name="members">Which of the servers it chooses among, those of one tier; null for all.</param>
    internal HashPicker(HashSettings settings, Server[] servers, int[] weights, Picker? before, bool[]? members = null)
        : base(servers, weights)
    {
        var same = before as HashPicker;
        _settings = settings;
        _placement = Placement.Of(settings, servers, weights, members, same?._placement);
        _turns = new TurnOrder(weights, same?._turns);
        if (settings.Load is null || servers.Length == 0)
            return;
        _total = servers[0].Total;
        _load = settings.Load.Value;
        for (var i = 0; i < servers.Length; i++)
            _configuredWeight += weights[i] > 0 ? servers[i].Weight : 0;
    }

    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        var key = KeyText.Cut(choice.Key, _settings);
        if (key.IsEmpty || _placement.IsEmpty)
            return InTurn(choice.Tried);

        var walk = _placement.Begin(key);
        var most = _settings.Load is null ? _placement.MostSteps : Math.Max(_placement.MostSteps, Servers.Length * 4);
        for (var step = 0; step < most; step++)
        {
            var index = _placement.Next(ref walk, key);
            if (step > 0 && Servers[index].Fails)
                continue;
            if (IsEligible(index, choice.Tried) && TryTake(index))
                return new(Servers[index], step == 0 ? DecisionReason.Hash : DecisionReason.NextOfHash);
        }

        return InTurn(choice.Tried);
    }

    /// <summary>
    /// Whether a server has less to do than the most it may have, this request included: as HAProxy and the paper round
    /// it, up. Without a division, which would cost more than all the rest.
    /// </summary>
    private bool IsBelowBound(int index, int active)
    {
        var all = (((Math.Max(_total!.Count, 0) + 1) * _load) + 99) / 100;
        return active <= 0 || active * _configuredWeight < all * Servers[index].Weight;
    }

    private bool TryTake(int index)
    {
        if (_total is null)
            return Servers[index].TryBegin();

        // Who was overtaken by another loop looks again: the bound is exact.
        while (Servers[index].Active is var active && IsBelowBound(index, active) && !Servers[index].Full)
        {
            if (Servers[index].TryBegin(active))
                return true;
        }

        return false;
    }

    /// <summary>The next in turn that may have more to do; then those that do not fail; when none may, the next.</summary>
    private Decision InTurn(ServerSet tried)
    {
        if (_turns.Length == 0)
            return new(null, DecisionReason.NoneLeft);
        var reason = tried.Count == 0 ? DecisionReason.Turn : DecisionReason.TurnAfterTried;
        var own = _turns.Next();
        if (IsEligible(own, tried) && TryTake(own))
            return new(Servers[own], reason);
        var start = _turns.Position;
        var end = start + (ulong)_turns.Length;
        for (var position = start; position < end; position++)
        {
            var index = _turns.At(position);
            if (!IsEligible(index, tried) || Servers[index].Fails || !TryTake(index))
                continue;
            _turns.GoOnAfter(position);
            return new(Servers[index], reason);
        }

        for (var position = start; position < end; position++)
        {
            var index = _turns.At(position);
            if (!IsEligible(index, tried))
                continue;
            _turns.GoOnAfter(position);
            return Take(index, reason);
        }

        return new(null, DecisionReason.NoneLeft);
    }

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice)
    {
        var key = KeyText.Cut(choice.Key, _settings);
        if (key.IsEmpty || _placement.IsEmpty)
            return _turns.TurnsUntil(index);
        var walk = _placement.Begin(key);
        for (var step = 0; step < _placement.MostSteps; step++)
        {
            if (_placement.Next(ref walk, key) == index)
                return step;
        }

        return _placement.MostSteps;
    }

    /// <inheritdoc/>
    internal override string ScoreMeaning => "places before its own on the way of the key";

    /// <inheritdoc/>
    internal override void Detach() => _turns.Detach();
}
