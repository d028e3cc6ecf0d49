using Steelyard.Config.Drafts;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Nginx;

/// <summary>The directives resolver and resolver_timeout, and servers that resolve.</summary>
internal static class NginxResolver
{
    private const string Expected = "addresses, valid=, ipv4=, ipv6= or status_zone=";

    // How long nginx waits for a server before it asks again, or the next.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_most = TimeSpan.FromHours(24);

    /// <summary>Checks a line, whether or not anybody goes by it.</summary>
    public static void Check(NginxUse use) => Read(use.Directive, new(), use.Problems);

    /// <summary>How names are looked up at a level; null for as the system does.</summary>
    public static ResolverSettings? Of(NginxLevel level, ProblemList problems)
    {
        if (level.Find("resolver") is not { } line)
            return null;
        var timeout = level.Time("resolver_timeout") ?? s_timeout;
        var settings = new ResolverSettings
        {
            Timeout = timeout < s_patience ? Max(timeout, TimeSpan.FromMilliseconds(10)) : s_patience,
            Attempts = (int)Math.Clamp(timeout / s_patience, 1, 10),
            MostTtl = s_most,

            // That there is no such name leaves no server at once.
            HoldEmpty = TimeSpan.Zero,
        };
        return Read(line, settings, problems);
    }

    private static ResolverSettings Read(NginxDirective line, ResolverSettings settings, ProblemList problems)
    {
        List<NetworkAddress> servers = [];
        foreach (var word in line.Words.Skip(1))
        {
            if (word.Text.StartsWith("valid=", StringComparison.Ordinal) && NginxValues.TryReadTime(word.Text["valid=".Length..], out var valid) && valid > TimeSpan.Zero)
            {
                var time = valid < s_least ? s_least : valid > s_most ? s_most : valid;
                settings = settings with { LeastTtl = time, MostTtl = time };
            }
            else if (!word.Text.Contains('=', StringComparison.Ordinal) && ResolverTable.TryReadNameServer(word.Text, out var server))
            {
                servers.Add(server!);
            }
            else if (word.Text is not ("ipv6=on" or "ipv6=off" or "ipv4=on" or "ipv4=off") && !word.Text.StartsWith("status_zone=", StringComparison.Ordinal))
            {
                problems.Error(word.Place, $"invalid parameter \"{word.Text}\"", Expected);
            }
        }

        if (servers.Count == 0 && !problems.HasErrors)
            problems.Error(line.Place, "no name servers defined", Expected);
        return settings with { Servers = servers.ToValueList() };
    }

    /// <summary>Whether a line of a server stands for as many as its name has addresses.</summary>
    public static bool Resolves(NginxDirective line) => line.Words.Skip(2).Any(word => word.Text == "resolve");

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>Where the servers of a line are found that resolves; null where it is one server.</summary>
    /// <param name="line">The line.</param>
    /// <param name="upstream">Where it stands.</param>
    /// <param name="server">What it says besides.</param>
    public static DiscoverDraft? Discover(NginxDirective line, NginxLevel upstream, ServerDraft server)
    {
        if (server.Address is not { Value: { HasName: true } address } || !Resolves(line))
            return null;
        var service = line.Words.FirstOrDefault(word => word.Text.StartsWith("service=", StringComparison.Ordinal)).Text?["service=".Length..];
        var families = upstream.Find("resolver")?.Words.Select(word => word.Text).ToList() ?? [];
        var settings = service is not null
            ? new DiscoverSettings { Dns = service.Contains('.', StringComparison.Ordinal) ? $"{service}.{address.Host}".ToLowerInvariant() : $"_{service}._tcp.{address.Host}".ToLowerInvariant(), Records = DnsRecords.Srv }
            : new DiscoverSettings { Dns = address.Host, Port = address.Port, Records = families.Contains("ipv6=off") ? DnsRecords.Ipv4 : families.Contains("ipv4=off") ? DnsRecords.Ipv6 : DnsRecords.Both };
        return new(line.Place) { Settings = settings, Server = server with { Address = null } };
    }
}
