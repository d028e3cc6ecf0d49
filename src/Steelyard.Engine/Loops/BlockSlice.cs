using System.Diagnostics;

namespace Steelyard.Engine.Loops;

/// <summary>A run of bytes in a rented block: what a span is, but it can live across an await.</summary>
internal readonly unsafe struct BlockSlice(byte* start, int length)
{
    public int Length { get; } = length;

    public byte* Start { get; } = start;

    public Span<byte> Span => new(Start, Length);

    public BlockSlice Slice(int start, int length)
    {
        Debug.Assert((uint)start <= (uint)Length && (uint)length <= (uint)(Length - start), "Outside the slice.");
        return new(Start + start, length);
    }
}
