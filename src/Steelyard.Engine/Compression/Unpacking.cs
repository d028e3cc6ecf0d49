using Steelyard.Config;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Compression;

/// <summary>Which answers are unpacked for clients that take no gzip (nginx: gunzip).</summary>
internal static class Unpacking
{
    private static readonly ContentCoding[] s_codings = [ContentCoding.Gzip];

    /// <summary>Finds out what becomes of an answer. For a client of HTTP/1.0 it stays as it is: nothing would show its end.</summary>
    /// <param name="answer">What it says.</param>
    /// <param name="request">The request.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="varies">Whether clients are told that it goes by what they take.</param>
    public static PackedHead Judge(scoped in ContentFields answer, RequestHead request, ReadOnlySpan<byte> head, bool varies)
    {
        if (!answer.IsGzip || answer.IsPart || answer.Length == 0 || answer.Status is < 200 or 204 or 206 or 304)
            return default;
        return new(varies, null, request.MinorVersion > 0 && AcceptedCodings.Choose(request, head, s_codings) is null ? Edited.Unpacked : Edited.No);
    }
}
