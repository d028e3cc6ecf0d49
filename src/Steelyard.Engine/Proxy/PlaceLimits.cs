using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Engine.Proxy;

/// <summary>What a listener, a route or a pool lets each client do, compiled. The counts outlive a reload. Shared by all loops.</summary>
internal sealed class PlaceLimits
{
    private static readonly long s_seed = BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(8));

    private readonly RateLimit[] _rates;
    private readonly Concurrency[] _concurrencies;

    private PlaceLimits(RateLimitSettings? rate, ConcurrencySettings? concurrency, PlaceLimits? before, LimitZones zones)
    {
        List<RateLimit> rates = [];
        for (var settings = rate; settings is not null; settings = settings.Also)
        {
            var its = settings;
            var table = its.Zone is { } zone ? zones.Rates(zone, its)
                : before is not null && Array.Find(before._rates, other => other.Settings.Key == its.Key && other.Settings.Keys == its.Keys && other.Settings.Ipv6Prefix == its.Ipv6Prefix && other.Settings.Zone is null) is { } same ? same.Table
                : new(its.Keys);
            rates.Add(new(its, table, its.Shared ? zones.SharedSeed : s_seed));
        }

        List<Concurrency> concurrencies = [];
        for (var settings = concurrency; settings is not null; settings = settings.Also)
        {
            var its = settings;
            var counts = its.Zone is { } zone ? zones.Counts(zone, its)
                : before is not null && Array.Find(before._concurrencies, other => other.Settings.Key == its.Key && other.Settings.Ipv6Prefix == its.Ipv6Prefix && other.Settings.Zone is null) is { } same ? same.Counts
                : new();
            concurrencies.Add(new(its, counts));
        }

        (_rates, _concurrencies) = ([.. rates], [.. concurrencies]);
        IsOnce = (rate?.Zone ?? concurrency?.Zone) is not null;
        if (rate is null)
            return;
        var window = ((rate.Burst + 1) * _rates[0].Rule.Interval / 1_000_000_000) + 1;
        PolicyLine = Encoding.ASCII.GetBytes($"RateLimit-Policy: \"requests\";q={rate.Burst + 1};w={window}\r\n");
    }

    /// <summary>What is let through, as draft-ietf-httpapi-ratelimit-headers-10 says it; empty for no rate.</summary>
    public ReadOnlyMemory<byte> PolicyLine { get; }

    /// <summary>Whether a request that was counted by such limits elsewhere is not asked here again (nginx: limit_req).</summary>
    public bool IsOnce { get; }

    /// <summary>How many of its limits count what is under way at once.</summary>
    public int Concurrencies => _concurrencies.Length;

    /// <summary>What those are told whose rate is exceeded, where it is another status than usual; else 0.</summary>
    public int RateStatus => _rates is [{ Settings.Status: not 429 and var status }, ..] ? status : 0;

    /// <summary>The same of those who have too many under way at once.</summary>
    public int ConcurrencyStatus => _concurrencies is [{ Settings.Status: not 429 and var status }, ..] ? status : 0;

    /// <summary>The limits of a place; null for none.</summary>
    /// <param name="rate">How many requests.</param>
    /// <param name="concurrency">How many at once.</param>
    /// <param name="before">The same place in the plan before; null for none.</param>
    /// <param name="zones">What places count together; null where none does.</param>
    public static PlaceLimits? Of(RateLimitSettings? rate, ConcurrencySettings? concurrency, PlaceLimits? before, LimitZones? zones = null) =>
        rate is null && concurrency is null ? null : new(rate, concurrency, before, zones ?? new(null));

    /// <summary>Counts a request by its rates, if all let it through.</summary>
    /// <param name="scope">The request.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="told">What is said of it.</param>
    public RateVerdict Take(in TemplateScope scope, long now, out LimitVerdict told)
    {
        told = LimitVerdict.None;
        if (_rates.Length == 1)
            return _rates[0].Look(scope, now, counts: true, ref told);

        // What another loop takes meanwhile is seen when it is counted.
        foreach (var rate in _rates)
        {
            if (rate.Look(scope, now, counts: false, ref told) is { Passes: false } refusal)
                return refusal;
        }

        var longest = 0L;
        foreach (var rate in _rates)
        {
            var verdict = rate.Look(scope, now, counts: true, ref told);
            if (!verdict.Passes)
                return verdict;
            longest = Math.Max(longest, verdict.Milliseconds);
        }

        return new(Passes: true, longest);
    }

    /// <summary>Counts a request as under way by one of the limits, if it may be.</summary>
    /// <param name="limit">Which of them.</param>
    /// <param name="scope">The request.</param>
    /// <param name="entered">What to call <see cref="Leave"/> with at its end; 0 for nothing.</param>
    /// <param name="told">What is said of it.</param>
    public bool TryEnter(int limit, in TemplateScope scope, out UInt128 entered, out LimitVerdict told)
    {
        (entered, told) = (0, LimitVerdict.None);
        var (settings, reader, counts) = (_concurrencies[limit].Settings, _concurrencies[limit].Key, _concurrencies[limit].Counts);
        if (reader.Read(scope) is not { IsEmpty: false } key)
            return true;
        var hash = new UInt128(1, Hash(key, settings.Key, settings.Ipv6Prefix, s_seed));
        if (!counts.TryEnter(hash, settings.Most))
        {
            told = settings.DryRun ? LimitVerdict.RejectedDryRun : LimitVerdict.Rejected;
            return settings.DryRun;
        }

        (entered, told) = (hash, LimitVerdict.Passed);
        return true;
    }

    /// <summary>A request has ended that was under way.</summary>
    public void Leave(int limit, UInt128 entered) => _concurrencies[limit].Counts.Leave(entered);

    private static ulong Hash(ReadOnlySpan<byte> key, RequestKey kind, int prefix, long seed)
    {
        if (kind.Kind != RequestKeyKind.Address || key.Length != 16 || prefix == 128)
            return XxHash3.HashToUInt64(key, seed);
        Span<byte> network = stackalloc byte[16];
        key.CopyTo(network);
        network[((prefix + 7) / 8)..].Clear();
        if (prefix % 8 != 0)
            network[prefix / 8] &= (byte)(0xFF << (8 - (prefix % 8)));
        return XxHash3.HashToUInt64(network, seed);
    }

    private sealed class RateLimit(RateLimitSettings settings, RateTable table, long seed)
    {
        private readonly RequestKeyReader _key = new(settings.Key);

        public RateLimitSettings Settings { get; } = settings;

        public RateTable Table { get; } = table;

        public RateRule Rule { get; } = new(Math.Max(1, settings.Rate.Per.Ticks * TimeSpan.NanosecondsPerTick / settings.Rate.Requests), settings.Burst, settings.Delay ?? settings.Burst);

        public RateVerdict Look(in TemplateScope scope, long now, bool counts, ref LimitVerdict told)
        {
            if (_key.Read(scope) is not { IsEmpty: false } key)
                return new(Passes: true, 0);
            var hash = Hash(key, Settings.Key, Settings.Ipv6Prefix, seed);
            var verdict = counts ? Table.Take(hash, Rule, now) : Table.Peek(hash, Rule, now);
            told = LimitVerdicts.Worse(told, verdict switch
            {
                { Passes: false } => Settings.DryRun ? LimitVerdict.RejectedDryRun : LimitVerdict.Rejected,
                { Milliseconds: > 0 } => Settings.DryRun ? LimitVerdict.DelayedDryRun : LimitVerdict.Delayed,
                _ => LimitVerdict.Passed,
            });
            return Settings.DryRun ? new(Passes: true, 0) : verdict;
        }
    }

    private sealed class Concurrency(ConcurrencySettings settings, AddressCounts counts)
    {
        public ConcurrencySettings Settings { get; } = settings;

        public RequestKeyReader Key { get; } = new(settings.Key);

        public AddressCounts Counts { get; } = counts;
    }
}

/// <summary>What places of one plan count together, by its name and what it is counted by.</summary>
/// <param name="before">Those of the plan before, whose counts go on; null for none.</param>
/// <param name="sharedSeed">What keys of limits are hashed with that others count too.</param>
internal sealed class LimitZones(LimitZones? before, long sharedSeed = 0)
{
    private const int RoomForTakings = 16 * 1024;

    private readonly Dictionary<(string Zone, RequestKey Key, int Keys, int Prefix, bool Shared), RateTable> _rates = [];
    private readonly List<SharedRate> _shared = [];
    private readonly Dictionary<(string Zone, RequestKey Key, int Prefix), AddressCounts> _counts = [];
    private LimitZones? _before = before;

    /// <summary>What keys of limits are hashed with that others count too: the same in all balancers.</summary>
    public long SharedSeed => sharedSeed;

    /// <summary>The tables that others count in too.</summary>
    public IReadOnlyList<SharedRate> Shared => _shared;

    public RateTable Rates(string zone, RateLimitSettings settings)
    {
        var name = (zone, settings.Key, settings.Keys, settings.Ipv6Prefix, settings.Shared);
        if (_rates.TryGetValue(name, out var table))
            return table;
        _rates[name] = table = _before?._rates.GetValueOrDefault(name) ?? new(settings.Keys) { Taken = settings.Shared ? new(RoomForTakings) : null };
        if (table.Taken is { } taken)
            _shared.Add(new($"{zone}:{settings.Key}{(settings.Ipv6Prefix == 64 ? "" : $"/{settings.Ipv6Prefix}")}", table, taken));
        return table;
    }

    public AddressCounts Counts(string zone, ConcurrencySettings settings)
    {
        var name = (zone, settings.Key, settings.Ipv6Prefix);
        if (!_counts.TryGetValue(name, out var counts))
            _counts[name] = counts = _before?._counts.GetValueOrDefault(name) ?? new();
        return counts;
    }

    /// <summary>The plan is complete: the one before is not held any longer.</summary>
    public void Seal() => _before = null;
}
