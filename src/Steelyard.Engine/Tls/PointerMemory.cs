using System.Buffers;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Tls;

/// <summary>
/// Memory for <see cref="System.Net.Security.SslStream"/> that stands wherever it is pointed to, so that one object does
/// for all spans. Good for one call at a time; a call that outlives its caller is given a block. Owned by a loop.
/// </summary>
internal sealed unsafe class PointerMemory : MemoryManager<byte>
{
    private byte* _start;
    private int _length;
    private BlockPool? _pool;
    private Block _block;

    /// <summary>Points to other bytes. A memory given out before stands there now.</summary>
    public Memory<byte> At(byte* start, int length)
    {
        _start = start;
        _length = length;
        return CreateMemory(length);
    }

    /// <summary>
    /// Lets a memory that was given out stand in a block from now on, which is rented when the first byte comes for it.
    /// </summary>
    public void MoveToBlock(BlockPool pool) => _pool = pool;

    /// <summary>The block; empty as long as nothing has come. Whoever takes it gives it back.</summary>
    public Block TakeBlock()
    {
        var block = _block;
        _block = default;
        return block;
    }

    public override Span<byte> GetSpan()
    {
        if (_pool is null)
            return new(_start, _length);
        if (_block.IsEmpty)
            _block = _pool.Rent();
        return _block.Span[.._length];
    }

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
