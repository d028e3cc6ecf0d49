using System.Globalization;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml;

/// <summary>
/// Refuses characters that YAML forbids or that look like something else: control characters, stray line
/// separators, half surrogate pairs. The parser would cut the text at some of them and count lines by others.
/// </summary>
internal static class CharacterCheck
{
    // A program or a picture given by mistake is wrong in every line.
    private const int MostReported = 20;

    public static bool Passes(SourceText source, ProblemList problems)
    {
        var (text, reported) = (source.Text, 0);
        for (var i = 0; i < text.Length && reported < MostReported; i++)
        {
            if (IsAllowed(text, ref i))
                continue;
            var expected = text[i] == '\r' ? "a line feed, alone or after it, to end a line" : "text in UTF-8; in double quotes it can be written as an escape";
            problems.Error(new(source, i, i + 1), $"the character U+{(int)text[i]:X4} ({NameOf(text[i])}) cannot stand in a configuration", expected);
            reported++;
            // One report a line is enough to find them.
            i = source.EndOfLine(source.Locate(i).Line);
        }

        return reported == 0;
    }

    private static bool IsAllowed(string text, ref int i)
    {
        var c = text[i];
        if (c is (>= ' ' and < '\u007F') or '\n' or '\t')
            return true;
        if (c == '\r')
            return i + 1 < text.Length && text[i + 1] == '\n';
        if (!char.IsSurrogate(c))
            return c is > '\u009F' and not ('\u2028' or '\u2029' or '\uFEFF' or '\uFFFE' or '\uFFFF');
        if (!char.IsHighSurrogate(c) || i + 1 >= text.Length || !char.IsLowSurrogate(text[i + 1]))
            return false;
        i++;
        return true;
    }

    private static string NameOf(char c) => c switch
    {
        '\0' => "NUL",
        '\r' => "carriage return",
        '\u001B' => "escape",
        '\u0085' or '\u2028' or '\u2029' => "line separator",
        '\uFEFF' => "byte order mark",
        _ => CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Surrogate ? "half a character" : "control character",
    };
}
