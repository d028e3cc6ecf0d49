using System.Globalization;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Nginx;

/// <summary>How much each client may do: limit_req, limit_conn.</summary>
internal static class NginxLimits
{
    // nginx: 64 bytes for each key of a zone.
    private const int BytesOfKey = 128;

    public static (Located<RateLimitSettings>? Rate, Located<ConcurrencySettings>? Concurrency) Of(NginxLevel level, NginxScope scope, NginxPools pools)
    {
        var (rates, limits, file) = (level.All("limit_req"), level.All("limit_conn"), scope.File);
        CheckTwice(rates, line => line.Words.Skip(1).Select(word => ZoneOf(word.Text)).FirstOrDefault(zone => zone is not null), file.Problems);
        CheckTwice(limits, line => line[1], file.Problems);

        // The first of a file is asked first.
        RateLimitSettings? rate = null;
        foreach (var line in rates.Reverse())
            rate = RateOf(line, level, scope, pools) is { } its ? its with { Also = rate } : rate;
        ConcurrencySettings? concurrency = null;
        foreach (var line in limits.Reverse())
            concurrency = ConcurrencyOf(line, level, scope, pools) is { } its ? its with { Also = concurrency } : concurrency;
        return (rate is null ? null : new(rate, rates[0].Place), concurrency is null ? null : new(concurrency, limits[0].Place));
    }

    private static void CheckTwice(IReadOnlyList<NginxDirective> lines, Func<NginxDirective, string?> zoneOf, ProblemList problems)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (zoneOf(line) is { } zone && !seen.Add(zone))
                problems.Error(line.Place, $"\"{line.Name}\" directive is duplicate", "each zone once in a block");
        }
    }

    /// <summary>Reads the words of a <c>limit_req_zone</c>, also of one that nothing counts in.</summary>
    public static void CheckZone(NginxUse use)
    {
        var hasZone = false;
        for (var i = 2; i <= use.Directive.Count; i++)
        {
            var isZone = use.Directive[i].StartsWith("zone=", StringComparison.Ordinal);
            if (!isZone && !use.Directive[i].StartsWith("rate=", StringComparison.Ordinal) && use.Directive[i] != "sync")
                use.Invalid(i, "zone=, rate= or sync");
            hasZone |= isZone;
        }

        if (!hasZone)
            use.Invalid(use.Directive.Count, "zone= with a name and a size too");
    }

    private static string? ZoneOf(string word) => word.StartsWith("zone=", StringComparison.Ordinal) ? word[5..].Split(':')[0] : null;

    private static NginxDirective? Zone(NginxFile file, string directive, string name, bool isStream = false) =>
        ((isStream ? file.Stream : file.Http)?.Own(directive) ?? []).FirstOrDefault(known => known.Words.Skip(2).Any(word => ZoneOf(word.Text) == name));

    private static ConcurrencySettings? ConcurrencyOf(NginxDirective line, NginxLevel level, NginxScope scope, NginxPools pools)
    {
        var (problems, isStream) = (scope.File.Problems, level.Context == 'V');
        if (Zone(scope.File, "limit_conn_zone", line[1], isStream) is not { } zone)
        {
            problems.Error(line.Words[1].Place, $"zero size shared memory zone \"{line[1]}\"", "the name of a limit_conn_zone");
            return null;
        }

        if (!int.TryParse(line[2], NumberStyles.None, CultureInfo.InvariantCulture, out var most) || most is 0 or > 1_000_000)
        {
            problems.Error(line.Words[2].Place, $"invalid number of connections \"{line[2]}\"", "1 to 65535");
            return null;
        }

        return pools.KeyOf(zone.Words[1], isStream, scope) is not { } key ? null
            : new() { Key = key, Most = most, Ipv6Prefix = 128, Zone = NginxPools.Clean(line[1]), DryRun = level.IsOn("limit_conn_dry_run"), Status = level.Number("limit_conn_status") ?? 503 };
    }

    private static RateLimitSettings? RateOf(NginxDirective line, NginxLevel level, NginxScope scope, NginxPools pools)
    {
        var problems = scope.File.Problems;
        string? name = null;
        var (burst, delay) = (0, (int?)0);
        foreach (var word in line.Words.Skip(1))
        {
            if (ZoneOf(word.Text) is { } named)
                name = named;
            else if (word.Text == "nodelay")
                delay = null;
            else if (word.Text.StartsWith("burst=", StringComparison.Ordinal) && int.TryParse(word.Text[6..], out var given) && given is >= 0 and <= 1_000_000)
                burst = given;
            else if (word.Text.StartsWith("delay=", StringComparison.Ordinal) && int.TryParse(word.Text[6..], out var waits) && waits is >= 0 and <= 1_000_000)
                delay = waits;
            else
                problems.Error(word.Place, $"invalid parameter \"{word.Text}\"", "zone=, burst=, nodelay or delay=");
        }

        if (name is null)
        {
            problems.Error(line.Place, "\"limit_req\" must have \"zone\" parameter", "zone= with the name of a limit_req_zone");
            return null;
        }

        if (Zone(scope.File, "limit_req_zone", name) is not { } defined)
        {
            problems.Error(line.Place, $"zero size shared memory zone \"{name}\"", "the name of a limit_req_zone");
            return null;
        }

        var rateWord = defined.Words.FirstOrDefault(word => word.Text.StartsWith("rate=", StringComparison.Ordinal));
        var text = rateWord.Text?[5..] ?? "";
        if (!text.EndsWith("r/s", StringComparison.Ordinal) && !text.EndsWith("r/m", StringComparison.Ordinal) || !int.TryParse(text[..^3], NumberStyles.None, CultureInfo.InvariantCulture, out var rate) || rate is 0 or > 1_000_000)
        {
            problems.Error(defined.Place, $"invalid rate \"{rateWord.Text}\"", "such as rate=10r/s or rate=30r/m");
            return null;
        }

        var zone = defined.Words.First(word => ZoneOf(word.Text) == name).Text;
        var size = zone.Split(':') is [_, var sized] && NginxValues.TryReadSize(sized, out var bytes) ? bytes : 1L << 20;
        return pools.KeyOf(defined.Words[1], isStream: false, scope) is not { } key ? null : new()
        {
            Key = key,
            Rate = new(rate, text.EndsWith("r/s", StringComparison.Ordinal) ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(1)),
            Burst = burst,
            Delay = delay,
            Ipv6Prefix = 128,
            Keys = (int)Math.Clamp(size / BytesOfKey, 64, 1 << 24),
            Zone = NginxPools.Clean(name),
            DryRun = level.IsOn("limit_req_dry_run"),
            Status = level.Number("limit_req_status") ?? 503,
        };
    }
}
