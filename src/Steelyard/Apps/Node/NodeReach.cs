using System.Globalization;
using Steelyard.Apps.Reach;
using Steelyard.Keeper;

namespace Steelyard.Apps.Node;

/// <summary>
/// A Node worker, reached as in a cluster whose primary we are (lib/internal/cluster of Node 18 and later): it listens on
/// nothing of its own, whatever it calls listen() with, and is handed connections over a channel.
/// </summary>
internal abstract class NodeReach : WorkerReach
{
    /// <summary>What makes a process a worker of a cluster.</summary>
    protected const string ClusterVariable = "NODE_UNIQUE_ID";

    private const int Lowest = 16;

    private readonly int _id;
    private Task<NodeChannel> _opened = null!;
    private int _theirs = -1;
    private NodeChannel _channel = null!;

    protected NodeReach(NodeCluster cluster) => _id = cluster.NextWorker();

    /// <summary>Opens the channel; to be called once, at the end of a constructor.</summary>
    /// <param name="name">The worker's name.</param>
    /// <param name="open">Makes the channel of our end of the pair; on the loop.</param>
    /// <exception cref="AppStartException">No descriptors are left.</exception>
    protected void Open(string name, Func<int, NodeChannel> open)
    {
        if (!Posix.TrySocketPair(out var ours, out var theirs))
            throw new AppStartException($"{name} cannot be started: too many open files (ulimit -n)");
        _theirs = Posix.fcntl(theirs, Posix.F_DUPFD_CLOEXEC, Lowest);
        _ = Posix.close(theirs);
        _opened = Loop.Ask(() => _channel = open(ours));
    }

    protected static NodeLoop Loop => NodeLoop.Shared;

    /// <summary>The channel, once it is open.</summary>
    public Task<NodeChannel> Opened => _opened;

    public override IReadOnlyList<int> Handles => [_theirs];

    public override string Where => "as a worker of a Node cluster (does it call listen()? a program that is none needs 'listen: port')";

    public override IEnumerable<KeyValuePair<string, string>> Environment =>
    [
        new("NODE_CHANNEL_FD", "3"),
        new("NODE_CHANNEL_SERIALIZATION_MODE", "json"),
        new(ClusterVariable, _id.ToString(CultureInfo.InvariantCulture)),
    ];

    public override void Started(int process) => CloseTheirs();

    public override async Task ListeningAsync(CancellationToken cancel) => await (await _opened).Listening.WaitAsync(cancel);

    /// <summary>Ends when the app has said 'ready' and listens.</summary>
    public override async Task SaidReadyAsync(CancellationToken cancel)
    {
        var channel = await _opened;
        await Task.WhenAll(channel.SaidReady, channel.Listening).WaitAsync(cancel);
    }

    public override void Leave() => Loop.Post(() => _channel.LetsGo = true);

    /// <summary>Lets the worker close its servers, or tells it something; it has let go when it closes the channel.</summary>
    public override bool TryLetGo(string? message, out Task gone)
    {
        Loop.Post(() => _channel.LetGo(message));
        gone = GoneAsync();
        return true;
    }

    /// <summary>What the worker counts, as prom-client in it says; null where it does not in time.</summary>
    public async Task<string?> MetricsAsync(TimeSpan within)
    {
        var channel = await _opened;
        var asked = await Loop.Ask(channel.AskMetrics);
        try
        {
            return await asked.Answer.WaitAsync(within);
        }
        catch (TimeoutException)
        {
            // An app without prom-client has nobody who answers.
            Loop.Post(() => channel.ForgetMetrics(asked.Number));
            return null;
        }
    }

    private async Task GoneAsync() => await (await _opened).Gone;

    public override void Dispose()
    {
        CloseTheirs();
        Loop.Post(Close);
    }

    /// <summary>Closes what is ours. On the loop.</summary>
    protected virtual void Close() => _channel.Close();

    private void CloseTheirs()
    {
        var theirs = Interlocked.Exchange(ref _theirs, -1);
        if (theirs >= 0)
            _ = Posix.close(theirs);
    }
}
