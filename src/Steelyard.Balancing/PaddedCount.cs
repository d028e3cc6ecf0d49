using System.Runtime.InteropServices;

namespace Steelyard.Balancing;

/// <summary>A count alone on its cache lines, because every loop writes it.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct PaddedCount
{
    [FieldOffset(64)]
    public long Value;
}
