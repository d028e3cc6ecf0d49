using System.Runtime.CompilerServices;
using Steelyard.Config;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>
/// The byte by which a worker's side says that the worker has taken a connection (<see cref="NetworkAddress.Greets"/>).
/// Nothing is sent before it, so that whatever becomes of the connection until then is safe to try elsewhere.
/// </summary>
internal static class Greeting
{
    /// <summary>Waits for it.</summary>
    /// <param name="transport">The connection, open.</param>
    /// <param name="due">When to give up, in the loop's milliseconds.</param>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public static async ValueTask<IoStatus> Take(Transport transport, long due)
    {
        while (true)
        {
            var left = due - transport.Loop.Now;
            var wake = left > 0 ? await transport.Readable(left) : Wake.TimedOut;
            if (wake != Wake.Ready)
                return wake.AsStatus();
            var received = ReceiveByte(transport);
            if (received != Errno.Again)
                return received > 0 ? IoStatus.Done : IoStatus.Closed;
        }
    }

    private static int ReceiveByte(Transport transport)
    {
        Span<byte> room = stackalloc byte[1];
        return transport.Receive(room);
    }
}
