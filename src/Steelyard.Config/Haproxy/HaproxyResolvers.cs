using Steelyard.Config.Dialects;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Haproxy;

/// <summary>The sections resolvers, and the servers that go by them.</summary>
internal static class HaproxyResolvers
{
    // HAProxy has a section of this name where the file has none.
    private const string OfSystem = "default";

    /// <summary>What a section says that says nothing (HAProxy: 5.3.2).</summary>
    public static ResolverSettings Defaults { get; } = new()
    {
        Timeout = TimeSpan.FromSeconds(1),
        Attempts = 3,
        LeastTtl = TimeSpan.FromSeconds(1),
        MostTtl = TimeSpan.FromSeconds(10),
        Hold = TimeSpan.FromSeconds(30),
    };

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        DirectiveRow<HaproxyUse>.Done("nameserver", "R", "<name> <address>[:<port>]", "A server that is asked; before `parse-resolv-conf`.", ReadServer),
        DirectiveRow<HaproxyUse>.Done("parse-resolv-conf", "R", "", "Names are looked up as the system does it, where no `nameserver` is named: /etc/hosts and a search list count too.", static _ => { }),
        Time("hold valid", "How long an answer is used at most; its time to live counts too.", (resolver, time) => resolver with { MostTtl = time }),
        Time("hold nx", "How long the last good answer is used where there is no such name.", (resolver, time) => resolver with { HoldEmpty = time }),
        Time("hold obsolete", "How long a server stays that an answer does not name any more.", (resolver, time) => resolver with { HoldMissing = time }),
        .. ((string[])["hold timeout", "hold refused", "hold other"]).Select(name => Time(name, "How long the last good answer is used while nobody answers well; of these three lines the longest time counts.", (resolver, time) => resolver with { Hold = resolver.Hold > time && resolver.Hold != Defaults.Hold ? resolver.Hold : time })),
        Time("timeout resolve", "How long an answer is used at least, and how soon is asked again after a failure.", (resolver, time) => resolver with { LeastTtl = time }),
        Time("timeout retry", "How long a server may take for an answer.", (resolver, time) => resolver with { Timeout = time }),
        DirectiveRow<HaproxyUse>.Done("resolve_retries", "R", "<number>", "How many times each server is asked.", static use =>
        {
            if (use.TryTakeNumber("a number", 1, int.MaxValue, out var attempts))
                use.Section.Resolver = use.Section.Resolver with { Attempts = Math.Min(attempts, 10) };
        }),
        DirectiveRow<HaproxyUse>.Harmless("accepted_payload_size", "R", "...", "Datagrams of 1232 bytes are taken, and the rest is asked for over TCP."),
    ];

    private static DirectiveRow<HaproxyUse> Time(string name, string meaning, Func<ResolverSettings, TimeSpan, ResolverSettings> set) => DirectiveRow<HaproxyUse>.Done(name, "R", "<time>", meaning, use =>
    {
        if (!use.TryTakeTime("a time", out var time))
            return;
        var least = name.StartsWith("hold", StringComparison.Ordinal) && name != "hold valid" ? TimeSpan.Zero : TimeSpan.FromMilliseconds(100);
        var most = name == "timeout retry" ? TimeSpan.FromSeconds(60) : TimeSpan.FromHours(24);
        use.Section.Resolver = set(use.Section.Resolver, time < least ? least : time > most ? most : time);
    });

    private static void ReadServer(HaproxyUse use)
    {
        if (!use.TryTake("a name", out _) || !use.TryTake("an address", out var word))
            return;
        var text = word.Text;
        foreach (var prefix in (ReadOnlySpan<string>)["udp@", "udp4@", "udp6@", "tcp@", "tcp4@", "tcp6@", "ipv4@", "ipv6@"])
        {
            if (text.StartsWith(prefix, StringComparison.Ordinal))
                text = text[prefix.Length..];
        }

        if (!text.StartsWith('[') && text.Count(letter => letter == ':') > 1)
            text = $"[{text[..text.LastIndexOf(':')]}]{text[text.LastIndexOf(':')..]}";
        if (!ResolverTable.TryReadNameServer(text, out var server))
        {
            use.Error(word, $"{Shown.Quote(word.Text)} is not the address of a DNS server", "address:port, such as 10.0.0.2:53");
            return;
        }

        use.Section.Resolver = use.Section.Resolver with { Servers = use.Section.Resolver.Servers.AsEnumerable().Append(server!).ToValueList() };
        while (use.HasMore)
            use.Take();
    }

    /// <summary>How the names of a backend's servers are looked up; null for as the system does.</summary>
    public static ResolverSettings? Of(HaproxyFile file, HaproxySection backend)
    {
        var named = backend.Servers.Where(server => server.Resolvers is not null).ToList();
        if (named.Count == 0)
            return null;
        var (name, place) = named[0].Resolvers!.Value;
        if (named.Find(server => server.Resolvers!.Value.Value != name) is { } other)
            file.Problems.Error(other.Resolvers!.Value.Place, $"{Shown.Quote(other.Resolvers.Value.Value)} beside {Shown.Quote(name)}: the servers of a backend go by the same resolvers here", "the same for all servers of the backend");

        // As in HAProxy IPv6 comes first, unless a server says otherwise.
        var prefers = named.TrueForAll(server => server.PrefersIpv6 != false);
        if (file.Resolvers.TryGetValue(name, out var section))
            return section.Resolver with { PreferIpv6 = prefers };
        if (name == OfSystem)
            return Defaults with { PreferIpv6 = prefers };
        file.Problems.Error(place, $"no section 'resolvers' is called {Shown.Quote(name)}", file.Resolvers.Count == 0 ? "a section 'resolvers' with this name" : Shown.OneOf(file.Resolvers.Keys), file.Problems.Names.Nearest(name, file.Resolvers.Keys));
        return null;
    }
}
