using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Simulation;

/// <summary>One end of a simulated connection; it behaves to its user as a TCP socket does. Owned by its loop.</summary>
internal sealed class SimulatedTransport : Transport
{
    private const int ConnectionReset = -104;
    private const int BrokenPipe = -32;

    private readonly SimulatedDriver _driver;
    private readonly SimulatedPipe _incoming;
    private SimulatedTransport? _peer;
    private bool _reset;
    private bool _finished;
    private bool _closed;
    private bool _resetOnClose;
    private bool _connected;

    private SimulatedTransport(EventLoop loop, SimulatedDriver driver, int capacity)
        : base(loop)
    {
        (_driver, _incoming) = (driver, new SimulatedPipe(capacity));
        Reset(readReady: false, writeReady: false);
    }

    /// <summary>Makes both ends of a connection; the first is the one that opens it.</summary>
    public static (SimulatedTransport Opening, SimulatedTransport Accepted) Pair(EventLoop loop, SimulatedDriver driver, int capacity)
    {
        var opening = new SimulatedTransport(loop, driver, capacity);
        var accepted = new SimulatedTransport(loop, driver, capacity) { _peer = opening, _connected = true, WriteReady = true };
        opening._peer = accepted;
        return (opening, accepted);
    }

    /// <summary>An end whose other one does not exist: nothing listens there.</summary>
    public static SimulatedTransport Refused(EventLoop loop, SimulatedDriver driver) => new(loop, driver, 1);

    public override bool CanSplice => false;

    public override int Receive(Span<byte> buffer)
    {
        if (_reset || _closed)
            return ConnectionReset;
        var received = _incoming.Read(buffer);
        if (received < buffer.Length && !_incoming.Ended)
            ReadReady = false;
        if (received > 0)
            _driver.Schedule(SimulatedEvent.Room, _peer!, 0);
        return received > 0 ? received : _incoming.Ended || Aborted ? 0 : Errno.Again;
    }

    public override int Peek(Span<byte> buffer)
    {
        if (_reset || _closed)
            return ConnectionReset;
        var seen = _incoming.Peek(buffer);
        return seen > 0 ? seen : _incoming.Ended || Aborted ? 0 : Errno.Again;
    }

    public override int Send(ReadOnlySpan<byte> bytes)
    {
        if (_reset || _closed || _finished || Aborted)
            return BrokenPipe;
        if (!_connected)
            return Errno.Again;
        var sent = _peer!._incoming.Write(bytes);
        if (sent < bytes.Length)
            WriteReady = false;
        BytesSent += sent;
        if (sent == 0)
            return Errno.Again;
        _driver.ScheduleDelivery(_peer, sent);
        return sent;
    }

    public override int Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var sent = Send(first);
        if (sent < first.Length)
            return sent;
        var rest = Send(second);
        return rest > 0 ? sent + rest : sent;
    }

    public override int ConnectError() => _connected ? 0 : _reset ? ConnectionReset : -111;

    public override int ReceiveInto(SplicePipe pipe, int most) => throw new NotSupportedException();

    public override int SendFrom(SplicePipe pipe, bool more) => throw new NotSupportedException();

    public override void SendHeld()
    {
    }

    public override void FinishSending()
    {
        if (_finished)
            return;
        _finished = true;
        if (_peer is not null)
            _driver.ScheduleInOrder(SimulatedEvent.Ended, _peer);
    }

    public override void ResetOnClose() => _resetOnClose = true;

    protected override void ShutDown() => FinishSending();

    protected override void CloseHandle()
    {
        _closed = true;
        Generation++;
        if (_peer is null || _peer._closed)
            return;

        // As TCP does: what was sent to a socket that is closed unread resets the connection.
        if (_resetOnClose || _incoming.Readable > 0)
            _driver.ScheduleInOrder(SimulatedEvent.Reset, _peer);
        else
            FinishSending();
    }

    /// <summary>Something happens to this end.</summary>
    internal void Happen(SimulatedEvent what, int count)
    {
        if (_closed)
        {
            // Bytes for a closed socket come back as a reset.
            if (what == SimulatedEvent.Delivered && _peer is { _closed: false })
                _driver.Schedule(SimulatedEvent.Reset, _peer, 0);
            return;
        }

        switch (what)
        {
            case SimulatedEvent.Connected:
                _connected = true;
                Notify(readable: false, writable: true, peerClosed: false, broken: false);
                break;
            case SimulatedEvent.Refused:
                Notify(readable: true, writable: true, peerClosed: true, broken: true);
                break;
            case SimulatedEvent.Delivered:
                _incoming.Deliver(count);
                Notify(readable: true, writable: false, peerClosed: false, broken: false);
                break;
            case SimulatedEvent.Room:
                Notify(readable: false, writable: true, peerClosed: false, broken: false);
                break;
            case SimulatedEvent.Ended:
                _incoming.Ended = true;
                Notify(readable: true, writable: false, peerClosed: true, broken: false);
                break;
            case SimulatedEvent.Reset:
                _reset = true;
                Notify(readable: true, writable: true, peerClosed: true, broken: true);
                break;
        }
    }

    /// <summary>When the last delivery to this end is due: what is sent later arrives later.</summary>
    internal long LastArrival { get; set; }
}
