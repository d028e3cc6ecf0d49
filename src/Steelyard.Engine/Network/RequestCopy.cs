using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>The bytes of a request that is sent elsewhere too: first written, then read. Owned by its loop.</summary>
internal sealed class RequestCopy(BlockPool blocks)
{
    private readonly List<Block> _blocks = [];
    private int _written;
    private int _read;

    /// <summary>Bytes that are held.</summary>
    public int Length => _written;

    /// <summary>Whether all of it was read.</summary>
    public bool IsRead => _read == _written;

    /// <summary>Puts bytes behind what there is.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var at = _written % Block.Size;
            if (at == 0)
                _blocks.Add(blocks.Rent());
            var piece = bytes[..Math.Min(bytes.Length, Block.Size - at)];
            piece.CopyTo(_blocks[^1].Span[at..]);
            _written += piece.Length;
            bytes = bytes[piece.Length..];
        }
    }

    /// <summary>Takes the next bytes.</summary>
    /// <returns>How many; 0 at the end.</returns>
    public int Read(Span<byte> room)
    {
        if (IsRead)
            return 0;
        var at = _read % Block.Size;
        var length = Math.Min(Math.Min(room.Length, Block.Size - at), _written - _read);
        _blocks[_read / Block.Size].Span.Slice(at, length).CopyTo(room);
        _read += length;
        return length;
    }

    /// <summary>Forgets all of it.</summary>
    public void Clear()
    {
        foreach (var block in _blocks)
            blocks.Return(block);
        _blocks.Clear();
        (_written, _read) = (0, 0);
    }
}
