namespace Steelyard.Apps.Output;

/// <summary>
/// Texts on their way to something that may be slow. Whoever brings one never waits: what finds no room is dropped, and
/// counted.
/// </summary>
/// <param name="room">Characters that may wait.</param>
internal sealed class DroppingQueue<T>(long room)
{
    private readonly Queue<(T Item, int Size)> _items = new();
    private long _size;
    private int _dropped;
    private bool _busy;
    private bool _ended;

    public void Add(T item, int size)
    {
        lock (_items)
        {
            if (_ended)
                return;
            if (_size + size > room)
            {
                _dropped++;
                return;
            }

            _size += size;
            _items.Enqueue((item, size));
            Monitor.PulseAll(_items);
        }
    }

    /// <summary>Waits for the next one; false when there will be none. The one before counts as done.</summary>
    /// <param name="item">The next one.</param>
    /// <param name="dropped">How many were dropped since the last one.</param>
    public bool TryTake(out T item, out int dropped)
    {
        lock (_items)
        {
            _busy = false;
            Monitor.PulseAll(_items);
            while (_items.Count == 0 && !_ended)
                Monitor.Wait(_items);
            (dropped, _dropped) = (_dropped, 0);
            var taken = _items.TryDequeue(out var next);
            item = next.Item;
            _size -= next.Size;
            _busy = taken;
            return taken;
        }
    }

    /// <summary>Waits until all that was added has been dealt with.</summary>
    /// <returns>Whether it has within the time.</returns>
    public bool Flush(TimeSpan longest)
    {
        var due = Environment.TickCount64 + (long)longest.TotalMilliseconds;
        lock (_items)
        {
            while (_items.Count > 0 || _busy)
            {
                if (due - Environment.TickCount64 is not (> 0 and var left) || !Monitor.Wait(_items, (int)left))
                    return false;
            }

            return true;
        }
    }

    /// <summary>Takes no more; what waits is still given out.</summary>
    public void End()
    {
        lock (_items)
        {
            _ended = true;
            Monitor.PulseAll(_items);
        }
    }
}
