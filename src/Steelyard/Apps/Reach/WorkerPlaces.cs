using Steelyard.Apps.Node;
using Steelyard.Config;

namespace Steelyard.Apps.Reach;

/// <summary>Gives each worker of an app its <see cref="WorkerReach"/>.</summary>
/// <param name="pool">The pool.</param>
/// <param name="speaksFirst">Whether a worker may speak before whoever connects, as in TCP mode.</param>
internal sealed class WorkerPlaces(string pool, bool speaksFirst = false) : IDisposable
{
    private readonly Dictionary<string, RuntimeDirectory> _directories = [];
    private readonly NodeCluster _cluster = new(pool);
    private int _lives;

    /// <summary>The port that workers of a Node cluster call listen() with; ends with the first that does.</summary>
    public Task<int> AppPort => _cluster.AppPort;

    /// <summary>Where they do; null while none has said it.</summary>
    public NetworkAddress? AppAddress => _cluster.AppAddress;

    /// <exception cref="AppStartException">There is no port, socket or descriptor for it.</exception>
    public WorkerReach For(AppSettings app, int number)
    {
        try
        {
            return app.ListensBy switch
            {
                WorkerListen.Socket => new SocketReach(NextSocket(app, number)),
                WorkerListen.Activation => new ActivationReach(pool),
                WorkerListen.Cluster => ForCluster(app, number),
                WorkerListen.Raw => ForRaw(app, number),
                WorkerListen.None => app.HasChannel ? new ChannelReach(_cluster, $"{pool}/{number}") : new NoReach(),
                _ => new PortReach(),
            };
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or IOException or UnauthorizedAccessException)
        {
            throw new AppStartException($"{pool}/{number} cannot be started: {error.Message}");
        }
    }

    /// <summary>The app ends: nothing that its workers share is listened on any more.</summary>
    public void End() => _cluster.End();

    private RawReach ForRaw(AppSettings app, int number)
    {
        _cluster.RunsAsWeDo = app.User is null;
        return new(_cluster, $"{pool}/{number}", app.Port);
    }

    private ClusterReach ForCluster(AppSettings app, int number)
    {
        // What is bound for a worker is bound by us, who may be root where it is not.
        _cluster.RunsAsWeDo = app.User is null;
        return new(_cluster, $"{pool}/{number}", app.Port, greets: !speaksFirst);
    }

    /// <summary>Where a worker finds the socket for sd_notify(3).</summary>
    public string NotifyPath(AppSettings app, int number) => DirectoryFor(app).SocketPath("notify", number, Interlocked.Increment(ref _lives));

    // Another name for each life: the one before may still have its socket.
    private string NextSocket(AppSettings app, int number) => DirectoryFor(app).SocketPath(pool, number, Interlocked.Increment(ref _lives));

    private RuntimeDirectory DirectoryFor(AppSettings app)
    {
        lock (_directories)
        {
            if (!_directories.TryGetValue(app.User ?? "", out var directory))
                _directories.Add(app.User ?? "", directory = new(app.User));
            return directory;
        }
    }

    public void Dispose()
    {
        foreach (var directory in _directories.Values)
            directory.Dispose();
        _directories.Clear();
    }
}
