using System.Net;
using System.Text.RegularExpressions;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

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
    // Whom the client is taken for is found once (nginx: ngx_http_realip_handler).
    private const string Known = "real_ip.known";

    /// <summary>The proxies whose PROXY header says who the client is.</summary>
    public static IReadOnlyList<Located<IPNetwork>> OfProxies(List<NginxServer> servers)
    {
        List<Located<IPNetwork>> networks = [];
        foreach (var level in servers[0].KnowsClientsItself ? [] : servers.SelectMany(server => server.WithLocations))
        {
            if (level.Context != 'V' && level.Find("real_ip_header")?[1].Equals("proxy_protocol", StringComparison.OrdinalIgnoreCase) is not true)
                continue;
            foreach (var line in level.All("set_real_ip_from"))
            {
                if (NetworkOf(line) is { } network && !networks.Exists(other => other.Value.Equals(network)))
                    networks.Add(new(network, line.Place));
            }
        }

        // A list says something: here that of an address from where nobody comes.
        if (networks.Count == 0)
            networks.Add(new(IPNetwork.Parse("0.0.0.0/32"), servers[0].Level.Place));
        return networks;
    }

    /// <summary>Checks a line set_real_ip_from.</summary>
    public static void Check(NginxUse use)
    {
        if (NetworkOf(use.Directive) is null)
            use.Error(1, $"invalid network \"{use.Directive[1]}\"", "an address, a network or unix:");
    }

    private static IPNetwork? NetworkOf(NginxDirective line) =>
        line[1] == "unix:" ? IPNetwork.Parse("127.0.0.1/32") : NginxMaps.TryReadNetwork(line[1], out var network) ? network : null;

    /// <summary>Whether a block says another thing of it than another one.</summary>
    public static bool Differ(NginxLevel one, NginxLevel other) => TextOf(one) != TextOf(other);

    // Where nobody is believed nothing else counts.
    private static string TextOf(NginxLevel level) => level.All("set_real_ip_from") is { Count: > 0 } lines
        ? $"{string.Join(' ', lines.Select(line => line[1]))} {FieldOf(level).ToLowerInvariant()} {level.IsOn("real_ip_recursive")}" : "";

    private static string FieldOf(NginxLevel level) => level.Find("real_ip_header")?[1] ?? "X-Real-IP";

    /// <summary>How the client is known, where all of an address say the same; null where nobody else says who it is.</summary>
    public static Located<ClientFieldSettings>? Of(List<NginxServer> servers, bool acceptProxy, ProblemList problems)
    {
        var level = servers[0].Level;
        if (level.All("set_real_ip_from") is not [var first, ..] lines || servers[0].KnowsClientsItself)
            return null;
        if (!FieldOf(level).Equals("proxy_protocol", StringComparison.OrdinalIgnoreCase))
            return new(new(FieldOf(level), lines.Select(line => NetworkOf(line)).OfType<IPNetwork>().Distinct().ToValueList(), level.IsOn("real_ip_recursive")), first.Place);
        if (!acceptProxy)
            problems.Warn(first.Place, "\"real_ip_header proxy_protocol\" where no \"listen\" has proxy_protocol", "\"listen ... proxy_protocol\"");
        return null;
    }

    /// <summary>The same as rules of a block, where others of its address say something else.</summary>
    public static void Read(NginxLevel level, List<Located<RuleSettings>> rules)
    {
        if (level.All("set_real_ip_from") is not [var first, ..] lines)
            return;
        var networks = lines.Where(line => line[1] != "unix:").Select(line => NetworkOf(line)).OfType<IPNetwork>().Select(NetworkText.Write).ToValueList();
        List<Condition> trusted = [];
        if (networks.Count > 0)
            trusted.Add(new TestCondition(new FetchExpression(FetchKind.Sender), TestKind.Network, networks));
        if (lines.Any(line => line[1] == "unix:"))
            trusted.Add(new TestCondition(new FetchExpression(FetchKind.SenderPort), TestKind.Is, ["0"]));
        var field = FieldOf(level);
        var isHeader = !field.Equals("proxy_protocol", StringComparison.OrdinalIgnoreCase);
        var kind = field.Equals("X-Forwarded-For", StringComparison.OrdinalIgnoreCase) ? FetchKind.HeaderList : FetchKind.HeaderLines;
        Expression told = !isHeader ? new FetchExpression(FetchKind.ToldPeer)
            : new CallExpression(FunctionKind.LastAddress, new FetchExpression(kind, field), level.IsOn("real_ip_recursive") && networks.Count > 0 ? [string.Join(' ', networks)] : []);
        Condition when = new AllCondition([new NotCondition(NginxSteps.Has(Known)), trusted is [var only] ? only : new AnyCondition(trusted.ToValueList()), NginxSteps.Has(told)]);
        rules.Add(new(new() { Action = RuleAction.SetPeer, Value = TextTemplate.Of(told), When = when }, first.Place));
        if (!isHeader)
            rules.Add(new(new() { Action = RuleAction.SetPeerPort, Value = TextTemplate.Of(new FetchExpression(FetchKind.ToldPeerPort)), When = when }, first.Place));
        rules.Add(new(new() { Action = RuleAction.SetVariable, Name = Known, Value = TextTemplate.Literal("1"), When = when }, first.Place));
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
