using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Network;

/// <summary>
/// Holds what is sent of one answer to a rate of bytes, on average since its request came, with the bytes of one second
/// ahead (nginx: limit_rate). Where nothing is limited nothing is counted. Owned by its loop.
/// </summary>
internal sealed class MaximumRate(EventLoop loop)
{
    // Between these nothing smaller is sent than passes in this time, so that slow answers do not cost a call for each byte.
    private const int PiecesPerSecond = 10;

    private readonly Waiter _waiter = new(loop);
    private long _bytesPerSecond;
    private long _free;
    private long _begun;
    private long _sent;
    private bool _aborted;

    /// <summary>Whether anything is limited.</summary>
    public bool IsOn => _bytesPerSecond > 0;

    /// <summary>Starts with an answer.</summary>
    /// <param name="bytesPerSecond">The rate; 0 for any.</param>
    /// <param name="free">How many bytes pass at any rate before.</param>
    /// <param name="begun">When its request came, in the loop's milliseconds.</param>
    public void Begin(long bytesPerSecond, long free, long begun) =>
        (_bytesPerSecond, _free, _begun, _sent, _aborted) = (bytesPerSecond, free, begun, 0, false);

    /// <summary>Limits nothing until <see cref="Begin"/>.</summary>
    public void End() => _bytesPerSecond = 0;

    /// <summary>Ends a wait, and lets nothing more pass.</summary>
    public void Abort()
    {
        _aborted = true;
        _waiter.Complete(Wake.Aborted);
    }

    // What may have been sent by now, with what one second lets pass.
    private long Left => _free + (long)Math.Min((loop.Now - _begun + 1000) * (_bytesPerSecond / 1000.0), long.MaxValue / 2) - _sent;

    /// <summary>How much of a piece may be sent now; 0 for nothing yet.</summary>
    /// <param name="most">How long the piece is.</param>
    /// <param name="milliseconds">How long to wait, where that is nothing.</param>
    public int Allow(int most, out long milliseconds)
    {
        var least = Math.Min(most, Math.Max(1, _bytesPerSecond / PiecesPerSecond));
        var left = Left;
        milliseconds = left >= least ? 0 : (long)Math.Ceiling((least - left) * 1000.0 / _bytesPerSecond);
        return left >= least ? (int)Math.Min(most, left) : 0;
    }

    /// <summary>Bytes have been sent.</summary>
    public void Sent(int bytes) => _sent += bytes;

    /// <summary>Sends all of the bytes, as fast as may be.</summary>
    /// <param name="sink">Where to.</param>
    /// <param name="bytes">In a block that stays rented until the result is there.</param>
    /// <param name="milliseconds">The longest time that the other end may take nothing.</param>
    /// <param name="least">How fast it has to take them; null for any rate.</param>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<IoStatus> SendAll(Transport sink, BlockSlice bytes, long milliseconds, MinimumRate? least)
    {
        while (bytes.Length > 0)
        {
            var allowed = Allow(bytes.Length, out var wait);
            if (allowed == 0)
            {
                if (_aborted || await _waiter.Wait(loop.In(wait)) == Wake.Aborted)
                    return IoStatus.Aborted;
                continue;
            }

            var sent = await sink.SendAll(bytes[..allowed], default, milliseconds, least);
            if (sent != IoStatus.Done)
                return sent;
            Sent(allowed);
            bytes = bytes[allowed..];
        }

        return IoStatus.Done;
    }
}
