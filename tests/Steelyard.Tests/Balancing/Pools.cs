using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Pools for tests, and choices in them.</summary>
internal static class Pools
{
    public static Pool Of(BalanceSettings policy, params int[] weights) => new(
        new PoolSettings
        {
            Name = "pool",
            Balance = policy,
            Servers = weights.Select((weight, i) => new ServerSettings { Address = NetworkAddress.ForHost("127.0.0.1", 1000 + i), Weight = weight }).ToValueList(),
        },
        0);

    /// <summary>The first try of a request in any pool of these tests.</summary>
    public static ServerSet None { get; } = NoneOf(1000);

    private static ServerSet NoneOf(int most)
    {
        var none = new ServerSet();
        none.Clear(most);
        return none;
    }

    public static ServerSet Tried(Pool pool, params int[] servers)
    {
        var tried = new ServerSet();
        tried.Clear(pool.Count);
        foreach (var server in servers)
            tried.Add(server);
        return tried;
    }

    /// <summary>Lets a server have so much to do.</summary>
    public static void Occupy(Server server, int active)
    {
        for (var i = 0; i < active; i++)
            server.Begin();
    }
}
