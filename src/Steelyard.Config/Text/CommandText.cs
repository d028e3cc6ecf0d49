using System.Text;

namespace Steelyard.Config.Text;

/// <summary>A command line as one text: words parted by blanks, quotes around what holds blanks. No shell takes part.</summary>
internal static class CommandText
{
    public static readonly string[] Placeholders = ["{port}", "{socket}", "{instance}", "{index}"];

    /// <summary>
    /// Splits as a shell would: single quotes keep all, double quotes let a backslash escape <c>"</c> and <c>\</c>,
    /// outside them a backslash escapes anything. Variables and wildcards are not expanded.
    /// </summary>
    public static bool TrySplit(string text, out ValueList<string> words, out Mistake mistake)
    {
        List<string> found = [];
        StringBuilder? word = null;
        char? quote = null;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\\' && i + 1 < text.Length && (quote is null || (quote == '"' && text[i + 1] is '"' or '\\')))
            {
                (word ??= new()).Append(text[++i]);
            }
            else if (quote is null && c is '"' or '\'')
            {
                (word, quote) = (word ?? new(), c);
            }
            else if (c == quote)
            {
                quote = null;
            }
            else if (quote is null && c is ' ' or '\t' or '\r' or '\n')
            {
                Finish(word, found);
                word = null;
            }
            else
            {
                (word ??= new()).Append(c);
            }
        }

        Finish(word, found);
        words = found.ToValueList();
        mistake = quote is null ? FindMistake(words) : new($"a {quote} in the command is never closed", $"a second {quote}, or a list of words");
        return mistake.Message is null;
    }

    public static Mistake FindMistake(ValueList<string> words)
    {
        if (words.Count == 0 || words[0].Length == 0)
            return new("the command is empty", "a program and its arguments, such as node app.js");
        foreach (var word in words)
        {
            if (word.Contains('\0'))
                return new("the command contains a NUL character", "text without one: no program can be given it");
        }

        return default;
    }

    /// <summary>The first <c>{name}</c> that stands for nothing; null when there is none.</summary>
    public static string? FindUnknownPlaceholder(ValueList<string> words)
    {
        foreach (var word in words)
        {
            for (var open = word.IndexOf('{'); open >= 0; open = word.IndexOf('{', open + 1))
            {
                var letters = word.AsSpan(open + 1).IndexOfAnyExceptInRange('a', 'z');
                if (letters is < 1 or > 32 || word[open + 1 + letters] != '}')
                    continue;
                var name = word.Substring(open, letters + 2);
                if (!Placeholders.Contains(name))
                    return name;
            }
        }

        return null;
    }

    private static void Finish(StringBuilder? word, List<string> found)
    {
        if (word is not null)
            found.Add(word.ToString());
    }
}
