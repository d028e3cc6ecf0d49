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

    public static void Declare(NginxFile file)
    {
        foreach (var text in file.Texts)
        {
            foreach (Match match in GroupName.Matches(text.Text))
                file.SetVariables.Add(match.Groups["name"].Value);
        }
    }
}

/// <summary>How clients are known behind proxies: set_real_ip_from and its kin.</summary>
internal static class NginxClients
{
    public static Located<ClientFieldSettings>? Of(List<NginxServer> servers, bool acceptProxy, ProblemList problems)
    {
        List<IPNetwork> networks = [];
        NginxDirective? first = null;
        string? field = null;
        var recursive = false;
        foreach (var server in servers)
        {
            foreach (var level in server.WithLocations)
            {
                foreach (var line in level.All("set_real_ip_from"))
                {
                    first ??= line;
                    if (line[1] == "unix:")
                        networks.Add(IPNetwork.Parse("127.0.0.1/32"));
                    else if (NginxMaps.TryReadNetwork(line[1], out var network))
                        networks.Add(network);
                    else
                        problems.Error(line.Words[1].Place, $"invalid network \"{line[1]}\"", "an address or a network");
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

                var pair = new CertificateFiles(files[i][1], keys[i][1] == files[i][1] ? null : keys[i][1]);
                problems.Files.Add(new(pair.Certificate, files[i].Words[1].Place));
                if (pair.Key is not null)
                    problems.Files.Add(new(pair.Key, keys[i].Words[1].Place));
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
        var verify = level.Find("ssl_verify_client")?[1] ?? "off";
        var authorities = level.Find("ssl_client_certificate");
        if (verify is "on" or "optional" && authorities is null)
            problems.Error(level.Find("ssl_verify_client")!.Place, "no ssl_client_certificate for ssl_verify_client");
        if (verify == "optional_no_ca")
            problems.Error(level.Find("ssl_verify_client")!.Place, "\"optional_no_ca\" is not done here", "on or optional");
        if (authorities is not null)
            problems.Files.Add(new(authorities[1], authorities.Words[1].Place));
        return new(
            new()
            {
                Certificates = certificates,
                Versions = spoken,
                StrictSni = level.IsOn("ssl_reject_handshake"),
                ClientCertificates = verify is "off" or "optional_no_ca" || authorities is null ? null : new() { Authorities = authorities[1], Optional = verify == "optional" },
            },
            place);
    }
}

/// <summary>Servers of stream.</summary>
internal static class NginxStream
{
    public static List<RouteDraft> Routes(NginxServer server, NginxFile file, NginxPools pools)
    {
        var (level, problems) = (server.Level, file.Problems);
        if (level.Find("proxy_pass") is not { } pass)
        {
            problems.Error(level.Place, "no handler for server", "\"proxy_pass\" with an upstream or an address");
            return [];
        }

        var (to, place) = (pass[1], pass.Words[1].Place);
        var times = NginxTimes.OfStream(level);
        var isSecure = level.IsOn("proxy_ssl");
        if (!to.StartsWith('$'))
            return pools.Of(to, isSecure, level, place) is { } pool ? [new(pass.Place) { To = new(pool, place), Timeouts = times }] : [];

        // A map of the name in the hello is a route for each of its names.
        if (NginxVariables.Read(to, new() { File = file, IsStream = true }, place) is not { } value)
            return [];
        if (value is not MapExpression { Input: var input } map || NginxVariables.OrEmpty(new FetchExpression(FetchKind.ServerName)) != input || !level.IsOn("ssl_preread"))
        {
            problems.Error(place, $"\"proxy_pass {to}\" goes by something else than the name in a TLS hello", "a map of $ssl_preread_server_name, and \"ssl_preread on\"");
            return [];
        }

        List<RouteDraft> routes = [];
        foreach (var each in map.Cases)
        {
            var host = each.Test switch { TestKind.Is => each.Pattern, TestKind.Ends => "*" + each.Pattern, TestKind.Starts => each.Pattern + "*", _ => "~" + each.Pattern };
            if (each.Pattern.Length == 0)
                continue;
            if (!HostText.TryParsePattern(host, out var read, out var mistake))
                problems.Error(place, mistake);
            else if (TargetOf(each.Value) is { } target)
                routes.Add(new(pass.Place) { Hosts = [new(read, place)], To = new(target, place), Timeouts = times });
        }

        if (map.Otherwise is { Parts.Count: > 0 } otherwise && TargetOf(otherwise) is { } rest)
            routes.Add(new(pass.Place) { To = new(rest, place), Timeouts = times });
        return routes;

        string? TargetOf(TextTemplate template)
        {
            if (template.Parts is [{ Literal: { } name }])
                return pools.Of(name, isSecure, level, place);
            problems.Error(place, "a map that a proxy_pass of stream goes by has values with variables", "the names of upstreams, or addresses");
            return null;
        }
    }
}
