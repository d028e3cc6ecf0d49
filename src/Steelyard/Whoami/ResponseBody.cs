using Steelyard.Config;

namespace Steelyard.Whoami;

/// <summary>Sends a body whole, in chunks, or only its first half.</summary>
internal static class ResponseBody
{
    private static ReadOnlySpan<byte> Line => "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n"u8;

    public static async Task SendAsync(HttpContext context, int status, string type, ReadOnlyMemory<byte> body, Wishes wishes)
    {
        if (!await StartAsync(context, status, type, body.Length, wishes))
            return;
        await context.Response.Body.WriteAsync(wishes.Close ? body[..(body.Length / 2)] : body, context.RequestAborted);
        await EndAsync(context, wishes);
    }

    /// <summary>Sends a body of a size, made of one line of 64 characters again and again.</summary>
    public static async Task SendFillingAsync(HttpContext context, int status, ByteSize size, Wishes wishes)
    {
        if (!await StartAsync(context, status, "text/plain; charset=us-ascii", size.Bytes, wishes))
            return;
        var piece = Filling(16 * 1024);
        var left = wishes.Close ? size.Bytes / 2 : size.Bytes;
        for (; left > 0; left -= piece.Length)
            await context.Response.Body.WriteAsync(piece.AsMemory(0, (int)Math.Min(left, piece.Length)), context.RequestAborted);
        await EndAsync(context, wishes);
    }

    /// <summary>Sends the head.</summary>
    /// <returns>Whether a body may follow.</returns>
    private static async Task<bool> StartAsync(HttpContext context, int status, string type, long length, Wishes wishes)
    {
        context.Response.StatusCode = status;
        var bodyless = status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified;
        if (!bodyless)
        {
            context.Response.ContentType = type;
            context.Response.ContentLength = wishes.Chunked ? null : length;
        }
        var hasBody = !bodyless && !HttpMethods.IsHead(context.Request.Method);
        if (!hasBody && wishes.Close)
            context.Abort();
        else if (hasBody && (wishes.Chunked || wishes.Close))
            await context.Response.StartAsync(context.RequestAborted);
        return hasBody;
    }

    private static async Task EndAsync(HttpContext context, Wishes wishes)
    {
        if (!wishes.Close)
            return;
        await context.Response.Body.FlushAsync(context.RequestAborted);
        // Kestrel's Abort may throw away what was just written. An error after the head makes it send that, then hang up.
        throw new CutOnPurposeException();
    }

    private static byte[] Filling(int length)
    {
        var filling = new byte[length];
        for (var at = 0; at < length; at += Line.Length)
            Line.CopyTo(filling.AsSpan(at));
        return filling;
    }

    private sealed class CutOnPurposeException : Exception;
}
