using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Compression;

/// <summary>
/// What becomes of the body of an answer of a server's: texts are replaced in it, it is compressed or unpacked, or none of
/// that. Used again and again; owned by an exchange.
/// </summary>
internal sealed class BodyChange(ExchangeContext context)
{
    private Deflater? _deflater;
    private Inflater? _inflater;

    /// <summary>What passes a changed body on.</summary>
    public PackedRelay Relay { get; } = new(context.Loop);

    /// <summary>Finds out whether it is changed, and rents what that takes: <see cref="Begin"/> or <see cref="GiveBack"/> follows.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="head">The bytes of its head.</param>
    /// <param name="hasBody">Whether a body comes with it.</param>
    /// <returns>What its head says of that.</returns>
    public PackedHead Judge(ResponseHead answer, ReadOnlySpan<byte> head, bool hasBody)
    {
        (_deflater, _inflater) = (null, null);

        // nginx: HEAD is told what GET would be.
        if (!hasBody && (context.Request is not { AsNginx: true, AnsweredAs: KnownMethod.Head } || answer.Body(KnownMethod.Get) is { HasBody: false } or { Kind: BodyKind.Counted, Length: 0 }))
            return default;
        var route = context.Route;
        var judged = route.Substitutes is { } texts ? texts.Judge(ContentFields.Of(answer, head), context.Request) : default;
        if (!judged.IsChanged && route.Packing is { } packing)
            judged = JudgePacking(packing, answer, head, hasBody);
        if (!judged.IsChanged && route.Unpacks && JudgeUnpacking(answer, head, hasBody) is var unpacked && unpacked != default)
            judged = unpacked;
        return judged;
    }

    private PackedHead JudgePacking(Packing packing, ResponseHead answer, ReadOnlySpan<byte> head, bool hasBody)
    {
        var judged = packing.Judge(ContentFields.Of(answer, head), context.Request, context.Head, context.Events);
        return hasBody ? context.Loop.Deflaters.Rent(packing, judged, out _deflater) : judged;
    }

    private PackedHead JudgeUnpacking(ResponseHead answer, ReadOnlySpan<byte> head, bool hasBody)
    {
        var judged = Unpacking.Judge(ContentFields.Of(answer, head), context.Request, context.Head, context.Route.Packing is { VariesAlways: true });
        if (!judged.IsChanged || !hasBody)
            return judged;
        _inflater = context.Loop.Deflaters.RentInflater();
        return _inflater is null ? default : judged;
    }

    /// <summary>Starts with a body that is changed, whose first bytes may have arrived.</summary>
    /// <param name="judged">What the head says of it.</param>
    /// <param name="input">Where it arrives.</param>
    /// <param name="framing">How its end is known.</param>
    public void Begin(in PackedHead judged, InputBuffer input, BodyFraming framing)
    {
        if (_inflater is { } inflater)
            Relay.Begin(inflater, input, framing);
        else if (_deflater is { } deflater)
            Relay.Begin(deflater, judged.Coding!.Value, input, framing);
        else
            Relay.Begin(context.Route.Substitutes!, context.Scope, input, framing);
        (_deflater, _inflater) = (null, null);
    }

    /// <summary>Lets go of what was rented where the answer is not given.</summary>
    public void GiveBack()
    {
        if (_deflater is not null)
            context.Loop.Deflaters.Return(_deflater, isClean: true);
        if (_inflater is not null)
            context.Loop.Deflaters.Return(_inflater);
        (_deflater, _inflater) = (null, null);
    }
}
