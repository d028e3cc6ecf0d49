using System.Net;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>resolver</c>.</summary>
internal static class ResolverTable
{
    private const int UsualPort = 53;

    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_most = TimeSpan.FromHours(24);

    private static readonly Form<NetworkAddress> s_nameServer = Form.OfText<NetworkAddress>(
        "an address, with a port where it is not 53",
        (string text, out NetworkAddress value, out Mistake mistake) =>
        {
            mistake = default;
            if (!TryReadNameServer(text, out value!))
                mistake = new($"{Shown.Quote(text)} is not the address of a DNS server", "such as 10.0.0.2, 127.0.0.1:8600 or [fd00::2]:53");
            return mistake.Message is null;
        });

    /// <summary>Where a server is, beside its name.</summary>
    public static Form<NetworkAddress?> Place { get; } = Form.OfText<NetworkAddress?>(
        "a number with a port, such as 10.0.0.1:3000, or nowhere",
        (string text, out NetworkAddress? value, out Mistake mistake) =>
        {
            mistake = default;
            value = text == NetworkAddress.NowhereWord ? NetworkAddress.Nowhere : null;
            if (value is null && (!NetworkAddress.TryParse(text, out value, out _) || value.HasName || value.UnixPath is not null || value.Port == 0 || value.Host.Length == 0 || value.Greets))
                mistake = new($"{Shown.Quote(text)} is not where a server can be", "a number with a port, such as 10.0.0.1:3000, or nowhere");
            return mistake.Message is null;
        });

    public static DirectiveTable<ResolverSettings> Table { get; } = new(
        "'resolver'",
        "a mapping, as in { servers: [ 10.0.0.2 ], max-ttl: 10s }",
        "How the names in `servers` and `discover` are looked up, again and again while they are served. More in [Discovery](discovery.md).",
        [],
        [
            new Directive<ResolverSettings, IReadOnlyList<NetworkAddress>>(
                "servers",
                Form.ListOf("a list of addresses of DNS servers, such as [ 10.0.0.2, 127.0.0.1:8600 ]", s_nameServer),
                "The servers that are asked, one after the other until one answers. When left out /etc/hosts counts, and then those of /etc/resolv.conf with its search list; both are read again when they change.",
                settings => settings.Servers,
                (settings, value) => settings with { Servers = value.ToValueList() }),
            new Directive<ResolverSettings, bool>(
                "prefer-ipv6",
                ScalarForms.Switch,
                "Whether a server in `servers` of a pool is where its name has an address of IPv6, where it has addresses of both.",
                settings => settings.PreferIpv6,
                (settings, value) => settings with { PreferIpv6 = value }),
            new Directive<ResolverSettings, TimeSpan>(
                "timeout",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(60)),
                "How long a server may take for an answer, before the next is asked.",
                settings => settings.Timeout,
                (settings, value) => settings with { Timeout = value }),
            new Directive<ResolverSettings, int>(
                "attempts",
                ScalarForms.Number(1, 10),
                "How many times each server is asked at most.",
                settings => settings.Attempts,
                (settings, value) => settings with { Attempts = value }),
            new Directive<ResolverSettings, TimeSpan>(
                "min-ttl",
                ScalarForms.Duration(s_least, s_most),
                "How long an answer is used at least before the name is asked for again, whatever its time to live says; also how soon is asked again after a failure.",
                settings => settings.LeastTtl,
                (settings, value) => settings with { LeastTtl = value }),
            new Directive<ResolverSettings, TimeSpan>(
                "max-ttl",
                ScalarForms.Duration(s_least, s_most),
                "How long it is used at most before it is asked for again. Docker's DNS says 10 minutes: give 5s where containers come and go.",
                settings => settings.MostTtl,
                (settings, value) => settings with { MostTtl = value }),
            new Directive<ResolverSettings, TimeSpan?>(
                "hold",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.Zero, s_most), "forever"),
                "How long the last good answer is used while nobody answers, or with a failure.",
                settings => settings.Hold,
                (settings, value) => settings with { Hold = value }),
            new Directive<ResolverSettings, TimeSpan?>(
                "hold-empty",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.Zero, s_most), "forever"),
                "The same where the answer is that there is no such name, or nothing under it.",
                settings => settings.HoldEmpty,
                (settings, value) => settings with { HoldEmpty = value }),
            new Directive<ResolverSettings, TimeSpan>(
                "hold-missing",
                ScalarForms.Duration(TimeSpan.Zero, s_most),
                "How long a server stays that an answer does not name any more.",
                settings => settings.HoldMissing,
                (settings, value) => settings with { HoldMissing = value }),
        ]);

    /// <summary>Reads the address of a DNS server: a number or a name, with or without a port.</summary>
    internal static bool TryReadNameServer(string text, out NetworkAddress? address)
    {
        address = null;
        if (IPAddress.TryParse(text, out var plain) && !text.StartsWith('['))
            address = NetworkAddress.ForHost(plain.ToString(), UsualPort);
        else if (text.StartsWith('[') && text.EndsWith(']') && IPAddress.TryParse(text[1..^1], out var bracketed))
            address = NetworkAddress.ForHost(bracketed.ToString(), UsualPort);
        else if (!text.Contains(':', StringComparison.Ordinal) && DiscoverTable.IsName(text))
            address = NetworkAddress.ForHost(text, UsualPort);
        else if (!NetworkAddress.TryParse(text, out address, out _) || address.UnixPath is not null || address.Port == 0 || address.Host.Length == 0 || address.Greets)
            address = null;
        return address is not null;
    }
}
