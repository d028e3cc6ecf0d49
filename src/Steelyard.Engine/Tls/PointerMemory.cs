using System.Buffers;

namespace Steelyard.Engine.Tls;

/// <summary>
/// Memory for <see cref="System.Net.Security.SslStream"/> that stands wherever it is pointed to, so that one object does
/// for all spans. Good for one call at a time; owned by a loop.
/// </summary>
internal sealed unsafe class PointerMemory : MemoryManager<byte>
{
    private byte* _start;
    private int _length;

    /// <summary>Points to other bytes. A memory given out before stands there now.</summary>
    public Memory<byte> At(byte* start, int length)
    {
        _start = start;
        _length = length;
        return CreateMemory(length);
    }

    public override Span<byte> GetSpan() => new(_start, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
