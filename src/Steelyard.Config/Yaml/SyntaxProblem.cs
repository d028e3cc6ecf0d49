using Steelyard.Config.Drafts;
using YamlDotNet.Core;

namespace Steelyard.Config.Yaml;

/// <summary>
/// Says what is wrong with a text that is not YAML, and where. The parser speaks of tokens and productions, and its
/// marks are often those of what it did next; this speaks of what a person has to type.
/// </summary>
internal static class SyntaxProblem
{
    public static void Report(Exception fault, SourceText source, int lastOffset, int? openBracket, ProblemList problems)
    {
        var yaml = fault as YamlException;
        var text = source.Text;
        var from = yaml is null ? lastOffset : (int)Math.Clamp(yaml.Start.Index, 0, text.Length);
        var to = yaml is null ? from + 1 : (int)Math.Clamp(yaml.End.Index, from, text.Length);
        var said = yaml is null ? "" : yaml.Message;

        if (said.Contains("tab", StringComparison.Ordinal) && FindTab(source, Math.Min(from, lastOffset)) is { } tab)
            problems.Error(new(source, tab, tab + 1), "a tab in the indentation", "spaces");
        else if (said.Contains("quoted scalar", StringComparison.Ordinal))
            ReportQuoted(said, source, from, to, problems);
        else if (openBracket is { } bracket && (yaml is null || said.Contains("',' or", StringComparison.Ordinal) || said.Contains("end of stream", StringComparison.Ordinal)))
            ReportInBrackets(source, bracket, yaml is null ? text.Length : from, problems);
        else
            ReportAt(said, source, from, to, lastOffset, problems);
    }

    private static void ReportQuoted(string said, SourceText source, int from, int to, ProblemList problems)
    {
        if (said.Contains("escape", StringComparison.Ordinal) || said.Contains("hexadecimal", StringComparison.Ordinal) || said.Contains("character", StringComparison.Ordinal))
            problems.Error(new(source, to, Math.Min(to + 2, source.Text.Length)), "a backslash that begins no known escape", "two backslashes for one, or single quotes, inside which a backslash is plain");
        else if (said.Contains("end of stream", StringComparison.Ordinal))
            problems.Error(new(source, from, from + 1), "this quote is never closed", "the same quote at the end of the text; inside single quotes one is written as two");
        else
            problems.Error(new(source, from, to), "a quoted text that YAML cannot read", "the text on one line, in double quotes");
    }

    private static void ReportInBrackets(SourceText source, int bracket, int at, ProblemList problems)
    {
        var open = source.Text[bracket];
        var close = open == '[' ? ']' : '}';
        var found = at < source.Text.Length ? source.Text[at] : '\0';
        if (found is '{' or '[')
            problems.Error(new(source, at, at + 1), $"'{found}' inside a value in brackets would begin another value", "quotes around the whole value, as in { command: \"app --listen {socket}\" }");
        else if (found == ':' && source.Text[at - 1] == ']')
            problems.Error(new(source, at, at + 1), "brackets begin a list in YAML", "quotes around an IPv6 address with its port, as in \"[::1]:8080\"");
        else if (found != '\0' && source.Locate(at).Line == source.Locate(bracket).Line)
            problems.Error(new(source, at, at + 1), $"neither ',' nor '{close}' after a value in brackets", $"',' between the values, or quotes around one that contains ': '");
        else
            problems.Error(new(source, bracket, bracket + 1), $"this '{open}' is never closed", $"'{close}' after its last value");
    }

    private static void ReportAt(string said, SourceText source, int from, int to, int lastOffset, ProblemList problems)
    {
        var text = source.Text;
        var found = from < text.Length ? text[from] : '\0';
        var (message, expected) = said switch
        {
            _ when said.Contains("anchor or alias", StringComparison.Ordinal) =>
                ($"'{found}' begins {(found == '*' ? "an alias" : "an anchor")} in YAML", "quotes around the value, if it is meant as text"),
            _ when said.Contains("cannot start any token", StringComparison.Ordinal) =>
                ($"'{found}' cannot begin a value in YAML", "quotes around the value"),
            _ when said.Contains("invalid mapping", StringComparison.Ordinal) && IsOneLine(source, lastOffset, from) =>
                ("a second ': ' in one line", "quotes around a value that contains ': '"),
            _ when said.Contains("invalid mapping", StringComparison.Ordinal) =>
                ("a key that is indented deeper than the value above allows", "the same indentation as the key above; a key with a value of its own has no keys below it"),
            _ when said.Contains("expected key", StringComparison.Ordinal) && found == ':' && text[from - 1] == ']' =>
                ("brackets begin a list in YAML", "quotes around an IPv6 address with its port, as in \"[::1]:8080\""),
            _ when said.Contains("expected key", StringComparison.Ordinal) && found is ']' or '}' or ',' =>
                ($"this '{found}' closes nothing", "quotes around a value that contains it"),
            _ when said.Contains("expected key", StringComparison.Ordinal) =>
                ("this line fits neither the keys nor the lists above it", "the same indentation as the entries it belongs to, and quotes that end with the value"),
            _ when said.Contains("sequence entries are not allowed", StringComparison.Ordinal) =>
                ("a list cannot begin in the line of its key", "the '- ' lines below the key, or values in [brackets]"),
            _ when said.Contains("expected ':'", StringComparison.Ordinal) || said.Contains("simple key", StringComparison.Ordinal) =>
                ("a line that is no 'key: value'", "a colon and a blank after the key"),
            _ when said.Contains("node content", StringComparison.Ordinal) =>
                (found == '\0' ? "a value is missing at the end of the file" : $"'{found}' where a value belongs", "a value, in quotes if it begins with a sign of punctuation"),
            _ when said.Contains("block scalar", StringComparison.Ordinal) =>
                ("a block of text that YAML cannot read", "'|' alone after the key, and the text indented below it"),
            _ => ("this is not YAML", "'key: value' lines, lists of '- ' lines, values in quotes where they hold signs of punctuation"),
        };
        problems.Error(new(source, from, Math.Max(from + 1, to)), message, expected);
    }

    private static bool IsOneLine(SourceText source, int first, int second) => source.Locate(first).Line == source.Locate(second).Line;

    private static int? FindTab(SourceText source, int offset)
    {
        for (var line = source.Locate(offset).Line; line <= source.LineCount; line++)
        {
            var content = source.GetLine(line);
            var indentation = content[..^content.TrimStart(" \t").Length];
            if (indentation.IndexOf('\t') is var tab and >= 0)
                return source.StartOfLine(line) + tab;
        }

        return null;
    }
}
