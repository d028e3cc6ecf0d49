using Steelyard.Config;

namespace Steelyard.Keeper;

/// <summary>The servers of a pool that come and go while a configuration is served.</summary>
internal static class PoolServers
{
    /// <summary>A configuration with other servers in one pool.</summary>
    public static ServedConfiguration Put(ServedConfiguration served, string pool, ValueList<ServerSettings> servers) => served with
    {
        Snapshot = served.Snapshot with
        {
            Pools = served.Snapshot.Pools.Select(settings => settings.Name == pool ? settings with { Servers = servers } : settings).ToValueList(),
        },
    };
}
