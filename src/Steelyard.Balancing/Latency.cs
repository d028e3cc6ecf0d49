using System.Runtime.InteropServices;
using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// How long a server takes to answer: it rises to the worst that was seen at once, and falls by and by as better is seen
/// and time passes (Finagle's PeakEwma). All loops report at once, without locks.
/// </summary>
internal sealed class Latency
{
    private Padded _state;

    /// <summary>Alone on its cache lines: every loop writes it for every request.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Padded
    {
        // The milliseconds as a float above, when that was below; 0 when nothing is known.
        [FieldOffset(64)]
        public ulong Value;
    }

    /// <summary>Takes how a request has ended. One that failed, or was answered with 5xx or 429, counts as slow, so that failing fast attracts nobody.</summary>
    /// <param name="settings">How fast is forgotten, and what a failure costs.</param>
    /// <param name="failure">What the server did wrong; none when it answered.</param>
    /// <param name="status">The status of its answer; 0 for none.</param>
    /// <param name="milliseconds">How long the answer took; -1 where there was none.</param>
    /// <param name="now">The time, in monotonic milliseconds.</param>
    public void Learn(BalanceSettings settings, ServerFailure failure, int status, double milliseconds, long now)
    {
        var penalty = settings.Penalty.TotalMilliseconds;
        if (FailureKinds.IsFailure(failure, status))
            Observe(Math.Max(milliseconds, penalty), now, settings.Decay.TotalMilliseconds);
        else if (milliseconds >= 0)
            Observe(milliseconds, now, settings.Decay.TotalMilliseconds);
    }

    /// <summary>Takes what one answer took.</summary>
    /// <param name="milliseconds">How long.</param>
    /// <param name="now">The time, in monotonic milliseconds.</param>
    /// <param name="decay">After how many milliseconds a latency counts for 1/e.</param>
    public void Observe(double milliseconds, long now, double decay)
    {
        while (true)
        {
            var before = Volatile.Read(ref _state.Value);
            var last = Milliseconds(before);
            var value = before == 0 || milliseconds >= last ? milliseconds
                : milliseconds + ((last - milliseconds) * Math.Exp(-Since(before, now) / decay));
            var after = ((ulong)BitConverter.SingleToUInt32Bits(Math.Max((float)value, float.Epsilon)) << 32) | (uint)now;
            if (Interlocked.CompareExchange(ref _state.Value, after, before) == before)
                return;
        }
    }

    /// <summary>What an answer would take now, in milliseconds; not a number when nothing is known.</summary>
    /// <param name="now">The time, in monotonic milliseconds.</param>
    /// <param name="decay">After how many milliseconds a latency counts for 1/e.</param>
    public double Estimate(long now, double decay)
    {
        var state = Volatile.Read(ref _state.Value);
        if (state == 0)
            return double.NaN;
        var since = Since(state, now);
        var part = since / decay;

        // Who is heard of all the time has hardly decayed, and then a power is not worth its time.
        return Milliseconds(state) * (part < 0.005 ? 1 - part : Math.Exp(-part));
    }

    /// <summary>Nothing is known any more. What was good long ago would seem better and better, and draw everything.</summary>
    public void Forget() => Volatile.Write(ref _state.Value, 0);

    /// <summary>The same of another server.</summary>
    public Latency Copy() => (Latency)MemberwiseClone();

    private static float Milliseconds(ulong state) => BitConverter.UInt32BitsToSingle((uint)(state >> 32));

    // A loop whose clock lags a little must not seem 49 days ahead.
    private static uint Since(ulong state, long now) => (uint)now - (uint)state is var since && since > uint.MaxValue - 60_000 ? 0 : since;
}
