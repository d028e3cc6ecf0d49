using System.Buffers.Binary;
using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using static Steelyard.Fuzz.Targets.FuzzTargets;

namespace Steelyard.Fuzz.Targets;

/// <summary>
/// Four bytes of options, then a body and whatever follows it. It goes through a framer and an input buffer at once and
/// in pieces, with a held head before it or without: the same comes out, what follows stays untouched, and nothing is
/// written where somebody still reads.
/// </summary>
internal static class BodyTarget
{
    private const int SmallLimit = 64;
    private const byte Canary = 0xA5;

    // The last four bytes of a head are the ends of its lines; framing may be written over them.
    private static readonly byte[] Head = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"u8.ToArray();

    [ThreadStatic]
    private static EventLoop? s_loop;

    internal enum Kind
    {
        Counted,
        ChunkedToChunked,
        ChunkedToRaw,
        UntilCloseToChunked,
        ChunkedWithTrailers,

        /// <summary>As <see cref="ChunkedWithTrailers"/>, read tolerantly and written elsewhere.</summary>
        Tolerant,
    }

    internal readonly record struct Result(FrameState State, byte[] Output, byte[] Leftover);

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 4)
            return;
        var kind = (input[0] & 0x13) switch
        {
            0x11 => Kind.ChunkedWithTrailers,
            0x12 => Kind.Tolerant,
            var other => (Kind)(other & 3),
        };
        var held = (input[0] & 4) != 0;
        var limit = (input[0] & 8) != 0 ? SmallLimit : long.MaxValue;
        Run(kind, held, limit, length: BinaryPrimitives.ReadUInt16LittleEndian(input[2..]), input[1] + 1u, input[4..]);
    }

    public static void Run(Kind kind, bool held, long limit, int length, uint seed, ReadOnlySpan<byte> arriving)
    {
        var bytes = arriving.ToArray();
        Result whole, pieces;
        try
        {
            whole = Pass(kind, held, limit, length, seed: 0, bytes);
            pieces = Pass(kind, held, limit, length, seed, bytes);
        }
        catch
        {
            // What failed has not given its blocks back; the next body shall not fail for that.
            s_loop = null;
            throw;
        }

        Require(whole.State == pieces.State, $"the state does not depend on the pieces: {whole.State} and {pieces.State}");
        RequireRight(kind, limit, length, bytes, whole);
        RequireRight(kind, limit, length, bytes, pieces);
    }

    private static void RequireRight(Kind kind, long limit, int length, byte[] bytes, Result result)
    {
        switch (kind)
        {
            case Kind.Counted:
                var count = Math.Min(length, bytes.Length);
                Require(result.State == (count == length ? FrameState.Complete : FrameState.Broken), "a counted body is complete when all of it came");
                Require(result.Output.AsSpan().SequenceEqual(bytes.AsSpan(0, count)), "a counted body passes as it is");
                if (result.State == FrameState.Complete)
                    Require(result.Leftover.AsSpan().SequenceEqual(bytes.AsSpan(count)), "what follows a counted body is left");
                break;
            case Kind.UntilCloseToChunked:
                Require(result.State == FrameState.Complete && result.Leftover.Length == 0, "a body until close takes everything");
                Require(DataOf(result).AsSpan().SequenceEqual(bytes), "a body until close passes as chunks");
                break;
            default:
                // What bare line feeds mean only the property knows that has put them there; what goes out is strict.
                if (kind == Kind.Tolerant && !ReferenceChunks.TryDecode(bytes, out _, out _))
                    _ = DataOf(result);
                else
                    RequireRightChunks(kind, limit, bytes, result, kind == Kind.ChunkedToRaw ? result.Output : DataOf(result));
                break;
        }
    }

    private static void RequireRightChunks(Kind kind, long limit, byte[] bytes, Result result, byte[] data)
    {
        var complete = ReferenceChunks.TryDecode(bytes, out var expected, out var used);
        var expectedState = expected.Length > limit ? FrameState.TooLarge : complete ? FrameState.Complete : FrameState.Broken;
        Require(result.State == expectedState, $"{result.State} where {expectedState} is right");
        Require(expected.AsSpan().StartsWith(data), "no data but the body's");
        if (!complete || expected.Length > limit)
            return;
        Require(data.Length == expected.Length, "all of the data");
        if (kind is Kind.ChunkedWithTrailers or Kind.Tolerant)
            Require(TrailersOf(result.Output).SequenceEqual(TrailersOf(bytes).Where(line => !TrailerFields.IsForbidden(Encoding.Latin1.GetBytes(line[..line.IndexOf(':', StringComparison.Ordinal)])))), "the trailers that may be passed on, in order");
        else if (kind == Kind.ChunkedToChunked)
            Require(TrailersOf(result.Output).Length == 0, "no trailers where nobody asks for them");
        Require(result.Leftover.AsSpan().SequenceEqual(bytes.AsSpan(used)), "what follows the body is left");
    }

    private static string[] TrailersOf(byte[] coded)
    {
        Require(ReferenceChunks.TryDecode(coded, out _, out var used, out var trailers), "what is sent on are chunks");
        return Encoding.Latin1.GetString(coded.AsSpan(trailers, used - trailers)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Takes the chunks off what was sent on; where the body was not complete, nothing ends it.</summary>
    private static byte[] DataOf(Result result)
    {
        byte[] whole = result.State == FrameState.Complete ? result.Output : [.. result.Output, .. "0\r\n\r\n"u8];
        Require(ReferenceChunks.TryDecode(whole, out var data, out var used) && used == whole.Length, "what is sent on are chunks");
        return data;
    }

    /// <summary>Does what a relay does: what came with the head first, then fill and take until the end.</summary>
    internal static Result Pass(Kind kind, bool held, long limit, int length, uint seed, byte[] bytes)
    {
        var loop = s_loop ??= new EventLoop(0, new StillNetwork());
        var room = kind == Kind.Tolerant ? loop.Blocks.Rent() : default;
        var (before, own, behind) = (loop.Blocks.Rent(), loop.Blocks.Rent(), loop.Blocks.Rent());
        before.Span[^64..].Fill(Canary);
        behind.Span[..64].Fill(Canary);
        loop.Blocks.Return(own);

        byte[] arriving = held ? [.. Head, .. bytes] : bytes;
        var transport = new ScriptedTransport(loop, arriving, seed);
        var input = new InputBuffer(loop);
        var output = new List<byte>();
        var framer = kind switch
        {
            Kind.Counted => new BodyFramer(BodyFraming.Counted(length), chunkedOut: false, limit),
            Kind.UntilCloseToChunked => new BodyFramer(new(BodyKind.UntilClose), chunkedOut: true, limit),
            _ => new BodyFramer(new(BodyKind.Chunked), kind != Kind.ChunkedToRaw, limit, keepsTrailers: kind is Kind.ChunkedWithTrailers or Kind.Tolerant, room),
        };

        if (held)
        {
            while (input.Unread.Length < Head.Length)
                Require(Fill(input, transport) == IoStatus.Done, "the head arrives");
            input.HoldHead(Head.Length);
        }

        var state = framer.Take(input, out var piece);
        Collect(state, piece, output);
        RequireUntouched(input, transport, arriving, held);

        // The first pieces went out beside the head; a head is let go before the buffer is filled again, or kept.
        var release = held && (seed & 1) == 1;
        if (release)
            input.ReleaseHead();
        while (state == FrameState.More)
        {
            state = Fill(input, transport) == IoStatus.Done ? framer.Take(input, out piece) : framer.TakeEnd(input, out piece);
            Collect(state, piece, output);
            RequireUntouched(input, transport, arriving, held && !release);
        }

        Require(before.Span[^64..].IndexOfAnyExcept(Canary) < 0 && behind.Span[..64].IndexOfAnyExcept(Canary) < 0, "nothing is written outside the block");
        byte[] leftover = [.. input.Unread, .. arriving.AsSpan(transport.Arrived)];
        input.Release();
        loop.Blocks.Return(before);
        loop.Blocks.Return(behind);
        if (!room.IsEmpty)
            loop.Blocks.Return(room);
        Require(loop.Blocks.Rented == 0, "every block is given back");
        return new(state, [.. output], leftover);
    }

    private static IoStatus Fill(InputBuffer input, ScriptedTransport transport)
    {
        var filled = input.Fill(transport, 0).AsTask();
        Require(filled.IsCompletedSuccessfully, "a scripted transport never waits");
        return filled.Result;
    }

    private static void Collect(FrameState state, BlockSlice piece, List<byte> output)
    {
        if (state != FrameState.TooLarge)
            output.AddRange(piece.Span);
    }

    private static void RequireUntouched(InputBuffer input, ScriptedTransport transport, byte[] arriving, bool held)
    {
        if (held)
            Require(input.Head[..^4].SequenceEqual(Head.AsSpan(..^4)), "the fields of a held head stay as they are");
        Require(input.Unread.SequenceEqual(arriving.AsSpan(transport.Arrived - input.Unread.Length, input.Unread.Length)), "what is not read yet stays as it is");
    }
}
