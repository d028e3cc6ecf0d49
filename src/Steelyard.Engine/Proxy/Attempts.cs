using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Proxy;

/// <summary>The servers a request has been tried on, and whether it may be tried on one more. Owned by an exchange.</summary>
internal sealed class Attempts(EventLoop loop, ProxyCounters counters)
{
    private Pool _pool = null!;
    private Server? _owner;
    private int _made;
    private long _begun;

    public ServerSet Tried { get; } = new();

    /// <summary>What the configuration says of them.</summary>
    public RetrySettings Settings => _pool.Settings.Retries;

    /// <summary>Whether there was an attempt before the present one.</summary>
    public bool Begun => _made > 0 || Tried.Count > 0;

    /// <summary>Begins with a request.</summary>
    /// <param name="pool">Whose servers it is for.</param>
    /// <param name="owner">The server its client belongs to; null for none.</param>
    public void Begin(Pool pool, Server? owner)
    {
        (_pool, _owner, _made, _begun) = (pool, owner, 0, loop.Now);
        Tried.Clear(pool.Count);
        pool.RetryBudget.Request(loop.Now);
    }

    /// <summary>Goes on in the pool that a reload has put in the place of the one before: who is in both stays tried.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="owner">The server its client belongs to; null for none.</param>
    public void Follow(Pool pool, Server? owner)
    {
        var tried = new List<int>();
        foreach (var server in _pool.Servers)
        {
            if (Tried.Contains(server.Index) && pool.Twin(server) is { } twin)
                tried.Add(twin.Index);
        }

        Tried.Clear(pool.Count);
        foreach (var index in tried)
            Tried.Add(index);
        (_pool, _owner) = (pool, owner);
    }

    /// <summary>What follows when a server did not take the connection: it has seen nothing, so any request is safe elsewhere.</summary>
    /// <param name="timedOut">It had the time for it, which counts as an attempt.</param>
    public Retry AfterNoConnection(bool timedOut = false) =>
        Settings.On.HasFlag(RetryConditions.ConnectFailure) && (!timedOut || ++_made < Settings.Attempts) && IsInTime ? Retry.OnAnotherServer : Retry.Never;

    private bool IsInTime => Settings.Within is not { } within || loop.Now - _begun < (long)within.TotalMilliseconds;

    /// <summary>What follows when a server may have seen the request, and the client nothing of its answer.</summary>
    public Retry AfterFailure(RetryConditions condition, Server server)
    {
        if (!Settings.On.HasFlag(condition) || ++_made >= Settings.Attempts || !IsInTime)
            return Retry.Never;
        Tried.Add(server.Index);
        if (!_pool.HasServerBeside(Tried, _owner) && _pool.IsInUse)
            return Retry.Never;
        if (_pool.RetryBudget.TryTake(loop.Now))
            return Retry.OnAnotherServer;
        counters.RetriesDenied++;
        return Retry.Never;
    }

    /// <summary>The condition that a status is; none for one that never leads to another attempt.</summary>
    public static RetryConditions ConditionOf(int status) => status switch
    {
        401 => RetryConditions.Status401,
        403 => RetryConditions.Status403,
        404 => RetryConditions.Status404,
        408 => RetryConditions.Status408,
        421 => RetryConditions.Status421,
        425 => RetryConditions.Status425,
        429 => RetryConditions.Status429,
        500 => RetryConditions.Status500,
        501 => RetryConditions.Status501,
        502 => RetryConditions.Status502,
        503 => RetryConditions.Status503,
        504 => RetryConditions.Status504,
        _ => RetryConditions.None,
    };
}
