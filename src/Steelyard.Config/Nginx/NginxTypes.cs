using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>Types by the endings of names: types, default_type.</summary>
internal static class NginxTypes
{
    private static readonly (string Ending, string Type)[] s_builtIn = [("html", "text/html"), ("gif", "image/gif"), ("jpg", "image/jpeg")];

    // What charset_types is where nothing is said.
    private static readonly string[] s_withCharset = ["text/html", "text/xml", "text/plain", "text/vnd.wap.wml", "application/javascript", "application/rss+xml"];

    /// <summary>The type of what has no known ending.</summary>
    public static string Otherwise(NginxLevel level) => WithCharset(level.Find("default_type")?[1] ?? "text/plain", level);

    /// <summary>Says the charset of servers' answers that say none; null where nothing is to be said.</summary>
    public static Located<RuleSettings>? CharsetRule(NginxLevel level)
    {
        if (CharsetOf(level) is not { } line)
            return null;
        Expression type = new FetchExpression(FetchKind.ResponseHeader, "Content-Type");
        var types = TypesWithCharset(level);
        Condition fits = types is null ? new TestCondition(type, TestKind.Present) : new TestCondition(new CallExpression(FunctionKind.TrimEnd, new CallExpression(FunctionKind.Field, type, ["1", ";"]), [" "]), TestKind.Is, types.ToValueList(), IgnoreCase: true);
        return new(
            new()
            {
                Action = RuleAction.SetHeader,
                Name = "Content-Type",
                Value = TextTemplate.Of([new(null, default, type), new($"; charset={line[1]}")]),
                When = new AllCondition([fits, new NotCondition(new TestCondition(type, TestKind.Contains, ["charset="], IgnoreCase: true))]),
            },
            line.Place);
    }

    /// <summary>What charset answers are said to have; null for none.</summary>
    public static NginxDirective? CharsetOf(NginxLevel level) => level.Find("charset") is { } line && line[1] != "off" ? line : null;

    // Null for all of them.
    private static string[]? TypesWithCharset(NginxLevel level) =>
        level.Find("charset_types") is not { } line ? s_withCharset
            : line.Words.Skip(1).Any(word => word.Text == "*") ? null
            : [.. line.Words.Skip(1).Select(word => word.Text).Append("text/html").Distinct()];

    private static string WithCharset(string type, NginxLevel level) =>
        CharsetOf(level) is { } line && !type.Contains("charset=", StringComparison.OrdinalIgnoreCase) && (TypesWithCharset(level) is not { } types || types.Contains(type, StringComparer.OrdinalIgnoreCase))
            ? $"{type}; charset={line[1]}" : type;

    /// <summary>The endings, and the type of each.</summary>
    public static IEnumerable<(string Ending, string Type)> Of(NginxLevel level)
    {
        var blocks = level.All("types");
        var types = blocks.Count == 0 ? s_builtIn
            : blocks.SelectMany(block => block.Block!).SelectMany(line => line.Words.Skip(1).Select(word => (word.Text.ToLowerInvariant(), line.Name))).DistinctBy(each => each.Item1);
        return types.Select(each => (each.Item1, WithCharset(each.Item2, level)));
    }

    /// <summary>An answer with the type that its path gives it.</summary>
    public static FixedResponse Typed(FixedResponse response, NginxLevel level)
    {
        var otherwise = Otherwise(level);
        if (level.Context == 'L' && NginxServer.Name(level) is ("=", var path))
        {
            var ending = path[(path.LastIndexOf('.') + 1)..].ToLowerInvariant();
            return response with { ContentType = Of(level).FirstOrDefault(each => each.Ending == ending && !ending.Contains('/', StringComparison.Ordinal)).Type ?? otherwise };
        }

        var cases = Of(level).Where(each => each.Type != otherwise).Select(each => new MapCase(TestKind.Is, true, each.Ending, TextTemplate.Literal(each.Type))).ToValueList();
        if (cases.Count == 0)
            return response with { ContentType = otherwise };
        var of = new CallExpression(FunctionKind.Group, new FetchExpression(FetchKind.CleanPath), [@"\.([^./]+)$", "1"]);
        return response with { ContentType = otherwise, Headers = [new HeaderLine("Content-Type", TextTemplate.Of(new MapExpression(of, cases, TextTemplate.Literal(otherwise))))] };
    }
}
