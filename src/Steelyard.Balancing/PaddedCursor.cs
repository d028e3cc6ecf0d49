using System.Runtime.InteropServices;

namespace Steelyard.Balancing;

/// <summary>A counter alone on its cache lines: every loop writes it for every request.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct PaddedCursor
{
    [FieldOffset(64)]
    public long Next;
}
