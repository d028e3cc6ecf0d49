using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Compression;

/// <summary>What a route says itself, as an answer that is changed while it is sent.</summary>
internal sealed class TextAnswer : LongAnswer
{
    private readonly LocalAnswer _answer;
    private readonly byte[] _body;
    private readonly PackedHead _packed;

    private TextAnswer(LocalAnswer answer, byte[] body, in PackedHead packed) => (_answer, _body, _packed, Left) = (answer, body, packed, body.Length);

    public override int Status => _answer.Status;

    /// <summary>The answer where it is compressed, or texts in it are replaced, as nginx does it; null where it stays what it is.</summary>
    /// <param name="answer">What a route says.</param>
    /// <param name="context">The request.</param>
    public static LongAnswer? From(LocalAnswer answer, ExchangeContext context)
    {
        if (context.Route is not { } route || (route.Packing is null && route.Substitutes is null) || answer.IsRedirect || context.Request.Method == Http1.KnownMethod.Head)
            return null;
        var body = answer.BodyFor(context.Scope);
        if (body.Length == 0)
            return null;
        var content = new ContentFields { Status = context.ToldStatus > 0 ? context.ToldStatus : answer.Status, Length = body.Length, Type = answer.TypeFor(context.Scope) };
        if (route.Substitutes is { } texts && texts.Judge(content, context.Request) is { IsChanged: true } edited)
        {
            var substituter = new Substitution.Substituter();
            substituter.Begin(texts, context.Scope);
            return new PackedAnswer(new TextAnswer(answer, body, edited), context.Loop, substituter);
        }

        if (route.Packing is not { } packing)
            return null;
        var packed = context.Loop.Deflaters.Rent(packing, packing.Judge(content, context.Request, context.Head, context.Events), out var deflater);
        if (!packed.IsPacked && !packed.Varies)
            return null;
        var text = new TextAnswer(answer, body, packed);
        return deflater is null ? text : new PackedAnswer(text, context.Loop, deflater, packed.Coding!.Value);
    }

    public override void WriteHead(ref BlockWriter writer, int told, FieldEdits? edits, in TemplateScope scope, ConnectionOption connection, ReadOnlySpan<byte> date) =>
        _answer.WriteHead(ref writer, scope, edits, connection, date, null, told, _packed);

    public override int Read(BlockSlice room)
    {
        var next = _body.AsSpan(_body.Length - (int)Left, (int)Math.Min(room.Length, Left));
        next.CopyTo(room.Span);
        Left -= next.Length;
        return next.Length;
    }

    public override void Dispose()
    {
        // It is memory, and nobody else's.
    }
}
