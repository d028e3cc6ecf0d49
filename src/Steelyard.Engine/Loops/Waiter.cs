using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace Steelyard.Engine.Loops;

/// <summary>Why a wait ended.</summary>
internal enum Wake
{
    /// <summary>What was waited for came.</summary>
    Ready,

    /// <summary>The deadline passed first.</summary>
    TimedOut,

    /// <summary>Somebody on the loop called it off.</summary>
    Aborted,
}

/// <summary>
/// One place to wait on a loop, used again and again: a single waiter at a time, a deadline, resumed inline.
/// Owned by its loop.
/// </summary>
internal sealed class Waiter(EventLoop loop) : TimerEntry, IValueTaskSource<Wake>
{
    private Action<object?>? _continuation;
    private object? _continuationState;
    private Wake _wake;
    private short _version;

    /// <summary>Whether somebody waits.</summary>
    public bool Waiting { get; private set; }

    /// <summary>Waits until <see cref="Complete"/>, or until the deadline.</summary>
    /// <param name="due">In the loop's milliseconds, or <see cref="TimerEntry.Never"/>.</param>
    public ValueTask<Wake> Wait(long due)
    {
        Debug.Assert(!Waiting, "Two waits in one place.");
        Debug.Assert(EventLoop.Current == loop, "A wait off its loop.");
        Waiting = true;
        loop.Timers.Set(this, due);
        return new ValueTask<Wake>(this, _version);
    }

    /// <summary>Moves the deadline of a wait; does nothing where nobody waits.</summary>
    public void WaitUntil(long due)
    {
        if (Waiting)
            loop.Timers.Set(this, due);
    }

    /// <summary>Ends the wait and runs what waits at once; does nothing when nobody does.</summary>
    public void Complete(Wake wake)
    {
        if (!Waiting)
            return;
        Waiting = false;
        Cancel();
        _wake = wake;
        var (continuation, state) = (_continuation, _continuationState);
        (_continuation, _continuationState) = (null, null);
        continuation?.Invoke(state);
    }

    protected internal override void Expire() => Complete(Wake.TimedOut);

    ValueTaskSourceStatus IValueTaskSource<Wake>.GetStatus(short token) =>
        Waiting ? ValueTaskSourceStatus.Pending : ValueTaskSourceStatus.Succeeded;

    void IValueTaskSource<Wake>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Debug.Assert(token == _version, "An old wait was awaited.");
        if (Waiting)
            (_continuation, _continuationState) = (continuation, state);
        else
            continuation(state);
    }

    Wake IValueTaskSource<Wake>.GetResult(short token)
    {
        Debug.Assert(token == _version, "A wait was awaited twice.");
        _version++;
        return _wake;
    }
}
