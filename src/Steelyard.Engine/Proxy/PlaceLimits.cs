using System.IO.Hashing;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Engine.Proxy;

/// <summary>What a listener, a route or a pool lets each client do, compiled. The counts outlive a reload. Shared by all loops.</summary>
internal sealed class PlaceLimits
{
    private readonly RateLimit[] _rates;
    private readonly Concurrency[] _concurrencies;
    private readonly long _seed;

    private PlaceLimits(RateLimitSettings? rate, ConcurrencySettings? concurrency, PlaceLimits? before, LimitZones zones)
    {
        _seed = zones.Seed;
        List<RateLimit> rates = [];
        for (var settings = rate; settings is not null; settings = settings.Also)
        {
            // Of several that are counted by the same each goes on with its own.
            var its = settings;
            var table = its.Zone is { } zone ? zones.Rates(zone, its)
                : before is not null && Array.Find(before._rates, other => IsSame(other.Settings, its) && !rates.Exists(taken => taken.Table == other.Table)) is { } same ? same.Table
                : new(its.Keys);
            RateLimit limit = new(its, table, its.Shared ? zones.SharedSeed : zones.Seed);
            table.Expect(limit.Rule);
            rates.Add(limit);
        }

        List<Concurrency> concurrencies = [];
        for (var settings = concurrency; settings is not null; settings = settings.Also)
        {
            var its = settings;
            var counts = its.Zone is { } zone ? zones.Counts(zone, its)
                : before is not null && Array.Find(before._concurrencies, other => IsSame(other.Settings, its) && !concurrencies.Exists(taken => taken.Counts == other.Counts)) is { } same ? same.Counts
                : new();
            concurrencies.Add(new(its, counts));
        }

        (_rates, _concurrencies) = ([.. rates], [.. concurrencies]);
        IsOnce = (rate?.Zone ?? concurrency?.Zone) is not null;
    }

    private static bool IsSame(RateLimitSettings one, RateLimitSettings other) =>
        one.Key == other.Key && one.Keys == other.Keys && one.Ipv6Prefix == other.Ipv6Prefix && one.Zone is null;

    private static bool IsSame(ConcurrencySettings one, ConcurrencySettings other) => one.Key == other.Key && one.Ipv6Prefix == other.Ipv6Prefix && one.Zone is null;

    /// <summary>The rates, in the order in which they are asked.</summary>
    public IReadOnlyList<RateLimit> Rates => _rates;

    /// <summary>Whether a request that was counted by such limits elsewhere is not asked here again (nginx: limit_req).</summary>
    public bool IsOnce { get; }

    /// <summary>How many of its limits count what is under way at once.</summary>
    public int Concurrencies => _concurrencies.Length;

    /// <summary>What those are told who have too many under way at once, where it is another status than usual; else 0.</summary>
    /// <param name="limit">By which of the limits.</param>
    public int StatusOf(int limit) => TellsOtherwise(_concurrencies[limit].Settings.Status);

    private static int TellsOtherwise(int status) => status == 429 ? 0 : status;

    /// <summary>The limits of a place; null for none.</summary>
    /// <param name="rate">How many requests.</param>
    /// <param name="concurrency">How many at once.</param>
    /// <param name="before">The same place in the plan before; null for none.</param>
    /// <param name="zones">What places count together.</param>
    public static PlaceLimits? Of(RateLimitSettings? rate, ConcurrencySettings? concurrency, PlaceLimits? before, LimitZones zones) =>
        rate is null && concurrency is null ? null : new(rate, concurrency, before, zones);

    /// <summary>Counts a request by its rates, if all let it through.</summary>
    /// <param name="scope">The request.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="told">What is said of it.</param>
    /// <param name="refusing">The rate that does not let it through, of several the one that does so for longest; null where all do.</param>
    public RateVerdict Take(in TemplateScope scope, long now, out LimitVerdict told, out RateLimit? refusing)
    {
        (told, refusing) = (LimitVerdict.None, null);
        RateVerdict verdict = new(Passes: true, 0);

        // What another loop takes between the two is seen when it is counted.
        if (_rates.Length > 1)
            verdict = Ask(scope, now, counts: false, ref told, ref refusing);
        return verdict.Passes ? Ask(scope, now, counts: true, ref told, ref refusing) : verdict;
    }

    private RateVerdict Ask(in TemplateScope scope, long now, bool counts, ref LimitVerdict told, ref RateLimit? refusing)
    {
        RateVerdict worst = new(Passes: true, 0);
        foreach (var rate in _rates)
        {
            var verdict = rate.Look(scope, now, counts, ref told);
            if (verdict.Passes == worst.Passes ? verdict.Milliseconds <= worst.Milliseconds : verdict.Passes)
                continue;
            (worst, refusing) = (verdict, verdict.Passes ? null : rate);
            if (counts && !worst.Passes)
                break;
        }

        return worst;
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
        var hash = new UInt128(1, Hash(key, settings.Key, settings.Ipv6Prefix, _seed));
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

    /// <summary>One of the rates of a place.</summary>
    public sealed class RateLimit(RateLimitSettings settings, RateTable table, long seed)
    {
        private readonly RequestKeyReader _key = new(settings.Key);

        public RateLimitSettings Settings { get; } = settings;

        public RateTable Table { get; } = table;

        public RateRule Rule { get; } = new(IntervalOf(settings.Rate), settings.Burst, settings.Delay ?? settings.Burst);

        /// <summary>What it lets through, as draft-ietf-httpapi-ratelimit-headers-10 says it.</summary>
        public ReadOnlyMemory<byte> PolicyLine { get; } = LineOf(settings);

        /// <summary>What those are told whom it refuses, where it is another status than usual; else 0.</summary>
        public int Status => TellsOtherwise(Settings.Status);

        private static byte[] LineOf(RateLimitSettings settings)
        {
            var window = ((settings.Burst + 1) * IntervalOf(settings.Rate) / 1_000_000_000) + 1;
            return Encoding.ASCII.GetBytes($"RateLimit-Policy: \"requests\";q={settings.Burst + 1};w={window}\r\n");
        }

        private static long IntervalOf(Rate rate) => Math.Max(1, rate.Per.Ticks * TimeSpan.NanosecondsPerTick / rate.Requests);

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
/// <param name="seed">What keys are hashed with: who does not know it cannot choose whom to be counted with. The same for as long as counts go on.</param>
/// <param name="sharedSeed">What keys of limits are hashed with that others count too.</param>
internal sealed class LimitZones(LimitZones? before, long seed, long sharedSeed = 0)
{
    private const int RoomForTakings = 16 * 1024;

    private readonly Dictionary<(string Zone, RequestKey Key, int Keys, int Prefix, bool Shared), RateTable> _rates = [];
    private readonly List<SharedRate> _shared = [];
    private readonly List<KeptRate> _kept = [];
    private readonly Dictionary<(string Zone, RequestKey Key, int Prefix), AddressCounts> _counts = [];
    private LimitZones? _before = before;

    /// <summary>What keys are hashed with.</summary>
    public long Seed => seed;

    /// <summary>What keys of limits are hashed with that others count too: the same in all balancers.</summary>
    public long SharedSeed => sharedSeed;

    /// <summary>The tables that others count in too.</summary>
    public IReadOnlyList<SharedRate> Shared => _shared;

    /// <summary>All tables of zones, by names that stay the same.</summary>
    public IReadOnlyList<KeptRate> Kept => _kept;

    public RateTable Rates(string zone, RateLimitSettings settings)
    {
        var name = (zone, settings.Key, settings.Keys, settings.Ipv6Prefix, settings.Shared);
        if (_rates.TryGetValue(name, out var table))
            return table;
        _rates[name] = table = _before?._rates.GetValueOrDefault(name) ?? new(settings.Keys) { Taken = settings.Shared ? new(RoomForTakings) : null };
        var called = $"{zone}:{settings.Key}{(settings.Ipv6Prefix == 64 ? "" : $"/{settings.Ipv6Prefix}")}";
        _kept.Add(new($"zone {called} of {settings.Keys}", settings.Shared ? sharedSeed : seed, table));
        if (table.Taken is { } taken)
            _shared.Add(new(called, table, taken));
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
