using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Rules;

/// <summary>
/// A head that rules change: a copy of its bytes with what is new behind them, so that positions in it stay what they are.
/// Takes a block only once something changes. Owned by an exchange.
/// </summary>
internal sealed class EditedHead
{
    private Block _block;
    private int _length;

    /// <summary>Whether something was changed.</summary>
    public bool IsHeld => !_block.IsEmpty;

    /// <summary>The bytes that positions count in.</summary>
    public ReadOnlySpan<byte> Bytes => _block.Span[.._length];

    /// <summary>The fields as rules have left them: they stand here then, and else where they came.</summary>
    public ReadOnlySpan<byte> Or(ReadOnlySpan<byte> head) => IsHeld ? Bytes : head;

    /// <summary>Goes on with a copy, where that has not been done.</summary>
    public void Take(BlockPool blocks, ReadOnlySpan<byte> head)
    {
        if (IsHeld)
            return;
        _block = blocks.Rent();
        head.CopyTo(_block.Span);
        _length = head.Length;
    }

    /// <summary>Adds bytes, those that control something made blanks; -1 where there is no room.</summary>
    /// <returns>Where they begin.</returns>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Block.Size - _length)
            return -1;
        var start = _length;
        var room = _block.Span.Slice(start, bytes.Length);
        bytes.CopyTo(room);
        SafeBytes.Blank(room);
        _length += bytes.Length;
        return start;
    }

    /// <summary>Adds bytes as a target carries them, what it cannot carry percent-encoded; -1 where there is no room.</summary>
    public int AppendTarget(ReadOnlySpan<byte> bytes)
    {
        var start = _length;
        foreach (var one in bytes)
        {
            var plain = one is > (byte)' ' and < 0x7F;
            if (Block.Size - _length < 3)
                return -1;
            var room = _block.Span[_length..];
            if (plain)
            {
                room[0] = one;
                _length++;
                continue;
            }

            room[0] = (byte)'%';
            room[1] = "0123456789ABCDEF"u8[one >> 4];
            room[2] = "0123456789ABCDEF"u8[one & 15];
            _length += 3;
        }

        return start;
    }

    /// <summary>Adds a field line's name and value; false where there is no room.</summary>
    public bool TryAppend(FieldTable fields, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var start = Append(name);
        if (start < 0)
            return false;
        var valueStart = Append(Http1.HttpBytes.Trim(value));
        return valueStart >= 0 && fields.TryAppend(Bytes, start, name.Length, valueStart, _length - valueStart);
    }

    /// <summary>Where the next byte goes.</summary>
    public int End => _length;

    /// <summary>Lets go of it.</summary>
    public void Release(BlockPool blocks)
    {
        if (IsHeld)
            blocks.Return(_block);
        (_block, _length) = (default, 0);
    }
}

/// <summary>Keeps what values hold from ending a line.</summary>
internal static class SafeBytes
{
    /// <summary>Makes blanks of bytes that no field carries (RFC 9110, 5.5).</summary>
    public static void Blank(Span<byte> bytes)
    {
        for (var at = bytes.IndexOfAny(Http1.HttpBytes.FieldControls); at >= 0; at = bytes.IndexOfAny(Http1.HttpBytes.FieldControls))
        {
            bytes[at] = (byte)' ';
            bytes = bytes[(at + 1)..];
        }
    }
}
