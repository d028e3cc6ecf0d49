using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Tls;

/// <summary>
/// What the TLS connections of one loop share. Handshakes cost as much as fifty requests: one step of them is done in a
/// turn and no more, so that a crowd of new clients does not keep those from being served that are here. Owned by its loop.
/// </summary>
internal sealed class TlsLoop
{
    private readonly EventLoop _events;
    private readonly Queue<TlsTransport> _queue = new();
    private readonly Queue<Waiter> _entering = new();
    private readonly Action _runQueue;
    private long _lastStep = -1;
    private int _most;
    private bool _scheduled;

    public TlsLoop(EventLoop events) => (_events, _runQueue) = (events, RunQueue);

    /// <summary>The loop's buffers.</summary>
    public BlockPool Blocks => _events.Blocks;

    /// <summary>Points to what is read into.</summary>
    public PointerMemory Target { get; set; } = new();

    /// <summary>Points to what is written.</summary>
    public PointerMemory Source { get; } = new();

    /// <summary>Handshakes under way.</summary>
    public int Active { get; private set; }

    /// <summary>Begins a handshake: waits until fewer than so many are under way, and for its turn.</summary>
    /// <param name="place">Where to wait; who gives up calls the wait off.</param>
    /// <param name="most">How many may be under way at once.</param>
    /// <param name="due">When to give up, in the loop's milliseconds.</param>
    /// <returns>Whether it may begin; <see cref="Leave"/> has to follow then.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<bool> Enter(Waiter place, int most, long due)
    {
        _most = most;
        if (_entering.Count == 0 && Active < most && SpendStep())
        {
            Active++;
            return true;
        }

        _entering.Enqueue(place);
        Schedule();
        return await place.Wait(due) == Wake.Ready;
    }

    /// <summary>A handshake has ended.</summary>
    public void Leave()
    {
        Active--;
        if (_entering.Count > 0)
            Schedule();
    }

    /// <summary>Lets a handshake go on with what has come for it, now or in a later turn.</summary>
    public void Step(TlsTransport transport)
    {
        if (_queue.Count == 0 && SpendStep())
        {
            transport.ContinueHandshake();
            return;
        }

        _queue.Enqueue(transport);
        Schedule();
    }

    private bool SpendStep()
    {
        if (_lastStep == _events.Turns)
            return false;
        _lastStep = _events.Turns;
        return true;
    }

    private void Schedule()
    {
        if (_scheduled)
            return;
        _scheduled = true;
        _events.RunNextTurn(_runQueue);
    }

    // What has begun goes before what has not: under a crowd each client is done soon after its first step, and few
    // sessions are under way at once, whose memory stays in the processor's caches.
    private void RunQueue()
    {
        _scheduled = false;
        while (_queue.Count > 0 && SpendStep())
            _queue.Dequeue().ContinueHandshake();
        while (_entering.Count > 0 && Active < _most)
        {
            if (!_entering.Peek().Waiting)
            {
                _entering.Dequeue();
                continue;
            }

            if (!SpendStep())
                break;
            Active++;
            _entering.Dequeue().Complete(Wake.Ready);
        }

        if (_queue.Count > 0 || (_entering.Count > 0 && Active < _most))
            Schedule();
    }
}
