using System.Buffers.Text;
using System.Diagnostics;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>Writes into a rented block from its start. What does not fit is not written, and <see cref="Overflowed"/> says so.</summary>
internal unsafe struct BlockWriter(Block block)
{
    public int Length { get; private set; }

    public bool Overflowed { get; private set; }

    public readonly int Room => Block.Size - Length;

    public readonly BlockSlice Written => new(block.Start, Length);

    /// <summary>Goes on behind what somebody else has made of what was written.</summary>
    public void GoOn(int length) => Length = length;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Room)
        {
            Overflowed = true;
            return;
        }

        bytes.CopyTo(new Span<byte>(block.Start + Length, bytes.Length));
        Length += bytes.Length;
    }

    public void Write(byte value)
    {
        Debug.Assert(Room > 0, "Single bytes are written where there is room.");
        block.Start[Length++] = value;
    }

    public void Write(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var length);
        Write(digits[..length]);
    }
}
