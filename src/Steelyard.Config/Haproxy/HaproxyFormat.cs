using Steelyard.Config.Dialects;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>Reads a log-format, the texts that HAProxy makes values by: <c>%[SAMPLE]</c>, a few words behind a percent sign, and <c>%%</c>.</summary>
internal static class HaproxyFormat
{
    /// <summary>The words behind a percent sign that stand for something here.</summary>
    public static IReadOnlyList<(string Word, Expression Value, string Meaning)> Words { get; } =
    [
        ("ci", new VariableExpression(TemplateVariable.Client), "the client's address"),
        ("b", new VariableExpression(TemplateVariable.Pool), "the backend"),
        ("si", new VariableExpression(TemplateVariable.Server), "the server's address"),
        ("HM", new VariableExpression(TemplateVariable.Method), "the method"),
        ("HP", new VariableExpression(TemplateVariable.Path), "the path"),
        ("HU", new VariableExpression(TemplateVariable.Uri), "path and query"),
    ];

    public static bool TryRead(Word word, HaproxyUse use, out TextTemplate template)
    {
        template = TextTemplate.Empty;
        var text = word.Text;
        List<TemplatePart> parts = [];
        for (var at = 0; at < text.Length;)
        {
            var percent = text.IndexOf('%', at);
            if (percent < 0 || percent + 1 >= text.Length)
            {
                parts.Add(new(text[at..]));
                break;
            }

            parts.Add(new(text[at..percent]));
            at = percent + 1;
            if (text[at] == '%')
            {
                parts.Add(new("%"));
                at++;
                continue;
            }

            // Flags such as +Q are about quotes of whole log lines.
            if (text[at] == '{' && text.IndexOf('}', at) is var flags and > 0)
                at = flags + 1;
            if (at < text.Length && text[at] == '[')
            {
                var end = EndOfSample(text, at + 1);
                if (end < 0)
                {
                    use.Error(word, $"a '%[' without its other half in {Shown.Quote(text)}", "%[SAMPLE]");
                    return false;
                }

                if (!HaproxySamples.TryRead(text[(at + 1)..end], mayCompare: false, use, out var sample, out _, out var mistake))
                {
                    use.Problems.Error(word.Place, mistake);
                    return false;
                }

                parts.Add(new(null, default, sample.Expression));
                at = end + 1;
                continue;
            }

            var length = 0;
            while (at + length < text.Length && char.IsAsciiLetter(text[at + length]))
                length++;
            var name = text.Substring(at, length);
            if (Words.FirstOrDefault(row => row.Word == name).Value is not { } value)
            {
                use.Error(word, $"{Shown.Quote("%" + name)} stands for nothing here", $"%[SAMPLE], %% for the character itself, or one of {Shown.List(Words.Select(row => "%" + row.Word))}");
                return false;
            }

            parts.Add(new(null, default, value));
            at += length;
        }

        foreach (var part in parts)
        {
            if (part.Literal is { } literal && literal.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
            {
                use.Error(word, $"{Shown.Quote(text)} has characters that no field carries", "printable ASCII");
                return false;
            }
        }

        template = TextTemplate.Of(parts);
        return true;
    }

    private static int EndOfSample(string text, int start)
    {
        var depth = 0;
        for (var i = start; i < text.Length; i++)
        {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '(')
                depth++;
            else if (text[i] == ')')
                depth--;
            else if (text[i] == ']' && depth <= 0)
                return i;
        }

        return -1;
    }
}
