using System.Diagnostics;
using System.Runtime.CompilerServices;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>
/// What has arrived on a connection and was not used yet. Holds a block only while it holds bytes, or a head that is
/// still needed. Owned by its loop.
/// </summary>
internal sealed class InputBuffer(EventLoop loop)
{
    /// <summary>Bytes kept free before and behind what arrives, for the framing written around it.</summary>
    public const int Margin = 16;

    private Block _block;
    private int _start;
    private int _end;

    // Everything before is held; 0 when nothing is.
    private int _floor;

    public ReadOnlySpan<byte> Unread => _block.IsEmpty ? default : _block.Span[_start.._end];

    public bool IsEmpty => _start == _end;

    /// <summary>The head that <see cref="HoldHead"/> keeps.</summary>
    public ReadOnlySpan<byte> Head => _block.Span[Margin.._floor];

    /// <summary>Uses the first bytes and keeps them in their place until <see cref="ReleaseHead"/>.</summary>
    public void HoldHead(int length)
    {
        Debug.Assert(_floor == 0 && _start == Margin, "A head starts a block.");
        _start += length;
        _floor = _start;
    }

    /// <summary>Lets the head go, moves what came behind it to the front, and gives an empty block back.</summary>
    public void ReleaseHead()
    {
        _floor = 0;
        if (_block.IsEmpty)
            return;
        var unread = Unread;
        if (unread.IsEmpty)
        {
            loop.Blocks.Return(_block);
            _block = default;
            return;
        }

        unread.CopyTo(_block.Span[Margin..]);
        (_start, _end) = (Margin, Margin + unread.Length);
    }

    /// <summary>Uses the first bytes. They stay where they are until the buffer is filled again.</summary>
    public BlockSlice Take(int count)
    {
        Debug.Assert((uint)count <= (uint)(_end - _start), "More than has arrived.");
        var taken = _block.IsEmpty ? default : _block.Slice(_start, count);
        _start += count;
        return taken;
    }

    /// <summary>Uses everything, with room to write before it: what came right behind a held head moves away from it.</summary>
    /// <param name="room">Bytes before, at most half a <see cref="Margin"/>.</param>
    public BlockSlice TakeAll(int room)
    {
        Debug.Assert(room <= Margin / 2, "The other half is for what is written behind.");
        if (_floor > 0 && _start - _floor < room && !IsEmpty)
        {
            Unread.CopyTo(_block.Span[(_floor + room)..]);
            (_start, _end) = (_floor + room, _end + _floor + room - _start);
        }

        return Take(Unread.Length);
    }

    /// <summary>The bytes used last, as room to write in.</summary>
    public BlockSlice LastTaken(int count) => _block.Slice(_start - count, count);

    /// <summary>Room to write in while the buffer is empty.</summary>
    public BlockSlice Scratch(int count)
    {
        Debug.Assert(IsEmpty, "What has arrived would be written over.");
        MakeRoom();
        return _block.Slice(_start, count);
    }

    /// <summary>Receives more, waiting for it if need be. A block is rented only once something has come.</summary>
    /// <param name="source">The connection.</param>
    /// <param name="milliseconds">The longest wait; 0 for no limit.</param>
    public ValueTask<IoStatus> Fill(Transport source, long milliseconds)
    {
        var ready = source.Readable(milliseconds);
        if (!ready.IsCompletedSuccessfully)
            return FillWhenReadable(ready, source, milliseconds);
        var wake = ready.Result;
        if (wake != Wake.Ready)
            return new(wake.AsStatus());
        var received = TryFill(source);
        return received == IoStatus.NotYet ? FillWhenReadable(source.Readable(milliseconds), source, milliseconds) : new(received);
    }

    // News without bytes, as TLS has them, does not move the deadline.

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<IoStatus> FillWhenReadable(ValueTask<Wake> readable, Transport source, long milliseconds)
    {
        var due = loop.In(milliseconds);
        while (true)
        {
            var wake = await readable;
            if (wake != Wake.Ready)
                return wake.AsStatus();
            var received = TryFill(source);
            if (received != IoStatus.NotYet)
                return received;
            readable = source.Readable(milliseconds > 0 ? Math.Max(due - loop.Now, 1) : 0);
        }
    }

    /// <summary>Receives what is there, without waiting.</summary>
    public IoStatus TryFill(Transport source)
    {
        MakeRoom();
        var received = source.Receive(_block.Span[_end..^Margin]);
        if (received > 0)
        {
            _end += received;
            return IoStatus.Done;
        }

        if (IsEmpty && _floor == 0)
            Release();
        return received switch
        {
            0 => IoStatus.Closed,
            Errno.Again => IoStatus.NotYet,
            _ => IoStatus.Broken,
        };
    }

    private void MakeRoom()
    {
        if (_block.IsEmpty)
            _block = loop.Blocks.Rent();
        if (IsEmpty)
            _start = _end = _floor + Margin;
        else if (_end == Block.Size - Margin)
            MoveToFront();
        Debug.Assert(_end < Block.Size - Margin, "A full buffer is never filled.");
    }

    private void MoveToFront()
    {
        var unread = Unread;
        var front = _floor + Margin;
        unread.CopyTo(_block.Span[front..]);
        (_start, _end) = (front, front + unread.Length);
    }

    /// <summary>Forgets everything and gives the block back.</summary>
    public void Release()
    {
        if (!_block.IsEmpty)
            loop.Blocks.Return(_block);
        _block = default;
        _start = _end = _floor = 0;
    }
}
