using Steelyard.Config;

namespace Steelyard.Apps.Scaling;

/// <summary>What the servers of a pool have to do at a moment.</summary>
/// <param name="Active">Requests, tunnels and sessions that they have.</param>
/// <param name="Waiting">Those that wait for a server with room.</param>
/// <param name="Most">How many each server may have; null for any number.</param>
internal readonly record struct PoolLoad(int Active, int Waiting, int? Most);

/// <summary>
/// How many workers an app is to have. More when that was too little all the time for a while, fewer when fewer would have
/// been enough all the time for a longer one, and nothing between two bounds: so a load that goes up and down does not start
/// and stop workers as it does. Pure: time is an argument.
/// </summary>
/// <remarks>
/// The rule for both directions is that of Kubernetes' horizontal pod autoscaler: a recommendation for each look, of which
/// the smallest within a window counts for more workers and the largest within another for fewer.
/// </remarks>
internal sealed class ScalePolicy
{
    // Of the concurrency that each is to have.
    private const double TooMuch = 1.1, Enough = 0.9;

    // Of what each may have, where only those who wait count.
    private const double WellBelow = 0.7;

    private readonly Queue<(long At, int Wanted)> _wanted = new();
    private long? _since;

    /// <summary>Forgets what was.</summary>
    public void Reset()
    {
        _wanted.Clear();
        _since = null;
    }

    /// <summary>Takes a look.</summary>
    /// <param name="settings">What the configuration says.</param>
    /// <param name="count">How many workers there are.</param>
    /// <param name="load">What they have to do.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <returns>How many there are to be.</returns>
    public int Decide(ScaleSettings settings, int count, PoolLoad load, long now)
    {
        var (up, down) = ((long)settings.UpAfter.TotalMilliseconds, (long)settings.DownAfter.TotalMilliseconds);
        _since ??= now;
        _wanted.Enqueue((now, Math.Clamp(Wanted(settings, count, load), settings.Min, settings.Max)));
        while (now - _wanted.Peek().At > Math.Max(up, down))
            _wanted.Dequeue();

        // What the settings rule out does not wait.
        if (count < settings.Min || count > settings.Max)
            return Math.Clamp(count, settings.Min, settings.Max);
        if (now - _since >= up && Within(up, now).Min() is var more && more > count)
            return more;
        return now - _since >= down && Within(down, now).Max() is var fewer && fewer < count ? fewer : count;
    }

    private IEnumerable<int> Within(long time, long now) => _wanted.Where(one => now - one.At <= time).Select(one => one.Wanted);

    private static int Wanted(ScaleSettings settings, int count, PoolLoad load) => Math.Max(
        settings.Concurrency is { } each ? ByConcurrency(each, count, load) : 1,
        settings.Queue is { } queue && load.Most is { } most ? ByQueue(queue, most, count, load) : 1);

    private static int ByConcurrency(int each, int count, PoolLoad load)
    {
        var all = (double)load.Active + load.Waiting;
        if (all > each * TooMuch * count)
            return (int)Math.Ceiling(all / each);
        var fewer = Math.Max(1, (int)Math.Ceiling(all / (each * Enough)));
        return Math.Min(fewer, count);
    }

    private static int ByQueue(int queue, int most, int count, PoolLoad load)
    {
        if (load.Waiting > queue)
            return count + (int)Math.Ceiling((load.Waiting - queue) / (double)most);
        var fewer = Math.Max(1, (int)Math.Ceiling((load.Active + load.Waiting) / (most * WellBelow)));
        return Math.Min(fewer, count);
    }
}
