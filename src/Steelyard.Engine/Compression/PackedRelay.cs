using System.Runtime.CompilerServices;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Substitution;

namespace Steelyard.Engine.Compression;

/// <summary>
/// Passes one body from a server to a client and compresses it on the way. What has come never waits in the deflater for
/// what is still to come. Used again and again; owned by an exchange.
/// </summary>
internal sealed class PackedRelay(ProxyLoop loop)
{
    // To compress a byte costs about as much as to move fifty.
    public const int CostOfByte = 50;

    private readonly PackedBody _body = new(loop.Deflaters);
    private RelayPoint _source;
    private RelayPoint _sink;
    private InputBuffer _input = null!;
    private BodyFramer _framer;
    private FrameState _state;
    private TurnBudget _budget = new(loop.Events);
    private Block _room;
    private bool _holdsBack;
    private Substituter? _substituter;

    /// <summary>Whether there is a body on its way.</summary>
    public bool IsOpen => _body.IsOpen;

    /// <summary>Bytes that went out so far, with their framing.</summary>
    public long Passed { get; private set; }

    /// <summary>Starts with a body whose first bytes may have arrived.</summary>
    /// <param name="deflater">What compresses it; it is given back by <see cref="End"/>.</param>
    /// <param name="coding">How.</param>
    /// <param name="input">Where it arrives.</param>
    /// <param name="framing">How its end is known.</param>
    public void Begin(Deflater deflater, ContentCoding coding, InputBuffer input, BodyFraming framing)
    {
        _body.Begin(deflater, coding);
        (_input, _framer, _state, Passed, _holdsBack) = (input, new BodyFramer(framing, chunkedOut: false), FrameState.More, 0, false);
        _room = loop.Events.Blocks.Rent();
    }

    /// <summary>Starts with a body in which texts are replaced.</summary>
    /// <param name="texts">Which.</param>
    /// <param name="scope">What their variables stand for.</param>
    /// <param name="input">Where it arrives.</param>
    /// <param name="framing">How its end is known.</param>
    public void Begin(Substitutes texts, scoped in TemplateScope scope, InputBuffer input, BodyFraming framing)
    {
        _substituter ??= new();
        _substituter.Begin(texts, scope);
        _body.Begin(_substituter);
        (_input, _framer, _state, Passed, _holdsBack) = (input, new BodyFramer(framing, chunkedOut: false), FrameState.More, 0, false);
        _room = loop.Events.Blocks.Rent();
    }

    /// <summary>Starts with a body that is unpacked.</summary>
    /// <param name="inflater">What unpacks it; it is given back by <see cref="End"/>.</param>
    /// <param name="input">Where it arrives.</param>
    /// <param name="framing">How its end is known.</param>
    public void Begin(Inflater inflater, InputBuffer input, BodyFraming framing)
    {
        _body.Begin(inflater);
        (_input, _framer, _state, Passed, _holdsBack) = (input, new BodyFramer(framing, chunkedOut: false), FrameState.More, 0, false);
        _room = loop.Events.Blocks.Rent();
    }

    /// <summary>Says between which connections the rest of it passes.</summary>
    public void Connect(RelayPoint source, RelayPoint sink) => (_source, _sink) = (source, sink);

    /// <summary>Takes what has arrived already, to be sent along with the head.</summary>
    /// <returns>Whether that is all.</returns>
    public FrameState TakeFirst(out BlockSlice chunk)
    {
        _state = _framer.Take(_input, out var piece);
        Feed(piece);
        Next(out chunk);
        return _state == FrameState.Complete && _body is { IsDry: true, Failed: false } ? FrameState.Complete : FrameState.More;
    }

    private void Feed(BlockSlice piece)
    {
        var any = _holdsBack || piece.Length > 0;
        var flush = _state == FrameState.Complete ? Flush.End : any && (_state != FrameState.More || !_source.Transport.ReadReady) ? Flush.Pause : Flush.None;
        _holdsBack = any && flush == Flush.None;
        _body.Feed(piece, flush);
    }

    private bool Next(out BlockSlice chunk)
    {
        var any = _body.TryWrite(_room.Slice(0, Block.Size), out chunk);
        Passed += chunk.Length;
        return any;
    }

    /// <summary>Passes the rest.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<RelayEnd> Run()
    {
        while (true)
        {
            while (Next(out var chunk))
            {
                var sent = await _sink.Send(chunk);
                if (sent != IoStatus.Done)
                    return BodyRelay.AsSinkEnd(sent);

                // A thousand bytes can come of one.
                if (_budget.Spend(chunk.Length))
                    await loop.Events.NextTurn;
            }

            if (_body.Failed)
                return RelayEnd.Broken;
            if (_state != FrameState.More)
                return _state == FrameState.Complete ? RelayEnd.Complete : RelayEnd.Broken;

            // The end of a connection that was broken off here is not that of the body.
            var filled = _source.Transport is { ReadReady: true, Aborted: false } ? _input.TryFill(_source.Transport) : IoStatus.NotYet;
            if (filled == IoStatus.NotYet && _holdsBack)
            {
                _body.Feed(default, Flush.Pause);
                _holdsBack = false;
                continue;
            }

            if (filled == IoStatus.NotYet)
                filled = await _input.Fill(_source.Transport, _source.Patience);
            BlockSlice piece;
            if (filled == IoStatus.Done)
                _state = _framer.Take(_input, out piece);
            else if (filled != IoStatus.Closed)
                return BodyRelay.AsSourceEnd(filled);
            else if ((_state = _framer.TakeEnd(_input, out piece)) == FrameState.Broken)
                return await BreakOff();
            Feed(piece);
            if (_budget.Spend(piece.Length * CostOfByte))
                await loop.Events.NextTurn;
        }
    }

    /// <summary>The server has gone before the end: the client gets what there is, and sees that something is missing.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<RelayEnd> BreakOff()
    {
        _body.Feed(default, Flush.Pause);
        while (Next(out var chunk))
        {
            var sent = await _sink.Send(chunk);
            if (sent != IoStatus.Done)
                return BodyRelay.AsSinkEnd(sent);
        }

        return RelayEnd.SourceClosed;
    }

    /// <summary>Lets go of it, wherever it is.</summary>
    public void End()
    {
        if (!IsOpen)
            return;
        _body.End();
        loop.Events.Blocks.Return(_room);
        _room = default;
    }
}
