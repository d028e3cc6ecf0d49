using System.Collections.Concurrent;
using System.Diagnostics;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Loops;

/// <summary>
/// One thread that waits for the network and for deadlines and runs what they wake. Everything with a "owned by
/// its loop" belongs to exactly one; <see cref="Post"/> is the only way in from outside.
/// </summary>
internal sealed class EventLoop
{
    [ThreadStatic]
    private static EventLoop? s_current;

    private readonly ConcurrentQueue<(Action<object> Work, object State)> _mailbox = new();
    private static int s_boxKinds;
    private object?[] _freeBoxes = new object?[64];
    private readonly Queue<Action> _nextTurn = new();
    private volatile bool _stopping;
    private int _wakePending;

    /// <param name="number">From 0.</param>
    /// <param name="network">The loop's own view of the network and of time.</param>
    public EventLoop(int number, NetworkDriver network)
    {
        Number = number;
        Network = network;
        Now = network.Milliseconds;
        Timers = new TimerWheel(Now);
        Blocks = new BlockPool();
        Date = new HttpDate(network);
        network.Attach(this);
    }

    /// <summary>The loop of this thread; null outside of any.</summary>
    public static EventLoop? Current => s_current;

    public int Number { get; }

    /// <summary>Monotonic milliseconds, read once after each wait.</summary>
    public long Now { get; private set; }

    /// <summary>How many turns the loop has made.</summary>
    public long Turns { get; private set; }

    /// <summary>Awaited to go on after everybody else has been served once.</summary>
    public NextTurnAwaitable NextTurn => new(this);

    public NetworkDriver Network { get; }

    public TimerWheel Timers { get; }

    public BlockPool Blocks { get; }

    /// <summary>The present second as HTTP writes it.</summary>
    public HttpDate Date { get; }

    /// <summary>Numbers a kind of <see cref="LoopBox{T,M}"/>, for <see cref="FreeBox"/>.</summary>
    internal static int NewBoxKind() => Interlocked.Increment(ref s_boxKinds) - 1;

    /// <summary>The first of the boxes of a kind that this loop keeps for the next call.</summary>
    internal ref object? FreeBox(int kind)
    {
        if (kind >= _freeBoxes.Length)
            Array.Resize(ref _freeBoxes, kind * 2);
        return ref _freeBoxes[kind];
    }

    /// <summary>A deadline so much from now; <see cref="TimerEntry.Never"/> for a span that is not positive.</summary>
    public long In(long milliseconds) => milliseconds > 0 ? Now + milliseconds : TimerEntry.Never;

    /// <summary>Runs something on this loop, soon. May be called from any thread.</summary>
    public void Post(Action<object> work, object state)
    {
        _mailbox.Enqueue((work, state));
        if (Interlocked.Exchange(ref _wakePending, 1) == 0)
            Network.Wake();
    }

    /// <summary>Lets <see cref="Run"/> return after its present turn. May be called from any thread.</summary>
    public void Stop() => Post(static loop => ((EventLoop)loop)._stopping = true, this);

    /// <summary>Serves until <see cref="Stop"/>. The calling thread is the loop's from here on.</summary>
    public void Run()
    {
        Enter();
        while (!_stopping)
            Turn(LongestWait());
        Leave();
    }

    // Memory is given back in turns; with some to give, the loop may not sleep for ever.
    private int LongestWait()
    {
        var delay = Timers.Delay(Now);
        return Blocks.HasSurplus ? (int)Math.Min((uint)delay, BlockPool.TrimMilliseconds) : delay;
    }

    /// <summary>Makes the calling thread the loop's own.</summary>
    internal void Enter()
    {
        Debug.Assert(s_current is null, "A thread runs one loop.");
        s_current = this;
    }

    /// <summary>Gives the calling thread back.</summary>
    internal void Leave()
    {
        Debug.Assert(s_current == this, "Another loop's thread.");
        s_current = null;
    }

    /// <summary>One wait, with all that it wakes.</summary>
    internal void Turn(int longestWait)
    {
        Turns++;
        var yielded = _nextTurn.Count;
        Network.Wait(yielded > 0 ? 0 : longestWait);
        if (_wakePending != 0)
            DrainMailbox();
        for (; yielded > 0; yielded--)
            _nextTurn.Dequeue()();
        Timers.Advance(Now);
        Blocks.Trim(Now);
    }

    internal void RunNextTurn(Action continuation) => _nextTurn.Enqueue(continuation);

    /// <summary>Called by the network after it has waited and before it wakes anyone.</summary>
    internal void ReadClock() => Now = Network.Milliseconds;

    private void DrainMailbox()
    {
        // Cleared before the queue is read: what is posted from here on wakes again.
        Volatile.Write(ref _wakePending, 0);
        Interlocked.MemoryBarrier();
        while (_mailbox.TryDequeue(out var item))
            item.Work(item.State);
    }
}
