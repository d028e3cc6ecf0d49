using System.Diagnostics.CodeAnalysis;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Haproxy;

/// <summary>Reads the files of patterns and of maps that ACLs and converters name: an entry each line, what begins with # is a comment.</summary>
internal static class HaproxyFiles
{
    /// <summary>Finds a file of patterns, or reads it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="isMap">Whether there are values in it.</param>
    /// <param name="by">Who asks for it: an acl or a map.</param>
    /// <param name="use">The line that names it.</param>
    /// <returns>Null where there is something wrong with it, which has been said.</returns>
    public static HaproxyList? Find(Word file, bool isMap, string by, HaproxyUse use)
    {
        if (use.File.Lists.Find(file.Text) is not { } list)
        {
            if (use.File.Source.ReadFile(file.Text, file.Place, use.Problems) is not { } source)
                return null;
            use.File.Lists.Add(list = new(file.Text, isMap, [.. Lines(source).Select(line => new Located<PatternEntry>(isMap ? PatternLists.Split(line.Text) : new(line.Text), line.Place))], file.Place));
        }
        else if (list.IsMap != isMap)
        {
            use.Error(file, $"the file {Shown.Quote(file.Text)} is used with values and without", "two files");
            return null;
        }

        list.Use(by, use.Place);
        return list;
    }

    /// <summary>Whether a converter looks something up in a file, and how.</summary>
    /// <param name="converter">Its name: <c>map</c>, or with how it compares, and what its values are, behind underscores.</param>
    /// <param name="test">How it compares.</param>
    /// <param name="values">What its values are.</param>
    public static bool IsMap(string converter, out TestKind test, out ListValues values)
    {
        (test, values) = (TestKind.Is, ListValues.Text);
        var parts = converter.Split('_');
        if (parts[0] != "map" || parts.Length > 3 || (parts.Length == 3 && parts[2] is not ("int" or "ip" or "str")))
            return false;
        values = parts.ElementAtOrDefault(2) switch { "int" => ListValues.Numbers, "ip" => ListValues.Addresses, _ => ListValues.Text };
        if (converter is "map" or "map_regm")
        {
            (test, values) = converter == "map" ? (test, values) : (TestKind.Matches, ListValues.Groups);
            return true;
        }

        if (parts[1] == "len" || HaproxyConditions.MethodOf(parts[1]) is not { } method)
            return false;
        test = method;
        return true;
    }

    /// <summary>Reads a map: a key and, behind blanks, its value in each line.</summary>
    public static bool TryReadMap(string converter, TestKind test, ListValues values, IReadOnlyList<string> arguments, Expression input, HaproxyUse use, [NotNullWhen(true)] out Expression? map, out Mistake mistake)
    {
        (map, mistake) = (null, default);
        if (arguments.Count is 0 or > 2)
        {
            mistake = new($"'{converter}' with {arguments.Count} arguments", "a file, and what stands for what is not in it");
            return false;
        }

        if (Find(new Word(arguments[0], use.Line), isMap: true, "map", use) is not { } list)
        {
            mistake = new($"the map {Shown.Quote(arguments[0])} cannot be read");
            return false;
        }

        var errors = use.Problems.ErrorCount;
        _ = list.Fits(test, ignoreCase: false, use.Problems);
        foreach (var entry in list.Entries)
        {
            if (!PatternListSettings.IsValue(values, entry.Value.Value!))
                use.Problems.Error(entry.Place, NoValue(values, entry.Value.Value!));
        }

        if (arguments.Count > 1 && !PatternListSettings.IsValue(values, arguments[1]))
            use.Problems.Error(use.Line, NoValue(values, arguments[1]));
        map = new ListExpression(input, list.Name, test, false, values, arguments.Count > 1 ? TextTemplate.Literal(arguments[1]) : null);
        if (use.Problems.ErrorCount > errors)
            mistake = new($"the map {Shown.Quote(arguments[0])} cannot be used so");
        return use.Problems.ErrorCount == errors;
    }

    private static string NoValue(ListValues values, string value) => $"{Shown.Quote(value)} is not {(values == ListValues.Numbers ? "a whole number" : "an address")}";

    private static IEnumerable<(string Text, Place Place)> Lines(SourceText source)
    {
        for (var line = 1; line <= source.LineCount; line++)
        {
            var text = source.GetLine(line).Trim().ToString();
            if (text.Length > 0 && text[0] != '#')
                yield return (text, new(source, source.StartOfLine(line), source.EndOfLine(line)));
        }
    }
}
