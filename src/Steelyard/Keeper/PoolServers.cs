using Steelyard.Config;

namespace Steelyard.Keeper;

/// <summary>The servers of a pool that come and go while a configuration is served.</summary>
internal static class PoolServers
{
    /// <summary>A configuration with other servers in one pool: those that were there keep their settings, others get the defaults.</summary>
    public static ServedConfiguration Put(ServedConfiguration served, string pool, IReadOnlyList<NetworkAddress> servers) => served with
    {
        Snapshot = served.Snapshot with
        {
            Pools = served.Snapshot.Pools.Select(settings => settings.Name == pool ? settings with { Servers = Merge(settings.Servers, servers) } : settings).ToValueList(),
        },
    };

    private static ValueList<ServerSettings> Merge(ValueList<ServerSettings> before, IReadOnlyList<NetworkAddress> servers)
    {
        var known = before.AsEnumerable().ToDictionary(server => server.Address);
        return servers.Select(address => known.GetValueOrDefault(address) ?? new() { Address = address }).ToValueList();
    }
}
