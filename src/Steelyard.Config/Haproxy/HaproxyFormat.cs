using System.Text;
using Steelyard.Config.Dialects;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>Reads a log-format, the texts that HAProxy makes values and lines by: <c>%[SAMPLE]</c>, words behind a percent sign, and <c>%%</c>.</summary>
internal static class HaproxyFormat
{
    private static readonly (char Letter, LogForm Form)[] s_flags = [('Q', LogForm.Quoted), ('E', LogForm.Escaped), ('X', LogForm.Hex)];

    /// <summary>A stretch of it: a text, a word or a sample.</summary>
    private readonly record struct Part(string? Literal, HaproxyAlias? Alias, Expression? Sample, LogForm Form);

    /// <summary>Reads a text of a rule, which no blank begins.</summary>
    /// <param name="word">The text.</param>
    /// <param name="use">Whose line it is.</param>
    /// <param name="template">What it says.</param>
    /// <param name="isBody">Whether it may hold any character.</param>
    public static bool TryRead(Word word, HaproxyUse use, out TextTemplate template, bool isBody = false)
    {
        template = TextTemplate.Empty;
        if (Parse(word, use) is not { } read)
            return false;
        List<TemplatePart> parts = [];
        if (read is [{ Literal: { } first }, ..])
            read[0] = read[0] with { Literal = first.TrimStart(' ') };
        foreach (var part in read)
        {
            var ofAlias = part.Alias is { } called ? called.Value ?? HaproxyAliases.OfSection(called, use.Section) : null;
            if (part is { Literal: null, Sample: null } && ofAlias is null)
            {
                use.Error(word, $"{Shown.Quote("%" + part.Alias!.Word)} is known when a line is logged, and not here", $"%[SAMPLE], %% for the character itself, or one of {Shown.List(HaproxyAliases.Rows.Where(row => row.Value is not null).Select(row => "%" + row.Word))}");
                return false;
            }

            if (!isBody && part.Literal is { } literal && literal.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
            {
                use.Error(word, $"{Shown.Quote(word.Text)} has characters that no field carries", "printable ASCII");
                return false;
            }

            var value = part.Sample ?? ofAlias;
            if (part.Alias is { } alias && part.Form.HasFlag(LogForm.Hex) && alias.Forms.HasFlag(LogForm.Hex))
                value = new CallExpression(FunctionKind.HexNumber, value!);

            // Within texts of rules samples have no quotes, whatever is said.
            if (part.Sample is { } sample && part.Form.HasFlag(LogForm.Escaped))
                value = new CallExpression(FunctionKind.Replace, sample, ["([\"\\\\\\]])", "\\\\\\1", "g"]);
            if (part.Form.HasFlag(LogForm.Quoted) && part.Alias is { } named && named.Forms.HasFlag(LogForm.Quoted))
                parts.AddRange([new("\""), Part(value!), new("\"")]);
            else
                parts.Add(part.Literal is { } text ? new(text) : Part(value!));
        }

        template = TextTemplate.Of(parts);
        return true;

        static TemplatePart Part(Expression value) => value is VariableExpression { Variable: var variable } ? new(null, variable) : new(null, default, value);
    }

    /// <summary>Reads a line of a log. As HAProxy has it, blanks beside each other are one, and none begins the line.</summary>
    /// <param name="word">The text.</param>
    /// <param name="use">Whose line it is.</param>
    /// <param name="logging">What is captured; where nothing is, nothing is written of it.</param>
    /// <param name="line">What it is made of.</param>
    public static bool TryReadLine(Word word, HaproxyUse use, HaproxyLogging logging, out ValueList<LogPart> line)
    {
        line = [];
        if (Parse(word, use) is not { } read)
            return false;
        List<LogPart> parts = [];
        var blank = true;
        foreach (var part in read)
        {
            if (part.Literal is { } literal)
            {
                parts.Add(new(OneBlank(literal, ref blank)));
                continue;
            }

            if (IsOfNothing(part.Alias?.Field, logging))
                continue;
            blank = false;
            var form = part.Form & (part.Alias?.Forms ?? (LogForm.Quoted | LogForm.Escaped));
            if (part.Alias is { Field: { } field })
            {
                var absent = field is LogField.RequestCookie or LogField.ResponseCookie && logging.Cookie is null;
                if (field is LogField.RequestFieldList or LogField.ResponseFieldList && form.HasFlag(LogForm.Quoted))
                    (field, form) = (field == LogField.RequestFieldList ? LogField.RequestFieldsQuoted : LogField.ResponseFieldsQuoted, LogForm.Plain);
                parts.Add(absent ? new(form.HasFlag(LogForm.Quoted) ? "\"\"" : "-") : new(null, field, null, form));
                continue;
            }

            // Samples are written as they are: what makes JSON or quotes of them is for converters and flags.
            var raw = part.Sample is not null && !form.HasFlag(LogForm.Escaped) ? LogForm.Raw : LogForm.Plain;
            var value = part.Sample ?? part.Alias!.Value!;

            // What a line knows by the same word is that.
            parts.Add(LogFieldTable.Find(value.ToString()) is { } known ? new(null, known.Field, null, form) : new(null, default, value, form | raw));
        }

        line = LogLineText.Join(parts);
        return true;
    }

    private static bool IsOfNothing(LogField? field, HaproxyLogging logging) => field switch
    {
        LogField.RequestFields or LogField.RequestFieldList => logging.RequestFields.Count == 0,
        LogField.ResponseFields or LogField.ResponseFieldList => logging.ResponseFields.Count == 0,
        _ => false,
    };

    private static string OneBlank(string literal, ref bool blank)
    {
        var text = new StringBuilder();
        foreach (var letter in literal)
        {
            if (letter is not ' ' || !blank)
                text.Append(letter);
            blank = letter == ' ';
        }

        return text.ToString();
    }

    private static List<Part>? Parse(Word word, HaproxyUse use)
    {
        var text = word.Text;
        List<Part> parts = [];
        var common = LogForm.Plain;
        for (var at = 0; at < text.Length;)
        {
            var percent = text.IndexOf('%', at);
            if (percent < 0 || percent + 1 >= text.Length)
            {
                parts.Add(new(text[at..], null, null, LogForm.Plain));
                break;
            }

            if (percent > at)
                parts.Add(new(text[at..percent], null, null, LogForm.Plain));
            at = percent + 1;
            if (text[at] == '%')
            {
                parts.Add(new("%", null, null, LogForm.Plain));
                at++;
                continue;
            }

            var form = common;
            if (text[at] == '{')
            {
                var end = text.IndexOf('}', at);
                if (end < 0 || !TryReadFlags(text[(at + 1)..end], ref form))
                {
                    use.Error(word, $"flags that cannot be read in {Shown.Quote(text[percent..])}", "%{+Q}, %{-Q}, and the same with E and X");
                    return null;
                }

                at = end + 1;
            }

            if (at < text.Length && text[at] == '[')
            {
                var end = EndOfSample(text, at + 1);
                if (end < 0)
                {
                    use.Error(word, $"a '%[' without its other half in {Shown.Quote(text)}", "%[SAMPLE]");
                    return null;
                }

                if (!HaproxySamples.TryRead(text[(at + 1)..end], mayCompare: false, use, out var sample, out _, out var mistake))
                {
                    use.Problems.Error(word.Place, mistake);
                    return null;
                }

                parts.Add(new(null, null, sample.Expression, form));
                at = end + 1;
                continue;
            }

            var length = 0;
            while (at + length < text.Length && char.IsAsciiLetter(text[at + length]))
                length++;
            var name = text.Substring(at, length);
            at += length;
            if (name == "o")
            {
                // The flags of what follows.
                common = form;
                continue;
            }

            if (HaproxyAliases.Find(name) is not { } alias)
            {
                var instead = name is "bi" or "bp" ? "the log without it: where a connection to a server comes from is not known here" : $"%[SAMPLE], %% for the character itself, or one of {Shown.List(HaproxyAliases.Rows.Select(row => "%" + row.Word))}";
                use.Error(word, $"{Shown.Quote("%" + name)} stands for nothing here", instead);
                return null;
            }

            parts.Add(new(null, alias, null, form));
        }

        return parts;
    }

    // "+Q", "-Q", "Q", or several with commas between.
    private static bool TryReadFlags(string text, ref LogForm form)
    {
        var on = true;
        foreach (var letter in text)
        {
            if (letter is '+' or '-')
            {
                on = letter == '+';
                continue;
            }

            if (letter == ',')
            {
                on = true;
                continue;
            }

            var flag = Array.Find(s_flags, row => row.Letter == letter).Form;
            if (flag == LogForm.Plain)
            {
                // What merges blanks is so in any case.
                if (letter is 'M')
                    continue;
                return false;
            }

            form = on ? form | flag : form & ~flag;
        }

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
