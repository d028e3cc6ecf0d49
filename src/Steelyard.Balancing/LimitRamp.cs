namespace Steelyard.Balancing;

/// <summary>How the limit of a server grows with what its pool has to do, as HAProxy's minconn and fullconn have it. Shared by all loops.</summary>
/// <param name="least">The limit while the pool has little to do.</param>
/// <param name="full">How much the pool has to do when the whole limit counts.</param>
/// <param name="total">What its servers have to do.</param>
/// <param name="queue">Who waits for them.</param>
internal sealed class LimitRamp(int least, int full, ActiveTotal total, PoolQueue queue)
{
    /// <summary>How much the pool has to do when the whole limit counts.</summary>
    public int Full => full;

    /// <summary>What a server may have to do at once, now.</summary>
    /// <param name="most">What it may at most.</param>
    public int Of(int most)
    {
        // Whoever asks is one more, or among those who wait.
        var busy = total.Count + Math.Max(queue.Count, 1);
        return busy >= full ? most : (int)Math.Min(most, Math.Max(least, busy * most / full));
    }
}
