using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The line bind.</summary>
internal static class HaproxyBinds
{
    private const int MostPorts = 1000;

    /// <summary>The keywords that change nothing here, how many words follow each, and why.</summary>
    public static IReadOnlyList<(string Name, int Words, string Why)> HarmlessKeywords { get; } =
    [
        ("transparent", 0, "the kernel's own rules do it"), ("defer-accept", 0, "connections are looked at when they speak"), ("tfo", 0, "the kernel decides"),
        ("v4v6", 0, "an address of IPv6 takes IPv4 too"), ("nice", 1, "all loops are alike"), ("backlog", 1, "the kernel's queue is as long as it allows"),
        ("process", 1, "all loops serve every listener"), ("thread", 1, "all loops serve every listener"), ("shards", 1, "all loops serve every listener"),
        ("id", 1, "listeners are known by their addresses"), ("name", 1, "listeners are known by their addresses"), ("mode", 1, "a Unix socket has the permissions of the keeper"),
        ("user", 1, "a Unix socket belongs to the keeper"), ("group", 1, "a Unix socket belongs to the keeper"), ("uid", 1, "a Unix socket belongs to the keeper"), ("gid", 1, "a Unix socket belongs to the keeper"),
        ("level", 1, "the admin API has its own rules"), ("ciphers", 1, "the system's OpenSSL chooses"), ("ciphersuites", 1, "the system's OpenSSL chooses"), ("curves", 1, "the system's OpenSSL chooses"),
        ("ecdhe", 1, "the system's OpenSSL chooses"), ("no-sslv3", 0, "TLS 1.2 and 1.3 are spoken"), ("no-tlsv10", 0, "TLS 1.2 and 1.3 are spoken"),
        ("no-tlsv11", 0, "TLS 1.2 and 1.3 are spoken"), ("no-tls-tickets", 0, "sessions are resumed as the system's OpenSSL does"),
        ("prefer-client-ciphers", 0, "the system's OpenSSL chooses"), ("tcp-ut", 1, "timeouts end what does not answer"), ("mss", 1, "the kernel decides"), ("proto", 1, "HTTP/1.1 is spoken"),
        ("allow-0rtt", 0, "requests come once a handshake is done"), ("expose-fd", 1, "sockets are handed on by the keeper"), ("severity-output", 1, "answers have no severity"),
        ("ca-ignore-err", 1, "a client's certificate is good or not"), ("crt-ignore-err", 1, "a client's certificate is good or not"), ("no-ca-names", 0, "the system's OpenSSL says which authorities it names"),
        ("tls-ticket-keys", 1, "sessions are resumed as the system's OpenSSL does"), ("tls-tickets", 0, "sessions are resumed as the system's OpenSSL does"), ("ssl-reuse", 0, "sessions are resumed as the system's OpenSSL does"),
    ];

    /// <summary>The keywords that do something, for the reference page.</summary>
    public static IReadOnlyList<(string Name, string Arguments, string Meaning)> Keywords { get; } =
    [
        ("ssl", "", "Clients speak TLS."),
        ("crt", "<file>|<folder>", "A certificate, with its chain and its key, as PEM; several are chosen from by the name that is asked for. The key may be in a file of the same name with `.key` behind it. Of a folder all files count but those whose names end in .key, .issuer, .ocsp and .sctl."),
        ("crt-list", "<file>", "Certificates that a file lists, one in each line. They are chosen by the names that they are for, whatever names stand behind them; of what may stand in square brackets `alpn`, versions and ciphers change nothing, and all else is refused."),
        ("alpn", "<names>", "HTTP/1.1 is spoken; `h2` has no effect yet."),
        ("ssl-min-ver", "TLSv1.2\\|TLSv1.3", "The lowest version of TLS."),
        ("ssl-max-ver", "TLSv1.2\\|TLSv1.3", "The highest version of TLS."),
        ("no-tlsv12", "", "Only TLS 1.3; so does `force-tlsv13`."),
        ("no-tlsv13", "", "Only TLS 1.2; so does `force-tlsv12`."),
        ("strict-sni", "", "A client that asks for no known name is refused."),
        ("ca-file", "<file>", "The authorities of clients' certificates."),
        ("verify", "none\\|optional\\|required", "Whether clients show a certificate."),
        ("accept-proxy", "", "Each connection begins with a PROXY header."),
        ("maxconn", "<number>", "Connections open at once."),
        ("v6only", "", "Of `:::port` the addresses of IPv6 alone."),
    ];

    /// <summary>Reads a line.</summary>
    public static void Read(HaproxyUse use)
    {
        if (!use.TryTake("an address", out var addresses))
            return;
        List<Located<NetworkAddress>> read = [];
        foreach (var text in addresses.Text.Split(','))
        {
            if (!TryReadAddresses(text, addresses.Place, use, read))
                return;
        }

        var (tls, accept, secure) = (new ListenerTlsDraft(), false, false);
        var versions = use.File.BindVersions;
        List<CertificateFiles> certificates = [];
        var (authorities, verify) = ((string?)null, "none");
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "ssl":
                    secure = true;
                    break;
                case "v6only":
                    read = read.ConvertAll(OfIpv6);
                    break;
                case "crt" when use.TryTake("a file", out var file):
                    HaproxyCertificateFiles.Add(file.Text, file.Place, use, certificates);
                    break;
                case "crt-list" when use.TryTake("a file", out var list):
                    if (!HaproxyCertificateFiles.TryReadList(list, use, certificates))
                        return;
                    break;
                case "alpn" or "npn" when use.TryTake("names of protocols", out var names):
                    if (names.Text.Contains("h2", StringComparison.Ordinal))
                        use.Problems.Note(names.Place, "HTTP/1.1 is spoken with clients that offer h2");
                    break;
                case var name when HaproxyTlsVersions.Knows(name):
                    versions = versions.With(word, use);
                    break;
                case "strict-sni":
                    tls = tls with { StrictSni = true };
                    break;
                case "ca-file" when use.TryTake("a file", out var trusted):
                    authorities = use.File.PathOf(trusted.Text, isCertificate: false);
                    use.Problems.Files.Add(new(authorities, trusted.Place));
                    break;
                case "verify" when use.TryTake("none, optional or required", out var how):
                    if (how.Text is not ("none" or "optional" or "required"))
                        use.Error(how, $"{Shown.Quote(how.Text)} is no way to verify", "none, optional or required");
                    verify = how.Text;
                    break;
                case "accept-proxy":
                    accept = true;
                    break;
                case "maxconn" when use.TryTakeNumber("a number of connections", 1, 10_000_000, out var most):
                    use.Section.MaxConnections = most;
                    break;
                default:
                    if (!ReadHarmless(word, use))
                        return;
                    break;
            }
        }

        if (secure && certificates.Count == 0)
        {
            use.Problems.Error(use.Line, "'ssl' without a certificate", "'crt' with a file that holds the certificate and its key");
            return;
        }

        if (verify != "none" && authorities is null)
        {
            use.Problems.Error(use.Line, "'verify' without the authorities to verify by", "'ca-file' with their certificates");
            return;
        }

        if (secure && versions.Spoken == TlsVersions.None)
            use.Problems.Error(use.Line, "no version of TLS is left to speak", "'ssl-min-ver' of at most 'ssl-max-ver'");
        tls = tls with { Versions = versions.Spoken, Certificates = certificates, ClientCertificates = verify == "none" || authorities is null ? null : new() { Authorities = authorities, Optional = verify == "optional" } };
        foreach (var address in read)
            use.Section.Binds.Add(new(address, secure ? tls : null, accept));
    }

    /// <summary>Reads <c>ssl-default-bind-options</c>.</summary>
    public static void ReadDefaults(HaproxyUse use)
    {
        while (use.HasMore)
        {
            var word = use.Take();
            if (HaproxyTlsVersions.Knows(word.Text))
                use.File.BindVersions = use.File.BindVersions.With(word, use);
            else if (!ReadHarmless(word, use))
                return;
        }
    }

    private static bool ReadHarmless(Word word, HaproxyUse use)
    {
        foreach (var (name, words, why) in HarmlessKeywords)
        {
            if (name != word.Text)
                continue;
            use.Problems.Note(word.Place, $"'{name}' of a bind line has no effect here: {why}");
            for (var i = 0; i < words; i++)
            {
                if (!use.TryTake($"the value of '{name}'", out _))
                    return false;
            }

            return true;
        }

        var known = Keywords.Select(keyword => keyword.Name).Concat(HarmlessKeywords.Select(keyword => keyword.Name));
        if (!Keywords.Any(keyword => keyword.Name == word.Text))
            use.Problems.Error(word.Place, $"the keyword {Shown.Quote(word.Text)} of a bind line is not known here", "one that docs/haproxy.md lists", use.Problems.Names.Nearest(word.Text, known));
        return false;
    }

    /// <summary>An address without the family that may stand before it.</summary>
    public static string WithoutFamily(string text) =>
        text.StartsWith("ipv4@", StringComparison.Ordinal) || text.StartsWith("ipv6@", StringComparison.Ordinal) ? text[5..] : text;

    // Every address of both families is that of none.
    private static Located<NetworkAddress> OfIpv6(Located<NetworkAddress> bound) =>
        bound.Value is { UnixPath: null, Host: "" } every ? bound with { Value = NetworkAddress.ForHost("::", every.Port) } : bound;

    private static bool TryReadAddresses(string text, Place place, HaproxyUse use, List<Located<NetworkAddress>> read)
    {
        text = WithoutFamily(text);
        if (text.StartsWith('/') || text.StartsWith("unix@", StringComparison.Ordinal))
        {
            text = "unix:" + (text[0] == '/' ? text : text[5..]);
            return TryAdd(text, place, use, read);
        }

        if (text.StartsWith("fd@", StringComparison.Ordinal))
            return TryAdd(text, place, use, read);
        var colon = text.LastIndexOf(':');
        var (host, ports) = colon < 0 ? ("", "") : (text[..colon], text[(colon + 1)..]);
        if (colon < 0 || text.StartsWith("abns@", StringComparison.Ordinal))
        {
            use.Problems.Error(place, $"{Shown.Quote(text)} cannot be bound", "address:port, *:port, :port, :::port, a range of ports, the path of a Unix socket, or fd@N for a socket that is passed on");
            return false;
        }

        // An asterisk is every address of IPv4, two colons of both families.
        host = host is "" or "*" ? "0.0.0.0" : host is "::" or "[::]" ? "" : host.Contains(':', StringComparison.Ordinal) && host[0] != '[' ? $"[{host}]" : host;
        var ends = ports.Split('-');
        if (ends.Length == 1)
            return TryAdd($"{host}:{ports}", place, use, read);
        if (ends.Length != 2 || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) || !int.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || last < first || last - first >= MostPorts)
        {
            use.Problems.Error(place, $"{Shown.Quote(ports)} is not a range of ports", $"such as 8080-8089; at most {MostPorts}");
            return false;
        }

        for (var port = first; port <= last; port++)
        {
            if (!TryAdd($"{host}:{port}", place, use, read))
                return false;
        }

        return true;
    }

    private static bool TryAdd(string text, Place place, HaproxyUse use, List<Located<NetworkAddress>> read)
    {
        if (NetworkAddress.TryParse(text, out var address, out var expected))
        {
            read.Add(new(address, place));
            return true;
        }

        use.Problems.Error(place, $"{Shown.Quote(text)} cannot be bound", expected);
        return false;
    }
}
