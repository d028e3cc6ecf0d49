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
/// up to three bytes of the line ends of the head, never a field.
/// </remarks>
internal unsafe struct BodyFramer
{
    private readonly bool _chunkedOut;
    private readonly bool _keepsTrailers;
    private readonly long _limit;
    private BodyKind _kind;
    private long _remaining;
    private ChunkDecoder _decoder;

    /// <param name="framing">How the body arrives.</param>
    /// <param name="chunkedOut">Whether it is sent on in chunks; a counted body never is.</param>
    /// <param name="limit">The most bytes of a chunked body.</param>
    /// <param name="keepsTrailers">Whether trailers of a chunked body that is sent on in chunks are sent on too, those that may be; else all are dropped.</param>
    public BodyFramer(BodyFraming framing, bool chunkedOut, long limit = long.MaxValue, bool keepsTrailers = false)
    {
        Debug.Assert(!(chunkedOut && framing.Kind is BodyKind.Counted), "A counted body is sent on as counted.");
        (_kind, _remaining, _chunkedOut, _limit, _keepsTrailers) = (framing.Kind, framing.Length, chunkedOut, limit, keepsTrailers && chunkedOut);
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
                piece = _chunkedOut && rest.Length > 0 ? Wrap(rest.Start, rest.Length, last: false) : rest;
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
        byte* first = null;
        var length = 0;
        while (!input.Unread.IsEmpty && !_decoder.Complete && !_decoder.Broken && !(_keepsTrailers && _decoder.AtTrailers))
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

        var trailers = _keepsTrailers && _decoder.AtTrailers ? TakeTrailers(input) : default;
        piece = default;
        if (_decoder.Complete)
            _kind = BodyKind.None;
        if (!_chunkedOut)
            piece = new(first, length);
        else if (length > 0)
            piece = Wrap(first, length, _decoder.Complete, trailers);
        else if (_decoder.Complete)
            piece = trailers.Length > 2 ? LastChunkBefore(trailers) : LastChunk(input.LastTaken(LastChunkLength));

        // What came before the fault is right.
        return _decoder.Broken ? FrameState.Broken : _decoder.Complete ? FrameState.Complete : FrameState.More;
    }

    /// <summary>Takes the trailers once all of them are there, and leaves those that may be sent on, with the empty line.</summary>
    private BlockSlice TakeTrailers(InputBuffer input)
    {
        var behind = _decoder;
        var count = behind.Read(input.Unread, out _);
        if (behind.Complete || behind.Broken)
            _decoder = behind;
        if (!behind.Complete)
            return default;
        var section = input.Take(count);
        return section.Slice(0, TrailerFields.Keep(section.Span));
    }

    private const int LastChunkLength = 5;

    // A block is shorter than 0x10000 bytes: four digits and CRLF.
    private const int LongestSizeLine = 6;

    private static BlockSlice LastChunk(BlockSlice room)
    {
        "0\r\n\r\n"u8.CopyTo(room.Span);
        return room.Slice(0, LastChunkLength);
    }

    // Before the trailers stood the peer's own last chunk, or there is a margin.
    private static BlockSlice LastChunkBefore(BlockSlice trailers)
    {
        var start = trailers.Start - 3;
        "0\r\n"u8.CopyTo(new Span<byte>(start, 3));
        return new(start, trailers.Length + 3);
    }

    private static BlockSlice Wrap(byte* data, int length, bool last, BlockSlice trailers = default)
    {
        Span<byte> size = stackalloc byte[8];
        Utf8Formatter.TryFormat(length, size, out var digits, new System.Buffers.StandardFormat('x'));
        var start = data - digits - 2;
        size[..digits].CopyTo(new Span<byte>(start, digits));
        "\r\n"u8.CopyTo(new Span<byte>(data - 2, 2));
        var end = data + length;
        var tail = !last ? "\r\n"u8 : trailers.Length > 0 ? "\r\n0\r\n"u8 : "\r\n0\r\n\r\n"u8;
        tail.CopyTo(new Span<byte>(end, tail.Length));
        end += tail.Length;
        trailers.Span.CopyTo(new Span<byte>(end, trailers.Length));
        return new(start, (int)(end - start) + trailers.Length);
    }
}
