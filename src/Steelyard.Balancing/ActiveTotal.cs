namespace Steelyard.Balancing;

/// <summary>
/// What all servers of a pool have to do together, and in which order that changes, where a policy has to know it. Every loop
/// writes it twice for every request.
/// </summary>
internal sealed class ActiveTotal
{
    // The count below, how often it has changed above.
    private PaddedCount _state;

    /// <summary>How much that is.</summary>
    public long Count => CountOf(Volatile.Read(ref _state.Value));

    /// <summary>Counts more or fewer.</summary>
    /// <returns>How many changes there have been; it goes round.</returns>
    public uint Add(int change)
    {
        var state = Interlocked.Add(ref _state.Value, (1L << 32) + change);
        return (uint)((state - CountOf(state)) >> 32);
    }

    private static int CountOf(long state) => (int)state;

    /// <summary>The same of another pool.</summary>
    public ActiveTotal Copy() => (ActiveTotal)MemberwiseClone();
}
