using Steelyard.Config;

namespace Steelyard.Apps.Node;

/// <summary>A Node worker that gets the clients' own connections, from the port that its app calls listen() with: the engine has no part in it.</summary>
internal sealed class RawReach : NodeReach
{
    /// <param name="cluster">The app.</param>
    /// <param name="name">The worker's name.</param>
    /// <param name="appPort">The port whose server shows that it listens; null for any.</param>
    /// <exception cref="AppStartException">No descriptors are left.</exception>
    public RawReach(NodeCluster cluster, string name, int? appPort)
        : base(cluster) => Open(name, ours => new(Loop, cluster, name, ours) { AppPort = appPort, IsRaw = true });

    public override NetworkAddress? Address => null;
}
