namespace Steelyard.Simulate;

/// <summary>What is going to happen, earliest first, and what is put down first of what happens at once: a heap.</summary>
internal sealed class Agenda
{
    private Entry[] _heap = new Entry[1024];
    private int _count;
    private long _numbers;

    /// <summary>One thing that is going to happen.</summary>
    /// <param name="At">When, in microseconds.</param>
    /// <param name="Number">Its number in the order they were put down.</param>
    /// <param name="Kind">What.</param>
    /// <param name="Who">To whom.</param>
    /// <param name="Mark">Tells it from what was meant for somebody before.</param>
    public readonly record struct Entry(long At, long Number, EntryKind Kind, int Who, int Mark);

    /// <summary>What time it is, in microseconds.</summary>
    public long Now { get; set; }

    /// <summary>When the next thing happens; never where there is none.</summary>
    public long Next => _count == 0 ? long.MaxValue : _heap[0].At;

    /// <summary>Puts something down.</summary>
    public void Add(long at, EntryKind kind, int who, int mark = 0)
    {
        if (_count == _heap.Length)
            Array.Resize(ref _heap, 2 * _count);
        var entry = new Entry(at, _numbers++, kind, who, mark);
        var place = _count++;
        while (place > 0 && IsBefore(entry, _heap[(place - 1) / 2]))
        {
            _heap[place] = _heap[(place - 1) / 2];
            place = (place - 1) / 2;
        }

        _heap[place] = entry;
    }

    /// <summary>Takes the next thing out.</summary>
    public Entry Take()
    {
        var first = _heap[0];
        var last = _heap[--_count];
        var place = 0;
        while (true)
        {
            var child = (2 * place) + 1;
            if (child >= _count)
                break;
            if (child + 1 < _count && IsBefore(_heap[child + 1], _heap[child]))
                child++;
            if (!IsBefore(_heap[child], last))
                break;
            _heap[place] = _heap[child];
            place = child;
        }

        _heap[place] = last;
        return first;
    }

    private static bool IsBefore(in Entry one, in Entry other) => one.At != other.At ? one.At < other.At : one.Number < other.Number;
}

/// <summary>What can happen.</summary>
internal enum EntryKind : byte
{
    /// <summary>A client asks.</summary>
    Ask,

    /// <summary>A request reaches its server.</summary>
    Reach,

    /// <summary>A server has done a request.</summary>
    Finish,

    /// <summary>What a server says reaches the balancer.</summary>
    Hear,

    /// <summary>A server did not take a connection in time.</summary>
    ConnectTimeout,

    /// <summary>A request has waited for a server for as long as it may.</summary>
    QueueTimeout,

    /// <summary>A call has taken as long as its breaker allows.</summary>
    BreakerTimeout,

    /// <summary>A server stops for a while.</summary>
    Pause,

    /// <summary>A server is asked for its health.</summary>
    Probe,

    /// <summary>The result of that is there.</summary>
    Probed,

    /// <summary>The pool does what is due.</summary>
    Tick,

    /// <summary>An incident.</summary>
    Incident,

    /// <summary>A server that was restarted is back.</summary>
    Back,

    /// <summary>Servers join the pool.</summary>
    Join,
}
