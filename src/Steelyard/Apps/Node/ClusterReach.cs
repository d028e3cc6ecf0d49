using System.Globalization;
using Steelyard.Apps.Reach;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps.Node;

/// <summary>
/// A Node worker, reached as in a cluster: it listens on nothing of its own, whatever it calls listen() with, and gets the
/// connections that the engine opens to a port which is ours (lib/internal/cluster of Node 18 and later).
/// </summary>
internal sealed class ClusterReach : WorkerReach
{
    private const int Lowest = 16;

    private readonly NodeLoop _loop = NodeLoop.Shared;
    private readonly int _id;
    private readonly int _door;
    private readonly int _ours;
    private readonly Task<NodeChannel> _opened;
    private int _theirs = -1;
    private NodeChannel _channel = null!;
    private WorkerDoor _entrance = null!;

    /// <param name="cluster">The app.</param>
    /// <param name="name">The worker's name.</param>
    /// <param name="appPort">The port that is the app's; null for the first that it listens on.</param>
    /// <param name="greets">Whether the engine waits until the worker has taken a connection; not where a server may speak first.</param>
    /// <exception cref="AppStartException">No descriptors are left.</exception>
    public ClusterReach(NodeCluster cluster, string name, int? appPort, bool greets)
    {
        _id = cluster.NextWorker();
        if (ListeningHandle.Open("127.0.0.1", 0, out _door, out var port) != 0)
            throw new AppStartException($"{name} cannot be started: no port or no descriptor is left (ulimit -n)");
        if (!Posix.TrySocketPair(out _ours, out var theirs))
        {
            _ = Posix.close(_door);
            throw new AppStartException($"{name} cannot be started: too many open files (ulimit -n)");
        }

        _theirs = Posix.fcntl(theirs, Posix.F_DUPFD_CLOEXEC, Lowest);
        _ = Posix.close(theirs);
        Address = NetworkAddress.ForHost("127.0.0.1", port);
        if (greets)
            Address = Address.AsGreeting();
        _opened = _loop.Ask(() =>
        {
            _channel = new(_loop, cluster, name, _ours) { AppPort = appPort, DoorPort = port };
            _entrance = new(_loop, _door, _channel, greets);
            return _channel;
        });
    }

    public override NetworkAddress Address { get; }

    public override IReadOnlyList<int> Handles => [_theirs];

    public override string Where => "as a worker of a Node cluster (does it call listen()? a program that is none needs 'listen: port')";

    public override IEnumerable<KeyValuePair<string, string>> Environment =>
    [
        new("NODE_CHANNEL_FD", "3"),
        new("NODE_CHANNEL_SERIALIZATION_MODE", "json"),
        new("NODE_UNIQUE_ID", _id.ToString(CultureInfo.InvariantCulture)),
    ];

    public override void Started(int process) => CloseTheirs();

    public override async Task ListeningAsync(CancellationToken cancel) => await (await _opened).Listening.WaitAsync(cancel);

    /// <summary>Ends when the app has said 'ready' and listens.</summary>
    public override async Task SaidReadyAsync(CancellationToken cancel)
    {
        var channel = await _opened;
        await Task.WhenAll(channel.SaidReady, channel.Listening).WaitAsync(cancel);
    }

    /// <summary>Lets the worker close its servers, or tells it something; it has let go when it closes the channel.</summary>
    public override bool TryLetGo(string? message, out Task gone)
    {
        _loop.Post(() => _channel.Send(message is null ? PrimaryWords.Disconnect : PrimaryWords.Text(message)));
        gone = GoneAsync();
        return true;
    }

    private async Task GoneAsync() => await (await _opened).Gone;

    public override void Dispose()
    {
        CloseTheirs();
        _loop.Post(() =>
        {
            _entrance.Close();
            _channel.Close();
        });
    }

    private void CloseTheirs()
    {
        var theirs = Interlocked.Exchange(ref _theirs, -1);
        if (theirs >= 0)
            _ = Posix.close(theirs);
    }
}
