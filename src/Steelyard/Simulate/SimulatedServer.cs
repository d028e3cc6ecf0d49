namespace Steelyard.Simulate;

/// <summary>
/// A server: so many requests at once, the others in a queue, and everything that can happen to it. Times are in
/// microseconds.
/// </summary>
internal sealed class SimulatedServer(ServerModel model, int index)
{
    private readonly Queue<(int Request, int Mark)> _waiting = new();
    private readonly HashSet<int> _working = [];

    // Up to when it stops, how long it has stopped in all, and since when it is cold.
    private long _pausedUntil;
    private long _pausedInAll;
    private long _coldSince = long.MinValue / 2;
    private double _slower = model.Slower;

    private int _connections;
    private int _mostConnections;
    private int _kept;

    /// <summary>How it behaves.</summary>
    public ServerModel Model { get; } = model;

    /// <summary>Its position in the pool.</summary>
    public int Index { get; } = index;

    /// <summary>What has happened to it.</summary>
    public ServerMood Mood { get; private set; }

    /// <summary>The most that waited at once.</summary>
    public int LongestQueue { get; private set; }

    /// <summary>How long it has stopped up to now; a request that has been worked on meanwhile has to make up for it.</summary>
    public long PausedInAll => _pausedInAll;

    /// <summary>When it goes on, where it has stopped.</summary>
    public long PausedUntil => _pausedUntil;

    /// <summary>Whether another one can be put to work.</summary>
    public bool HasHand => _working.Count < Model.AtOnce;

    /// <summary>Whether the queue is full.</summary>
    public bool IsFull => _waiting.Count >= Model.Queue;

    /// <summary>Takes the next that waits, with the mark it came with.</summary>
    public bool TakeWaiting(out (int Request, int Mark) next) => _waiting.TryDequeue(out next);

    /// <summary>Lets a request wait.</summary>
    public void Wait(int request, int mark)
    {
        _waiting.Enqueue((request, mark));
        LongestQueue = Math.Max(LongestQueue, _waiting.Count);
    }

    /// <summary>Begins a request.</summary>
    /// <returns>When it will be done, if nothing comes between.</returns>
    public long Begin(int request, long now, ref Dice dice)
    {
        _working.Add(request);
        var time = Model.Time.Throw(ref dice) * _slower * Coldness(now);
        return Math.Max(now, _pausedUntil) + (long)(time * 1000);
    }

    /// <summary>A request is done, or nobody waits for it any more.</summary>
    /// <returns>Whether it was being worked on.</returns>
    public bool Finish(int request) => _working.Remove(request);

    /// <summary>The balancer has a request with it, on a connection of its own.</summary>
    public void Connected() => _mostConnections = Math.Max(_mostConnections, ++_connections);

    /// <summary>The request has ended, and the connection is kept.</summary>
    public void Disconnected() => _connections--;

    /// <summary>Takes a connection that was kept when the machine went away: what is sent on it is not refused, and never answered.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TakeKept() => _kept-- > 0;

    /// <summary>How many times as long it takes for being cold.</summary>
    private double Coldness(long now)
    {
        var (since, span) = (now - _coldSince, Model.ColdFor.TotalMicroseconds);
        return since >= span ? 1 : Model.ColdSlower - ((Model.ColdSlower - 1) * since / span);
    }

    /// <summary>It has just started.</summary>
    public void Start(long now)
    {
        (Mood, _slower, _coldSince) = (ServerMood.Well, Model.Slower, now);
    }

    /// <summary>It is slower from now on.</summary>
    public void Slow(double factor) => _slower = factor;

    /// <summary>It stops for a while.</summary>
    public void Pause(long now, long span)
    {
        var until = now + span;
        if (until <= _pausedUntil)
            return;
        _pausedInAll += until - Math.Max(now, _pausedUntil);
        _pausedUntil = until;
    }

    /// <summary>Something has happened to it.</summary>
    /// <returns>The requests that it had, where it has lost them; those that waited with the mark they came with.</returns>
    public (int Request, int? Mark)[] Become(ServerMood mood)
    {
        (Mood, _kept) = (mood, _mostConnections - _connections);
        if (mood is ServerMood.Well or ServerMood.Failing)
            return [];

        // In one order, so that a seed gives one run.
        (int, int?)[] lost = [.. _working.Order().Select(request => (request, (int?)null)), .. _waiting.Select(waiting => (waiting.Request, (int?)waiting.Mark))];
        _working.Clear();
        _waiting.Clear();
        return lost;
    }
}

/// <summary>What has happened to a server.</summary>
internal enum ServerMood
{
    /// <summary>Nothing.</summary>
    Well,

    /// <summary>It answers 500 at once.</summary>
    Failing,

    /// <summary>It refuses connections.</summary>
    Dead,

    /// <summary>It takes requests and never answers.</summary>
    Hanging,

    /// <summary>Nothing comes back from it.</summary>
    Gone,
}
