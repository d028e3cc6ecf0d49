using Steelyard.Config;

namespace Steelyard.Engine.Proxy;

/// <summary>The limits of all places of one plan. Where two of a place say the same they are one, so that a route with many paths has one count.</summary>
/// <param name="before">Those of the plan before, whose counts go on; null for none.</param>
/// <param name="seed">What keys are hashed with, see <see cref="LimitZones"/>.</param>
/// <param name="sharedSeed">What keys of limits are hashed with that others count too.</param>
internal sealed class LimitBook(LimitBook? before, long seed, long sharedSeed = 0)
{
    private readonly Dictionary<(string Place, RateLimitSettings? Rate, ConcurrencySettings? Concurrency), PlaceLimits> _limits = [];
    private readonly HashSet<PlaceLimits> _taken = [];
    private readonly LimitZones _zones = new(before?._zones, seed, sharedSeed);
    private LimitBook? _before = before;
    private IReadOnlyList<KeptRate>? _kept;

    /// <summary>What the plan says as the one before did goes on to count for that; for all places of the plan, before the first <see cref="Of"/>.</summary>
    public void Keep(string place, RateLimitSettings? rate, ConcurrencySettings? concurrency)
    {
        if (_before is not null && _before._limits.TryGetValue((place, rate, concurrency), out var same))
            _taken.Add(same);
    }

    /// <summary>All that is counted, by names that are the same in a file that says the same.</summary>
    public IReadOnlyList<KeptRate> Kept => _kept ??= NameAll();

    /// <summary>What others count too, by the names that all know it by.</summary>
    public IReadOnlyList<SharedRate> Shared => _zones.Shared;

    /// <summary>The plan is complete: the one before is not held any longer.</summary>
    public void Seal()
    {
        _before = null;
        _zones.Seal();
        _taken.Clear();
    }

    /// <summary>The limits of a place; null for none.</summary>
    public PlaceLimits? Of(string place, RateLimitSettings? rate, ConcurrencySettings? concurrency)
    {
        if (rate is null && concurrency is null)
            return null;
        if (!_limits.TryGetValue((place, rate, concurrency), out var limits))
        {
            _limits.Add((place, rate, concurrency), limits = PlaceLimits.Of(rate, concurrency, Find(place, rate, concurrency), _zones)!);
            _kept = null;
        }

        return limits;
    }

    /// <summary>Those of <see cref="Kept"/> by which a key can have all its requests again later than that.</summary>
    /// <param name="least">Nanoseconds; 0 for all of them.</param>
    public IReadOnlyList<KeptRate> KeptBeyond(long least)
    {
        if (least == 0)
            return Kept;
        var kept = new List<KeptRate>();
        foreach (var rate in Kept)
        {
            if (rate.Table.Longest > least)
                kept.Add(rate);
        }

        return kept;
    }

    private List<KeptRate> NameAll()
    {
        List<KeptRate> kept = [.. _zones.Kept];
        Dictionary<string, int> same = new(StringComparer.Ordinal);
        foreach (var ((place, _, _), limits) in _limits)
        {
            foreach (var rate in limits.Rates)
            {
                var its = rate.Settings;
                if (its.Zone is not null)
                    continue;
                var name = $"{place} {its.Key}/{its.Ipv6Prefix} {its.Rate}+{its.Burst}";
                same[name] = same.GetValueOrDefault(name) + 1;
                kept.Add(new($"{name} {same[name]}", seed, rate.Table));
            }
        }

        return kept;
    }

    // Of a place that says something else now, what it counts may be the same still; no two places share it.
    private PlaceLimits? Find(string place, RateLimitSettings? rate, ConcurrencySettings? concurrency)
    {
        if (_before is null)
            return null;
        if (_before._limits.TryGetValue((place, rate, concurrency), out var same))
            return same;
        foreach (var (key, limits) in _before._limits)
        {
            if (key.Place == place && key.Rate?.Key == rate?.Key && key.Concurrency?.Key == concurrency?.Key && _taken.Add(limits))
                return limits;
        }

        return null;
    }
}
