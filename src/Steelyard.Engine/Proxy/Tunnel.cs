using System.Runtime.CompilerServices;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Metering;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>How long a tunnel may stand still, in milliseconds.</summary>
/// <param name="Idle">Neither side doing anything.</param>
/// <param name="ClientFin">The client, once one side has ended; 0 for as long as before.</param>
/// <param name="ServerFin">The same of the server.</param>
internal readonly record struct TunnelTimes(long Idle, long ClientFin, long ServerFin);

/// <summary>
/// Passes bytes both ways between a client and a server until both have ended, one breaks, or neither sends anything for
/// too long. An end of one side is passed on while the other side goes on; a reset is passed on as one. Holds no buffer
/// while nothing comes. Used again and again; owned by its loop.
/// </summary>
internal sealed class Tunnel
{
    private readonly ProxyLoop _loop;
    private readonly Direction _up;
    private readonly Direction _down;
    private Transport _client = null!;
    private Transport _server = null!;
    private TunnelTimes _times;

    // How long whoever is read from may say nothing, and how long whoever is sent to may take nothing.
    private long _readWithin;
    private long _sendWithin;
    private long _due;
    private bool _open;
    private bool _cut;
    private bool _halfClosed;
    private TunnelEnd _end;
    private TunnelMeters _meters;

    /// <summary>Bytes that have passed from the server to the client.</summary>
    public long PassedDown => _down.Passed;

    /// <summary>Bytes that have passed from the client to the server.</summary>
    public long PassedUp => _up.Passed;

    public Tunnel(ProxyLoop loop)
    {
        _loop = loop;
        _up = new Direction(this);
        _down = new Direction(this);
    }

    /// <summary>Passes everything. Whoever called closes both connections after.</summary>
    /// <param name="client">The client.</param>
    /// <param name="clientInput">What has arrived of the client and was not used.</param>
    /// <param name="server">The server.</param>
    /// <param name="serverInput">What has arrived of the server and was not used.</param>
    /// <param name="times">How long it may stand still.</param>
    /// <param name="meters">Where bytes are counted as they pass, for a tunnel may stand for days.</param>
    /// <returns>How it has ended.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<TunnelEnd> Run(Transport client, InputBuffer clientInput, Transport server, InputBuffer serverInput, TunnelTimes times, TunnelMeters meters)
    {
        (_client, _server, _times) = (client, server, times);
        (_readWithin, _sendWithin) = (times.Idle, times.Idle);
        _meters = meters;
        (_open, _cut, _halfClosed, _end) = (true, false, false, TunnelEnd.None);
        Moved();
        var up = _up.Run(client, clientInput, server);
        await _down.Run(server, serverInput, client);
        await up;
        _open = false;
        return _end;
    }

    /// <summary>Breaks both connections off where they are, if there are any; neither side can take that for an end.</summary>
    public void Cut()
    {
        if (!_open)
            return;
        (_cut, _end) = (true, TunnelEnd.Cut);
        BreakOff(reset: null);
    }

    /// <summary>Both sides have their time anew.</summary>
    private void Moved() => _due = _loop.Events.In(_readWithin);

    /// <summary>One side has ended: the way that is left has the times of that, even where it waits already.</summary>
    private void HalfClose(Transport ended, Transport left)
    {
        _halfClosed = true;
        if ((_times.ClientFin | _times.ServerFin) == 0)
            return;
        (_readWithin, _sendWithin) = (FinOf(left), FinOf(ended));
        Moved();
        left.ReadWithin(_readWithin);
        ended.WriteWithin(_sendWithin);
    }

    private long FinOf(Transport side)
    {
        var fin = side == _client ? _times.ClientFin : _times.ServerFin;
        return fin > 0 ? fin : _times.Idle;
    }

    /// <summary>Ends both directions.</summary>
    /// <param name="reset">The side that has to see a reset; null for none.</param>
    private void BreakOff(Transport? reset)
    {
        // First the one that has to see it: who is woken by this breaks off too, and knows of no reset.
        reset?.Abort(reset: true);
        _client.Abort(reset: _cut);
        _server.Abort(reset: _cut);
    }

    /// <summary>Remembers what has ended it first.</summary>
    private void Note(RelayEnd end, bool ofClient)
    {
        if (_end == TunnelEnd.None)
            _end = EndOf(end, ofClient);
    }

    private static TunnelEnd EndOf(RelayEnd end, bool ofClient) => end switch
    {
        RelayEnd.SourceTimedOut or RelayEnd.SinkTimedOut => TunnelEnd.TimedOut,
        RelayEnd.Broken => ofClient ? TunnelEnd.ClientBroke : TunnelEnd.ServerBroke,
        RelayEnd.SinkClosed => ofClient ? TunnelEnd.ServerBroke : TunnelEnd.ClientBroke,
        _ => TunnelEnd.None,
    };

    /// <summary>One way through the tunnel.</summary>
    private sealed class Direction(Tunnel tunnel)
    {
        // Below this a copy costs less than two calls and a pipe.
        private const int BulkBytes = 16 * 1024;

        private readonly ProxyLoop _loop = tunnel._loop;
        private TurnBudget _budget = new(tunnel._loop.Events);
        private Transport _source = null!;
        private Transport _sink = null!;
        private InputBuffer _input = null!;
        private bool _bulk;

        public long Passed { get; private set; }

        [AsyncMethodBuilder(typeof(LoopMethod))]
        public async ValueTask Run(Transport source, InputBuffer input, Transport sink)
        {
            (_source, _input, _sink, _bulk, Passed) = (source, input, sink, false, 0);
            var end = await PassUntilEnd();
            input.Release();
            if (end != RelayEnd.Complete)
            {
                tunnel.Note(end, ofClient: source == tunnel._client);
                tunnel.BreakOff(reset: end == RelayEnd.Broken ? sink : end == RelayEnd.SinkClosed ? source : null);
                return;
            }

            // Where the other way has ended too, both connections are closed now, which says the same in fewer calls.
            if (tunnel._halfClosed)
                return;
            tunnel.HalfClose(ended: source, left: sink);

            // Nobody reads from here any more, so nobody would see it break.
            source.EndsWith = sink;
            sink.FinishSending();
        }

        /// <summary>Something has passed.</summary>
        private void Count(long bytes)
        {
            tunnel.Moved();
            Passed += bytes;
            if (this == tunnel._up)
                tunnel._meters.CountUp(bytes);
            else
                tunnel._meters.CountDown(bytes);
        }

        [AsyncMethodBuilder(typeof(LoopMethod<>))]
        private async ValueTask<RelayEnd> PassUntilEnd()
        {
            while (true)
            {
                if (!_input.IsEmpty)
                {
                    _bulk = _input.Unread.Length >= BulkBytes;
                    var piece = _input.Take(_input.Unread.Length);
                    var sent = await _sink.SendAll(piece, tunnel._sendWithin);
                    if (sent != IoStatus.Done)
                        return sent == IoStatus.Closed ? RelayEnd.SinkClosed : sent == IoStatus.TimedOut ? RelayEnd.SinkTimedOut : RelayEnd.Aborted;
                    Count(piece.Length);
                    if (_budget.Spend(piece.Length))
                        await _loop.Events.NextTurn;
                }

                _input.Release();
                var wake = await _source.Readable(Math.Max(tunnel._due - _loop.Events.Now, 1));
                if (wake == Wake.TimedOut && tunnel._due > _loop.Events.Now)
                    continue;
                if (wake != Wake.Ready)
                    return wake == Wake.TimedOut ? RelayEnd.SourceTimedOut : RelayEnd.Aborted;
                if (_bulk && _source.CanSplice && _sink.CanSplice && SplicePipe.Rent(_loop.Pipes) is { } pipe)
                {
                    var spliced = await Splice(pipe);
                    pipe.Return(_loop.Pipes);
                    if (spliced is not null)
                        return spliced.Value;
                    continue;
                }

                var filled = _input.TryFill(_source);
                if (filled is IoStatus.Closed or IoStatus.Broken)
                    return filled == IoStatus.Closed ? RelayEnd.Complete : RelayEnd.Broken;
            }
        }

        /// <summary>Moves what is there through a pipe, until nothing is; null then, and how it ended otherwise.</summary>
        [AsyncMethodBuilder(typeof(LoopMethod<>))]
        private async ValueTask<RelayEnd?> Splice(SplicePipe pipe)
        {
            var moved = 0L;
            while (true)
            {
                var received = _source.ReceiveInto(pipe, SplicePipe.Capacity);
                if (received == Errno.Again)
                {
                    _sink.SendHeld();
                    _bulk = moved >= BulkBytes;
                    return null;
                }

                if (received <= 0)
                    return received == 0 ? RelayEnd.Complete : RelayEnd.Broken;
                moved += received;
                while (pipe.Held > 0)
                {
                    var sent = _sink.SendFrom(pipe, more: false);
                    if (sent == Errno.Again)
                    {
                        var wake = await _sink.Writable(tunnel._sendWithin);
                        if (wake != Wake.Ready)
                            return wake == Wake.TimedOut ? RelayEnd.SinkTimedOut : RelayEnd.Aborted;
                    }
                    else if (sent <= 0)
                    {
                        return RelayEnd.SinkClosed;
                    }
                }

                Count(received);
                if (_budget.Spend(received))
                    await _loop.Events.NextTurn;
                if (_source.Aborted)
                    return RelayEnd.Aborted;
            }
        }
    }
}
