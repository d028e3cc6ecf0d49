using System.Runtime.CompilerServices;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>Judges the first bytes of a connection.</summary>
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
/// Reads the first bytes of a connection until they can be judged, and leaves them in its input: whoever serves the
/// connection next finds all of them, be it a handshake or a tunnel.
/// </summary>
internal static class StartOfConnection
{
    /// <summary>Reads until the reader has judged.</summary>
    /// <param name="transport">The connection.</param>
    /// <param name="input">What has arrived of it.</param>
    /// <param name="reader">The judge.</param>
    /// <param name="due">When to give up, in the loop's milliseconds.</param>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public static async ValueTask<StartEnd> Read(Transport transport, InputBuffer input, IStartReader reader, long due)
    {
        var loop = transport.Loop;
        while (true)
        {
            if (Judge(loop, input, reader) is { } end)
                return end;
            var left = due - loop.Now;
            var wake = left > 0 ? await transport.Readable(left) : Wake.TimedOut;
            if (wake == Wake.TimedOut || transport.Aborted)
                return wake == Wake.TimedOut ? StartEnd.TimedOut : StartEnd.Aborted;
            var filled = input.TryFill(transport);
            if (filled is IoStatus.Closed or IoStatus.Broken)
                return StartEnd.Closed;

            // Who is told to end while idle may have sent all of it a moment before: it is still served.
            if (wake == Wake.Aborted)
                return Judge(loop, input, reader) ?? StartEnd.Aborted;
        }
    }

    /// <summary>Judges what is there; null when it is not enough.</summary>
    private static StartEnd? Judge(EventLoop loop, InputBuffer input, IStartReader reader)
    {
        if (input.IsEmpty)
            return null;
        var bytes = input.Unread[..Math.Min(input.Unread.Length, reader.MostBytes)];
        var copy = loop.Blocks.Rent();
        bytes.CopyTo(copy.Span);
        var state = reader.Read(copy.Span[..bytes.Length]);
        loop.Blocks.Return(copy);
        return state switch
        {
            HeadState.Complete => StartEnd.Complete,
            HeadState.Incomplete when bytes.Length < reader.MostBytes => null,
            _ => StartEnd.Invalid,
        };
    }
}
