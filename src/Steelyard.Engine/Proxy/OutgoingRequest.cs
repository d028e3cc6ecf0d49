using Steelyard.Balancing;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>The request as servers are sent it, kept until an answer has begun, for it may have to be sent again.</summary>
internal sealed class OutgoingRequest(ExchangeContext context)
{
    private Block _block;

    public BlockSlice Head { get; private set; }

    /// <summary>What had arrived of the body with the head.</summary>
    public BlockSlice Body { get; private set; }

    /// <summary>All of the request is held here.</summary>
    public bool Replayable { get; private set; }

    /// <summary>What passes the rest of the body.</summary>
    public BodyRelay Upload { get; } = new(context.Loop);

    /// <summary>More of the body is still to come from the client.</summary>
    public bool BodyPending => context.Request.Body.HasBody && !Upload.Taken;

    public void Begin() => Upload.Clear();

    /// <summary>Writes the head for the servers, and takes what has arrived of the body to be sent along with it.</summary>
    public Outcome Prepare(Pool pool)
    {
        _block = context.Events.Blocks.Rent();
        var writer = new BlockWriter(_block);
        RequestWriter.Write(ref writer, context.Request, context.Client.Input.Head, context.Client.Forwarded, pool.NameBytes.Span, context.Route, context.Loop.PathRoom);
        if (writer.Overflowed)
            return new(Cause.BadRequest, Detail: HeadError.TooLarge);
        (Head, Body, Replayable) = (writer.Written, default, true);
        if (!context.Request.Body.HasBody)
            return Outcome.Success;

        var chunked = context.Request.Body.Kind == BodyKind.Chunked;
        var limit = context.Plan.Limits.Body?.Bytes ?? long.MaxValue;
        Upload.Begin(context.Client.Input, new BodyFramer(context.Request.Body, chunked, limit, keepsTrailers: !context.Request.Fields.Nominates));
        var state = Upload.TakeFirst(out var first);
        (Body, Replayable) = (first, state == FrameState.Complete);
        return state switch
        {
            FrameState.Broken => new(Cause.BadBody),
            FrameState.TooLarge => new(Cause.BodyTooLarge),
            _ => Outcome.Success,
        };
    }

    public void Release()
    {
        if (!_block.IsEmpty)
            context.Events.Blocks.Return(_block);
        _block = default;
    }
}
