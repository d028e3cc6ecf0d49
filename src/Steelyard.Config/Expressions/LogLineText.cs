using System.Text;
using Steelyard.Config.Text;

namespace Steelyard.Config.Expressions;

/// <summary>The text form of log lines: <c>{client} [{end-local}] "{request-line}" {total-time | seconds}</c>.</summary>
internal static class LogLineText
{
    private const int MostCharacters = 64 * 1024;

    private static readonly IReadOnlyList<(string Word, LogForm Form)> s_forms =
        [("quoted", LogForm.Quoted), ("escaped", LogForm.Escaped), ("hex", LogForm.Hex), ("seconds", LogForm.Seconds), ("raw", LogForm.Raw)];

    /// <summary>Reads the text form.</summary>
    /// <param name="text">The text; <c>{{</c> and <c>}}</c> are braces themselves.</param>
    /// <param name="parts">Its parts.</param>
    /// <param name="mistake">Why it has none.</param>
    public static bool TryParse(string text, out ValueList<LogPart> parts, out Mistake mistake)
    {
        (parts, mistake) = ([], default);
        if (text.Length > MostCharacters)
        {
            mistake = new($"the text has {text.Length} characters", $"at most {MostCharacters}");
            return false;
        }

        List<LogPart> read = [];
        var pieces = new BracedText(text, "a field such as {status}");
        while (true)
        {
            if (!pieces.TryNext(out var literal, out var inside, out mistake))
                return false;
            read.Add(new(literal));
            if (inside is null)
                break;
            if (!TryParsePart(inside, out var part, out mistake))
                return false;
            read.Add(part);
        }

        foreach (var part in read)
        {
            if (part.Literal is { } written && written.Any(letter => letter < ' ' && letter != '\t'))
            {
                mistake = new($"{Shown.Quote(written)} holds what would end a line", "one line without control characters but tabs");
                return false;
            }
        }

        parts = Join(read);
        return true;
    }

    /// <summary>One form of several: neighbouring texts are one, empty ones none.</summary>
    public static ValueList<LogPart> Join(IEnumerable<LogPart> parts)
    {
        List<LogPart> joined = [];
        foreach (var part in parts)
        {
            if (part.Literal is { Length: 0 })
                continue;
            if (part.Literal is { } text && joined is [.., { Literal: { } before }])
                joined[^1] = new(before + text);
            else
                joined.Add(part);
        }

        return joined.ToValueList();
    }

    /// <summary>Parts as the configuration writes them; reading that gives equal ones.</summary>
    public static string Write(ValueList<LogPart> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            if (part.Literal is { } literal)
            {
                text.Append(literal.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
                continue;
            }

            text.Append('{').Append(part.Expression?.ToString() ?? LogFieldTable.Of(part.Field).Word);
            if (part.Form != LogForm.Plain)
                text.Append(" | ").AppendJoin(' ', s_forms.Where(row => part.Form.HasFlag(row.Form)).Select(row => row.Word));
            text.Append('}');
        }

        return text.ToString();
    }

    private static bool TryParsePart(string text, out LogPart part, out Mistake mistake)
    {
        (part, mistake) = (default, default);
        var (value, form) = (text, LogForm.Plain);
        if (BarOf(text) is >= 0 and var bar)
        {
            value = text[..bar];
            if (!TryParseForms(text[(bar + 1)..], out form, out mistake))
                return false;
        }

        value = value.Trim();
        if (LogFieldTable.Find(value) is { } row)
        {
            part = new(null, row.Field, null, form);
            return true;
        }

        // A word alone was meant as a field.
        if (!value.AsSpan().ContainsAny('(', '\'') && !TextTemplate.TryFind(value, out _) && FetchTable.Find(value) is not { Named: false })
        {
            var words = LogFieldTable.Rows.Select(each => each.Word).Concat(TextTemplate.Variables.Select(each => each.Name)).ToArray();
            mistake = new($"{Shown.Quote("{" + value + "}")} is not a field of a log", "one of those in the reference, such as {client}, {status} or {header('X-Tenant')}", new NameSuggestions().Nearest(value, words));
            return false;
        }

        if (!ExpressionParser.TryParse(value, out Expression expression, out mistake))
            return false;
        part = new(null, default, expression, form);
        return true;
    }

    private static bool TryParseForms(string text, out LogForm form, out Mistake mistake)
    {
        (form, mistake) = (LogForm.Plain, default);
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var found = s_forms.FirstOrDefault(row => row.Word == word);
            if (found.Word is null)
            {
                mistake = new($"{Shown.Quote(word)} is not a way to write a value", Shown.OneOf([.. s_forms.Select(row => row.Word)]), new NameSuggestions().Nearest(word, [.. s_forms.Select(row => row.Word)]));
                return false;
            }

            form |= found.Form;
        }

        if (form == LogForm.Plain)
            mistake = new("nothing stands behind '|'", Shown.OneOf([.. s_forms.Select(row => row.Word)]));
        return mistake.Message is null;
    }

    // What is in quotes may hold bars.
    private static int BarOf(string text)
    {
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (quoted && text[i] == '\\')
                i++;
            else if (text[i] == '\'')
                quoted = !quoted;
            else if (!quoted && text[i] == '|')
                return i;
        }

        return -1;
    }
}
