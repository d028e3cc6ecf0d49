using System.Runtime.CompilerServices;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>How the passing of a body ended.</summary>
internal enum RelayEnd : byte
{
    Complete,
    SourceClosed,
    SourceTimedOut,
    Broken,
    TooLarge,
    SinkClosed,
    SinkTimedOut,
    Aborted,
}

/// <summary>One end of a body's way.</summary>
/// <param name="Transport">Where it comes from or goes to.</param>
/// <param name="Milliseconds">How long it may do nothing.</param>
/// <param name="Rate">The least rate; null for none.</param>
/// <param name="Most">The greatest rate of what is sent; null for none.</param>
internal readonly record struct RelayPoint(Transport Transport, long Milliseconds, MinimumRate? Rate = null, MaximumRate? Most = null)
{
    /// <summary>Sends a piece, no faster than it may be.</summary>
    public ValueTask<IoStatus> Send(BlockSlice piece) =>
        Most is { IsOn: true } most ? most.SendAll(Transport, piece, Milliseconds, Rate) : Transport.SendAll(piece, default, Milliseconds, Rate);

    /// <summary>How long to wait for it now.</summary>
    public long Patience => Rate?.Within(Milliseconds) ?? Milliseconds;

    /// <summary>It was waited for.</summary>
    /// <returns>Whether it is not too slow.</returns>
    public bool KeepsUp(long since)
    {
        Rate?.WaitedSince(since);
        return Rate is not { IsTooSlow: true };
    }
}

/// <summary>
/// Passes one body from one connection to another, as fast as the slower of the two. Never holds more than one block
/// of it, or one pipe in the kernel. Used again and again; owned by an exchange.
/// </summary>
internal sealed class BodyRelay(ProxyLoop loop)
{
    // Below this the set-up of a pipe costs more than the copy it saves.
    private const int SpliceFrom = 16 * 1024;

    private RelayPoint _source;
    private RelayPoint _sink;
    private InputBuffer _input = null!;
    private BodyFramer _framer;
    private FrameState _state;
    private TurnBudget _budget = new(loop.Events);
    private bool _cancelled;

    /// <summary>Is shown every piece before it is sent, and keeps what it may need again; null for nobody.</summary>
    public OutgoingRequest? Keeper { get; init; }

    /// <summary>Whether all of the body has been taken from its source.</summary>
    public bool Taken => _state == FrameState.Complete;

    /// <summary>How <see cref="Run"/> ended.</summary>
    public RelayEnd End { get; private set; }

    /// <summary>Bytes that were taken so far, as they go to the sink.</summary>
    public long Passed { get; private set; }

    /// <summary>Forgets the body before.</summary>
    public void Clear() => (_state, End, _cancelled, Passed) = (FrameState.More, RelayEnd.Aborted, false, 0);

    /// <summary>Ends <see cref="Run"/> soon: at once where it waits for the source, or when its turn comes.</summary>
    public void Cancel()
    {
        _cancelled = true;
        _source.Transport.CancelRead();
    }

    /// <summary>Starts with a body whose first bytes may have arrived.</summary>
    public void Begin(InputBuffer input, BodyFramer framer)
    {
        Clear();
        (_input, _framer) = (input, framer);
    }

    /// <summary>Says between which connections the rest of it passes.</summary>
    public void Connect(RelayPoint source, RelayPoint sink) => (_source, _sink, _cancelled) = (source, sink, false);

    /// <summary>Takes what has arrived already, to be sent along with the head.</summary>
    public FrameState TakeFirst(out BlockSlice piece)
    {
        _state = _framer.Take(_input, out piece);
        Passed += piece.Length;
        return _state;
    }

    /// <summary>Passes the rest.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<RelayEnd> Run()
    {
        while (_state == FrameState.More)
        {
            if (_framer.Remaining > SpliceFrom && _input.IsEmpty && _source.Transport.CanSplice && _sink.Transport.CanSplice && _sink.Most is not { IsOn: true } && Keeper is not { SeesAll: true })
            {
                var spliced = await Splice();
                if (spliced != RelayEnd.Complete || _state == FrameState.Complete)
                    return End = spliced;
            }

            var since = loop.Events.Now;
            var before = _input.Unread.Length;
            var filled = await _input.Fill(_source.Transport, _source.Patience);
            _source.Rate?.Moved(_input.Unread.Length - before);
            if (!_source.KeepsUp(since))
                return End = RelayEnd.SourceTimedOut;
            BlockSlice piece;
            if (filled == IoStatus.Done)
                _state = _framer.Take(_input, out piece);
            else if (filled != IoStatus.Closed)
                return End = AsSourceEnd(filled);
            else if ((_state = _framer.TakeEnd(_input, out piece)) == FrameState.Broken)
                return End = RelayEnd.SourceClosed;

            if (_state == FrameState.TooLarge)
                return End = RelayEnd.TooLarge;
            if (piece.Length > 0)
            {
                Passed += piece.Length;
                Keeper?.Keep(piece);
                var sent = await _sink.Send(piece);
                if (sent != IoStatus.Done)
                    return End = AsSinkEnd(sent);
            }

            if (_state == FrameState.Broken)
                return End = RelayEnd.Broken;

            // Who has sent all of it does not wait: the answer could be whole before it is known that nothing is missing.
            if (_budget.Spend(piece.Length) && _state == FrameState.More)
                await loop.Events.NextTurn;
            if (_cancelled && _state == FrameState.More)
                return End = RelayEnd.Aborted;
        }

        return End = RelayEnd.Complete;
    }

    /// <summary>Moves what is left of a counted body through a pipe.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<RelayEnd> Splice()
    {
        var pipe = SplicePipe.Rent(loop.Pipes);
        if (pipe is null)
            return RelayEnd.Complete;
        var end = await SpliceThrough(pipe);
        pipe.Return(loop.Pipes);
        return end;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<RelayEnd> SpliceThrough(SplicePipe pipe)
    {
        var held = false;
        while (_framer.Remaining > 0)
        {
            var since = loop.Events.Now;
            var wake = await _source.Transport.Readable(_source.Patience);
            if (!_source.KeepsUp(since) || wake == Wake.TimedOut)
                return RelayEnd.SourceTimedOut;
            if (wake != Wake.Ready)
                return RelayEnd.Aborted;
            var moved = _source.Transport.ReceiveInto(pipe, (int)Math.Min(_framer.Remaining, SplicePipe.Capacity));
            if (moved == Errno.Again)
            {
                if (held)
                    _sink.Transport.SendHeld();
                held = false;
                continue;
            }

            if (moved <= 0)
                return RelayEnd.SourceClosed;
            _framer.Passed(moved);
            Passed += moved;
            _source.Rate?.Moved(moved);

            // Only a full pipe promises that more is there; what comes in drops must not wait for the next.
            held = moved == SplicePipe.Capacity && _framer.Remaining > 0;
            while (pipe.Held > 0)
            {
                var sent = _sink.Transport.SendFrom(pipe, more: held);
                _sink.Rate?.Moved(Math.Max(sent, 0));
                if (sent == Errno.Again)
                {
                    since = loop.Events.Now;
                    wake = await _sink.Transport.Writable(_sink.Patience);
                    if (!_sink.KeepsUp(since) || wake == Wake.TimedOut)
                        return RelayEnd.SinkTimedOut;
                    if (wake != Wake.Ready)
                        return RelayEnd.Aborted;
                }
                else if (sent <= 0)
                {
                    return RelayEnd.SinkClosed;
                }
            }

            if (_budget.Spend(moved) && _framer.Remaining > 0)
                await loop.Events.NextTurn;
            if (_cancelled && _framer.Remaining > 0)
                return RelayEnd.Aborted;
        }

        _state = FrameState.Complete;
        return RelayEnd.Complete;
    }

    /// <summary>What the end of a source means.</summary>
    public static RelayEnd AsSourceEnd(IoStatus status) => status switch
    {
        IoStatus.Broken => RelayEnd.SourceClosed,
        IoStatus.TimedOut => RelayEnd.SourceTimedOut,
        _ => RelayEnd.Aborted,
    };

    /// <summary>What the end of a sink means.</summary>
    public static RelayEnd AsSinkEnd(IoStatus status) => status switch
    {
        IoStatus.Closed => RelayEnd.SinkClosed,
        IoStatus.TimedOut => RelayEnd.SinkTimedOut,
        _ => RelayEnd.Aborted,
    };
}
