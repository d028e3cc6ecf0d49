using System.Net;
using Steelyard.Config;
using Steelyard.Resolving;

namespace Steelyard.Discovery;

/// <summary>Servers that DNS names: the addresses of a name, or those of the services under it (RFC 2782).</summary>
internal sealed class DnsSource(DiscoverSettings settings, NameResolver resolver) : IServerSource
{
    private const int AtOnce = 8;
    private const int MostWeight = 256;
    private const int LastTier = 15;

    private readonly ServerSettings _like = settings.Server ?? new() { Address = NetworkAddress.Nowhere };

    // Where the names of services were last, for those whose servers do not answer.
    private Dictionary<string, IReadOnlyList<IPAddress>> _targets = new(StringComparer.Ordinal);

    public string Name { get; } = settings.Records == DnsRecords.Srv ? $"dns {settings.Dns} (srv)" : $"dns {settings.Dns}{(settings.Port > 0 ? $":{settings.Port}" : "")}";

    public async Task<SourceAnswer?> AskAsync(CancellationToken cancel)
    {
        var answer = await resolver.LookUpAsync(settings.Dns!, settings.Records, cancel);
        if (answer.Failed)
            return SourceAnswer.Failed(answer.Why!);
        if (answer.Addresses.Count > 0)
            return SourceAnswer.Found([.. answer.Addresses.Select(address => Named(settings.Dns!.TrimEnd('.')) with { Address = At(address, settings.Port) })], answer.Ttl);
        return answer.Services.Count > 0 ? await FindAsync(answer, cancel) : SourceAnswer.Empty(answer.Why, answer.Ttl);
    }

    private static NetworkAddress At(IPAddress address, int port) => NetworkAddress.ForHost(address.ToString(), port);

    private async Task<SourceAnswer> FindAsync(NameAnswer answer, CancellationToken cancel)
    {
        var services = answer.Services.Where(service => service.Port > 0).OrderBy(service => service.Priority).Take(settings.MostServers).ToList();
        var (found, ttl, why) = (new Dictionary<string, IReadOnlyList<IPAddress>>(StringComparer.Ordinal), answer.Ttl, (string?)null);
        foreach (var targets in services.Select(service => service.Target).Distinct().Chunk(AtOnce))
        {
            // A target is a whole name, which no search list applies to.
            foreach (var (target, addresses) in targets.Zip(await Task.WhenAll(targets.Select(target => resolver.LookUpAsync(target + ".", DnsRecords.Ipv4First, cancel)))))
            {
                found[target] = addresses.Failed ? _targets.GetValueOrDefault(target, []) : addresses.Addresses;
                why ??= addresses.Why;
                if (addresses.Ttl is { } time && !(time >= ttl))
                    ttl = time;
            }
        }

        _targets = found;
        List<ServerSettings> servers = [];
        foreach (var (place, tier) in services.GroupBy(service => service.Priority).Index())
        {
            var largest = tier.Max(service => service.Weight);
            servers.AddRange(tier.SelectMany(service => found[service.Target].Select(address => Server(service, address, place, largest))));
        }

        return servers.Count > 0 ? SourceAnswer.Found(servers, ttl) : SourceAnswer.Failed(why ?? $"the services of {settings.Dns} have no addresses");
    }

    /// <summary>A server as its service says; a weight of 0 beside larger ones is a very small chance, and here the smallest (RFC 2782).</summary>
    private ServerSettings Server(SrvRecord service, IPAddress address, int tier, int largest)
    {
        var weight = largest == 0 ? 1 : largest <= MostWeight ? service.Weight : (int)Math.Round((double)service.Weight * MostWeight / largest);
        return Named(service.Target) with
        {
            Address = At(address, service.Port),
            Weight = Math.Max(1, weight),
            Priority = _like.Backup ? 0 : Math.Min(tier, LastTier),
        };
    }

    // Certificates are for names; of a number that was found nobody has one.
    private ServerSettings Named(string name) => _like.Tls is { Name: null } tls ? _like with { Tls = tls with { Name = name } } : _like;
}
