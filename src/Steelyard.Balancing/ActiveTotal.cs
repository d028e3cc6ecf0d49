using System.Runtime.InteropServices;

namespace Steelyard.Balancing;

/// <summary>
/// What all servers of a pool have to do together, or in which order that changes, where a policy has to know it. Every loop
/// writes it twice for every request.
/// </summary>
/// <param name="counts">Whether it is counted, exactly.</param>
/// <param name="orders">Whether changes get numbers. Two loops at once may get the same, which is none the wiser than either order.</param>
internal sealed class ActiveTotal(bool counts = true, bool orders = false)
{
    private Padded _state;

    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Padded
    {
        [FieldOffset(64)]
        public long Count;

        [FieldOffset(72)]
        public uint Changes;
    }

    public long Count => Volatile.Read(ref _state.Count);

    /// <summary>Counts more or fewer.</summary>
    /// <returns>The number of the change; it goes round.</returns>
    public uint Add(int change)
    {
        if (counts)
            Interlocked.Add(ref _state.Count, change);
        if (!orders)
            return 0;
        var number = Volatile.Read(ref _state.Changes) + 1;
        Volatile.Write(ref _state.Changes, number);
        return number;
    }

    /// <summary>Whether it knows what is wanted, and no more.</summary>
    public bool Is(bool counted, bool ordered) => (counts, orders) == (counted, ordered);

    /// <summary>The same of another pool.</summary>
    public ActiveTotal Copy() => (ActiveTotal)MemberwiseClone();
}
