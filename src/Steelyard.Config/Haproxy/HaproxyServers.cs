using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Haproxy;

/// <summary>A keyword of server lines.</summary>
/// <param name="Name">The keyword.</param>
/// <param name="Arguments">What follows, as the manual writes it.</param>
/// <param name="Meaning">What it is here.</param>
/// <param name="Support">How far it is supported.</param>
/// <param name="Read">What is done with it; false where it was reported.</param>
internal sealed record ServerKeyword(string Name, string Arguments, string Meaning, DirectiveSupport Support, Func<HaproxyUse, HaproxyServer, bool> Read);

/// <summary>The lines server, default-server and server-template.</summary>
internal static class HaproxyServers
{
    private const int MostOfTemplate = 1000;

    public static IReadOnlyList<ServerKeyword> Keywords { get; } =
    [
        Flag("check", "The server is asked for its health.", server => server.Check = true),
        Flag("no-check", "It is not.", server => server.Check = false),
        Flag("backup", "It serves when no other can.", server => server.Backup = true),
        Flag("no-backup", "It serves like the others.", server => server.Backup = false),
        Flag("disabled", "It is in maintenance, until somebody enables it.", server => server.Disabled = true),
        Flag("enabled", "It does.", server => server.Disabled = false),
        Number("weight", "<weight>", "Its share.", 0, 256, (server, value) => server.Weight = value),
        Number("maxconn", "<number>", "What it has to do at once at most; 0 for no limit.", 0, 1_000_000, (server, value) => server.MaxConnections = value == 0 ? null : value),
        Number("minconn", "<number>", "The same while the backend has little to do: the limit grows with that up to `maxconn`, which `fullconn` says when.", 0, 1_000_000, (server, value) => server.MinConnections = value == 0 ? null : value),
        Number("maxqueue", "<number>", "How many may wait; in Steelyard one queue serves the pool.", 0, 1_000_000, (server, value) => server.MaxQueue = value),
        Time("inter", "From one check to the next.", (server, value) => server.Interval = value),
        Time("fastinter", "The same while its state changes.", (server, value) => server.FastInterval = value),
        Time("downinter", "The same while it is down.", (server, value) => server.DownInterval = value),
        Time("slowstart", "How long it takes to get its whole share after it was down.", (server, value) => server.SlowStart = value > TimeSpan.Zero ? value : null),
        Number("rise", "<count>", "Checks in a row until it is up.", 1, 100, (server, value) => server.Rise = value),
        Number("fall", "<count>", "Checks in a row until it is down.", 1, 100, (server, value) => server.Fall = value),
        Number("port", "<port>", "Where checks go.", 1, 65535, (server, value) => server.CheckPort = value),
        Address("addr", "Which address checks go to.", (server, value) => server.CheckAddress = value),
        new("track", "[<backend>/]<server>", "It is as well as that server, which has `check`: it is asked what that one is asked, and where.", DirectiveSupport.Done, (use, server) =>
        {
            if (!use.TryTake("the name of a server", out var word))
                return false;
            server.Track = new(word.Text, word.Place);
            return true;
        }),
        Harmless("check-send-proxy", 0, "Checks begin with a PROXY header where requests do."),
        Flag("check-ssl", "Checks speak TLS.", server => server.CheckTls = true),
        Word("cookie", "<value>", "What stands for it in the cookie.", (server, value) => server.Cookie = value),
        Flag("send-proxy", "It is told of the client by a PROXY header, version 1.", server => server.ProxyProtocol = ProxyProtocolVersion.V1),
        Flag("send-proxy-v2", "The same, version 2.", server => server.ProxyProtocol = ProxyProtocolVersion.V2),
        Flag("ssl", "It is spoken to over TLS.", server => server.Tls = true),
        Flag("no-ssl", "It is not.", server => server.Tls = false),
        new("verify", "none|required", "Whether its certificate is checked; what `ssl-server-verify` says where nothing is said. The name in it is where `sni` or `verifyhost` says one.", DirectiveSupport.Done, (use, server) =>
        {
            if (!use.TryTake("none or required", out var word))
                return false;
            if (word.Text is not ("none" or "required"))
                use.Error(word, $"{Shown.Quote(word.Text)} is no way to verify", "none or required");
            server.Verify = word.Text != "none";
            return word.Text is "none" or "required";
        }),
        new("ca-file", "<file>|@system-ca", "The authorities that its certificate is believed from; `@system-ca` for those of the system.", DirectiveSupport.Done, (use, server) =>
        {
            if (!use.TryTake("a file", out var word))
                return false;
            server.SystemAuthorities = word.Text == "@system-ca";
            server.Authorities = server.SystemAuthorities ? null : use.File.PathOf(word.Text, isCertificate: false);
            if (server.Authorities is not null)
                use.Problems.Files.Add(new(server.Authorities, word.Place));
            return true;
        }),
        Word("crt", "<file>", "The certificate, and the key behind it, that it is shown.", (server, value) => server.Certificate = value, isFile: true),
        new("sni", "<sample>", "The name that is asked for, and that the certificate has to have where it is verified and `verifyhost` says no other. Connections are kept for requests of the same name.", DirectiveSupport.Done, ReadServerName),
        Word("verifyhost", "<name>", "The name its certificate is for.", (server, value) => server.CertificateName = value),
        Flag("agent-check", "An agent beside it says how much it can do.", server => server.AgentCheck = true),
        Number("agent-port", "<port>", "Where the agent listens.", 1, 65535, (server, value) => server.AgentPort = value),
        Address("agent-addr", "At which address; its own where nothing is said.", (server, value) => server.AgentAddress = value),
        Time("agent-inter", "How often it is asked.", (server, value) => server.AgentInterval = value),
        Word("agent-send", "<text>", "What it is sent.", (server, value) => server.AgentSend = value),
        Choice("observe", "Which ends of its requests count besides its checks: whether it takes connections, or also whether it answers well.", [("none", HealthObserve.None), ("layer4", HealthObserve.Layer4), ("layer7", HealthObserve.Layer7)], (server, value) => server.Observe = value),
        Number("error-limit", "<count>", "How many failed requests in a row are too many for `observe`: 10 where nothing is said.", 1, 10_000, (server, value) => server.ErrorLimit = value),
        Choice("on-error", "What becomes of it then.", [("fastinter", HealthOnError.FastInterval), ("fail-check", HealthOnError.FailCheck), ("sudden-death", HealthOnError.SuddenDeath), ("mark-down", HealthOnError.MarkDown)], (server, value) => server.OnError = value),
        Choice("on-marked-down", "Its requests and sessions are cut when it goes down.", [("shutdown-sessions", true)], (server, value) => server.CutsWhenDown = value),
        Choice("on-marked-up", "Those of backups are cut when it comes up.", [("shutdown-backup-sessions", true)], (server, value) => server.CutsBackups = value),
        Harmless("id", 1, "Servers are known by their addresses."),
        new("resolvers", "<id>", "The section `resolvers` that its name is looked up by, again and again. Without one the system's resolver is asked, and its name is followed all the same.", DirectiveSupport.Done, (use, server) =>
        {
            if (!use.TryTake("the name of a section 'resolvers'", out var word))
                return false;
            server.Resolvers = new(word.Text, word.Place);
            return true;
        }),
        new("resolve-prefer", "ipv4|ipv6", "Which address is taken where the name has both: of all servers of a backend IPv4, where one of them says so.", DirectiveSupport.Done, (use, server) =>
        {
            if (!use.TryTake("ipv4 or ipv6", out var word))
                return false;
            if (word.Text is not ("ipv4" or "ipv6"))
                use.Error(word, $"{Shown.Quote(word.Text)} is no family of addresses", "ipv4 or ipv6");
            server.PrefersIpv6 = word.Text == "ipv6";
            return word.Text is "ipv4" or "ipv6";
        }),
        Harmless("init-addr", 1, "A server whose name does not resolve is down until it does, and nobody waits for it."),
        Harmless("resolve-opts", 1, "The servers of a template are at different addresses, with the weights that their services say."),
        Harmless("resolve-net", 1, "The first address counts, in the order of numbers."),
        Harmless("pool-max-conn", 1, "Connections are kept as `timeouts: server-idle` says."),
        Harmless("pool-purge-delay", 1, "Connections are kept as `timeouts: server-idle` says."),
        Harmless("pool-low-conn", 1, "Connections are kept as `timeouts: server-idle` says."),
        Harmless("max-reuse", 1, "Connections are kept as `timeouts: server-idle` says."),
        Harmless("alpn", 1, "Servers are spoken to in HTTP/1.1."),
        Harmless("check-alpn", 1, "Servers are asked in HTTP/1.1."),
        Harmless("check-sni", 1, "Checks ask for the same name as requests, and for the server's own where that is one of each request."),
        Harmless("ciphers", 1, "The system's OpenSSL chooses."),
        Harmless("ciphersuites", 1, "The system's OpenSSL chooses."),
        Harmless("ssl-min-ver", 1, "TLS 1.2 and 1.3 are spoken."),
        Harmless("ssl-max-ver", 1, "TLS 1.2 and 1.3 are spoken."),
        Harmless("no-sslv3", 0, "TLS 1.2 and 1.3 are spoken."),
        Harmless("no-tlsv10", 0, "TLS 1.2 and 1.3 are spoken."),
        Harmless("no-tlsv11", 0, "TLS 1.2 and 1.3 are spoken."),
        Harmless("force-tlsv12", 0, "TLS 1.2 and 1.3 are spoken."),
        Harmless("no-tls-tickets", 0, "Sessions are resumed as the system's OpenSSL does."),
        Harmless("non-stick", 0, "What is remembered of clients is kept for all servers."),
        Harmless("tfo", 0, "Connections are opened as the kernel does."),
        Harmless("log-proto", 1, "Logs are of their own here."),
        Flag("no-agent-check", "It has none.", server => server.AgentCheck = false),
        Flag("no-check-ssl", "Checks do not, but where requests do.", server => server.CheckTls = false),
        Flag("no-send-proxy", "It is not told so.", server => server.ProxyProtocol = server.ProxyProtocol == ProxyProtocolVersion.V1 ? null : server.ProxyProtocol),
        Flag("no-send-proxy-v2", "It is not told so.", server => server.ProxyProtocol = server.ProxyProtocol == ProxyProtocolVersion.V2 ? null : server.ProxyProtocol),
        Harmless("allow-0rtt", 0, "Requests go once a handshake is done."),
        Harmless("npn", 1, "Servers are spoken to in HTTP/1.1."),
        Harmless("ssl-reuse", 0, "Sessions are resumed as the system's OpenSSL does."),
        Harmless("no-ssl-reuse", 0, "Sessions are resumed as the system's OpenSSL does."),
        Harmless("tls-tickets", 0, "Sessions are resumed as the system's OpenSSL does."),
        Harmless("stick", 0, "What is remembered of clients is kept for all servers."),
        Harmless("check-proto", 1, "Servers are asked in HTTP/1.1."),
        Flag("no-verifyhost", "That of `sni`, or any.", server => server.CertificateName = null),
        new("source", "<address>", "The address of this machine that connections to it come from: one for all servers of a backend.", DirectiveSupport.Done, (use, server) =>
        {
            var place = use.Last.Place;
            if (!HaproxyDirectives.TryReadSource(use, out var source))
                return false;
            server.Source = new(source, place);
            return true;
        }),
        new("proto", "h1", "It is spoken to in HTTP/1.1, whatever is said here but `h2` and `fcgi`, which are refused.", DirectiveSupport.Done, (use, _) => ReadProtocol(use, "h1")),
        new("ws", "auto|h1", "WebSockets pass in HTTP/1.1.", DirectiveSupport.Done, (use, _) => ReadProtocol(use, "auto", "h1")),
        Refused("namespace", 1, "one instance in each network namespace"),
        Refused("redir", 1, "`http-request redirect`"),
        Refused("send-proxy-v2-ssl", 0, "`send-proxy-v2`"),
        Refused("send-proxy-v2-ssl-cn", 0, "`send-proxy-v2`"),
        Refused("proxy-v2-options", 1, "`send-proxy-v2` alone, which tells addresses and ports"),
        Refused("socks4", 1, "a server that can be reached"),
    ];

    private static ServerKeyword Address(string name, string meaning, Action<HaproxyServer, string> set) => new(name, "<address>", meaning, DirectiveSupport.Done, (use, server) =>
    {
        if (!use.TryTake("an address", out var word))
            return false;
        set(server, word.Text);
        if (System.Net.IPAddress.TryParse(word.Text, out _))
            return true;
        use.Error(word, $"{Shown.Quote(word.Text)} is no address that {(name == "addr" ? "checks can go to" : "an agent can be asked at")}", "an address of IPv4 or IPv6");
        return false;
    });

    private static bool ReadServerName(HaproxyUse use, HaproxyServer server)
    {
        if (!use.TryTake("a sample", out var word))
            return false;
        if (word.Text.StartsWith("str(", StringComparison.Ordinal) && word.Text.IndexOf(')', StringComparison.Ordinal) == word.Text.Length - 1)
        {
            (server.ServerName, server.NameOfRequest) = (word.Text[4..^1], null);
            return true;
        }

        if (!HaproxySamples.TryRead(word.Text, mayCompare: false, use, out var sample, out _, out var mistake))
        {
            use.Problems.Error(word.Place, mistake);
            return false;
        }

        server.NameOfRequest = TextTemplate.Of(sample.Expression);
        return true;
    }

    private static bool ReadProtocol(HaproxyUse use, params string[] known)
    {
        if (!use.TryTake("a protocol", out var word))
            return false;
        if (Array.IndexOf(known, word.Text) >= 0)
            return true;
        use.Error(word, $"servers are not spoken to in {Shown.Quote(word.Text)} here", Shown.OneOf(known));
        return false;
    }

    private static ServerKeyword Flag(string name, string meaning, Action<HaproxyServer> set) => new(name, "", meaning, DirectiveSupport.Done, (_, server) =>
    {
        set(server);
        return true;
    });

    private static ServerKeyword Number(string name, string arguments, string meaning, int least, int most, Action<HaproxyServer, int> set) => new(name, arguments, meaning, DirectiveSupport.Done, (use, server) =>
    {
        if (!use.TryTakeNumber($"the number of '{name}'", least, most, out var value))
            return false;
        set(server, value);
        return true;
    });

    private static ServerKeyword Choice<T>(string name, string meaning, (string Word, T Value)[] values, Action<HaproxyServer, T> set) => new(name, string.Join('|', values.Select(value => value.Word)), meaning, DirectiveSupport.Done, (use, server) =>
    {
        if (!use.TryTake($"the value of '{name}'", out var word))
            return false;
        foreach (var (known, value) in values)
        {
            if (known != word.Text)
                continue;
            set(server, value);
            return true;
        }

        use.Error(word, $"{Shown.Quote(word.Text)} is not known behind '{name}'", Shown.OneOf([.. values.Select(value => value.Word)]));
        return false;
    });

    private static ServerKeyword Time(string name, string meaning, Action<HaproxyServer, TimeSpan> set) => new(name, "<time>", meaning, DirectiveSupport.Done, (use, server) =>
    {
        if (!use.TryTakeTime($"the time of '{name}'", out var value))
            return false;
        set(server, value);
        return true;
    });

    private static ServerKeyword Word(string name, string arguments, string meaning, Action<HaproxyServer, string> set, bool isFile = false) => new(name, arguments, meaning, DirectiveSupport.Done, (use, server) =>
    {
        if (!use.TryTake($"the value of '{name}'", out var word))
            return false;
        if (isFile)
            use.Problems.Files.Add(new(use.File.PathOf(word.Text, isCertificate: name == "crt"), word.Place));
        set(server, isFile ? use.File.PathOf(word.Text, isCertificate: name == "crt") : word.Text);
        return true;
    });

    private static ServerKeyword Harmless(string name, int words, string why) => new(name, words == 0 ? "" : "...", why, DirectiveSupport.Harmless, (use, _) =>
    {
        use.Problems.Note(use.Last.Place, $"'{name}' has no effect here: {HaproxyReader.Continued(why)}");
        for (var i = 0; i < words; i++)
        {
            if (!use.TryTake($"the value of '{name}'", out Dialects.Word _))
                return false;
        }

        return true;
    });

    private static ServerKeyword Refused(string name, int words, string instead) => new(name, words == 0 ? "" : "...", instead, DirectiveSupport.Refused, (use, _) =>
    {
        use.Error(use.Last, $"'{name}' of a server is not done here", instead);
        return false;
    });

    /// <summary>Reads a line of one server.</summary>
    public static void ReadServer(HaproxyUse use)
    {
        if (!use.TryTake("a name", out var name) || !use.TryTake("an address", out var address) || !TryReadAddress(address, use, out var at, out var clientPort))
            return;
        var server = use.Section.DefaultServer.Copy(new(name.Text, name.Place), new(at, address.Place));
        server.ClientPort = clientPort;
        if (!ReadKeywords(use, server) || !KnowsWhomToBelieve(use, server))
            return;
        Add(use, server);
    }

    // Several servers may have one address: each is one of its own.
    private static void Add(HaproxyUse use, HaproxyServer server)
    {
        var before = use.Section.Servers.Count(other => other.Template is null && other.Address.Value.Numbered(0) == server.Address.Value);
        use.Section.Servers.Add(before == 0 ? server : server.Copy(server.Name, new(server.Address.Value.Numbered(before + 1), server.Address.Place)));
    }

    /// <summary>Reads what servers have that say nothing else.</summary>
    public static void ReadDefaults(HaproxyUse use) => ReadKeywords(use, use.Section.DefaultServer);

    /// <summary>Reads a line that stands for several servers.</summary>
    public static void ReadTemplate(HaproxyUse use)
    {
        if (!use.TryTake("a prefix", out var prefix) || !use.TryTake("a number of servers", out var count) || !use.TryTake("an address", out var address))
            return;
        var ends = count.Text.Split('-');
        if (ends.Length > 2 || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || !int.TryParse(ends.Length == 2 ? ends[0] : "1", NumberStyles.None, CultureInfo.InvariantCulture, out var first) || last < first || last - first >= MostOfTemplate)
        {
            use.Error(count, $"{Shown.Quote(count.Text)} is not a number of servers", $"such as 3 or 2-4; at most {MostOfTemplate}");
            return;
        }

        NetworkAddress at;
        int? clientPort = null;
        if (TryReadName(address, out var discover))
            at = NetworkAddress.ForHost(discover!.Dns!, discover.Port);
        else if (!TryReadAddress(address, use, out at, out clientPort))
            return;
        var template = use.Section.DefaultServer.Copy(new(prefix.Text, prefix.Place), new(at, address.Place));
        template.ClientPort = clientPort;
        if (!ReadKeywords(use, template) || !KnowsWhomToBelieve(use, template))
            return;
        if (clientPort is not null && at.HasName)
        {
            use.Error(address, $"{Shown.Quote(address.Text)} has no port: servers of a template do not get the port that their client came to here", "address:port, such as 10.0.0.1:3000");
            return;
        }

        if (discover is null || (template.Resolvers is null && discover.Records != DnsRecords.Srv))
        {
            // As in HAProxy, whose servers get one address each by a resolver alone.
            if (last > first && at.HasName)
                use.Problems.Warn(address.Place, $"{last - first + 1} servers of one name: its addresses are not spread over them, all have the first", "'resolvers' behind it, or a line for each server");
            for (var number = first; number <= last; number++)
                Add(use, template.Copy(new(string.Create(CultureInfo.InvariantCulture, $"{prefix.Text}{number}"), prefix.Place), template.Address));
            return;
        }

        template.Template = discover with
        {
            Records = discover.Records == DnsRecords.Srv ? DnsRecords.Srv : template.PrefersIpv6 == false ? DnsRecords.Ipv4First : DnsRecords.Ipv6First,
            MostServers = last - first + 1,
            NamePrefix = prefix.Text,
            FirstNumber = first,
        };
        use.Section.Servers.Add(template);
    }

    /// <summary>Reads a name whose addresses or services are servers.</summary>
    private static bool TryReadName(Word word, out DiscoverSettings? discover)
    {
        var colon = word.Text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? word.Text : word.Text[..colon];
        var isService = name.StartsWith('_');
        discover = !DiscoverTable.IsName(name) || System.Net.IPAddress.TryParse(name, out _) || (!isService && colon < 0) ? null
            : isService ? new() { Dns = name.ToLowerInvariant(), Records = DnsRecords.Srv }
            : int.TryParse(word.Text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535 ? new() { Dns = name.ToLowerInvariant(), Port = port }
            : null;
        return discover is not null;
    }

    private static bool KnowsWhomToBelieve(HaproxyUse use, HaproxyServer server)
    {
        server.Verify ??= use.File.VerifyServers;
        if (server is not ({ Tls: true } or { CheckTls: true }) || server is { Verify: false } or { Authorities: not null } or { SystemAuthorities: true })
            return true;
        use.Problems.Error(server.Name.Place, $"the certificate of {Shown.Quote(server.Name.Value)} is to be verified, and no authorities are named", "'ca-file' with a file or @system-ca, or 'verify none'");
        return false;
    }

    private static bool ReadKeywords(HaproxyUse use, HaproxyServer server)
    {
        while (use.HasMore)
        {
            var word = use.Take();
            ServerKeyword? found = null;
            foreach (var keyword in Keywords)
            {
                if (keyword.Name == word.Text)
                    found = keyword;
            }

            if (found is null)
            {
                use.Problems.Error(word.Place, $"the keyword {Shown.Quote(word.Text)} of a server is not known here", "one that docs/haproxy.md lists", use.Problems.Names.Nearest(word.Text, Keywords.Select(keyword => keyword.Name)));
                return false;
            }

            if (!found.Read(use, server))
                return false;
        }

        return true;
    }

    private static bool TryReadAddress(Word word, HaproxyUse use, out NetworkAddress address, out int? clientPort)
    {
        (address, clientPort) = (null!, null);
        var text = HaproxyBinds.WithoutFamily(word.Text);
        if (text.StartsWith('/') || text.StartsWith("unix@", StringComparison.Ordinal))
            text = "unix:" + (text[0] == '/' ? text : text[5..]);
        else if (!text.StartsWith('[') && text.Count(letter => letter == ':') > 1)
            text = $"[{text[..text.LastIndexOf(':')]}]{text[text.LastIndexOf(':')..]}";
        if (text.StartsWith('_') && !text.Contains(':', StringComparison.Ordinal))
        {
            use.Error(word, $"{Shown.Quote(word.Text)} is the name of a service, which may be at several addresses", "'server-template' with 'resolvers', or address:port");
            return false;
        }

        clientPort = TakeClientPort(ref text);
        if (NetworkAddress.TryParse(text, out var read, out var expected) && (read.Host.Length > 0 || read.UnixPath is not null))
        {
            address = read;
            return true;
        }

        use.Error(word, $"{Shown.Quote(word.Text)} is not the address of a server", expected ?? "address:port, such as 10.0.0.1:3000");
        return false;
    }

    // Without a port, or with a sign before it, it is of the port that the client came to; null where it is not.
    private static int? TakeClientPort(ref string text)
    {
        var colon = text.LastIndexOf(':');
        if (text.StartsWith("unix:", StringComparison.Ordinal) || text.StartsWith("fd@", StringComparison.Ordinal))
            return null;
        if (colon <= text.LastIndexOf(']'))
        {
            text += ":0";
            return 0;
        }

        var port = text.AsSpan(colon + 1);
        if (port is "" or "0")
        {
            text = text[..colon] + ":0";
            return 0;
        }

        if (port[0] is not ('+' or '-') || !int.TryParse(port, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var offset) || offset is < -65535 or > 65535)
            return null;
        text = text[..colon] + ":0";
        return offset;
    }
}
