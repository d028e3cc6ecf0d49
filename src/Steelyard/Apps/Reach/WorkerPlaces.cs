using Steelyard.Config;

namespace Steelyard.Apps.Reach;

/// <summary>Gives each worker of an app its <see cref="WorkerReach"/>.</summary>
internal sealed class WorkerPlaces(string pool) : IDisposable
{
    private readonly Dictionary<string, RuntimeDirectory> _directories = [];
    private int _lives;

    /// <exception cref="AppStartException">There is no port, socket or descriptor for it.</exception>
    public WorkerReach For(AppSettings app, int number)
    {
        try
        {
            return Kind(app) switch
            {
                WorkerListen.Socket => new SocketReach(NextSocket(app, number)),
                WorkerListen.Activation => new ActivationReach(pool),
                WorkerListen.None => new NoReach(),
                _ => new PortReach(),
            };
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or IOException or UnauthorizedAccessException)
        {
            throw new AppStartException($"{pool}/{number} cannot be started: {error.Message}");
        }
    }

    private static WorkerListen Kind(AppSettings app) => app.Listen ?? (new CommandTemplate(app.Command).UsesSocket ? WorkerListen.Socket : WorkerListen.Port);

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
