namespace Steelyard.Balancing;

/// <summary>
/// Who waits until a server of a pool has room, in the order of their priorities and of their coming. It outlives a
/// reload. Shared by all loops: a short lock, taken only where somebody waits or is about to.
/// </summary>
/// <remarks>
/// No wakeup is lost: who joins is counted before it looks for room, and who ends a request gives its room back before
/// it looks for who waits; both are full fences, so one of the two sees the other. Exactly one is called for each place,
/// for the place is taken before the call.
/// </remarks>
internal sealed class PoolQueue
{
    private BriefLock _lock;
    private QueuedRequest? _first;
    private QueuedRequest? _last;
    private int _count;
    private int _unbound;

    /// <summary>How many wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many of them wait for whichever server has room first.</summary>
    public int Unbound => Volatile.Read(ref _unbound);

    /// <summary>How many wait for one server and no other.</summary>
    public int CountFor(Server server)
    {
        if (Count == Unbound)
            return 0;
        _lock.Enter();
        var count = 0;
        for (var request = _first; request is not null; request = request.Next)
        {
            if (request.Wanted is { } wanted && wanted.IsTwinOf(server))
                count++;
        }

        _lock.Leave();
        return count;
    }

    /// <summary>Puts a request in its place: behind those of its priority, or before them.</summary>
    /// <param name="request">The request; it waits nowhere.</param>
    /// <param name="most">How many may wait.</param>
    /// <param name="before">Whether it goes before the others of its priority, for it has waited before.</param>
    /// <returns>Whether there was room.</returns>
    public bool TryAdd(QueuedRequest request, int most, bool before)
    {
        _lock.Enter();
        var fits = _count < most;
        if (fits)
        {
            var behind = _last;
            while (behind is not null && (behind.Priority > request.Priority || (behind.Priority == request.Priority && (before || behind.Since > request.Since))))
                behind = behind.Previous;
            Insert(request, behind);
            (request.Present, request.Chosen) = (QueueState.Waiting, null);
            Interlocked.Increment(ref _count);
        }
        else
        {
            request.Present = QueueState.Full;
        }

        _lock.Leave();
        return fits;
    }

    /// <summary>Takes a request out that would not wait any longer.</summary>
    /// <returns>Whether it still waited; else it has been served or dismissed.</returns>
    public bool Remove(QueuedRequest request)
    {
        _lock.Enter();
        var waited = request.Present == QueueState.Waiting;
        if (waited)
            Unlink(request, QueueState.Out);
        _lock.Leave();
        return waited;
    }

    /// <summary>Gives the room of a server to those who wait for it, one after the other while there is any.</summary>
    /// <param name="server">The server.</param>
    public void Serve(Server server)
    {
        while (Count > 0 && TakeFor(server, one: false) is { } served)
            served.Called();
    }

    /// <summary>Gives a server one request, and no other for now: it has to show that it is well, or fails and gets its share.</summary>
    public void ServeOne(Server server) => TakeFor(server, one: true)?.Called();

    /// <summary>Lets those go who have no server to wait for any more.</summary>
    public void Dismiss()
    {
        while (Count > 0 && TakeHopeless() is { } dismissed)
            dismissed.Called();
    }

    private QueuedRequest? TakeFor(Server server, bool one)
    {
        _lock.Enter();
        var request = _first;
        for (; request is not null; request = request.Next)
        {
            // Who came before a reload knows the servers of then; the room is the same.
            if (request.Pool.Twin(server) is not { } its || !request.Pool.Offers(its, request, one))
                continue;
            if (its.TryBegin())
            {
                request.Chosen = its;
                Unlink(request, QueueState.Served);
            }
            else
            {
                request = null;
            }

            break;
        }

        _lock.Leave();
        return request;
    }

    private QueuedRequest? TakeHopeless()
    {
        _lock.Enter();
        var request = _first;
        while (request is not null && request.Pool.HasHopeFor(request))
            request = request.Next;
        if (request is not null)
            Unlink(request, QueueState.NoServer);
        _lock.Leave();
        return request;
    }

    private void Insert(QueuedRequest request, QueuedRequest? behind)
    {
        request.Previous = behind;
        request.Next = behind is null ? _first : behind.Next;
        if (request.Next is null)
            _last = request;
        else
            request.Next.Previous = request;
        if (behind is null)
            _first = request;
        else
            behind.Next = request;
        if (request.Wanted is null)
            Interlocked.Increment(ref _unbound);
    }

    private void Unlink(QueuedRequest request, QueueState state)
    {
        if (request.Previous is null)
            _first = request.Next;
        else
            request.Previous.Next = request.Next;
        if (request.Next is null)
            _last = request.Previous;
        else
            request.Next.Previous = request.Previous;
        request.Next = request.Previous = null;
        request.Present = state;
        if (request.Wanted is null)
            Interlocked.Decrement(ref _unbound);
        Interlocked.Decrement(ref _count);
    }
}
