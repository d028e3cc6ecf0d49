namespace Steelyard.Balancing;

/// <summary>
/// Held for some tens of nanoseconds and never across a call that may wait: so short that who finds it held turns in
/// place. The memory it lies in is its owner's.
/// </summary>
internal struct BriefLock
{
    private int _held;

    /// <summary>Takes it.</summary>
    public void Enter()
    {
        if (Interlocked.Exchange(ref _held, 1) != 0)
            EnterHeld();
    }

    /// <summary>Gives it back.</summary>
    public void Leave() => Volatile.Write(ref _held, 0);

    private void EnterHeld()
    {
        // Its holder may have lost its core; it is given ours then, but no sleep of a whole millisecond.
        var wait = default(SpinWait);
        do
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }
        while (Volatile.Read(ref _held) != 0 || Interlocked.Exchange(ref _held, 1) != 0);
    }
}
