namespace Steelyard.Balancing;

/// <summary>How a request that was to wait for a server fares.</summary>
public enum QueueState
{
    /// <summary>It waits.</summary>
    Waiting,

    /// <summary>It has a server, which counts it as active; <see cref="Server.End"/> has to follow.</summary>
    Served,

    /// <summary>No server is left that could ever take it.</summary>
    NoServer,

    /// <summary>As many wait as may.</summary>
    Full,

    /// <summary>It has left, or was never in.</summary>
    Out,
}

/// <summary>
/// A request that waits until a server of its pool has room. Used again and again by one owner, who alone joins and
/// leaves (<see cref="Pool.Join"/>, <see cref="Pool.Leave"/>); any thread may call it.
/// </summary>
public abstract class QueuedRequest
{
    internal QueuedRequest? Next;
    internal QueuedRequest? Previous;

    // All of these are written under the queue's lock.
    internal Pool Pool = null!;
    internal ServerSet Tried = null!;
    internal int Priority;
    internal Server? Wanted;
    internal volatile QueueState Present = QueueState.Out;
    internal Server? Chosen;

    /// <summary>When it came, in monotonic milliseconds: among those of its priority who came later stands behind.</summary>
    public long Since { get; set; }

    /// <summary>How it fares.</summary>
    public QueueState State => Present;

    /// <summary>The server it has got; null for none.</summary>
    public Server? Server => Present == QueueState.Served ? Chosen : null;

    /// <summary>
    /// It has a server now, or will never have one. Called on any thread, at most once for each time it waits; it may
    /// be late, when the request has left or waits again: <see cref="State"/> says what is true.
    /// </summary>
    protected internal abstract void Called();
}
