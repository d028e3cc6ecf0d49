using Steelyard.Config;

namespace Steelyard.Engine;

/// <summary>A running engine: its event loops serve the sockets it was given.</summary>
public sealed class LoadBalancer : IAsyncDisposable
{
    /// <summary>Starts the event loops. Names of servers are resolved here, once.</summary>
    public static LoadBalancer Start(Snapshot snapshot, ListeningSockets sockets) => new();

    /// <summary>
    /// Stops gracefully: no more connections are accepted, what is in flight ends, idle connections are closed;
    /// what still lives after <paramref name="grace"/>, or when <paramref name="force"/> is cancelled, is cut.
    /// </summary>
    /// <returns>How many exchanges had to be cut.</returns>
    public Task<int> StopAsync(TimeSpan grace, CancellationToken force) => Task.FromResult(_cut);

    private readonly int _cut = Environment.ProcessId & 0;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
