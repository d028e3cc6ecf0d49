using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Tls;

/// <summary>Bytes that a connection has not taken yet, in their order. Holds blocks only while it holds bytes. Owned by its loop.</summary>
internal struct Backlog
{
    // Seldom more than one.
    private List<(Block Block, int Length)>? _blocks;

    // Of the first block.
    private int _sent;

    public readonly bool IsEmpty => _blocks is null or { Count: 0 };

    public void Add(BlockPool pool, ReadOnlySpan<byte> bytes)
    {
        _blocks ??= [];
        while (!bytes.IsEmpty)
        {
            if (_blocks is [] or [.., (_, Block.Size)])
                _blocks.Add((pool.Rent(), 0));
            var (block, length) = _blocks[^1];
            var count = Math.Min(bytes.Length, Block.Size - length);
            bytes[..count].CopyTo(block.Span[length..]);
            _blocks[^1] = (block, length + count);
            bytes = bytes[count..];
        }
    }

    /// <summary>Sends what fits.</summary>
    /// <returns>The last result of a send: a number of bytes, or a negative errno.</returns>
    public int Send(BlockPool pool, Transport carrier)
    {
        var sent = 0;
        while (_blocks is [var (block, length), ..])
        {
            sent = carrier.Send(block.Span[_sent..length]);
            if (sent < 0)
                break;
            _sent += sent;
            if (_sent < length)
                return Errno.Again;
            _sent = 0;
            pool.Return(block);
            _blocks.RemoveAt(0);
        }

        return sent;
    }

    public void Release(BlockPool pool)
    {
        foreach (var (block, _) in _blocks ?? [])
            pool.Return(block);
        _blocks?.Clear();
        _sent = 0;
    }
}
