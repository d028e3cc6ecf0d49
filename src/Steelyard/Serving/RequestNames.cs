using System.Collections.Concurrent;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Resolving;

namespace Steelyard.Serving;

/// <summary>Looks up the names of servers that requests say. Who asks for one that is being looked up gets the same answer; beyond a number of them nobody knows it.</summary>
internal sealed class RequestNames
{
    // Each has a socket: who sends names that nobody answers for is not to take all there are.
    private const int MostUnderWay = 256;

    private readonly SystemNames _system = new();
    private readonly ConcurrentDictionary<(ResolverSettings Settings, string Name), Lazy<Task<NamedPlace>>> _underWay = [];

    public async Task<NamedPlace> FindAsync(ResolverSettings settings, string name)
    {
        var key = (settings, name);
        if (_underWay.Count >= MostUnderWay && !_underWay.ContainsKey(key))
            return default;
        try
        {
            return await _underWay.GetOrAdd(key, static (key, system) => new(() => Task.Run(() => LookUpAsync(key.Settings, key.Name, system))), _system).Value;
        }
        finally
        {
            _underWay.TryRemove(key, out _);
        }
    }

    private static async Task<NamedPlace> LookUpAsync(ResolverSettings settings, string name, SystemNames system)
    {
        var answer = await new NameResolver(settings, system).LookUpAsync(name, settings.PreferIpv6 ? DnsRecords.Ipv6First : DnsRecords.Ipv4First, CancellationToken.None);
        if (answer.Addresses.Count == 0)
            return default;
        var lasts = answer.Ttl ?? settings.LeastTtl;
        lasts = lasts < settings.LeastTtl ? settings.LeastTtl : lasts > settings.MostTtl ? settings.MostTtl : lasts;
        return new(answer.Addresses[Random.Shared.Next(answer.Addresses.Count)], lasts);
    }
}
