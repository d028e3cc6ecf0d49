using System.Diagnostics;

namespace Steelyard.Engine.Logging;

/// <summary>
/// Lines on their way from one loop to the thread that writes them: one side adds, the other takes, and neither waits. A
/// line stands in one piece: where the end of the room is too near, it begins at the start again.
/// </summary>
/// <param name="size">Bytes it has room for.</param>
internal sealed class LogRing(int size)
{
    /// <summary>The longest line, its end included.</summary>
    public const int LongestLine = 16 * 1024;

    private readonly byte[] _room = GC.AllocateUninitializedArray<byte>(size, pinned: true);

    // Written by the loop. Where lines are read no further, if they go on at the start.
    private int _head;
    private int _end;
    private long _dropped;

    // Written by the other side.
    private int _tail;

    // The loop's own.
    private int _reserved = -1;

    /// <summary>Lines that had no room. May be read from any thread.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Whether more than half of the room is taken. The loop's side.</summary>
    public bool IsHalfFull
    {
        get
        {
            var used = _head - Volatile.Read(ref _tail);
            return (used < 0 ? used + size : used) > size / 2;
        }
    }

    /// <summary>Room for the next line; none where it would not fit, and it is counted then. The loop's side.</summary>
    public Span<byte> Reserve()
    {
        var (head, tail) = (_head, Volatile.Read(ref _tail));
        if (head >= tail)
        {
            if (size - head >= LongestLine)
                return At(head);
            if (tail > LongestLine)
                return At(0);
        }
        else if (tail - head > LongestLine)
        {
            return At(head);
        }

        Volatile.Write(ref _dropped, _dropped + 1);
        return default;
    }

    private Span<byte> At(int place)
    {
        _reserved = place;
        return _room.AsSpan(place, LongestLine);
    }

    /// <summary>The line that was written into what <see cref="Reserve"/> gave may be taken.</summary>
    public void Publish(int length)
    {
        Debug.Assert(_reserved >= 0 && length <= LongestLine, "Room is reserved before.");
        if (_reserved < _head)
            Volatile.Write(ref _end, _head);
        Volatile.Write(ref _head, _reserved + length);
        _reserved = -1;
    }

    /// <summary>What can be taken in one piece, whole lines; empty for nothing. The other side.</summary>
    public ReadOnlySpan<byte> Peek()
    {
        var (head, tail) = (Volatile.Read(ref _head), _tail);
        if (head < tail)
        {
            // The loop has gone on at the start.
            var end = Volatile.Read(ref _end);
            if (tail < end)
                return _room.AsSpan(tail, end - tail);
            Volatile.Write(ref _tail, tail = 0);
        }

        return _room.AsSpan(tail, head - tail);
    }

    /// <summary>So much of <see cref="Peek"/> is done with.</summary>
    public void Take(int length) => Volatile.Write(ref _tail, _tail + length);
}
