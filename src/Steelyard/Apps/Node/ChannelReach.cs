using Steelyard.Config;

namespace Steelyard.Apps.Node;

/// <summary>
/// A Node program that listens by itself, or not at all, and has a channel to us all the same, as
/// <c>child_process.fork()</c> gives one: it can say that it is ready, and be told to end.
/// </summary>
internal sealed class ChannelReach : NodeReach
{
    /// <param name="cluster">The app.</param>
    /// <param name="name">The worker's name.</param>
    /// <exception cref="AppStartException">No descriptors are left.</exception>
    public ChannelReach(NodeCluster cluster, string name)
        : base(cluster) => Open(name, ours => new(Loop, cluster, name, ours) { IsRaw = true });

    public override NetworkAddress? Address => null;

    public override IEnumerable<KeyValuePair<string, string>> Environment => base.Environment.Where(variable => variable.Key != ClusterVariable);

    public override Task ListeningAsync(CancellationToken cancel) => Task.CompletedTask;

    public override async Task SaidReadyAsync(CancellationToken cancel) => await (await Opened).SaidReady.WaitAsync(cancel);

    /// <summary>By a message alone: of a cluster it knows nothing.</summary>
    public override bool TryLetGo(string? message, out Task gone)
    {
        gone = Task.CompletedTask;
        return message is not null && base.TryLetGo(message, out gone);
    }
}
