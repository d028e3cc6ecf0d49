using System.Diagnostics;

namespace Steelyard.Balancing;

/// <summary>
/// Bounds how many requests of a pool are sent again, by how many there were in the last ten seconds: when every server
/// fails, retries must not double the load (Finagle's and Linkerd's budget). Shared by all loops: one interlocked
/// increment for a request, and nobody ever waits. Counts of one second may be a few off where loops meet in its first
/// moment.
/// </summary>
/// <param name="percent">Retries for 100 requests, 0 to 100.</param>
/// <param name="leastPerSecond">Retries a second that are allowed beside, on average over the ten seconds.</param>
public sealed class RetryBudget(int percent, int leastPerSecond)
{
    /// <summary>How many seconds are looked back on, the present one among them.</summary>
    public const int WindowSeconds = 10;

    private readonly Second[] _seconds = new Second[WindowSeconds + 1];

    private struct Second
    {
        public long Number;
        public long Requests;
        public long Retries;
    }

    /// <summary>Counts a request, its first attempt.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public void Request(long now) => Interlocked.Increment(ref At(now / 1000).Requests);

    /// <summary>Takes one retry, if there is one left.</summary>
    /// <param name="now">Monotonic milliseconds.</param>
    public bool TryTake(long now)
    {
        Debug.Assert(now >= 0, "Monotonic time starts at 0.");
        var present = now / 1000;
        var (requests, retries) = (0L, 0L);
        foreach (ref var second in _seconds.AsSpan())
        {
            if (Volatile.Read(ref second.Number) <= present - WindowSeconds)
                continue;
            requests += Volatile.Read(ref second.Requests);
            retries += Volatile.Read(ref second.Retries);
        }

        if (retries >= ((long)leastPerSecond * WindowSeconds) + (requests * percent / 100))
            return false;
        Interlocked.Increment(ref At(present).Retries);
        return true;
    }

    /// <summary>The counts of a second, from 0 when it has just begun.</summary>
    private ref Second At(long number)
    {
        ref var second = ref _seconds[number % _seconds.Length];
        var before = Volatile.Read(ref second.Number);
        if (before < number && Interlocked.CompareExchange(ref second.Number, number, before) == before)
        {
            Volatile.Write(ref second.Requests, 0);
            Volatile.Write(ref second.Retries, 0);
        }

        return ref second;
    }
}
