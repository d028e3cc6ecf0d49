using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>Chooses a tier by what part of the requests it gets, and a server in it; where all of a tier were tried, in the next.</summary>
internal sealed class TieredPicker : Picker
{
    private readonly Tiers _tiers;
    private readonly Picker[] _pickers;
    private readonly int[] _shares;
    private readonly TurnOrder _turns;

    // Null where nothing is hashed. Else a key's tier goes by the key too, up to where each one's part of all reaches: by turns
    // each key would be with a server of every tier.
    private readonly HashSettings? _hash;
    private readonly int[] _reach;

    // Whether servers may be full, under a policy that leaves those that fail no more than their share of what others have no room for.
    private readonly bool _sparesFailing;

    public TieredPicker(Tiers tiers, BalanceSettings settings, Server[] servers, int[] weights, Picker? before, IServerPolicy? custom = null)
        : base(servers, weights = tiers.Used(weights))
    {
        _tiers = tiers;
        _hash = custom is null && settings.Policy == BalancePolicy.Hash ? settings.Hash : null;
        _sparesFailing = LimitedChoice.SparesFailing(settings.Policy, custom is not null) && servers is [{ MayBeFull: true }, ..];
        var same = before as TieredPicker;
        _pickers = new Picker[tiers.Count];
        (_shares, _reach) = (new int[weights.Length], new int[tiers.Count]);
        var loads = tiers.Loads(servers, weights);
        for (var tier = 0; tier < _pickers.Length; tier++)
        {
            var within = tiers.Within(weights, tier);
            _pickers[tier] = Of(settings, servers, within, tier < same?._pickers.Length ? same._pickers[tier] : tier == 0 ? before : null, custom, _hash is null ? null : tiers.MembersOf(tier));
            _reach[tier] = loads[tier] + (tier == 0 ? 0 : _reach[tier - 1]);
            for (var i = 0; i < within.Length; i++)
                _shares[i] += loads[tier] > 0 ? within[i] : 0;
        }

        // Loads that do not make up all of it are shared by what there is.
        _turns = new TurnOrder(loads, same?._turns);
    }

    internal override ReadOnlySpan<int> Shares => _shares;

    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        if (_turns.Length == 0)
            return new(null, DecisionReason.NoneLeft);
        var own = _turns.Length == 1 ? _turns.At(0)
            : _hash is not null && KeyText.Cut(choice.Key, _hash) is { IsEmpty: false } key ? TierOf(key)
            : _turns.Next();
        if (_sparesFailing && TierBefore(own, choice.Tried) is >= 0 and var better)
            own = better;
        var decision = _pickers[own].Pick(choice);
        for (var tier = 0; decision.Server is null && tier < _pickers.Length; tier++)
        {
            if (tier != own && !(_tiers.WaitsForOthers(tier) && OthersServe(choice.Tried)))
                decision = _pickers[tier].Pick(choice);
        }

        return decision;
    }

    // Mixed once more, or the keys of a tier would be those of one part of its servers.
    private int TierOf(ReadOnlySpan<byte> key)
    {
        var place = (int)(((Hashes.Mix(Hashes.Wide(key)) >> 32) * (ulong)_reach[^1]) >> 32);
        var tier = 0;
        while (_reach[tier] <= place)
            tier++;
        return tier;
    }

    /// <summary>
    /// The tier that goes before one in which nobody has room but those that fail, which have it at all times: the first with
    /// room at one that does well. Less than 0 where there is no such tier, and where it is the turn of one that fails by its share.
    /// </summary>
    private int TierBefore(int own, ServerSet tried)
    {
        if (!IsFullButForFailing(own, tried))
            return -1;
        for (var tier = 0; tier < _pickers.Length; tier++)
        {
            if (tier != own && HasRoomAtWell(tier, tried) && !(_tiers.WaitsForOthers(tier) && OthersServe(tried)))
                return DrawsLotOfFailing(own, tried) ? -1 : tier;
        }

        return -1;
    }

    /// <summary>Whether all servers of a tier that do well are full, and one that fails is not.</summary>
    private bool IsFullButForFailing(int tier, ServerSet tried)
    {
        var (full, failing) = (false, false);
        for (var i = _tiers.StartOf(tier); i < Weights.Length; i++)
        {
            if (_tiers.TierOf(i) != tier || !Offers(i, tried))
                continue;
            var (fails, isFull) = (Servers[i].Fails, Servers[i].Full);
            if (!fails && !isFull)
                return false;
            full |= !fails;
            failing |= fails && !isFull;
        }

        return full && failing;
    }

    private bool DrawsLotOfFailing(int tier, ServerSet tried)
    {
        for (var i = _tiers.StartOf(tier); i < Weights.Length; i++)
        {
            if (_tiers.TierOf(i) == tier && IsEligible(i, tried) && Servers[i].Fails && Servers[i].DrawsLot(this))
                return true;
        }

        return false;
    }

    private bool HasRoomAtWell(int tier, ServerSet tried)
    {
        for (var i = _tiers.StartOf(tier); i < Weights.Length; i++)
        {
            if (_tiers.TierOf(i) == tier && IsEligible(i, tried) && !Servers[i].Fails)
                return true;
        }

        return false;
    }

    /// <inheritdoc/>
    internal override bool HoldsBack(int index, ServerSet tried) => _tiers.WaitsForOthers(_tiers.TierOf(index)) && OthersServe(tried);

    /// <summary>Whether one that is no backup would take a request, now or when it has room.</summary>
    private bool OthersServe(ServerSet tried)
    {
        for (var i = 0; i < Weights.Length; i++)
        {
            if (Weights[i] > 0 && _tiers.TierOf(i) < _tiers.Count - 1 && !tried.Contains(i))
                return true;
        }

        return false;
    }

    /// <inheritdoc/>
    internal override double Score(int index, in Choice choice) => _pickers[_tiers.TierOf(index)].Score(index, choice);

    /// <inheritdoc/>
    internal override string? ScoreMeaning => _pickers[0].ScoreMeaning;

    /// <inheritdoc/>
    internal override void Detach()
    {
        _turns.Detach();
        foreach (var picker in _pickers)
            picker.Detach();
    }
}
