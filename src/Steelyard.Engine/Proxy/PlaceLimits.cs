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

    private readonly RateLimitSettings? _rateSettings;
    private readonly RequestKeyReader? _rateKey;
    private readonly RateRule _rule;
    private readonly RateTable? _rates;
    private readonly ConcurrencySettings? _concurrency;
    private readonly RequestKeyReader? _concurrencyKey;
    private readonly AddressCounts? _counts;

    private PlaceLimits(RateLimitSettings? rate, ConcurrencySettings? concurrency, PlaceLimits? before)
    {
        if (rate is not null)
        {
            (_rateSettings, _rateKey) = (rate, new(rate.Key));
            _rule = new(Math.Max(1, rate.Rate.Per.Ticks * TimeSpan.NanosecondsPerTick / rate.Rate.Requests), rate.Burst, rate.Delay ?? rate.Burst);
            _rates = before?._rateSettings is { } same && same.Key == rate.Key && same.Keys == rate.Keys && same.Ipv6Prefix == rate.Ipv6Prefix ? before._rates : new(rate.Keys);
            var window = ((rate.Burst + 1) * _rule.Interval / 1_000_000_000) + 1;
            PolicyLine = Encoding.ASCII.GetBytes($"RateLimit-Policy: \"requests\";q={rate.Burst + 1};w={window}\r\n");
        }

        if (concurrency is null)
            return;
        (_concurrency, _concurrencyKey) = (concurrency, new(concurrency.Key));
        _counts = before?._concurrency is { } counted && counted.Key == concurrency.Key && counted.Ipv6Prefix == concurrency.Ipv6Prefix ? before._counts : new();
    }

    /// <summary>What is let through, as draft-ietf-httpapi-ratelimit-headers-10 says it; empty for no rate.</summary>
    public ReadOnlyMemory<byte> PolicyLine { get; }

    /// <summary>What those are told whose rate is exceeded, where it is another status than usual; else 0.</summary>
    public int RateStatus => _rateSettings is { Status: not 429 and var status } ? status : 0;

    /// <summary>The same of those who have too many under way at once.</summary>
    public int ConcurrencyStatus => _concurrency is { Status: not 429 and var status } ? status : 0;

    /// <summary>The limits of a place; null for none.</summary>
    /// <param name="rate">How many requests.</param>
    /// <param name="concurrency">How many at once.</param>
    /// <param name="before">The same place in the plan before; null for none.</param>
    public static PlaceLimits? Of(RateLimitSettings? rate, ConcurrencySettings? concurrency, PlaceLimits? before) =>
        rate is null && concurrency is null ? null : new(rate, concurrency, before);

    /// <summary>Counts a request by its rate.</summary>
    public RateVerdict Take(in TemplateScope scope, long now)
    {
        if (_rates is null || _rateKey!.Read(scope) is not { IsEmpty: false } key)
            return new(Passes: true, 0);
        return _rates.Take(Hash(key, _rateSettings!.Key, _rateSettings.Ipv6Prefix), _rule, now);
    }

    /// <summary>Counts a request as under way, if it may be.</summary>
    /// <param name="scope">The request.</param>
    /// <param name="entered">What to call <see cref="Leave"/> with at its end; 0 for nothing.</param>
    public bool TryEnter(in TemplateScope scope, out UInt128 entered)
    {
        entered = 0;
        if (_counts is null || _concurrencyKey!.Read(scope) is not { IsEmpty: false } key)
            return true;
        var hash = new UInt128(1, Hash(key, _concurrency!.Key, _concurrency.Ipv6Prefix));
        if (!_counts.TryEnter(hash, _concurrency.Most))
            return false;
        entered = hash;
        return true;
    }

    /// <summary>A request has ended that was under way.</summary>
    public void Leave(UInt128 entered) => _counts!.Leave(entered);

    private static ulong Hash(ReadOnlySpan<byte> key, RequestKey kind, int prefix)
    {
        if (kind.Kind != RequestKeyKind.Address || key.Length != 16 || prefix == 128)
            return XxHash3.HashToUInt64(key, s_seed);
        Span<byte> network = stackalloc byte[16];
        key.CopyTo(network);
        network[((prefix + 7) / 8)..].Clear();
        if (prefix % 8 != 0)
            network[prefix / 8] &= (byte)(0xFF << (8 - (prefix % 8)));
        return XxHash3.HashToUInt64(network, s_seed);
    }
}
