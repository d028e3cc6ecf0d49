using Steelyard.Apps.Scaling;
using Steelyard.Config;

namespace Steelyard.Keeper;

/// <summary>What serves, as the keeper sees it: a process of its own, or with <c>--single</c> a part of this one.</summary>
internal interface IEngine : IAsyncDisposable
{
    /// <summary>Begins to serve, or takes up another configuration; ends when that is what new requests go by.</summary>
    /// <param name="served">The configuration, and what it is served on.</param>
    /// <exception cref="EngineException">It cannot be served; if another is served, that goes on.</exception>
    Task ServeAsync(ServedConfiguration served);

    /// <summary>Puts other servers into a pool at once, without a look at the rest of the configuration; ends when new requests go by it.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="servers">Its servers; those that are in it already keep their state.</param>
    /// <exception cref="EngineException">There is no engine that could; the next one will begin with them.</exception>
    Task SetServersAsync(string pool, ValueList<ServerSettings> servers);

    /// <summary>Ends when a server that was taken out of a pool has nothing left to do.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="server">Where the server is.</param>
    /// <param name="within">The longest it may take.</param>
    Task IdleAsync(string pool, NetworkAddress server, TimeSpan within);

    /// <summary>What a pool has to do now; null when there is no such pool.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <exception cref="EngineException">There is no engine that could say.</exception>
    Task<PoolLoad?> LoadAsync(string pool);

    /// <summary>Opens the files of access logs again under their names.</summary>
    void ReopenLogs();

    /// <summary>Stops: no new connections, what is in flight has its time.</summary>
    /// <param name="grace">How long.</param>
    /// <param name="released">Called when the listening sockets are used no more.</param>
    /// <param name="force">Ends the time early.</param>
    /// <returns>How many exchanges were cut.</returns>
    Task<int> StopAsync(TimeSpan grace, Action released, CancellationToken force);
}

/// <summary>A configuration cannot be served. The message says why.</summary>
internal sealed class EngineException(string message) : Exception(message);
