using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Tls;

/// <summary>Bytes that a connection had no room for, in their order. Holds blocks only while it holds bytes. Owned by its loop.</summary>
internal struct Backlog
{
    private Queue<(Block Block, int Length)>? _blocks;

    // Of the first block.
    private int _sent;

    public readonly bool IsEmpty => _blocks is null or { Count: 0 };

    public void Add(BlockPool pool, ReadOnlySpan<byte> bytes)
    {
        _blocks ??= new();
        while (!bytes.IsEmpty)
        {
            var block = pool.Rent();
            var length = Math.Min(bytes.Length, Block.Size);
            bytes[..length].CopyTo(block.Span);
            _blocks.Enqueue((block, length));
            bytes = bytes[length..];
        }
    }

    /// <summary>Sends what fits.</summary>
    /// <returns>The last result of a send: a number of bytes, or a negative errno.</returns>
    public int Send(BlockPool pool, Transport carrier)
    {
        var sent = 0;
        while (_blocks is { Count: > 0 })
        {
            var (block, length) = _blocks.Peek();
            sent = carrier.Send(block.Span[_sent..length]);
            if (sent < 0)
                break;
            _sent += sent;
            if (_sent < length)
                return Errno.Again;
            _sent = 0;
            pool.Return(block);
            _blocks.Dequeue();
        }

        return sent;
    }

    public void Release(BlockPool pool)
    {
        while (_blocks is { Count: > 0 })
            pool.Return(_blocks.Dequeue().Block);
        _sent = 0;
    }
}
