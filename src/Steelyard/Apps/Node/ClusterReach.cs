using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps.Node;

/// <summary>A Node worker that gets the connections which the engine opens to a port that is ours.</summary>
internal sealed class ClusterReach : NodeReach
{
    private WorkerDoor _entrance = null!;

    /// <param name="cluster">The app.</param>
    /// <param name="name">The worker's name.</param>
    /// <param name="appPort">The port that is the app's; null for the first that it listens on.</param>
    /// <param name="greets">Whether the engine waits until the worker has taken a connection; not where a server may speak first.</param>
    /// <exception cref="AppStartException">No descriptors are left.</exception>
    public ClusterReach(NodeCluster cluster, string name, int? appPort, bool greets)
        : base(cluster)
    {
        if (ListeningHandle.Open("127.0.0.1", 0, out var door, out var port) != 0)
            throw new AppStartException($"{name} cannot be started: no port or no descriptor is left (ulimit -n)");
        Address = NetworkAddress.ForHost("127.0.0.1", port);
        if (greets)
            Address = Address.AsGreeting();
        try
        {
            Open(name, ours =>
            {
                var channel = new NodeChannel(Loop, cluster, name, ours) { AppPort = appPort, DoorPort = port };
                _entrance = new(Loop, door, channel, greets);
                return channel;
            });
        }
        catch (AppStartException)
        {
            _ = Posix.close(door);
            throw;
        }
    }

    public override NetworkAddress Address { get; }

    protected override void Close()
    {
        _entrance.Close();
        base.Close();
    }
}
