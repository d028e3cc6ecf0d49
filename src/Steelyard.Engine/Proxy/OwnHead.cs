using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>What rules make of the head of an answer of the proxy's own (HAProxy: http-after-response). Owned by an exchange.</summary>
internal sealed class OwnHead(ExchangeContext context)
{
    private const int MostFields = 256;

    private static ReadOnlySpan<byte> End => "\r\n\r\n"u8;

    private readonly ResponseHead _head = new();

    /// <summary>Does what they say with an answer that is written.</summary>
    /// <param name="block">What it is written in, with perhaps a body behind the head; another one where something has changed.</param>
    /// <param name="length">How long it is.</param>
    /// <returns>How long it is now; 0 where there is no room.</returns>
    public int Change(ref Block block, int length)
    {
        var written = block.Span[..length];
        var end = written.IndexOf(End) + End.Length;
        _head.Clear();
        if (end < End.Length || _head.Read(written[..end], Block.Size, MostFields) != HeadState.Complete)
            return length;
        context.RunOwnRules(_head, written[..end]);
        var changed = context.Events.Blocks.Rent();
        var writer = new BlockWriter(changed);
        Write(ref writer, context.ResponseBytes);
        context.OwnStatus = _head.ShownStatus;
        context.ForgetResponse();
        writer.Write(written[end..]);
        context.Events.Blocks.Return(block);
        block = changed;
        return writer.Overflowed ? 0 : writer.Length;
    }

    private void Write(ref BlockWriter writer, ReadOnlySpan<byte> head)
    {
        writer.Write("HTTP/1.1 "u8);
        var status = _head.StatusAndReason(head);
        writer.Write(status);

        // RFC 9112, 4: the blank behind the code belongs there even without a reason.
        writer.Write(status.Length == 3 ? " \r\n"u8 : "\r\n"u8);
        foreach (ref readonly var field in _head.Fields.All)
            RequestWriter.WriteField(ref writer, field, head);
        writer.Write("\r\n"u8);
    }
}
