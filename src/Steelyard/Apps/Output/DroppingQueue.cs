namespace Steelyard.Apps.Output;

/// <summary>
/// Texts on their way to something that may be slow. Whoever brings one never waits: what finds no room is dropped, and
/// counted. Any thread may bring some, one takes them: all that are there at once, so that the two seldom meet at the lock,
/// which on a busy machine costs whoever has to wait for it its turn on the processor.
/// </summary>
/// <param name="room">Characters that may wait.</param>
internal sealed class DroppingQueue<T>(long room)
{
    private readonly object _lock = new();
    private Queue<(T Item, int Size)> _items = new();

    // The taker's own.
    private Queue<(T Item, int Size)> _taken = new();
    private long _size;
    private int _dropped;
    private bool _waiting;
    private bool _busy;
    private bool _ended;

    /// <summary>Whether another one is there already. For who takes them.</summary>
    public bool HasNext => _taken.Count > 0;

    public void Add(T item, int size)
    {
        lock (_lock)
        {
            if (_ended)
                return;
            if (Volatile.Read(ref _size) + size > room)
            {
                _dropped++;
                return;
            }

            Interlocked.Add(ref _size, size);
            _items.Enqueue((item, size));
            if (_waiting)
                Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits for the next one; false when there will be none. The one before counts as done.</summary>
    /// <param name="item">The next one.</param>
    /// <param name="dropped">How many were dropped since the last one.</param>
    public bool TryTake(out T item, out int dropped)
    {
        dropped = 0;
        if (_taken.Count == 0)
            TakeAll(out dropped);
        var taken = _taken.TryDequeue(out var next);
        item = next.Item;
        Interlocked.Add(ref _size, -next.Size);
        return taken;
    }

    private void TakeAll(out int dropped)
    {
        lock (_lock)
        {
            (_busy, _waiting) = (false, true);
            Monitor.PulseAll(_lock);
            while (_items.Count == 0 && !_ended)
                Monitor.Wait(_lock);
            _waiting = false;
            (dropped, _dropped) = (_dropped, 0);
            (_items, _taken) = (_taken, _items);
            _busy = _taken.Count > 0;
        }
    }

    /// <summary>Waits until all that was added has been dealt with.</summary>
    /// <returns>Whether it has within the time.</returns>
    public bool Flush(TimeSpan longest)
    {
        var due = Environment.TickCount64 + (long)longest.TotalMilliseconds;
        lock (_lock)
        {
            while (_items.Count > 0 || _busy)
            {
                if (due - Environment.TickCount64 is not (> 0 and var left) || !Monitor.Wait(_lock, (int)left))
                    return false;
            }

            return true;
        }
    }

    /// <summary>Takes no more; what waits is still given out.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            Monitor.PulseAll(_lock);
        }
    }
}
