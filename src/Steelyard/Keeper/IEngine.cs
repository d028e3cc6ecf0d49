namespace Steelyard.Keeper;

/// <summary>What serves, as the keeper sees it: a process of its own, or with <c>--single</c> a part of this one.</summary>
internal interface IEngine : IAsyncDisposable
{
    /// <summary>Begins to serve, or takes up another configuration; ends when that is what new requests go by.</summary>
    /// <param name="served">The configuration, and what it is served on.</param>
    /// <exception cref="EngineException">It cannot be served; if another is served, that goes on.</exception>
    Task ServeAsync(ServedConfiguration served);

    /// <summary>Ends when servers that the last configuration did not take over have nothing left to do, or the time that a stop would give them is over.</summary>
    Task LeaversIdleAsync();

    /// <summary>Stops: no new connections, what is in flight has its time.</summary>
    /// <param name="grace">How long.</param>
    /// <param name="released">Called when the listening sockets are used no more.</param>
    /// <param name="force">Ends the time early.</param>
    /// <returns>How many exchanges were cut.</returns>
    Task<int> StopAsync(TimeSpan grace, Action released, CancellationToken force);
}

/// <summary>A configuration cannot be served. The message says why.</summary>
internal sealed class EngineException(string message) : Exception(message);
