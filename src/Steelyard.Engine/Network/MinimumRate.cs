using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>
/// Holds the other end of a connection to a least rate of bytes, on average over one body. Only the time that is spent
/// waiting for it counts (Kestrel: MinRequestBodyDataRate, MinResponseDataRate). Owned by its loop.
/// </summary>
internal sealed class MinimumRate(EventLoop loop)
{
    private long _bytesPerSecond;
    private long _grace;
    private long _begun;
    private long _waited;
    private long _moved;

    /// <summary>Starts with a body.</summary>
    /// <param name="bytesPerSecond">The least rate; 0 for none.</param>
    /// <param name="graceMilliseconds">How long any rate will do.</param>
    public void Begin(long bytesPerSecond, long graceMilliseconds) =>
        (_bytesPerSecond, _grace, _begun, _waited, _moved) = (bytesPerSecond, graceMilliseconds, loop.Now, 0, 0);

    /// <summary>It has been waited for too long, for what came of it.</summary>
    public bool IsTooSlow => _bytesPerSecond > 0 && Left <= 0;

    /// <summary>What may still be waited before it is too slow.</summary>
    private long Left => Math.Max(_grace, (long)(_moved * (1000.0 / _bytesPerSecond))) - _waited;

    /// <summary>A wait of so many milliseconds, or until it is too slow.</summary>
    public long Within(long milliseconds) =>
        _bytesPerSecond == 0 ? milliseconds : Math.Clamp(Left, 1, milliseconds);

    /// <summary>It was waited for, since a time of the loop.</summary>
    public void WaitedSince(long time) => _waited += loop.Now - Math.Max(time, _begun);

    /// <summary>Bytes have passed.</summary>
    public void Moved(long bytes) => _moved += bytes;
}
