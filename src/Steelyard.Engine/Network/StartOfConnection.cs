using System.Runtime.CompilerServices;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>Judges the first bytes of a connection without taking them.</summary>
internal interface IStartReader
{
    /// <summary>The most bytes it needs to see.</summary>
    int MostBytes { get; }

    /// <summary>Reads all that has arrived so far; the bytes are a copy that may be written over.</summary>
    HeadState Read(Span<byte> bytes);
}

/// <summary>How the look at the start of a connection ended.</summary>
internal enum StartEnd : byte
{
    /// <summary>It is there and right.</summary>
    Complete,

    /// <summary>It is wrong.</summary>
    Invalid,

    /// <summary>The connection ended before.</summary>
    Closed,

    TimedOut,

    /// <summary>The wait was called off.</summary>
    Aborted,
}

/// <summary>
/// Looks at the first bytes of a connection until they can be judged, and leaves them where they are: whoever serves
/// the connection next finds all of them, be it a handshake or a pipe. No block is held while more is awaited.
/// </summary>
internal static class StartOfConnection
{
    /// <summary>Looks until the reader has judged.</summary>
    /// <param name="transport">The connection; not a byte of it has been taken.</param>
    /// <param name="reader">The judge.</param>
    /// <param name="due">When to give up, in the loop's milliseconds.</param>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public static async ValueTask<StartEnd> Read(Transport transport, IStartReader reader, long due)
    {
        var loop = transport.Loop;
        var seen = 0;
        while (true)
        {
            var left = due - loop.Now;
            if (left <= 0)
                return StartEnd.TimedOut;
            var wake = await (seen == 0 ? transport.Readable(left) : transport.MoreThanPeeked(left));
            if (wake == Wake.TimedOut)
                return StartEnd.TimedOut;

            // Who is told to end while idle may have sent all of it a moment before: it is still served.
            var ended = Look(loop, transport, reader, ref seen);
            if (ended is { } end)
                return end;
            if (wake == Wake.Aborted)
                return StartEnd.Aborted;
        }
    }

    private static StartEnd? Look(EventLoop loop, Transport transport, IStartReader reader, ref int seen)
    {
        var block = loop.Blocks.Rent();
        var bytes = block.Span[..reader.MostBytes];
        var count = transport.Peek(bytes);
        var state = count > 0 ? reader.Read(bytes[..count]) : HeadState.Incomplete;
        loop.Blocks.Return(block);
        if (state != HeadState.Incomplete)
            return state == HeadState.Complete ? StartEnd.Complete : StartEnd.Invalid;

        // Nothing there yet counts as seen: only an event tells of more.
        seen = 1;
        return count == Errno.Again ? null
            : count <= 0 || transport.PeerFinished ? StartEnd.Closed
            : count == bytes.Length ? StartEnd.Invalid
            : null;
    }

    /// <summary>Takes the first bytes, which are known to be there.</summary>
    public static void Take(Transport transport, int count)
    {
        var block = transport.Loop.Blocks.Rent();
        _ = transport.Receive(block.Span[..count]);
        transport.Loop.Blocks.Return(block);
    }
}
