using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Tls;

/// <summary>
/// What an <see cref="System.Net.Security.SslStream"/> reads and writes: the records on a carrier. It hands up one record
/// at a time and only whole ones, so that a read that finds one ends at once and nothing waits inside of the SslStream:
/// there every wait costs an allocation. Writes never wait; what the carrier does not take is held here. Owned by its loop.
/// </summary>
internal sealed unsafe class RecordStream(EventLoop loop, Transport carrier) : Stream, IValueTaskSource<int>
{
    private const int HeaderLength = 5;

    // RFC 5246, 6.2.3; TLS 1.3 has less.
    private const int LargestRecord = HeaderLength + 16384 + 2048;

    private Block _block;
    private int _start;
    private int _end;

    // Changed keys and tickets come with data sooner or later. Without it they cost the loop and are worth nothing.
    private const int MostSilentRecords = 100;

    // Bytes of the present record that are not handed up yet; 0 between records.
    private int _record;
    private int _silentRecords;

    private Memory<byte> _destination;
    private Action<object?>? _continuation;
    private object? _continuationState;
    private int _result;
    private short _version;
    private Backlog _backlog;

    /// <summary>A read found no whole record and waits for <see cref="Continue"/>.</summary>
    public bool Waiting { get; private set; }

    /// <summary>The carrier has no more bytes, and none of them is left.</summary>
    public bool Ended { get; private set; }

    /// <summary>
    /// What is written is held until somebody has to wait for an answer, or <see cref="SendBacklog"/>: the parts of a
    /// handshake leave in one packet, the last one with what follows it.
    /// </summary>
    public bool Holds { get; set; }

    /// <summary>Something was written that the carrier has not taken yet.</summary>
    public bool HasBacklog => !_backlog.IsEmpty;

    /// <summary>The first byte that has come and was not handed up; -1 without any.</summary>
    public int FirstByte => _start < _end ? _block.Span[_start] : -1;

    /// <summary>Whether a read would end at once: a whole record is here, or no more will come. Receives what there is.</summary>
    public bool IsReady()
    {
        if (_record > 0 || HasRecord())
            return true;
        while (!Ended)
        {
            if (!carrier.ReadReady)
                return false;
            Pull();
            if (HasRecord())
                return true;
        }

        return true;
    }

    /// <summary>Puts in what was received before this was there.</summary>
    public void Begin(ReadOnlySpan<byte> received)
    {
        if (received.IsEmpty)
            return;
        _block = loop.Blocks.Rent();
        received.CopyTo(_block.Span);
        _end = received.Length;
    }

    // What cannot be a record counts as one, to be refused by who reads it.
    private bool HasRecord()
    {
        var length = _end - _start;
        if (length == 0)
            return false;
        var bytes = _block.Span[_start.._end];
        if (bytes[0] is < 20 or > 23)
            return true;
        if (length < HeaderLength)
            return false;
        var record = HeaderLength + ((bytes[3] << 8) | bytes[4]);
        return length >= record || record > LargestRecord || bytes[1] != 3;
    }

    private void Pull()
    {
        if (_block.IsEmpty)
            _block = loop.Blocks.Rent();
        if (_start > 0)
        {
            _block.Span[_start.._end].CopyTo(_block.Span);
            (_start, _end) = (0, _end - _start);
        }

        var received = carrier.Receive(_block.Span[_end..]);
        if (received > 0)
        {
            _end += received;
            return;
        }

        Trim();
        Ended = received != Errno.Again;
    }

    /// <summary>Gives the block back when nothing is in it.</summary>
    public void Trim()
    {
        if (_start < _end || _block.IsEmpty)
            return;
        loop.Blocks.Return(_block);
        (_block, _start, _end) = (default, 0, 0);
    }

    /// <summary>Something came that was meant for the user of the connection.</summary>
    public void DataCame() => _silentRecords = 0;

    private int HandUp(Span<byte> destination)
    {
        if (_record == 0)
        {
            if (_silentRecords++ == MostSilentRecords)
                Ended = true;
            if (Ended)
                return 0;
            var length = _end - _start;
            _record = length < HeaderLength ? length : Math.Min(length, HeaderLength + ((_block.Span[_start + 3] << 8) | _block.Span[_start + 4]));
        }

        var count = Math.Min(_record, destination.Length);
        _block.Span.Slice(_start, count).CopyTo(destination);
        _start += count;
        _record -= count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Debug.Assert(EventLoop.Current == loop, "A read off its loop.");
        Debug.Assert(!Waiting, "Two reads at once.");
        if (IsReady())
            return new(Ended ? 0 : HandUp(buffer.Span));
        (_destination, Waiting) = (buffer, true);
        SendBacklog();
        return new(this, _version);
    }

    /// <summary>Ends the read that waits, if it can; what waits for it runs before this returns.</summary>
    public void Continue()
    {
        if (Waiting && IsReady())
            Complete(Ended ? 0 : HandUp(_destination.Span));
    }

    /// <summary>No byte will come any more: a read that waits ends.</summary>
    public void End()
    {
        Ended = true;
        if (Waiting)
            Complete(0);
    }

    private void Complete(int result)
    {
        Waiting = false;
        (_result, _destination) = (result, default);
        var (continuation, state) = (_continuation, _continuationState);
        (_continuation, _continuationState) = (null, null);
        continuation?.Invoke(state);
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => Waiting ? ValueTaskSourceStatus.Pending : ValueTaskSourceStatus.Succeeded;

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (Waiting)
            (_continuation, _continuationState) = (continuation, state);
        else
            continuation(state);
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        Debug.Assert(token == _version, "A read was awaited twice.");
        _version++;
        return _result;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Debug.Assert(EventLoop.Current == loop, "A write off its loop.");
        var bytes = buffer.Span;
        if (!HasBacklog && !Holds)
        {
            var sent = carrier.Send(bytes);
            if (sent < 0 && sent != Errno.Again)
                SendFailed = true;
            bytes = bytes[Math.Max(sent, 0)..];
        }

        if (!bytes.IsEmpty && !SendFailed)
            _backlog.Add(loop.Blocks, bytes);
        return default;
    }

    /// <summary>The carrier takes nothing any more.</summary>
    public bool SendFailed { get; private set; }

    /// <summary>Sends what is held.</summary>
    /// <returns>Whether nothing is held any more.</returns>
    public bool SendBacklog()
    {
        if (_backlog.IsEmpty || SendFailed)
            return !SendFailed;
        var sent = _backlog.Send(loop.Blocks, carrier);
        SendFailed = sent < 0 && sent != Errno.Again;
        return _backlog.IsEmpty;
    }

    /// <summary>Gives all memory back.</summary>
    public void Release()
    {
        _start = _end = 0;
        Trim();
        _backlog.Release(loop.Blocks);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
