using System.Diagnostics.CodeAnalysis;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>Reads the files of patterns and of maps that ACLs and converters name: an entry each line, what begins with # is a comment.</summary>
internal static class HaproxyFiles
{
    public static bool TryReadPatterns(Word file, HaproxyUse use, List<(string Text, Place Place)> patterns)
    {
        if (use.File.Source.ReadFile(file.Text, file.Place, use.Problems) is not { } source)
            return false;
        foreach (var (text, place) in Lines(source))
            patterns.Add((text, place));
        return true;
    }

    /// <summary>Reads a map: a key and, behind blanks, its value in each line.</summary>
    public static bool TryReadMap(string converter, IReadOnlyList<string> arguments, Expression input, HaproxyUse use, [NotNullWhen(true)] out MapExpression? map, out Mistake mistake)
    {
        (map, mistake) = (null, default);
        if (arguments.Count is 0 or > 2)
        {
            mistake = new($"'{converter}' with {arguments.Count} arguments", "a file, and what stands for what is not in it");
            return false;
        }

        var test = converter == "map" ? TestKind.Is : HaproxyConditions.MethodOf(converter[4..])!.Value;
        var errors = use.Problems.ErrorCount;
        if (use.File.Source.ReadFile(arguments[0], use.Line, use.Problems) is not { } source)
        {
            mistake = new($"the map {Shown.Quote(arguments[0])} cannot be read");
            return false;
        }

        List<MapCase> cases = [];
        foreach (var (text, place) in Lines(source))
        {
            var end = text.AsSpan().IndexOfAny(' ', '\t');
            var (key, value) = end < 0 ? (text, "") : (text[..end], text[end..].Trim());
            if (!TestTable.IsPattern(test, key, ignoreCase: false, out var wrong))
                use.Problems.Error(place, wrong);
            else
                cases.Add(new(test, false, key, TextTemplate.Literal(value)));
        }

        map = new(input, cases.ToValueList(), arguments.Count > 1 ? TextTemplate.Literal(arguments[1]) : null);
        return use.Problems.ErrorCount == errors;
    }

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
