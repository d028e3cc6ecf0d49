using System.Buffers.Text;
using System.Diagnostics;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Http1;

/// <summary>What there is to send on of a body.</summary>
internal enum FrameState : byte
{
    /// <summary>More of the body is to come.</summary>
    More,

    /// <summary>With this piece the body is complete.</summary>
    Complete,

    /// <summary>The chunked coding is broken.</summary>
    Broken,

    /// <summary>The body is larger than the limit.</summary>
    TooLarge,
}

/// <summary>
/// Turns a body as it arrives into the body as it is sent on, in place: counted bodies pass as they are, chunks are
/// taken apart and put together anew, so that nothing of a peer's framing reaches the other side.
/// </summary>
/// <remarks>
/// A chunk is written around its data where the data stands. The room for that is what the peer's own framing took up,
/// or the <see cref="InputBuffer.Margin"/> before and behind the bytes of a buffer. Right behind a held head it may take
/// up to three bytes of the line ends of the head, never a field. A tolerant peer's framing may take up too little:
/// there each chunk is written in a block of its own.
/// </remarks>
internal unsafe struct BodyFramer
{
    private readonly bool _chunkedOut;
    private readonly bool _keepsTrailers;
    private readonly DecidedNames? _decided;
    private readonly long _limit;
    private readonly Block _room;
    private BodyKind _kind;
    private long _remaining;
    private ChunkDecoder _decoder;

    // Bytes of the trailers that were looked at and not taken, for the end of them is still to come.
    private int _trailersSeen;

    /// <param name="framing">How the body arrives.</param>
    /// <param name="chunkedOut">Whether it is sent on in chunks; a counted body never is.</param>
    /// <param name="limit">The most bytes of a chunked body.</param>
    /// <param name="keepsTrailers">Whether trailers of chunks that go out as chunks are sent on, those that may be; else all are dropped.</param>
    /// <param name="room">The chunks are read tolerantly, and written here; empty for strict ones, which are written where they are.</param>
    /// <param name="decided">Of which fields no trailers are sent on beside those that have no place there; null for none.</param>
    public BodyFramer(BodyFraming framing, bool chunkedOut, long limit = long.MaxValue, bool keepsTrailers = false, Block room = default, DecidedNames? decided = null)
    {
        Debug.Assert(!(chunkedOut && framing.Kind is BodyKind.Counted), "A counted body is sent on as counted.");
        Debug.Assert(chunkedOut || room.IsEmpty, "A request's chunks are sent on as chunks.");
        (_kind, _remaining, _chunkedOut, _limit) = (framing.Kind, framing.Length, chunkedOut, limit);
        (_keepsTrailers, _decided, _room, _decoder) = (keepsTrailers && chunkedOut, decided, room, new ChunkDecoder(tolerant: !room.IsEmpty));
    }

    /// <summary>Bytes of a counted body still to come; 0 for other bodies.</summary>
    public readonly long Remaining => _kind == BodyKind.Counted ? _remaining : 0;

    /// <summary>Counts what passed by another way (splice).</summary>
    public void Passed(int bytes)
    {
        Debug.Assert(_kind == BodyKind.Counted && bytes <= _remaining, "More than the body has.");
        _remaining -= bytes;
        if (_remaining == 0)
            _kind = BodyKind.None;
    }

    /// <summary>Takes what has arrived of the body out of the buffer. The piece is good until the buffer is filled again.</summary>
    public FrameState Take(InputBuffer input, out BlockSlice piece)
    {
        switch (_kind)
        {
            case BodyKind.Counted:
                var count = (int)Math.Min(_remaining, input.Unread.Length);
                piece = input.Take(count);
                Passed(count);
                break;
            case BodyKind.Chunked:
                return TakeChunks(input, out piece);
            case BodyKind.UntilClose:
                var rest = input.TakeAll(room: _chunkedOut ? LongestSizeLine : 0);
                piece = _chunkedOut && rest.Length > 0 ? Wrap(rest.Start, rest.Length, last: false, trailers: default) : rest;
                break;
            default:
                piece = default;
                break;
        }

        return _kind == BodyKind.None ? FrameState.Complete : FrameState.More;
    }

    /// <summary>The peer closed the connection: complete for a body that ends so.</summary>
    public FrameState TakeEnd(InputBuffer input, out BlockSlice piece)
    {
        piece = default;
        if (_kind != BodyKind.UntilClose)
            return FrameState.Broken;
        _kind = BodyKind.None;
        if (_chunkedOut)
            piece = LastChunk(input.Scratch(InputBuffer.Margin));
        return FrameState.Complete;
    }

    private FrameState TakeChunks(InputBuffer input, out BlockSlice piece)
    {
        // No input block has room for more data than fits behind this margin with what is written behind the data.
        var first = _room.IsEmpty ? null : _room.Start + InputBuffer.Margin;
        var length = 0;
        while (!input.Unread.IsEmpty && !_decoder.Complete && !_decoder.Broken && !(_keepsTrailers && TrailersBegun))
        {
            var read = input.Take(_decoder.Read(input.Unread, out var data));
            if (data == 0)
                continue;
            var source = read.Start + read.Length - data;
            if (first is null)
                first = source;
            else
                Buffer.MemoryCopy(source, first + length, data, data);
            length += data;

            // Judged as it comes: what is wrong first must not depend on how much arrived at once.
            _remaining += data;
            if (_remaining > _limit)
            {
                piece = default;
                return FrameState.TooLarge;
            }
        }

        var trailers = _keepsTrailers && TrailersBegun ? TakeTrailers(input) : default;
        piece = default;
        if (_decoder.Complete)
            _kind = BodyKind.None;

        // What came before a fault is right; nobody reads what stands behind it.
        else if (_decoder.Broken)
            input.Take(input.Unread.Length);
        if (!_chunkedOut)
            piece = new(first, length);
        else if (length > 0)
            piece = Wrap(first, length, _decoder.Complete, trailers);
        else if (!trailers.IsEmpty)
            piece = LastChunkBefore(trailers, _room.IsEmpty ? input.LastTaken(trailers.Length + SizeOfLast).Start : first);
        else if (_decoder.Complete)
            piece = LastChunk(_room.IsEmpty ? input.LastTaken(LastChunkLength) : new(first, LastChunkLength));
        return _decoder.Broken ? FrameState.Broken : _decoder.Complete ? FrameState.Complete : FrameState.More;
    }

    private readonly bool TrailersBegun => _trailersSeen > 0 || _decoder.AtTrailers;

    /// <summary>Takes the trailers once all of them are there, and leaves those that may be sent on, with the empty line.</summary>
    private Span<byte> TakeTrailers(InputBuffer input)
    {
        _trailersSeen += _decoder.Read(input.Unread[_trailersSeen..], out _);
        if (!_decoder.Complete)
            return default;
        var section = input.Take(_trailersSeen).Span;

        // Written with whole line ends they could take up more room than there is.
        if (!_room.IsEmpty && section.Count((byte)'\n') > section.Count("\r\n"u8))
            return default;
        var kept = section[..TrailerFields.Keep(section, _decided)];
        return kept.Length > EmptyLine ? kept : default;
    }

    private const int EmptyLine = 2;
    private const int SizeOfLast = 3;

    private const int LastChunkLength = 5;

    // A block is shorter than 0x10000 bytes: four digits and CRLF.
    private const int LongestSizeLine = 6;

    private static BlockSlice LastChunk(BlockSlice room)
    {
        "0\r\n\r\n"u8.CopyTo(room.Span);
        return room.Slice(0, LastChunkLength);
    }

    /// <summary>Before the trailers stood the peer's own last chunk, or there is a margin.</summary>
    private static BlockSlice LastChunkBefore(ReadOnlySpan<byte> trailers, byte* start)
    {
        trailers.CopyTo(new Span<byte>(start + SizeOfLast, trailers.Length));
        "0\r\n"u8.CopyTo(new Span<byte>(start, SizeOfLast));
        return new(start, SizeOfLast + trailers.Length);
    }

    private static BlockSlice Wrap(byte* data, int length, bool last, ReadOnlySpan<byte> trailers)
    {
        Span<byte> size = stackalloc byte[8];
        Utf8Formatter.TryFormat(length, size, out var digits, new System.Buffers.StandardFormat('x'));
        var start = data - digits - 2;
        size[..digits].CopyTo(new Span<byte>(start, digits));
        "\r\n"u8.CopyTo(new Span<byte>(data - 2, 2));
        var end = data + length;
        var tail = !last ? "\r\n"u8 : trailers.IsEmpty ? "\r\n0\r\n\r\n"u8 : "\r\n0\r\n"u8;
        trailers.CopyTo(new Span<byte>(end + tail.Length, trailers.Length));
        tail.CopyTo(new Span<byte>(end, tail.Length));
        return new(start, (int)(end - start) + tail.Length + trailers.Length);
    }
}
