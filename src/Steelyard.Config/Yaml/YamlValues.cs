using System.Buffers;
using System.Globalization;
using System.Text;

namespace Steelyard.Config.Yaml;

/// <summary>Values of Steelyard's own dialect as text that reads back as they were.</summary>
internal static class YamlValues
{
    // Whatever else a value holds, with only these after a letter or digit no parser takes it for anything but text.
    private static readonly SearchValues<char> PlainCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./");

    /// <summary>What differs from the defaults, a text for each key.</summary>
    public static IEnumerable<string> Parts<T>(DirectiveTable<T> table, T settings, T defaults)
    {
        foreach (var directive in table.Directives)
        {
            if (directive.Write(settings) is { } value && value != directive.Write(defaults))
                yield return $"{directive.Name}: {value}";
        }
    }

    /// <summary>A mapping on one line.</summary>
    public static string Braces(IEnumerable<string> parts) => $"{{ {string.Join(", ", parts)} }}";

    /// <summary>One more key on a line, where its value is not the one that it has at first.</summary>
    public static string Extra(string name, string value, string initial) => value == initial ? "" : $", {name}: {Scalar(value)}";

    /// <summary>A mapping on one line, of names and texts.</summary>
    public static string Map<T>(ValueList<T> values, Func<T, string> name, Func<T, string> value) =>
        $"{{ {string.Join(", ", values.Select(item => $"{Scalar(name(item))}: {Scalar(value(item))}"))} }}";

    /// <summary>A text alone, or a list on one line.</summary>
    public static string OneOrMany<T>(ValueList<T> values, Func<T, string> write) =>
        values.Count == 1 ? Scalar(write(values[0])) : Many(values, write);

    /// <summary>A list on one line.</summary>
    public static string Many<T>(ValueList<T> values, Func<T, string> write) =>
        $"[{string.Join(", ", values.Select(value => Scalar(write(value))))}]";

    /// <summary>A text, in quotes where a parser could take it for something else.</summary>
    public static string Scalar(string text)
    {
        if (IsPlain(text))
            return text;
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\')
                quoted.Append('\\').Append((char)rune.Value);
            else if (rune.Value is (>= ' ' and < 0x7F) or > 0xFFFF || Rune.IsLetterOrDigit(rune))
                quoted.Append(rune.ToString());
            else
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
        }

        return quoted.Append('"').ToString();
    }

    // A colon is plain where it begins no value, as in 10.0.0.1:3000.
    private static bool IsPlain(string text)
    {
        if (text.Length == 0 || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (!PlainCharacters.Contains(text[i]) && (text[i] != ':' || !char.IsAsciiLetterOrDigit(text[i + 1])))
                return false;
        }

        return true;
    }
}
