using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>Whether a client wants a file that it may have already (RFC 9110, 13), as nginx decides it: what stands in the way of any of the fields counts.</summary>
internal static class FileConditions
{
    private const int NotModified = 304;
    private const int PreconditionFailed = 412;

    /// <summary>The status of an answer: 200, 304 or 412.</summary>
    /// <param name="request">The request.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="tag">The file's ETag; empty for none.</param>
    /// <param name="modified">The second of its last change, since 1970.</param>
    /// <param name="since">Which dates mean that the client has it.</param>
    public static int StatusOf(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> tag, long modified, ModifiedSince since)
    {
        if (TryFind(request, head, "If-Unmodified-Since"u8, out var value) && !(HttpTime.TryRead(value, out var time) && time >= modified))
            return PreconditionFailed;
        if (TryFind(request, head, "If-Match"u8, out value) && !Names(value, tag, isWeak: false))
            return PreconditionFailed;
        var dated = TryFind(request, head, "If-Modified-Since"u8, out value);
        if (dated && IsNewer(value, modified, since))
            return 200;
        var tagged = TryFind(request, head, "If-None-Match"u8, out value);
        if (tagged && !Names(value, tag, isWeak: true))
            return 200;
        return dated || tagged ? NotModified : 200;
    }

    /// <summary>Whether the parts that a client asks for are those of the file it has a part of.</summary>
    public static bool IsOf(ReadOnlySpan<byte> condition, ReadOnlySpan<byte> tag, long modified) =>
        condition is [_, .., (byte)'"'] ? condition.SequenceEqual(tag) : HttpTime.TryRead(condition, out var time) && time == modified;

    /// <summary>The value of a field; false where there is none.</summary>
    public static bool TryFind(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.NameLength == name.Length && Ascii.EqualsIgnoreCase(field.Name(head), name))
            {
                value = field.Value(head);
                return true;
            }
        }

        value = default;
        return false;
    }

    private static bool IsNewer(ReadOnlySpan<byte> date, long modified, ModifiedSince since) =>
        since == ModifiedSince.Off || !HttpTime.TryRead(date, out var time) || (time != modified && (since == ModifiedSince.Exact || time < modified));

    private static bool Names(ReadOnlySpan<byte> list, ReadOnlySpan<byte> tag, bool isWeak)
    {
        if (list.SequenceEqual("*"u8))
            return true;
        if (tag.IsEmpty)
            return false;
        while (!list.IsEmpty)
        {
            if (isWeak && list.StartsWith("W/"u8))
                list = list[2..];
            if (list.StartsWith(tag))
            {
                list = list[tag.Length..].TrimStart(" \t"u8);
                if (list is [] or [(byte)',', ..])
                    return true;
            }

            var comma = list.IndexOf((byte)',');
            list = comma < 0 ? default : list[comma..].TrimStart(" \t,"u8);
        }

        return false;
    }
}
