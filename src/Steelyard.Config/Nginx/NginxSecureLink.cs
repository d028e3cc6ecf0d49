using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>How a link shows that somebody who knows a secret has made it (nginx: secure_link), of one block.</summary>
/// <param name="Link">Where the MD5 stands, and behind a comma when the link ends.</param>
/// <param name="Hashed">What the MD5 is of; null while that itself is read, for it cannot go by the judgement.</param>
/// <param name="Secret">What stands behind a link that the MD5 in front of it is of (nginx: secure_link_secret); null for another way.</param>
internal sealed record NginxSecureLink(NginxDirective Link, NginxDirective? Hashed, string? Secret = null)
{
    // The folder, the MD5 and the link.
    private const string Parts = "^/[^/]*/([^/]{32})/(.+)$";

    // A number of so many digits is a time between 2001 and 2286, and as texts they sort like times.
    private const string Time = "^[1-9][0-9]{9}$";

    /// <summary>What counts in a block; null for nothing.</summary>
    public static NginxSecureLink? Of(NginxLevel level) => level.Find("secure_link") is { } link ? new(link, level.Find("secure_link_md5"))
        : level.Find("secure_link_secret") is { } secret ? new(secret, null, secret[1]) : null;

    /// <summary>When the link ends; empty where it does not.</summary>
    public Expression Expires(NginxScope scope) => Secret is not null ? NginxVariables.Literal("") : NginxVariables.OrEmpty(new CallExpression(FunctionKind.Group, Given(scope), [",(.*)$", "1"]));

    /// <summary>1 for a link that is right, 0 for one that was, else nothing.</summary>
    public Expression Judgement(NginxScope scope)
    {
        if (Secret is not null)
            return JudgeSecret(Secret);
        if (Hashed is null || !NginxVariables.TryRead(Hashed[1], scope with { SecureLink = this with { Hashed = null } }, Hashed.Words[1].Place, out var hashed, isBody: true))
            return NginxVariables.Literal("");
        var digest = new CallExpression(FunctionKind.Digest, new TextExpression(NginxVariables.WithEmpty(hashed)), ["md5"]);
        var shown = new CallExpression(FunctionKind.TrimEnd, new CallExpression(FunctionKind.Group, Given(scope), ["^([^,]*)", "1"]), ["="]);
        var compared = new CallExpression(FunctionKind.Compare, new CallExpression(FunctionKind.Base64UrlDecode, shown), [TextTemplate.Of(digest).ToString()]);
        return new MapExpression(NginxVariables.OrEmpty(compared), [new(TestKind.Is, false, "0", TextTemplate.Of(InTime(scope)))], TextTemplate.Empty);
    }

    private static MapExpression JudgeSecret(string secret)
    {
        var asked = new FetchExpression(FetchKind.OriginalUri);
        var link = new CallExpression(FunctionKind.Group, asked, [Parts, "2"]);
        var digest = new CallExpression(FunctionKind.Hex, new CallExpression(FunctionKind.Digest, new TextExpression(TextTemplate.Of([new(null, default, link), new(secret)])), ["md5"]));
        var shown = new CallExpression(FunctionKind.Upper, new CallExpression(FunctionKind.Group, asked, [Parts, "1"]));
        return new(NginxVariables.OrEmpty(new CallExpression(FunctionKind.Compare, shown, [TextTemplate.Of(digest).ToString()])), [new(TestKind.Is, false, "0", TextTemplate.Of(link))], TextTemplate.Empty);
    }

    private MapExpression InTime(NginxScope scope)
    {
        var expires = Expires(scope);
        var now = new CallExpression(FunctionKind.Compare, expires, [TextTemplate.Of(new FetchExpression(FetchKind.Now)).ToString()]);
        var judged = new MapExpression(now, [new(TestKind.Starts, false, "-", TextTemplate.Literal("0"))], TextTemplate.Literal("1"));
        var ofTime = new MapExpression(
            expires,
            [
                new(TestKind.Matches, false, Time, TextTemplate.Of(judged)),
                new(TestKind.Matches, false, "^0*[1-9][0-9]{10,17}$", TextTemplate.Literal("1")),
                new(TestKind.Matches, false, "^0*[1-9][0-9]{0,9}$", TextTemplate.Literal("0")),
            ],
            TextTemplate.Empty);
        return new(Given(scope), [new(TestKind.Contains, false, ",", TextTemplate.Of(ofTime))], TextTemplate.Literal("1"));
    }

    private Expression Given(NginxScope scope) =>
        NginxVariables.TryRead(Link[1], scope with { SecureLink = null }, Link.Words[1].Place, out var given) ? NginxVariables.OrEmpty(NginxVariables.ValueOf(NginxVariables.WithEmpty(given))) : NginxVariables.Literal("");
}
