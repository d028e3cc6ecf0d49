using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using static Steelyard.Config.Nginx.NginxArguments;

namespace Steelyard.Config.Nginx;

/// <summary>
/// Clients that are told apart by a cookie: userid and its kin (nginx: ngx_http_userid_module). A client without one gets 16
/// bytes by lot, in base64; to $uid_got and $uid_set they are four numbers of 32 bits, in hexadecimal digits.
/// </summary>
/// <param name="Name">What the cookie is called.</param>
/// <param name="IsSet">Whether clients without it get one.</param>
internal sealed record NginxUserId(string Name, bool IsSet)
{
    private const string Given = "userid.given";
    private const string Longest = "Thu, 31-Dec-37 23:55:55 GMT";

    // 22 letters are 16 bytes.
    private const string IsOne = "^[A-Za-z0-9+/]{22}";

    /// <summary>The rows of the table.</summary>
    public static IEnumerable<DirectiveRow<NginxUse>> Rows =>
    [
        NginxDirectives.Row("userid", "HSL", 1, 1, "on | v1 | log | off", "Clients without the cookie get one, by lot, with any answer; `log` reads it alone. `$uid_got` and `$uid_set` say which.", OneOf("on", "v1", "log", "off")),
        NginxDirectives.Row("userid_name", "HSL", 1, 1, "<name>", "What the cookie is called; `uid` where nothing is said.", Anything),
        NginxDirectives.Row("userid_domain", "HSL", 1, 1, "<name> | none", "Its domain.", Anything),
        NginxDirectives.Row("userid_path", "HSL", 1, 1, "<path>", "Its path; `/` where nothing is said.", Anything),
        NginxDirectives.Row("userid_expires", "HSL", 1, 1, "<time> | max | off", "How long it is kept.", Anything),
        NginxDirectives.Row("userid_flags", "HSL", 1, int.MaxValue, "off | <flag>*", "Its flags: secure, httponly, samesite=strict, lax or none.", OneOf("off", "secure", "httponly", "samesite=strict", "samesite=lax", "samesite=none")),
        NginxDirectives.Row("userid_p3p", "HSL", 1, 1, "<text> | none", "The field P3P beside it.", Anything),
        NginxDirectives.Row("userid_service", "HSL", 1, 1, "<number>", "Counts for nothing: all of a cookie is by lot.", Anything),
        NginxDirectives.Row("userid_mark", "HSL", 1, 1, "off", "Cookies are not marked, and any other word is an error.", OneOf("off")),
    ];

    /// <summary>What a block says; null for nothing.</summary>
    public static NginxUserId? Of(NginxLevel level) => level.Find("userid")?[1] is { } word and not "off" ? new(level.Find("userid_name")?[1] ?? "uid", word != "log") : null;

    /// <summary>What a client without the cookie is going to get; empty for one that has it.</summary>
    public Expression Set => Shown(NginxVariables.OrEmpty(new FetchExpression(FetchKind.Variable, Given)));

    /// <summary>The cookie that a client has; empty where it has none.</summary>
    public Expression Got => Shown(new MapExpression(NginxVariables.OrEmpty(Cookie), [new(TestKind.Matches, false, IsOne, TextTemplate.Of(HexOf(Cookie)))], TextTemplate.Empty));

    /// <summary>Chooses the cookie of a client that has none, before anything is answered.</summary>
    public static void Read(NginxLevel level, List<Located<RuleSettings>> rules)
    {
        if (Of(level) is not { IsSet: true } user)
            return;
        var value = TextTemplate.Of(new CallExpression(FunctionKind.Replace, new FetchExpression(FetchKind.Uuid), ["-", "", "g"]));
        Condition when = new AllCondition([new NotCondition(NginxSteps.Has(Given)), new NotCondition(new TestCondition(user.Cookie, TestKind.Matches, [IsOne]))]);
        rules.Add(new(new() { Action = RuleAction.SetVariable, Name = Given, Value = value, When = when }, level.Find("userid")!.Place));
    }

    /// <summary>The fields for a client that has none.</summary>
    public static IEnumerable<HeaderLine> FieldsOf(NginxLevel level)
    {
        if (Of(level) is not { IsSet: true } user)
            yield break;
        List<TemplatePart> parts = [new(user.Name + "="), new(null, default, new CallExpression(FunctionKind.Base64, new CallExpression(FunctionKind.HexDecode, new FetchExpression(FetchKind.Variable, Given))))];
        if (level.Find("userid_expires")?[1] is { } expires and not "off")
        {
            parts.Add(new("; expires="));
            parts.Add(expires == "max" || !NginxValues.TryReadTime(expires, out var time) ? new(Longest)
                : new(null, default, new CallExpression(FunctionKind.UtcTime, new FetchExpression(FetchKind.Now), ["%a, %d-%b-%y %H:%M:%S GMT", ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture)])));
        }

        if (level.Find("userid_domain")?[1] is { } domain and not "none")
            parts.Add(new("; domain=" + domain));
        parts.Add(new("; path=" + (level.Find("userid_path")?[1] ?? "/")));
        foreach (var flag in level.Find("userid_flags")?.Words.Skip(1).Where(word => word.Text != "off") ?? [])
            parts.Add(new("; " + flag.Text));
        yield return IfGiven("Set-Cookie", TextTemplate.Of(parts));
        if (level.Find("userid_p3p")?[1] is { } policy and not "none")
            yield return IfGiven("P3P", TextTemplate.Literal(policy));
    }

    private static HeaderLine IfGiven(string name, TextTemplate value) =>
        new(name, TextTemplate.Of(new MapExpression(NginxVariables.OrEmpty(new FetchExpression(FetchKind.Variable, Given)), [new(TestKind.Is, false, "", TextTemplate.Empty)], value)));

    private FetchExpression Cookie => new(FetchKind.Cookie, Name);

    private static CallExpression HexOf(Expression cookie) =>
        new(FunctionKind.Hex, new CallExpression(FunctionKind.Base64Decode, new TextExpression(TextTemplate.Of([new(null, default, new CallExpression(FunctionKind.Bytes, cookie, ["0", "22"])), new("==")]))));

    // Each number is written as the machine reads it, its last byte first.
    private MapExpression Shown(Expression digits)
    {
        var turned = new CallExpression(FunctionKind.Upper, new CallExpression(FunctionKind.Replace, digits, ["(..)(..)(..)(..)", @"\4\3\2\1", "g"]));
        return new(digits, [new(TestKind.Is, false, "", TextTemplate.Empty)], TextTemplate.Of([new(Name + "="), new(null, default, turned)]));
    }
}
