using Steelyard.Engine.Interop;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Simulation;

/// <summary>What can happen to an end of a simulated connection.</summary>
internal enum SimulatedEvent : byte
{
    Connected,
    Refused,
    Delivered,
    Room,
    Ended,
    Reset,
}

/// <summary>
/// A network and a clock in memory: time passes only when nothing happens, and every delay and every split is drawn
/// from the seed, so that the same seed gives the same run. One loop; ports are what listeners are known by.
/// </summary>
/// <param name="seed">Where all chance comes from.</param>
/// <param name="conditions">What the network does to the bytes.</param>
internal sealed class SimulatedDriver(int seed, SimulatedConditions conditions) : NetworkDriver
{
    private readonly PriorityQueue<(SimulatedTransport End, SimulatedEvent What, int Count), (long Time, long Order)> _events = new();
    private readonly Dictionary<int, Acceptor> _listening = [];
    private readonly Dictionary<int, SimulatedTransport> _accepted = [];
    private readonly Queue<(Acceptor Acceptor, AcceptedConnection Connection)> _queued = new();
    private readonly Random _random = new(seed);

    // Of its own, so that what is drawn for the network stays the same.
    private readonly Random _seeds = new(~seed);
    private long _now = 1_000_000;
    private long _order;
    private int _nextHandle;
    private bool _wake;

    public override long Milliseconds => _now;

    public override DateTime UtcNow => DateTime.UnixEpoch.AddMilliseconds(_now);

    public override ulong NextSeed() => (ulong)_seeds.NextInt64();

    /// <summary>The simulation's one source of chance, for peers that want to take part in it.</summary>
    public Random Random => _random;

    public override void Wait(int milliseconds)
    {
        if (_wake)
            milliseconds = 0;
        _wake = false;
        var until = milliseconds < 0 ? long.MaxValue : _now + milliseconds;
        if (_events.TryPeek(out _, out var next))
            _now = Math.Max(_now, Math.Min(next.Time, until));
        else if (milliseconds < 0)
            throw new InvalidOperationException("The simulation stands still: everybody waits and nothing will happen.");
        else
            _now = until;
        Loop.ReadClock();

        // What these events cause happens at the next wait, so that posted work gets its turn.
        var last = _order;
        while (_events.TryPeek(out var item, out var due) && due.Time <= _now && due.Order < last)
        {
            _events.Dequeue();
            item.End.Happen(item.What, item.Count);
        }
    }

    public override void Wake() => _wake = true;

    /// <summary>Whether nothing is on its way.</summary>
    public bool Quiet => _events.Count == 0;

    public override Transport? Connect(in KernelAddress address, out int error, bool brief = false, KernelAddress? from = null)
    {
        error = 0;
        if (!_listening.TryGetValue(address.Port, out var acceptor))
        {
            var refused = SimulatedTransport.Refused(Loop, this);
            Schedule(SimulatedEvent.Refused, refused, Delay());
            return refused;
        }

        var (opening, accepted) = SimulatedTransport.Pair(Loop, this, conditions.Capacity);
        var handle = _nextHandle++;
        _accepted.Add(handle, accepted);
        Schedule(SimulatedEvent.Connected, opening, Delay());
        _queued.Enqueue((acceptor, new AcceptedConnection(handle, KernelAddress.For(System.Net.IPAddress.Loopback, 40_000 + (handle % 20_000)))));
        ResumeListening();
        return opening;
    }

    /// <summary>Accepts on a port: the handle is the port.</summary>
    public override void Listen(int handle, Acceptor acceptor) => _listening.Add(handle, acceptor);

    /// <summary>Stops to accept on one port: the server there is gone.</summary>
    public override void StopListening(int port) => _listening.Remove(port);

    public override void StopListening() => _listening.Clear();

    public override void FinishListening(Action finished)
    {
        ResumeListening();
        StopListening();
        finished();
    }

    /// <summary>Gives out what is queued, in the order of its coming, as far as there is room.</summary>
    public override void ResumeListening()
    {
        // Who accepts may connect elsewhere at once, and so come here again.
        for (var waiting = _queued.Count; waiting > 0 && _queued.TryDequeue(out var next); waiting--)
        {
            if (next.Acceptor.TryReserve())
            {
                next.Acceptor.Accepted(next.Connection);
                continue;
            }

            next.Acceptor.Paused();
            _queued.Enqueue(next);
        }
    }

    public override Transport Adopt(in AcceptedConnection connection)
    {
        _accepted.Remove(connection.Handle, out var transport);
        return transport!;
    }

    internal void Schedule(SimulatedEvent what, SimulatedTransport end, long delay) => Enqueue(what, end, 0, _now + delay);

    /// <summary>Schedules what must not overtake the bytes sent before.</summary>
    internal void ScheduleInOrder(SimulatedEvent what, SimulatedTransport end) => Enqueue(what, end, 0, Arrival(end));

    /// <summary>Lets bytes that were sent arrive: in pieces and late, as the conditions say.</summary>
    internal void ScheduleDelivery(SimulatedTransport end, int count)
    {
        while (count > 0)
        {
            var piece = conditions.LargestPiece == 0 ? count : Math.Min(count, _random.Next(1, conditions.LargestPiece + 1));
            Enqueue(SimulatedEvent.Delivered, end, piece, Arrival(end));
            count -= piece;
        }
    }

    private long Arrival(SimulatedTransport end) => end.LastArrival = Math.Max(end.LastArrival, _now + Delay());

    private long Delay() => conditions.MostDelay == 0 ? 0 : _random.Next(conditions.MostDelay + 1);

    private void Enqueue(SimulatedEvent what, SimulatedTransport end, int count, long time) =>
        _events.Enqueue((end, what, count), (time, _order++));

    public override void Dispose()
    {
    }
}
