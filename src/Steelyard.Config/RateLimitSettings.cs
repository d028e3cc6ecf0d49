using System.Globalization;
using Steelyard.Config.Text;

namespace Steelyard.Config;

/// <summary>How many requests of one key are let through, on average and at once (nginx: limit_req). A request without the key is not counted.</summary>
public sealed record RateLimitSettings
{
    /// <summary>What of a request it is counted by. Default the client's address.</summary>
    public RequestKey Key { get; init; } = RequestKey.Address;

    /// <summary>How many on average (nginx: rate).</summary>
    public required Rate Rate { get; init; }

    /// <summary>How many more may come at once: 0 to 1,000,000; beyond that 429. Default 0 (nginx: burst).</summary>
    public int Burst { get; init; }

    /// <summary>How many of the burst pass without waiting, the others as fast as the rate lets them: 0 to 1,000,000. Null, the default, for all (nginx: delay, nodelay).</summary>
    public int? Delay { get; init; }

    /// <summary>Of an IPv6 address so many bits count: 1 to 128. Default 64, for a single customer is given that many addresses at least.</summary>
    public int Ipv6Prefix { get; init; } = 64;

    /// <summary>How many keys are remembered: 64 to 16,777,216; beyond that those are forgotten that come closest to having all their requests again. Default 65,536, 1.1 MiB (nginx: the zone's size).</summary>
    public int Keys { get; init; } = 65_536;

    /// <summary>What those are told that are refused: 400 to 599. Default 429 (nginx: limit_req_status, 503).</summary>
    public int Status { get; init; } = 429;

    /// <summary>What is counted under the same name, with the same key, is counted together wherever it stands; null for this place alone (nginx: zone).</summary>
    public string? Zone { get; init; }

    /// <summary>Whether other balancers with the same <see cref="SharedSettings"/> count under the name of the zone too. Default not.</summary>
    public bool Shared { get; init; }

    /// <summary>Whether those beyond it are counted and let through all the same. Default not (nginx: limit_req_dry_run).</summary>
    public bool DryRun { get; init; }

    /// <summary>A further limit that has to let a request through too; one that any of them refuses is counted by none. Null, the default, for none.</summary>
    public RateLimitSettings? Also { get; init; }
}

/// <summary>How many requests of one key may be under way at once; beyond that 429 (nginx: limit_conn). A request without the key is not counted.</summary>
public sealed record ConcurrencySettings
{
    /// <summary>What of a request it is counted by. Default the client's address.</summary>
    public RequestKey Key { get; init; } = RequestKey.Address;

    /// <summary>How many: 1 to 1,000,000.</summary>
    public required int Most { get; init; }

    /// <summary>What those are told that are refused: 400 to 599. Default 429 (nginx: limit_conn_status, 503).</summary>
    public int Status { get; init; } = 429;

    /// <summary>Of an IPv6 address so many bits count: 1 to 128. Default 64.</summary>
    public int Ipv6Prefix { get; init; } = 64;

    /// <summary>What is counted under the same name, with the same key, is counted together wherever it stands; null for this place alone (nginx: zone).</summary>
    public string? Zone { get; init; }

    /// <summary>Whether those beyond it are counted and let through all the same. Default not (nginx: limit_conn_dry_run).</summary>
    public bool DryRun { get; init; }

    /// <summary>A further limit that has to let a request through too; one that any of them refuses is counted by none. Null, the default, for none.</summary>
    public ConcurrencySettings? Also { get; init; }
}

/// <summary>Requests in a time, written <c>10/s</c>, <c>600/m</c> or <c>1000/h</c>.</summary>
/// <param name="Requests">1 to 1,000,000.</param>
/// <param name="Per">A second, a minute or an hour.</param>
public readonly record struct Rate(int Requests, TimeSpan Per)
{
    internal const string Accepts = "requests in a time, such as 10/s, 600/m or 1000/h";

    internal static bool TryParse(string text, out Rate rate, out Mistake mistake)
    {
        (rate, mistake) = (default, default);
        TimeSpan? per = text.Length < 3 ? null : text[^2..] switch
        {
            "/s" => TimeSpan.FromSeconds(1),
            "/m" => TimeSpan.FromMinutes(1),
            "/h" => TimeSpan.FromHours(1),
            _ => null,
        };
        if (per is not { } time)
            mistake = new($"{Shown.Quote(text)} is not a rate", Accepts);
        else if (DecimalText.TryParse(text[..^2], 1, 1_000_000, out var requests, out mistake))
            rate = new((int)requests, time);
        return mistake.Message is null;
    }

    /// <summary>The rate as the configuration writes it.</summary>
    public override string ToString() => Requests.ToString(CultureInfo.InvariantCulture) + (Per.TotalSeconds switch { 1 => "/s", 60 => "/m", _ => "/h" });
}
