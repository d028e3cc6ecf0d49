using System.Net.Security;
using System.Runtime.CompilerServices;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Tls;

/// <summary>
/// Takes decrypted bytes out of an <see cref="SslStream"/>, without waiting and without a copy of its own. Owned by its loop.
/// </summary>
internal sealed class TlsReader(SslStream stream, RecordStream records, TlsLoop shared)
{
    private const int Open = 1;

    // Of a client that sends a byte in each, so many are opened in a call.
    private const int MostRecords = 64;

    // What every further receive says; Open as long as more may come.
    private int _ending = Open;

    // Decrypted bytes may be left in the stream.
    private bool _left;

    // A read that its call could not end: the record told of nothing but TLS itself. It goes on into a block.
    private bool _reading;
    private ValueTaskAwaiter<int> _read;
    private PointerMemory? _outlived;
    private Block _spill;
    private int _spillStart;
    private int _spillEnd;

    /// <summary>Takes what has arrived.</summary>
    /// <param name="buffer">Where it goes.</param>
    /// <param name="drained">Nothing is left; more raises an event.</param>
    /// <returns>The number of bytes, 0 at the end that the other side has announced, or a negative errno.</returns>
    public int Receive(Span<byte> buffer, out bool drained)
    {
        drained = false;
        var received = 0;
        for (var opened = 0; received < buffer.Length && opened < MostRecords; opened++)
        {
            var count = ReceiveRecord(buffer[received..Math.Min(buffer.Length, received + Block.Size)]);
            if (count <= 0)
            {
                drained = count == Errno.Again;
                return received > 0 ? received : count;
            }

            received += count;
        }

        return received;
    }

    /// <summary>Takes what is left of a record, or of the next.</summary>
    private int ReceiveRecord(Span<byte> buffer)
    {
        if (_reading)
            records.Continue();
        if (_spillStart < _spillEnd)
            return TakeSpilt(buffer);
        if (_ending != Open)
            return _ending;
        if (_reading)
            return Errno.Again;
        if (!_left)
        {
            if (!records.IsReady())
            {
                records.Trim();
                return Errno.Again;
            }

            if (records.Ended)
                return _ending = Errno.ConnectionReset;
        }

        return Decrypt(buffer);
    }

    private unsafe int Decrypt(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
            return Take(stream.ReadAsync(shared.Target.At(start, buffer.Length)), buffer.Length);
    }

    private int Take(ValueTask<int> reading, int length)
    {
        if (!reading.IsCompleted)
            return Outlive(reading.GetAwaiter());
        var count = Result(reading.GetAwaiter());
        _left = count == length;
        return count;
    }

    private int Result(ValueTaskAwaiter<int> reading)
    {
        try
        {
            var count = reading.GetResult();
            if (count == 0)
                _ending = records.Ended ? Errno.ConnectionReset : 0;
            else
                records.DataCame();
            return count > 0 ? count : _ending;
        }
        catch (Exception)
        {
            // A record that is not what the other end sent, or an alert.
            return _ending = Errno.ConnectionReset;
        }
    }

    private int Outlive(ValueTaskAwaiter<int> reading)
    {
        _outlived = shared.Target;
        shared.Target = new PointerMemory();
        _outlived.MoveToBlock(shared.Blocks);
        (_reading, _read) = (true, reading);
        records.Trim();
        _read.UnsafeOnCompleted(EndOutlivedRead);
        return Errno.Again;
    }

    private void EndOutlivedRead()
    {
        if (_outlived is null)
            return;
        _spill = _outlived.TakeBlock();
        (_reading, _outlived) = (false, null);
        var count = Result(_read);
        _read = default;
        if (count > 0)
            (_spillStart, _spillEnd, _left) = (0, count, true);
        else
            ReleaseSpill();
    }

    private int TakeSpilt(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _spillEnd - _spillStart);
        _spill.Span.Slice(_spillStart, count).CopyTo(buffer);
        _spillStart += count;
        if (_spillStart == _spillEnd)
            ReleaseSpill();
        return count;
    }

    private void ReleaseSpill()
    {
        if (!_spill.IsEmpty)
            shared.Blocks.Return(_spill);
        (_spill, _spillStart, _spillEnd) = (default, 0, 0);
    }

    /// <summary>Gives all memory back; every further receive says that the connection is broken.</summary>
    public void Release()
    {
        (_reading, _outlived) = (false, null);
        _ending = Errno.ConnectionReset;
        ReleaseSpill();
    }
}
