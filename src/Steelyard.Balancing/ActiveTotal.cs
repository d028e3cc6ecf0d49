using System.Runtime.InteropServices;

namespace Steelyard.Balancing;

/// <summary>What all servers of a pool have to do together, where a policy has to know it. Every loop writes it twice for every request.</summary>
internal sealed class ActiveTotal
{
    private Padded _count;

    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Padded
    {
        [FieldOffset(64)]
        public long Value;
    }

    public long Count => Volatile.Read(ref _count.Value);

    public void Add(int change) => Interlocked.Add(ref _count.Value, change);

    /// <summary>The same of another pool.</summary>
    public ActiveTotal Copy() => (ActiveTotal)MemberwiseClone();
}
