using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>Which servers go before which: by their priority, and backups last. Immutable.</summary>
internal sealed class Tiers
{
    // Envoy's overprovisioning factor: a tier keeps all requests while this many times its well share is all of it.
    private const int Overprovisioning = 140;

    private readonly int[] _tierOf;

    // Where each one begins, so that nobody looks through all that come before.
    private readonly int[] _starts;
    private readonly bool _endsWithBackups;
    private readonly bool _allBackups;
    private readonly bool _backupsWhenFull;

    private Tiers(int[] tierOf, int count, bool endsWithBackups, PoolSettings settings)
    {
        (_tierOf, Count, _endsWithBackups, _allBackups, _backupsWhenFull) = (tierOf, count, endsWithBackups, settings.AllBackups, settings.BackupsWhenFull);
        _starts = new int[count];
        for (var tier = 0; tier < count; tier++)
            _starts[tier] = Array.IndexOf(tierOf, tier);
    }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>The tiers of a pool; null where all servers are of one and may all serve.</summary>
    public static Tiers? Of(PoolSettings settings)
    {
        var places = new SortedSet<int>();
        foreach (var server in settings.Servers)
            places.Add(PlaceOf(server));
        List<int> sorted = [.. places];

        // Of nothing but backups the first alone serves too, where one is to.
        if (sorted is [] or [< int.MaxValue] || (sorted is [int.MaxValue] && settings.AllBackups))
            return null;
        var tierOf = new int[settings.Servers.Count];
        for (var i = 0; i < tierOf.Length; i++)
            tierOf[i] = sorted.IndexOf(PlaceOf(settings.Servers[i]));
        return new(tierOf, sorted.Count, sorted[^1] == int.MaxValue, settings);
    }

    private static int PlaceOf(ServerSettings server) => server.Backup ? int.MaxValue : server.Priority;

    /// <summary>The place of the first server of a tier.</summary>
    public int StartOf(int tier) => _starts[tier];

    /// <summary>The tier of a server, from 0.</summary>
    public int TierOf(int index) => _tierOf[index];

    /// <summary>Whether a tier does not serve for others that are full: backups as HAProxy has them.</summary>
    public bool WaitsForOthers(int tier) => !_backupsWhenFull && _endsWithBackups && tier == Count - 1;

    /// <summary>The shares without those of backups that never get a request.</summary>
    /// <param name="weights">The share of each server that could serve.</param>
    public int[] Used(int[] weights)
    {
        if (!_endsWithBackups || _allBackups)
            return weights;
        var first = Array.FindIndex(_tierOf, tier => tier == Count - 1);
        while (first < weights.Length - 1 && (_tierOf[first] != Count - 1 || weights[first] == 0))
            first++;
        var used = new int[weights.Length];
        for (var i = 0; i < used.Length; i++)
            used[i] = _tierOf[i] != Count - 1 || i == first ? weights[i] : 0;
        return used;
    }

    /// <summary>Who is of a tier.</summary>
    public bool[] MembersOf(int tier) => Array.ConvertAll(_tierOf, its => its == tier);

    /// <summary>The shares within one tier.</summary>
    /// <param name="weights">The share of each server that could serve.</param>
    /// <param name="tier">The tier.</param>
    public int[] Within(int[] weights, int tier)
    {
        var its = new int[weights.Length];
        for (var i = 0; i < its.Length; i++)
            its[i] = _tierOf[i] == tier ? weights[i] : 0;
        return its;
    }

    /// <summary>What part of the requests each tier gets, in percent: the first as much as it is well, the next what is left of it.</summary>
    /// <param name="servers">The servers of the pool.</param>
    /// <param name="weights">The share of each that could serve.</param>
    public int[] Loads(Server[] servers, int[] weights)
    {
        var (open, well) = (new long[Count], new long[Count]);
        for (var i = 0; i < servers.Length; i++)
        {
            if (servers[i].Open)
                open[_tierOf[i]] += servers[i].Weight;
            if (weights[i] > 0)
                well[_tierOf[i]] += servers[i].Weight;
        }

        var (loads, left) = (new int[Count], 100);
        for (var tier = 0; tier < Count; tier++)
        {
            // Backups stand in when nobody else is there, and take nothing over before.
            if (_endsWithBackups && tier == Count - 1 && left < 100)
                break;
            var health = open[tier] == 0 ? 0 : (int)Math.Min(100, Overprovisioning * well[tier] / open[tier]);
            loads[tier] = Math.Min(left, well[tier] > 0 ? Math.Max(1, health) : 0);
            left -= loads[tier];
        }

        return loads;
    }
}

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
