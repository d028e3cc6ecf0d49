using System.Text;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Compose;

/// <summary>The variables that a Compose file is filled in with: those of this process, then those of the .env beside it.</summary>
/// <param name="problems">Where problems go.</param>
internal sealed class ComposeVariables(ProblemList problems)
{
    private const int DeepestLevel = 16;

    // A few lines of variables that hold each other several times would ask for billions.
    private const int MostFilledIn = 4 * 1024 * 1024;

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _missing = [];
    private int _charactersLeft = MostFilledIn;

    /// <summary>Reads both.</summary>
    public static ComposeVariables Of(DialectSource source, ProblemList problems)
    {
        var variables = new ComposeVariables(problems);
        foreach (System.Collections.DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            variables._values[(string)entry.Key] = (string?)entry.Value ?? "";
        if (source.ReadIfThere(".env") is { } file)
        {
            foreach (var (name, value) in variables.ReadFile(file))
                variables._values.TryAdd(name, value.Value);
        }

        return variables;
    }

    /// <summary>A variable; null for none.</summary>
    public string? Find(string name) => _values.GetValueOrDefault(name);

    /// <summary>Fills in all texts of a tree.</summary>
    public YamlNode FillIn(YamlNode node) => node switch
    {
        YamlText text when text.Value.Contains('$', StringComparison.Ordinal) => new YamlText(text.Place, FillIn(text.Value, text.Place), text.Quoted),
        YamlList list => new YamlList(list.Place, [.. list.Items.Select(FillIn)], list.Flow),
        YamlMapping mapping => new YamlMapping(mapping.Place, [.. mapping.Entries.Select(entry => new YamlEntry(entry.Key, FillIn(entry.Value)))], mapping.Flow),
        _ => node,
    };

    private string FillIn(string text, Place place, int levelsLeft = DeepestLevel)
    {
        var filled = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$')
            {
                filled.Append(text[i]);
                continue;
            }

            if (filled.Length > _charactersLeft)
                return TooMuch(place);
            var rest = text.AsSpan(i + 1);
            if (rest.StartsWith('$'))
            {
                filled.Append('$');
                i++;
            }
            else if (rest.StartsWith('{') && EndOf(text, i + 1) is > 0 and var end && levelsLeft > 0)
            {
                filled.Append(Braces(text[(i + 2)..end], place, levelsLeft));
                i = end;
            }
            else if (LengthOfName(rest) is > 0 and var length)
            {
                filled.Append(Value(rest[..length].ToString(), place));
                i += length;
            }
            else
            {
                problems.Error(place, $"'$' in {Shown.Quote(text)} begins no variable", "'$$' where it is meant as it is");
                return text;
            }
        }

        if (filled.Length > _charactersLeft)
            return TooMuch(place);
        _charactersLeft -= filled.Length;
        return filled.ToString();
    }

    private string TooMuch(Place place)
    {
        if (_charactersLeft >= 0)
            problems.Error(place, $"the variables of this file are filled in with more than {MostFilledIn} characters", "fewer variables that hold others");
        _charactersLeft = -1;
        return "";
    }

    private string Braces(string inside, Place place, int levelsLeft)
    {
        var length = LengthOfName(inside);
        var (name, rest) = (inside[..length], inside[length..]);
        if (length > 0 && rest.Length == 0)
            return Value(name, place);
        var unlessEmpty = rest.StartsWith(':');
        var operation = rest.AsSpan(unlessEmpty ? 1 : 0);
        if (length == 0 || operation.IsEmpty || operation[0] is not ('-' or '?' or '+'))
        {
            problems.Error(place, $"{Shown.Quote("${" + inside + "}")} is no variable", "${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message} or ${NAME:+instead}");
            return "";
        }

        var value = Find(name);
        var isThere = value is not null && !(unlessEmpty && value.Length == 0);
        var other = operation[1..].ToString();
        switch (operation[0])
        {
            case '-':
                return isThere ? value! : FillIn(other, place, levelsLeft - 1);
            case '+':
                return isThere ? FillIn(other, place, levelsLeft - 1) : "";
            default:
                if (!isThere)
                    problems.Error(place, $"the variable {name} is not set{(other.Length == 0 ? "" : ": " + Shown.Cut(FillIn(other, place, levelsLeft - 1)))}", "it in the environment, or in .env");
                return value ?? "";
        }
    }

    private string Value(string name, Place place)
    {
        if (Find(name) is { } value)
            return value;
        if (_missing.Add(name))
            problems.Warn(place, $"the variable {name} is not set, and nothing stands for it", $"it in the environment or in .env, or a default as in ${{{name}:-default}}");
        return "";
    }

    private static int EndOf(string text, int open)
    {
        var depth = 0;
        for (var i = open; i < text.Length; i++)
        {
            if (text[i] == '{')
                depth++;
            else if (text[i] == '}' && --depth == 0)
                return i;
        }

        return -1;
    }

    private static int LengthOfName(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] == '_') && (length > 0 || !char.IsAsciiDigit(text[0])))
            length++;
        return length;
    }

    /// <summary>The variables that a file of NAME=value lines sets, in its order.</summary>
    public IEnumerable<(string Name, Located<string> Value)> ReadFile(SourceText file)
    {
        for (var line = 1; line <= file.LineCount; line++)
        {
            var text = file.GetLine(line).Trim().ToString();
            if (text.Length == 0 || text[0] == '#')
                continue;
            var place = new Place(file, file.StartOfLine(line), file.EndOfLine(line));
            if (text.StartsWith("export ", StringComparison.Ordinal))
                text = text[7..].TrimStart();
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var name = (equals < 0 ? text : text[..equals]).TrimEnd();
            if (!EnvironmentVariable.IsName(name))
                problems.Error(place, $"{Shown.Quote(text)} sets no variable", "NAME=value");
            else if (equals >= 0)
                yield return (name, new(ValueOf(text[(equals + 1)..].Trim(), place), place));
            else if (Find(name) is { } passed)
                yield return (name, new(passed, place));
        }
    }

    private string ValueOf(string text, Place place)
    {
        if (text.Length > 0 && text[0] is '\'' or '"' && text.IndexOf(text[0], 1) is > 0 and var end)
        {
            var inside = text[1..end];
            return text[0] == '\'' ? inside : FillIn(inside.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\t", "\t", StringComparison.Ordinal), place);
        }

        var comment = text.IndexOf(" #", StringComparison.Ordinal);
        return FillIn(comment < 0 ? text : text[..comment].TrimEnd(), place);
    }
}
