using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>Types by the endings of names: types, default_type.</summary>
internal static class NginxTypes
{
    private static readonly (string Ending, string Type)[] s_builtIn = [("html", "text/html"), ("gif", "image/gif"), ("jpg", "image/jpeg")];

    /// <summary>The type of what has no known ending.</summary>
    public static string Otherwise(NginxLevel level) => level.Find("default_type")?[1] ?? "text/plain";

    /// <summary>The endings, and the type of each.</summary>
    public static IEnumerable<(string Ending, string Type)> Of(NginxLevel level)
    {
        var blocks = level.All("types");
        return blocks.Count == 0 ? s_builtIn
            : blocks.SelectMany(block => block.Block!).SelectMany(line => line.Words.Skip(1).Select(word => (word.Text.ToLowerInvariant(), line.Name))).DistinctBy(each => each.Item1);
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
