using System.Net;
using System.Text.RegularExpressions;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Nginx;

/// <summary>The names of groups in expressions, which are variables from there on.</summary>
internal static partial class NginxCaptures
{
    [GeneratedRegex(@"\(\?P?<(?<name>[A-Za-z_][A-Za-z0-9_]*)>", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex GroupName { get; }

    /// <summary>The names of the groups of an expression.</summary>
    public static IEnumerable<string> NamesIn(string pattern) => GroupName.Matches(pattern).Select(match => match.Groups["name"].Value);

    public static void Declare(NginxFile file)
    {
        Dictionary<string, int> times = new(StringComparer.Ordinal);
        foreach (var name in file.Texts.SelectMany(text => NamesIn(text.Text)))
            times[name] = times.GetValueOrDefault(name) + 1;

        // What maps alone have is what they are asked for.
        foreach (var (name, count) in times)
        {
            if (!file.MapGroups.TryGetValue(name, out var ofMap) || ofMap.Times < count)
                file.SetVariables.Add(name);
        }
    }
}

/// <summary>How clients are known behind proxies: set_real_ip_from and its kin.</summary>
internal static class NginxClients
{
    /// <summary>The proxies whose PROXY header says who the client is.</summary>
    public static IReadOnlyList<Located<IPNetwork>> OfProxies(List<NginxServer> servers, ProblemList problems)
    {
        List<Located<IPNetwork>> networks = [];
        foreach (var level in servers.SelectMany(server => server.WithLocations))
        {
            if (level.Context != 'V' && level.Find("real_ip_header")?[1].Equals("proxy_protocol", StringComparison.OrdinalIgnoreCase) is not true)
                continue;
            foreach (var line in level.All("set_real_ip_from"))
            {
                if (NetworkOf(line, problems) is { } network && !networks.Exists(other => other.Value.Equals(network)))
                    networks.Add(new(network, line.Place));
            }
        }

        // A list says something: here that of an address from where nobody comes.
        if (networks.Count == 0)
            networks.Add(new(IPNetwork.Parse("0.0.0.0/32"), servers[0].Level.Place));
        return networks;
    }

    private static IPNetwork? NetworkOf(NginxDirective line, ProblemList problems)
    {
        if (line[1] == "unix:")
            return IPNetwork.Parse("127.0.0.1/32");
        if (NginxMaps.TryReadNetwork(line[1], out var network))
            return network;
        problems.Error(line.Words[1].Place, $"invalid network \"{line[1]}\"", "an address or a network");
        return null;
    }

    public static Located<ClientFieldSettings>? Of(List<NginxServer> servers, bool acceptProxy, ProblemList problems)
    {
        List<IPNetwork> networks = [];
        NginxDirective? first = null;
        string? field = null;
        var recursive = false;
        foreach (var server in servers)
        {
            if (first is not null && server.WithLocations.All(level => level.All("set_real_ip_from").Count == 0))
                problems.Warn(first.Place, "\"set_real_ip_from\" counts for all servers of its address here", "the same in all of them, or an address of its own");
            foreach (var level in server.WithLocations)
            {
                foreach (var line in level.All("set_real_ip_from"))
                {
                    first ??= line;
                    if (NetworkOf(line, problems) is { } network)
                        networks.Add(network);
                }

                if (level.All("set_real_ip_from").Count == 0)
                    continue;
                field ??= level.Find("real_ip_header")?[1] ?? "X-Real-IP";
                recursive |= level.IsOn("real_ip_recursive");
                if (level.Find("real_ip_header") is { } other && other[1] != field)
                    problems.Error(other.Place, "the servers of one address find their clients' addresses in different fields", "the same \"real_ip_header\" in all of them");
            }
        }

        if (first is null)
            return null;
        if (field!.Equals("proxy_protocol", StringComparison.OrdinalIgnoreCase))
        {
            if (!acceptProxy)
                problems.Warn(first.Place, "\"real_ip_header proxy_protocol\" where no \"listen\" has proxy_protocol", "\"listen ... proxy_protocol\"");
            return null;
        }

        return new(new(field, networks.Distinct().ToValueList(), recursive), first.Place);
    }
}

/// <summary>The certificates of the servers of an address.</summary>
internal static class NginxTls
{
    public static Located<ListenerTlsDraft>? Of(List<NginxServer> servers, NginxServer first, Place place, ProblemList problems)
    {
        List<CertificateFiles> certificates = [];
        foreach (var server in servers.OrderBy(server => server == first ? 0 : 1))
        {
            var (files, keys) = (server.Level.All("ssl_certificate"), server.Level.All("ssl_certificate_key"));
            for (var i = 0; i < files.Count; i++)
            {
                if (files[i][1].StartsWith("data:", StringComparison.Ordinal) || files[i][1].Contains('$', StringComparison.Ordinal))
                {
                    problems.Error(files[i].Place, $"\"{files[i][1]}\" is not a file", "the file of a certificate");
                    continue;
                }

                if (i >= keys.Count)
                {
                    problems.Error(files[i].Place, $"no \"ssl_certificate_key\" is defined for certificate \"{files[i][1]}\"");
                    continue;
                }

                var pair = new CertificateFiles(files[i][1], keys[i][1] == files[i][1] ? null : keys[i][1], server.Level.Find("ssl_password_file")?[1]);
                problems.Files.Add(new(pair.Certificate, files[i].Words[1].Place));
                if (pair.Key is not null)
                    problems.Files.Add(new(pair.Key, keys[i].Words[1].Place));
                if (pair.Passwords is not null)
                    problems.Files.Add(new(pair.Passwords, server.Level.Find("ssl_password_file")!.Words[1].Place));
                if (!certificates.Contains(pair))
                    certificates.Add(pair);
            }
        }

        if (certificates.Count == 0)
        {
            problems.Error(place, "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive", "\"ssl_certificate\" and \"ssl_certificate_key\"");
            return null;
        }

        var level = first.Level;
        var versions = level.Find("ssl_protocols")?.Words.Skip(1).Select(word => word.Text).ToArray();
        var spoken = versions is null ? TlsVersions.All
            : (versions.Contains("TLSv1.2") ? TlsVersions.Tls12 : TlsVersions.None) | (versions.Contains("TLSv1.3") ? TlsVersions.Tls13 : TlsVersions.None);
        if (spoken == TlsVersions.None)
            problems.Error(level.Find("ssl_protocols")!.Place, "none of these versions is spoken here (RFC 8996)", "TLSv1.2 and TLSv1.3");
        else if (versions?.FirstOrDefault(version => version is not ("TLSv1.2" or "TLSv1.3")) is { } old)
            problems.Note(level.Find("ssl_protocols")!.Place, $"{old} is not spoken here (RFC 8996)");
        return new(
            new()
            {
                Certificates = certificates,
                Versions = spoken,
                StrictSni = level.IsOn("ssl_reject_handshake"),
                ClientCertificates = ClientsOf(servers, problems),
            },
            place);
    }

    /// <summary>Whether a server takes nobody without a certificate.</summary>
    public static bool AsksOfAll(NginxLevel server) => server.Find("ssl_verify_client")?[1] == "on";

    /// <summary>What clients of an address show. Where its servers differ each may show nothing, and those that ask refuse who does.</summary>
    private static ClientCertificates? ClientsOf(List<NginxServer> servers, ProblemList problems)
    {
        ClientCertificates? all = null;
        foreach (var level in servers.Select(server => server.Level))
        {
            if (level.Find("ssl_verify_client") is not { } line || line[1] == "off")
                continue;
            if (line[1] == "optional_no_ca")
                problems.Error(line.Place, "\"optional_no_ca\" is not done here", "on or optional");
            else if (level.Find("ssl_client_certificate") is not { } authorities)
                problems.Error(line.Place, "no ssl_client_certificate for ssl_verify_client");
            else if (all is not null && all.Authorities != authorities[1])
                problems.Error(authorities.Place, $"the servers of one address believe different authorities, \"{all.Authorities}\" and \"{authorities[1]}\"", "one file with all of them, or an address of its own");
            else
                all ??= Noted(authorities, problems);
        }

        return all is null ? null : all with { Optional = !servers.TrueForAll(server => AsksOfAll(server.Level)) };
    }

    private static ClientCertificates Noted(NginxDirective authorities, ProblemList problems)
    {
        problems.Files.Add(new(authorities[1], authorities.Words[1].Place));
        return new() { Authorities = authorities[1] };
    }
}
