using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>A server that left its pool.</summary>
/// <param name="Server">The server.</param>
/// <param name="Wanted">What an operator wanted of it: who waits for its end closes it to everybody.</param>
internal sealed record DepartedServer(Server Server, ServerState Wanted);

/// <summary>Servers that left a pool in which they come and go, so that one that returns keeps its history. Immutable.</summary>
internal sealed class DepartedServers
{
    // Where every container has an address of its own nobody returns, and the oldest are forgotten.
    private const int Most = 1024;

    private readonly Dictionary<NetworkAddress, DepartedServer> _all = [];
    private readonly List<DepartedServer> _inOrder = [];

    /// <param name="pool">The pool as it is now.</param>
    /// <param name="before">The pool before; null for none.</param>
    /// <param name="departed">Those that had left it before; null for none.</param>
    public DepartedServers(Pool pool, Pool? before, DepartedServers? departed)
    {
        if (before is null)
            return;
        var left = departed?._inOrder ?? [];
        _inOrder.EnsureCapacity(left.Count);
        foreach (var one in left)
            Add(one, pool);
        foreach (var server in before.Servers)
            Add(new(server, server.Wanted), pool);
        for (var oldest = 0; _inOrder.Count - oldest > Most; oldest++)
            _all.Remove(_inOrder[oldest].Server.Settings.Address);
        _inOrder.RemoveRange(0, Math.Max(0, _inOrder.Count - Most));
    }

    private void Add(DepartedServer one, Pool pool)
    {
        var address = one.Server.Settings.Address;
        if (pool.Find(address) is null && _all.TryAdd(address, one))
            _inOrder.Add(one);
    }

    /// <summary>The one at an address; null for none.</summary>
    public DepartedServer? Find(NetworkAddress address) => _all.GetValueOrDefault(address);
}
