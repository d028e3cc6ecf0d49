using System.Globalization;
using System.Net;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Nginx;

/// <summary>A line listen, or what counts without one.</summary>
/// <param name="Address">The address.</param>
/// <param name="IsDefault">Whether its server takes what no name does.</param>
/// <param name="IsSecure">Whether TLS is spoken.</param>
/// <param name="AcceptProxy">Whether each connection begins with a PROXY header.</param>
internal sealed record NginxListen(Located<NetworkAddress> Address, bool IsDefault, bool IsSecure, bool AcceptProxy)
{
    // What tunes sockets changes nothing that anybody sees.
    private static readonly string[] s_harmless = ["backlog=", "rcvbuf=", "sndbuf=", "deferred", "bind", "reuseport", "so_keepalive=", "ipv6only=", "fastopen=", "setfib=", "accept_filter=", "http2", "spdy"];

    private const int MostPorts = 1024;

    /// <summary>The addresses of a server.</summary>
    public static IReadOnlyList<NginxListen> Of(NginxLevel server, ProblemList problems)
    {
        var lines = server.Own("listen");
        if (lines.Count == 0 && server.Context == 'V')
        {
            problems.Error(server.Place, "no \"listen\" is defined for server in stream block", "\"listen\" with an address and a port");
            return [];
        }

        if (lines.Count == 0)
            return [new(new(NetworkAddress.ForHost("0.0.0.0", Environment.IsPrivilegedProcess ? 80 : 8000), server.Place), false, false, false)];
        List<NginxListen> read = [];
        foreach (var line in lines)
        {
            foreach (var word in Ports(line.Words[1], problems))
            {
                if (Read(line, word, server.Context == 'V', problems) is not { } listen)
                    break;
                if (read.Exists(other => other.Address.Value == listen.Address.Value))
                    problems.Error(line.Place, $"a duplicate listen {line[1]}");
                read.Add(listen);
            }
        }

        return read;
    }

    /// <summary>The address with each port of a range, such as <c>8000-8010</c>; the address itself where it says one.</summary>
    private static IEnumerable<Word> Ports(Word word, ProblemList problems)
    {
        var start = word.Text.LastIndexOf(':') + 1;
        var dash = word.Text.IndexOf('-', start);
        if (word.Text.StartsWith("unix:", StringComparison.Ordinal) || dash < 0
            || !ushort.TryParse(word.Text.AsSpan(start, dash - start), NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !ushort.TryParse(word.Text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last))
            return [word];
        if (first > 0 && first <= last && last - first < MostPorts)
            return Enumerable.Range(first, last - first + 1).Select(port => word with { Text = word.Text[..start] + port.ToString(CultureInfo.InvariantCulture) });
        problems.Error(word.Place, $"invalid port range in \"{word.Text}\" of the \"listen\" directive", $"such as 8000-8010, of at most {MostPorts} ports");
        return [];
    }

    private static NginxListen? Read(NginxDirective line, Word word, bool isStream, ProblemList problems)
    {
        if (!TryReadAddress(word.Text, defaultPort: isStream ? 0 : 80, out var address))
        {
            problems.Error(word.Place, $"invalid host or port in \"{word.Text}\" of the \"listen\" directive", "a port, a range of them, address:port, *:port, [::]:port or unix:/path");
            return null;
        }

        var listen = new NginxListen(new(address, word.Place), false, false, false);
        foreach (var option in line.Words.Skip(2))
        {
            switch (option.Text)
            {
                case "default_server" or "default":
                    listen = listen with { IsDefault = true };
                    break;
                case "ssl":
                    listen = listen with { IsSecure = true };
                    break;
                case "proxy_protocol":
                    listen = listen with { AcceptProxy = true };
                    break;
                case "udp" or "quic":
                    problems.Error(option.Place, $"\"{option.Text}\" behind \"listen\" is not done here", "TCP");
                    return null;
                case "ipv6only=off" when address.Host == "::":
                    listen = listen with { Address = new(NetworkAddress.ForHost("", address.Port), word.Place) };
                    break;
                case var other when Array.Exists(s_harmless, known => known.EndsWith('=') ? other.StartsWith(known, StringComparison.Ordinal) : other == known):
                    problems.Note(option.Place, other == "http2" ? "HTTP/1.1 is spoken with clients that offer h2" : $"\"{other}\" behind \"listen\" has no effect here");
                    break;
                default:
                    problems.Error(option.Place, $"invalid parameter \"{option.Text}\"", "default_server, ssl, proxy_protocol, or one that tunes sockets");
                    return null;
            }
        }

        return listen;
    }

    /// <summary>Reads an address as nginx writes it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="defaultPort">The port where none is said; 0 where one has to be.</param>
    /// <param name="address">The address.</param>
    public static bool TryReadAddress(string text, int defaultPort, out NetworkAddress address)
    {
        address = null!;
        if (text.StartsWith("unix:", StringComparison.Ordinal))
            return Take(text, ref address);
        if (text.Length > 0 && text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
            return Take("0.0.0.0:" + text, ref address);
        if (text.StartsWith("*:", StringComparison.Ordinal))
            return Take("0.0.0.0" + text[1..], ref address);
        var bracketed = text.StartsWith('[') && text.EndsWith(']');
        if ((bracketed || !text.Contains(':', StringComparison.Ordinal)) && defaultPort > 0)
            return Take(text + ":" + defaultPort.ToString(CultureInfo.InvariantCulture), ref address);
        return Take(text, ref address);
    }

    private static bool Take(string text, ref NetworkAddress address)
    {
        if (!NetworkAddress.TryParse(text, out var read, out _) || (read.UnixPath is null && read.Host.Length == 0))
            return false;
        address = read;
        return true;
    }
}

/// <summary>The names of a server.</summary>
internal static class NginxNames
{
    /// <summary>The hosts by which a server is found, and the first of its expressions.</summary>
    public static List<Located<string>> Of(NginxLevel server, ProblemList problems, out string first)
    {
        first = "";
        var isFirst = true;
        List<Located<string>> hosts = [];
        foreach (var word in server.Own("server_name").SelectMany(line => line.Words.Skip(1)))
        {
            var name = word.Text == "$hostname" ? Environment.MachineName.ToLowerInvariant() : word.Text;
            if (isFirst)
                first = name.StartsWith('.') ? name[1..] : name;
            isFirst = false;

            // Names that no request has: for what no other server takes.
            if (name is "" or "_" or "*" or "localhost." or "--")
                continue;
            foreach (var host in name.StartsWith('.') ? (string[])[name[1..], "*" + name] : [name])
                Add(host, word, hosts, problems);
        }

        return hosts;
    }

    private static void Add(string host, Word word, List<Located<string>> hosts, ProblemList problems)
    {
        // An address with its brackets is one that a client can ask for.
        if (!host.StartsWith('[') && host.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(host, out _))
            host = $"[{host}]";
        if (!HostText.TryParsePattern(host, out var read, out var mistake))
        {
            problems.Error(word.Place, $"invalid server name \"{word.Text}\": {mistake.Message}", mistake.Expected);
            return;
        }

        if (!hosts.Exists(other => other.Value == read))
            hosts.Add(new(read, word.Place));
    }
}
