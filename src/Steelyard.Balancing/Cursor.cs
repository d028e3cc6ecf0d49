namespace Steelyard.Balancing;

/// <summary>Counts turns for all loops. It outlives the order it stands in, so that nobody begins anew when a server comes or goes.</summary>
internal sealed class Cursor
{
    private PaddedCount _next;

    /// <summary>The number of the next turn, without taking it.</summary>
    public ulong Position => (ulong)Volatile.Read(ref _next.Value);

    /// <summary>Takes the next turn.</summary>
    public ulong Take() => (ulong)Interlocked.Increment(ref _next.Value) - 1;

    /// <summary>Another one that stands at the same turn.</summary>
    public Cursor Copy()
    {
        var copy = new Cursor();
        copy._next.Value = (long)Position;
        return copy;
    }

    /// <summary>Lets the next turn be the one after a position.</summary>
    public void GoOnAfter(ulong position) => Volatile.Write(ref _next.Value, (long)position + 1);
}
