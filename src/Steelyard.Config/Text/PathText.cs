using Steelyard.Config.Expressions;

namespace Steelyard.Config.Text;

/// <summary>The path of a route: exact, everything that starts alike, or what an expression matches.</summary>
internal static class PathText
{
    public static bool TryParsePattern(string text, out string path, out Mistake mistake)
    {
        path = text;
        mistake = FindMistake(text);
        return mistake.Message is null;
    }

    private static Mistake FindMistake(string path)
    {
        if (path.Length == 0)
            return new("the path is empty", "a path such as /login or /v1/*, or no 'path' for any path");
        if (path == "*")
            return new("'*' alone is not a path", "no 'path' for any path");
        if (path[0] == '~')
            return PatternMistake(path.StartsWith("~*", StringComparison.Ordinal) ? path[2..] : path[1..], path.StartsWith("~*", StringComparison.Ordinal));
        if (path.StartsWith("^~/", StringComparison.Ordinal))
            return path[^1] == '*' ? FindMistake(path[2..]) : new($"{Shown.Quote(path)} has no '*' at its end", "the start of a path that goes before expressions, such as ^~/static/*");
        if (path[0] != '/')
            return new($"the path {Shown.Quote(path)} does not start with '/'", "a path such as /login or /v1/*", path.Length > 60 || path.Contains(':') ? null : "/" + path);
        if (path.IndexOf('*') is var star && star >= 0 && star < path.Length - 1)
            return new($"the path {Shown.Quote(path)} has a '*' that is not at its end", "one '*' at the end, for every path that starts alike");
        if (path.AsSpan().IndexOfAny('?', '#') is var query && query >= 0)
            return new($"the path {Shown.Quote(path)} contains a '{path[query]}'", "the path alone; what the query has to hold stands under 'query'");
        if (path.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0)
            return new($"the path {Shown.Quote(path)} has characters that no request line carries", "printable ASCII, others percent-encoded as in /caf%C3%A9");
        return default;
    }

    private static Mistake PatternMistake(string pattern, bool ignoreCase) =>
        pattern.Length == 0 ? new("the expression is empty", "a regular expression, such as ~\\.php$")
        : BytePattern.TryParse(pattern, ignoreCase, out _, out var mistake) ? default : mistake;
}
