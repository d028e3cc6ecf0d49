namespace Steelyard.Engine.Proxy;

/// <summary>
/// How many connections were accepted in the last second: those of this second of the clock, and of the one before as many as
/// belong to its part that is not yet a second ago, as HAProxy counts. Shared by all loops, and kept over reloads.
/// </summary>
internal sealed class ConnectionPace
{
    private const int Second = 1000;
    private const int CountBits = 24;
    private const long CountMask = (1 << CountBits) - 1;

    // The second in the highest 16 bits, those of the one before, those of this one.
    private long _state;

    /// <summary>Counts one more, unless there were as many as may be.</summary>
    /// <param name="most">As many.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public bool TryTake(int most, long now)
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            var (second, before, taken) = At(state, now);
            var left = second == ((now / Second) & 0xFFFF) ? Second - (now % Second) : Second;
            if (taken + (before * left / Second) >= most)
                return false;
            if (Interlocked.CompareExchange(ref _state, Pack(second, before, taken + 1), state) == state)
                return true;
        }
    }

    /// <summary>Takes a <see cref="TryTake"/> back that came to nothing.</summary>
    public void GiveBack(long now)
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            var (second, before, taken) = At(state, now);
            if (taken == 0 || Interlocked.CompareExchange(ref _state, Pack(second, before, taken - 1), state) == state)
                return;
        }
    }

    private static (long Second, long Before, long Taken) At(long state, long now)
    {
        var second = (now / Second) & 0xFFFF;
        var (known, before, taken) = ((state >> (2 * CountBits)) & 0xFFFF, (state >> CountBits) & CountMask, state & CountMask);

        // The clock of another loop may be a turn ahead: the second that it has begun is not begun anew.
        return known == second || known == ((second + 1) & 0xFFFF) ? (known, before, taken) : known == ((second - 1) & 0xFFFF) ? (second, taken, 0) : (second, 0, 0);
    }

    private static long Pack(long second, long before, long taken) => (second << (2 * CountBits)) | (before << CountBits) | taken;
}
