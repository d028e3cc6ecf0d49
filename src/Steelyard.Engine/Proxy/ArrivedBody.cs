using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>What has come of a request's body and is still in its buffer, where rules may look at it. Nothing of it is taken.</summary>
internal static class ArrivedBody
{
    // HAProxy: as much as a buffer holds.
    private const int Most = 16 * 1024;

    // What a buffer keeps free around what is in it.
    private const int Margins = 4 * InputBuffer.Margin;

    /// <summary>Whether there is nothing to wait for: all of it is here, or enough, or as much as there is room for.</summary>
    /// <param name="request">The request.</param>
    /// <param name="input">Where it arrives; its head is held.</param>
    /// <param name="wait">What is waited for.</param>
    public static bool IsEnough(RequestHead request, InputBuffer input, BodyWait wait)
    {
        if (!request.Body.HasBody)
            return true;
        var arrived = input.Unread;
        if (arrived.Length >= Math.Min(Most, Block.Size - Margins - input.Head.Length))
            return true;
        if (request.Body.Kind == BodyKind.Counted)
            return arrived.Length >= (wait.AtLeast > 0 ? Math.Min(wait.AtLeast, request.Body.Length) : request.Body.Length);
        var length = LengthOfChunks(arrived, request.Tolerant, out var complete);
        return complete || (wait.AtLeast > 0 && length >= wait.AtLeast);
    }

    /// <summary>How long it is, as far as that is known.</summary>
    public static long LengthOf(RequestHead request, InputBuffer? input) =>
        request.Body.Kind == BodyKind.Counted ? request.Body.Length : !request.Body.HasBody || input is null ? 0 : LengthOfChunks(input.Unread, request.Tolerant, out _);

    /// <summary>What has come of it, out of its chunks.</summary>
    public static bool TryRead(RequestHead request, InputBuffer input, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!request.Body.HasBody)
            return true;
        var arrived = input.Unread;
        if (request.Body.Kind == BodyKind.Counted)
        {
            value = arrived[..(int)Math.Min(arrived.Length, Math.Min(request.Body.Length, Most))];
            return true;
        }

        var decoder = new ChunkDecoder(request.Tolerant);
        var start = room.Used;
        while (!arrived.IsEmpty && !decoder.Complete && !decoder.Broken)
        {
            var read = decoder.Read(arrived, out var data);
            if (!room.TryTake(data, out var piece))
                return false;
            arrived[(read - data)..read].CopyTo(piece);
            arrived = arrived[read..];
        }

        value = room.From(start);
        return true;
    }

    private static long LengthOfChunks(ReadOnlySpan<byte> arrived, bool tolerant, out bool complete)
    {
        var decoder = new ChunkDecoder(tolerant);
        var length = 0L;
        while (!arrived.IsEmpty && !decoder.Complete && !decoder.Broken)
        {
            arrived = arrived[decoder.Read(arrived, out var data)..];
            length += data;
        }

        // What is broken is refused where the body is taken.
        complete = decoder.Complete || decoder.Broken;
        return length;
    }
}
