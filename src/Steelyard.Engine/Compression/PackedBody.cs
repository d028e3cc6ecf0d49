using System.Buffers.Binary;
using System.Diagnostics;
using Steelyard.Config;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Substitution;

namespace Steelyard.Engine.Compression;

/// <summary>
/// A body that is compressed piece after piece and comes out in chunks (RFC 9112, 7.1), each with its framing around it.
/// Used again and again; owned by its loop.
/// </summary>
internal sealed class PackedBody(DeflaterPool pool)
{
    // Four digits and CRLF before the data.
    private const int Before = 6;

    // Behind it the last block, gzip's sum and length, CRLF, and the last chunk.
    private const int Behind = 2 + 8 + 2 + 5;

    private Deflater? _deflater;
    private Substituter? _substituter;
    private Inflater? _inflater;
    private ContentCoding _coding;
    private BlockSlice _piece;
    private Flush _flush;
    private bool _begun;
    private bool _done;
    private uint _sum;
    private uint _length;

    /// <summary>Whether there is a body.</summary>
    public bool IsOpen => _deflater is not null || _substituter is not null || _inflater is not null;

    /// <summary>Whether what came cannot be unpacked: nothing more comes out.</summary>
    public bool Failed => _inflater is { Failed: true };

    /// <summary>Whether all that was fed has come out.</summary>
    public bool IsDry => _done;

    /// <summary>Whether the last piece was fed.</summary>
    public bool IsLast => _flush == Flush.End;

    public void Begin(Deflater deflater, ContentCoding coding)
    {
        Debug.Assert(!IsOpen, "Another body is not at its end.");
        (_deflater, _coding, _piece, _flush, _begun, _done) = (deflater, coding, default, Flush.None, false, true);
        (_sum, _length) = (coding == ContentCoding.Deflate ? 1u : 0u, 0);
    }

    /// <summary>Begins with a body that is not compressed.</summary>
    /// <param name="substituter">What replaces texts in it.</param>
    public void Begin(Substituter substituter)
    {
        Debug.Assert(!IsOpen, "Another body is not at its end.");
        (_substituter, _piece, _flush, _begun, _done, _length) = (substituter, default, Flush.None, true, true, 0);
    }

    /// <summary>Begins with a body that is unpacked.</summary>
    /// <param name="inflater">What unpacks it.</param>
    public void Begin(Inflater inflater)
    {
        Debug.Assert(!IsOpen, "Another body is not at its end.");
        inflater.Begin();
        (_inflater, _piece, _flush, _begun, _done, _length) = (inflater, default, Flush.None, true, true, 0);
    }

    /// <summary>Takes a piece, once the one before has come out. It has to stay where it is until then.</summary>
    public void Feed(BlockSlice piece, Flush flush)
    {
        Debug.Assert(_done && _flush != Flush.End, "A piece before has not come out.");
        (_piece, _flush, _done) = (piece, flush, false);
        _length += (uint)piece.Length;
        if (_deflater is null)
            return;
        if (_coding == ContentCoding.Gzip)
            _sum = Deflater.Checksum(_sum, piece);
        else if (_coding == ContentCoding.Deflate)
            _sum = Adler32(_sum, piece.Span);
    }

    /// <summary>Writes the next chunk.</summary>
    /// <param name="room">Where to, from its start.</param>
    /// <param name="chunk">The chunk, within the room.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryWrite(BlockSlice room, out BlockSlice chunk)
    {
        Debug.Assert(room.Length >= LongAnswer.LeastRoom, "Too little room for a chunk.");
        chunk = default;
        if (_done)
            return false;
        var data = room.Slice(Before, Math.Min(room.Length, ushort.MaxValue) - Before - Behind);
        var length = _begun ? 0 : WriteStart(data.Span);
        _begun = true;
        length += _deflater is not null ? _deflater.Write(ref _piece, data.Span[length..], _flush, out _done)
            : _inflater is not null ? _inflater.Write(ref _piece, data.Span, _flush, out _done)
            : _substituter!.Write(ref _piece, data.Span, _flush, out _done);
        var ends = _done && IsLast && !Failed;
        if (ends && _deflater is null && length == 0)
            chunk = FrameEnd(room);
        else if (ends && _deflater is not null)
            length += WriteEnd(room.Span[(Before + length)..]);
        if (length > 0)
            chunk = Frame(room, length, ends);
        return chunk.Length > 0;
    }

    private static BlockSlice FrameEnd(BlockSlice room)
    {
        "0\r\n\r\n"u8.CopyTo(room.Span);
        return room.Slice(0, 5);
    }

    private int WriteStart(Span<byte> room)
    {
        // RFC 1952, 2.3: no name, no time, from Unix. RFC 1950, 2.2: a window of 32 KiB.
        ReadOnlySpan<byte> start = _coding switch
        {
            ContentCoding.Gzip => [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
            ContentCoding.Deflate => [0x78, 0x9c],
            _ => [],
        };
        start.CopyTo(room);
        return start.Length;
    }

    private int WriteEnd(Span<byte> room)
    {
        Deflater.LastBlock.CopyTo(room);
        room = room[Deflater.LastBlock.Length..];
        switch (_coding)
        {
            case ContentCoding.Gzip:
                BinaryPrimitives.WriteUInt32LittleEndian(room, _sum);
                BinaryPrimitives.WriteUInt32LittleEndian(room[4..], _length);
                return Deflater.LastBlock.Length + 8;
            case ContentCoding.Deflate:
                BinaryPrimitives.WriteUInt32BigEndian(room, _sum);
                return Deflater.LastBlock.Length + 4;
            default:
                return Deflater.LastBlock.Length;
        }
    }

    private static BlockSlice Frame(BlockSlice room, int length, bool last)
    {
        // The size may have zeros in front: room that is there all the same.
        var head = room.Span[..Before];
        for (var i = 0; i < 4; i++)
            head[i] = "0123456789abcdef"u8[(length >> (12 - (4 * i))) & 15];
        "\r\n"u8.CopyTo(head[4..]);
        var tail = last ? "\r\n0\r\n\r\n"u8 : "\r\n"u8;
        tail.CopyTo(room.Span[(Before + length)..]);
        return room.Slice(0, Before + length + tail.Length);
    }

    // RFC 1950, 9: so many bytes that the sums do not overflow in between.
    private static uint Adler32(uint sum, ReadOnlySpan<byte> bytes)
    {
        const int Most = 5552;
        const uint Prime = 65521;
        var (low, high) = (sum & 0xffff, sum >> 16);
        while (!bytes.IsEmpty)
        {
            foreach (var one in bytes[..Math.Min(Most, bytes.Length)])
            {
                low += one;
                high += low;
            }

            (low, high) = (low % Prime, high % Prime);
            bytes = bytes[Math.Min(Most, bytes.Length)..];
        }

        return (high << 16) | low;
    }

    /// <summary>Lets go of it, wherever it is.</summary>
    public void End()
    {
        _substituter = null;
        if (_inflater is not null)
            pool.Return(_inflater);
        _inflater = null;
        if (_deflater is null)
            return;
        pool.Return(_deflater, isClean: _done && IsLast);
        _deflater = null;
    }
}
