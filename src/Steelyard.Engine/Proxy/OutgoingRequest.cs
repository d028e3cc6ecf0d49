using Steelyard.Balancing;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>The request as servers are sent it, kept until an answer has begun, for it may have to be sent again.</summary>
internal sealed class OutgoingRequest
{
    private readonly ExchangeContext _context;
    private Block _block;

    // Where a tolerant client's chunks are written as strict ones, until the upload has ended.
    private Block _chunks;

    // The body is kept behind the head, and how much more of it may be.
    private bool _keeping;
    private int _roomToKeep;

    public OutgoingRequest(ExchangeContext context)
    {
        _context = context;
        Upload = new BodyRelay(context.Loop) { Keeper = this };
    }

    public BlockSlice Head { get; private set; }

    /// <summary>What has been sent of the body, as long as it can be sent again; at first what arrived with the head.</summary>
    public BlockSlice Body { get; private set; }

    /// <summary>All that has been taken of the request is still here.</summary>
    public bool Replayable { get; private set; }

    /// <summary>What passes the rest of the body.</summary>
    public BodyRelay Upload { get; }

    /// <summary>More of the body is still to come from the client.</summary>
    public bool BodyPending => _context.Request.Body.HasBody && !Upload.Taken;

    /// <summary>Whether it was written for a server, and something of its body may be gone.</summary>
    public bool IsPrepared { get; private set; }

    /// <summary>Whether another server is to be asked with the body as far as it has come.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Forgets the request before.</summary>
    public void Begin()
    {
        Upload.Clear();
        (IsPrepared, IsHeld) = (false, false);
    }

    /// <summary>Keeps the body for whoever is asked instead, where all that was taken of it is here.</summary>
    public bool TryHold() => IsHeld = IsPrepared && Replayable && !_block.IsEmpty && !_context.Route.DropsBody;

    /// <summary>Writes the head for the servers, and takes what has arrived of the body to be sent along with it.</summary>
    public Outcome Prepare(Pool pool)
    {
        var (held, before, taken) = (IsHeld, _block, Body);
        _context.Body.IsHere = false;
        (IsPrepared, IsHeld) = (true, false);
        if (_context.Route.DropsBody && _context.Request.Body.HasBody)
        {
            _context.BodyLeft |= BodyPending;
            _context.Request.DropBody();
        }

        _block = _context.Events.Blocks.Rent();
        var writer = new BlockWriter(_block);
        RequestWriter.Write(ref writer, _context.Scope, _context.Route, pool.Cookies, _context.Client.Listener.Identifies, _context.ClosesServer);
        (Head, Body, Replayable) = (writer.Written, default, true);
        if (held)
            return Resume(ref writer, before, taken);
        if (writer.Overflowed)
            return new(Cause.BadRequest, Detail: HeadError.TooLarge);
        if (_context.Route.SendBody is { } body)
            return Write(ref writer, body);
        if (!_context.Request.Body.HasBody)
            return Outcome.Success;

        var chunked = _context.Request.Body.Kind == BodyKind.Chunked;
        var limit = _context.Route.MostBody ?? _context.Plan.Limits.Body?.Bytes ?? long.MaxValue;
        if (chunked && _context.Client.Listener.Tolerant)
            _chunks = _context.Events.Blocks.Rent();
        Upload.Begin(_context.Client.Input, new BodyFramer(_context.Request.Body, chunked, limit, _context.Request.PassesTrailers, _chunks, _context.Route.RequestNames));
        var state = Upload.TakeFirst(out var first);
        Body = first;
        if (_context.Mirroring is { Gathers: true } mirroring)
            Copy(mirroring, first, state);
        return state switch
        {
            FrameState.Broken => new(Cause.BadBody),
            FrameState.TooLarge => new(Cause.BodyTooLarge),
            _ => Outcome.Success,
        };
    }

    /// <summary>Goes on with a body of which something was taken for another server.</summary>
    /// <param name="writer">Behind the head.</param>
    /// <param name="before">What was sent to that one; returned.</param>
    /// <param name="taken">What was taken of the body.</param>
    private Outcome Resume(ref BlockWriter writer, Block before, BlockSlice taken)
    {
        Outcome outcome = default;
        if (_context.Route.SendBody is { } body && !writer.Overflowed)
        {
            outcome = Write(ref writer, body);
        }
        else if (_context.Request.Body.HasBody)
        {
            writer.Write(taken.Span);
            Body = _block.Slice(Head.Length, writer.Length - Head.Length);
            _roomToKeep = Math.Min(_roomToKeep, writer.Room);
        }

        _context.Events.Blocks.Return(before);
        return writer.Overflowed ? new(Cause.BadRequest, Detail: HeadError.TooLarge) : outcome;
    }

    /// <summary>Writes a body of the configuration's own behind the head.</summary>
    private Outcome Write(ref BlockWriter writer, TemplateBytes body)
    {
        ExpressionRoom.OfThread.Clear();
        if (body.TryMake(_context.Scope, out var text))
            writer.Write(text);
        if (writer.Overflowed)
            return new(Cause.BadRequest, Detail: HeadError.TooLarge);
        Body = _block.Slice(Head.Length, writer.Length - Head.Length);
        return Outcome.Success;
    }

    /// <summary>
    /// The rest of the body is about to pass, through the room of what has come so far: keeps all of it behind the head,
    /// if it is small enough and may be needed again.
    /// </summary>
    /// <param name="most">The largest body to keep.</param>
    public void KeepForReplay(long most)
    {
        // An attempt before this one has begun to keep it.
        if (_keeping)
            return;
        var body = _context.Request.Body;
        most = Math.Min(most, Block.Size - Head.Length);
        Replayable &= (body.Kind != BodyKind.Counted || body.Length <= most) && Body.Length <= most;
        if (!Replayable)
            return;
        Body.Span.CopyTo(_block.Span[Head.Length..]);
        Body = _block.Slice(Head.Length, Body.Length);
        (_keeping, _roomToKeep) = (true, (int)most - Body.Length);
    }

    private static void Copy(Mirroring mirroring, BlockSlice piece, FrameState state)
    {
        mirroring.Take(piece);
        if (state == FrameState.Complete)
            mirroring.Send();
    }

    /// <summary>Whether every piece of the body is to be seen.</summary>
    public bool SeesAll => _context.Mirroring is { Gathers: true };

    /// <summary>A piece of the body is about to be sent.</summary>
    public void Keep(BlockSlice piece)
    {
        _context.Mirroring?.Take(piece);
        if (!_keeping)
            return;
        if (piece.Length > _roomToKeep)
        {
            (_keeping, Replayable) = (false, false);
            return;
        }

        piece.Span.CopyTo(_block.Span[(Head.Length + Body.Length)..]);
        Body = _block.Slice(Head.Length, Body.Length + piece.Length);
        _roomToKeep -= piece.Length;
    }

    /// <summary>It will not be sent again; what is still to come of its body may still pass.</summary>
    public void Release()
    {
        _keeping = false;
        if (!_block.IsEmpty)
            _context.Events.Blocks.Return(_block);
        _block = default;
    }

    /// <summary>Nothing more of it will be sent.</summary>
    public void End()
    {
        Release();
        if (!_chunks.IsEmpty)
            _context.Events.Blocks.Return(_chunks);
        _chunks = default;
    }
}
