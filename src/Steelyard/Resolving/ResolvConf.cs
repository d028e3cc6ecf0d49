using System.Globalization;
using System.Net;

namespace Steelyard.Resolving;

/// <summary>How the system asks DNS: /etc/resolv.conf (resolv.conf(5)).</summary>
internal sealed record ResolvConf
{
    private const int Port = 53;

    // glibc takes three servers and no more.
    private const int MostServers = 3;

    public IReadOnlyList<IPEndPoint> Servers { get; private init; } = [new(IPAddress.Loopback, Port)];

    /// <summary>What names are looked for under.</summary>
    public IReadOnlyList<string> Search { get; private init; } = [];

    /// <summary>From how many dots on a name is first asked for as it is.</summary>
    public int Dots { get; private init; } = 1;

    public static ResolvConf Parse(string text)
    {
        List<IPEndPoint> servers = [];
        var conf = new ResolvConf();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var address, ..] when servers.Count < MostServers && IPAddress.TryParse(address, out var server):
                    servers.Add(new(server, Port));
                    break;
                case ["search" or "domain", .. var domains]:
                    conf = conf with { Search = [.. domains.Select(domain => domain.Trim('.')).Where(domain => domain.Length > 0)] };
                    break;
                case ["options", .. var options]:
                    foreach (var option in options)
                    {
                        if (option.StartsWith("ndots:", StringComparison.Ordinal) && int.TryParse(option.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out var dots))
                            conf = conf with { Dots = Math.Min(dots, 15) };
                    }

                    break;
            }
        }

        return servers.Count == 0 ? conf : conf with { Servers = servers };
    }

    /// <summary>The names that one is asked for under, in their order.</summary>
    public IEnumerable<string> Candidates(string name)
    {
        if (name.EndsWith('.') || Search.Count == 0)
            return [name.TrimEnd('.')];
        var searched = Search.Select(domain => $"{name}.{domain}");
        return name.Count(letter => letter == '.') >= Dots ? searched.Prepend(name) : searched.Append(name);
    }
}
