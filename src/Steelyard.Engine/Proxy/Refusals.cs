using System.Buffers;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>The requests that nginx refuses before it looks for who answers them.</summary>
internal static class Refusals
{
    private const int MethodNotAllowed = 405;

    private static readonly SearchValues<byte> s_ofMethods = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ_-"u8);

    /// <summary>Why a request is refused; success where it is not.</summary>
    /// <param name="request">The request.</param>
    /// <param name="head">The bytes it was read from.</param>
    public static Outcome Of(RequestHead request, ReadOnlySpan<byte> head)
    {
        if (request.Method == KnownMethod.Trace)
            return new(Cause.BadRequest, Detail: HeadError.Method, Told: MethodNotAllowed);
        if (request.Method == KnownMethod.Other && request.MethodBytes(head).IndexOfAnyExcept(s_ofMethods) >= 0)
            return new(Cause.BadRequest, Detail: HeadError.RequestLine);
        var path = request.Path(head);
        if (request.Method == KnownMethod.Options && path.SequenceEqual("*"u8))
            return new(Cause.BadRequest, Detail: HeadError.Target);
        if (PathNormalizer.IsNeeded(path) && !PathNormalizer.IsSound(path))
            return new(Cause.BadRequest, Detail: HeadError.Target);
        return request.Authority(head).IsEmpty && request.Fields.IndexOf(KnownField.Host) >= 0 ? new(Cause.BadRequest, Detail: HeadError.Host) : Outcome.Success;
    }
}
