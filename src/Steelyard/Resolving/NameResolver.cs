using System.Net;
using System.Net.Sockets;
using Steelyard.Config;

namespace Steelyard.Resolving;

/// <summary>What a name stands for.</summary>
/// <param name="Addresses">Its addresses; none where there are none, or nobody could say.</param>
/// <param name="Ttl">How long that may be used; null where nobody says.</param>
/// <param name="Why">Why there are none.</param>
internal sealed record NameAnswer(IReadOnlyList<IPAddress> Addresses, TimeSpan? Ttl, string? Why = null)
{
    public IReadOnlyList<SrvRecord> Services { get; init; } = [];

    /// <summary>Whether nobody could say.</summary>
    public bool Failed { get; init; }
}

/// <summary>Looks names up as a configuration says: by servers of its own, or as the system does.</summary>
internal sealed class NameResolver(ResolverSettings settings, SystemNames system)
{
    /// <summary>Looks a name up. Addresses where nobody can be, as of names that a filter blocks, are left out; where there are no others, nobody could say.</summary>
    public async Task<NameAnswer> LookUpAsync(string name, DnsRecords records, CancellationToken cancel)
    {
        var answer = await FindAsync(name, records, cancel);
        if (answer.Addresses.All(CanBeConnected))
            return answer;
        var places = answer.Addresses.Where(CanBeConnected).ToList();
        return places.Count > 0 ? answer with { Addresses = places }
            : answer with { Addresses = [], Failed = true, Why = $"the only address of {name} is {answer.Addresses[0]}, where no server can be" };
    }

    // To connect to the unspecified address leads to this very host, and perhaps to a listener of this program.
    private static bool CanBeConnected(IPAddress address) =>
        !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast)
        && !address.IsIPv6Multicast && !(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && address.GetAddressBytes()[0] >> 4 == 14);

    private async Task<NameAnswer> FindAsync(string name, DnsRecords records, CancellationToken cancel)
    {
        if (settings.Servers.Count > 0)
        {
            var servers = await ServersAsync(cancel);
            return servers.Count == 0 ? new([], null, $"no address of {string.Join(", ", settings.Servers.AsEnumerable())} is known") { Failed = true } : await AskAsync(servers, name, records, cancel);
        }

        if (records != DnsRecords.Srv && Among(system.Hosts.Find(name), records) is { Count: > 0 } known)
            return new(known, null);
        var conf = system.Conf;
        NameAnswer? failed = null, none = null;
        foreach (var candidate in conf.Candidates(name))
        {
            var answer = await AskAsync(conf.Servers, candidate, records, cancel);
            if (answer.Addresses.Count + answer.Services.Count > 0)
                return answer;
            if (answer.Failed)
                failed ??= answer;
            else
                none ??= answer;
        }

        return failed ?? none!;
    }

    private async Task<List<IPEndPoint>> ServersAsync(CancellationToken cancel)
    {
        List<IPEndPoint> servers = [];
        foreach (var server in settings.Servers.AsEnumerable())
        {
            if (IPAddress.TryParse(server.Host, out var literal))
                servers.Add(new(literal, server.Port));
            else
                servers.AddRange((await new NameResolver(settings with { Servers = [] }, system).LookUpAsync(server.Host, DnsRecords.Ipv4First, cancel)).Addresses.Select(address => new IPEndPoint(address, server.Port)));
        }

        return servers;
    }

    private static List<IPAddress> Among(IReadOnlyList<IPAddress> addresses, DnsRecords records)
    {
        var (ipv4, ipv6) = (addresses.Where(address => address.AddressFamily == AddressFamily.InterNetwork).ToList(), addresses.Where(address => address.AddressFamily == AddressFamily.InterNetworkV6).ToList());
        return records switch
        {
            DnsRecords.Ipv4 => ipv4,
            DnsRecords.Ipv6 => ipv6,
            DnsRecords.Ipv6First => ipv6.Count > 0 ? ipv6 : ipv4,
            DnsRecords.Both => [.. ipv4, .. ipv6],
            _ => ipv4.Count > 0 ? ipv4 : ipv6,
        };
    }

    private async Task<NameAnswer> AskAsync(IReadOnlyList<IPEndPoint> servers, string name, DnsRecords records, CancellationToken cancel)
    {
        DnsType[] types = records switch
        {
            DnsRecords.Srv => [DnsType.Srv],
            DnsRecords.Ipv4 => [DnsType.A],
            DnsRecords.Ipv6 => [DnsType.Aaaa],
            DnsRecords.Ipv6First => [DnsType.Aaaa, DnsType.A],
            _ => [DnsType.A, DnsType.Aaaa],
        };
        List<IPAddress> addresses = [];
        TimeSpan? ttl = null;
        string? why = null;
        foreach (var type in types)
        {
            var (answer, mistake) = await DnsClient.AskAsync(servers, name, type, settings.Timeout, settings.Attempts, cancel);

            // Half of an answer is none: the servers of the other half would be taken out.
            if (answer.Status == DnsStatus.Failed)
                return new([], null, mistake) { Failed = true };
            if (answer.Ttl is { } time && !(time >= ttl))
                ttl = time;
            if (type == DnsType.Srv)
                return new([], ttl, answer.Services.Count > 0 ? null : $"DNS knows no service {name}") { Services = answer.Services };
            addresses.AddRange(answer.Addresses);
            why = answer.Status == DnsStatus.NoName ? $"DNS knows no name {name}" : why ?? $"DNS has no address for {name}";
            if (answer.Status == DnsStatus.NoName || (addresses.Count > 0 && records != DnsRecords.Both))
                break;
        }

        return new(addresses, ttl, addresses.Count > 0 ? null : why);
    }
}
