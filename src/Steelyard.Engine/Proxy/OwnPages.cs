using System.Runtime.CompilerServices;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>Asks for pages about the balancer, and for what their forms want to change. Owned by its exchange.</summary>
/// <param name="context">The exchange.</param>
/// <param name="outgoing">Where what was sent of the form's body is counted as read.</param>
internal sealed class OwnPages(ExchangeContext context, OutgoingRequest outgoing)
{
    private const int LongestForm = 8 * 1024;

    private RequestHead Request => context.Request;

    /// <summary>Makes the page that is asked for; null where nobody makes any.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<LongAnswer?> Make(StatisticsSettings statistics)
    {
        if (context.Loop.Pages is not { } pages)
            return null;
        var question = new StatisticsQuestion(statistics, Encoding.ASCII.GetString(Request.OriginalTarget(context.Head)))
        {
            MayChange = context.Route.MayChange is { } may && may.Holds(context.Scope) && !IsFromElsewhere,
            Posts = Request.Method == KnownMethod.Post,
        };
        if (question is { Posts: true, MayChange: true })
            question = question with { Form = await ReadForm() };
        return new PageAnswer(await pages(question)) { IsFresh = true };
    }

    // Browsers say so of what a page of somebody else makes them send: over TLS by the first, without it by one of the others.
    private bool IsFromElsewhere => FileConditions.TryFind(Request, context.Head, "Sec-Fetch-Site"u8, out var site) ? !site.SequenceEqual("same-origin"u8) && !site.SequenceEqual("none"u8)
        : FileConditions.TryFind(Request, context.Head, "Origin"u8, out var page) || FileConditions.TryFind(Request, context.Head, "Referer"u8, out page) ? !IsOfThisHost(page)
        : false;

    private bool IsOfThisHost(ReadOnlySpan<byte> page)
    {
        var start = page.IndexOf("://"u8);
        if (start < 0)
            return false;
        page = page[(start + 3)..];
        var end = page.IndexOf((byte)'/');
        return Ascii.EqualsIgnoreCase(end < 0 ? page : page[..end], Request.Authority(context.Head));
    }

    /// <summary>The whole of a small body; null where it is large, or does not come.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<string?> ReadForm()
    {
        if (Request.Body is not { Kind: BodyKind.Counted, Length: <= LongestForm } body || Request.ExpectsContinue)
            return Request.Body.HasBody ? null : "";
        var input = context.Client.Input;
        while (input.Unread.Length < body.Length)
        {
            if (await input.Fill(context.Client.Transport, context.Deadline.Within(context.Timeouts.ClientBody)) != IoStatus.Done)
                return null;
        }

        outgoing.Upload.Begin(input, new BodyFramer(body, chunkedOut: false));
        outgoing.Upload.TakeFirst(out var form);
        return Encoding.Latin1.GetString(form.Span);
    }
}
