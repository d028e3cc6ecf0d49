using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Nginx;

/// <summary>What a block match expects of a server that is well, as steps of a check. All of them have to hold.</summary>
internal sealed class NginxMatch(NginxFile file, bool isStream)
{
    private const int LongestBytes = 1024;

    private ProblemList Problems => file.Problems;

    /// <summary>The block of a name; null, and an error, for one that is not there.</summary>
    public IReadOnlyList<ProbeStep>? Find(string name, Word word)
    {
        var blocks = isStream ? file.StreamMatches : file.Matches;
        if (!blocks.TryGetValue(name, out var block))
        {
            Problems.Error(word.Place, $"invalid parameter \"{word.Text}\"", "the name of a block \"match\"", Problems.Names.Nearest(name, blocks.Keys));
            return null;
        }

        var lines = isStream ? block.Block!.OrderBy(line => line.Name != "send") : block.Block!.OrderBy(line => line.Name == "body");
        return [.. lines.SelectMany(line => isStream ? OfBytes(line) : OfAnswer(line))];
    }

    private ProbeStep[] OfBytes(NginxDirective line) => line switch
    {
        { Name: "send", Count: 1 } when BytesOf(line[1]) is { Length: > 0 and <= LongestBytes } bytes => [new() { Do = ProbeStepKind.Send, Text = bytes }],
        { Name: "expect", Count: 1 } when BytesOf(line[1]) is { Length: > 0 and <= LongestBytes } bytes => [new() { Do = ProbeStepKind.Expect, Text = bytes }],
        { Name: "expect", Count: 2 } when line[1] is "~" or "~*" => Pattern(line, 2, ProbeStepKind.ExpectPattern, InCase(line[1], line[2]), not: false),
        _ => Wrong(line, "send with a text, or expect with a text or ~ and an expression; bytes as \\x00"),
    };

    private ProbeStep[] OfAnswer(NginxDirective line) => line switch
    {
        { Name: "status", Count: > 0 } => Statuses(line),
        { Name: "header", Count: > 0 } => Header(line),
        { Name: "body", Count: 2 } when line[1] is "~" or "~*" or "!~" or "!~*" => Pattern(line, 2, ProbeStepKind.ExpectPattern, InCase(line[1], line[2]), line[1][0] == '!'),
        { Name: "require", Count: > 0 } => [.. line.Words.Skip(1).SelectMany(word => Required(word, line))],
        _ => Wrong(line, "status, header, body ~ or !~ with an expression, or require with variables"),
    };

    private ProbeStep[] Wrong(NginxDirective line, string expected)
    {
        Problems.Error(line.Place, $"\"{line.Name}\" in match is not done here like that", expected);
        return [];
    }

    private ProbeStep[] Statuses(NginxDirective line)
    {
        List<StatusRange> ranges = [];
        foreach (var word in line.Words.Skip(line[1] == "!" ? 2 : 1))
        {
            var ends = word.Text.Split('-');
            if (ends.Length <= 2 && int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) && first is >= 100 and <= 599 && last >= first && last <= 599)
                ranges.Add(new(first, last));
            else
                Problems.Error(word.Place, $"invalid status \"{word.Text}\"", "a status, or two with a hyphen");
        }

        if (line[1] != "!")
            return [new() { Do = ProbeStepKind.ExpectStatus, Statuses = ranges.ToValueList() }];
        return ranges.Count == 0 ? Wrong(line, "a status behind the exclamation mark") : OfStatuses(status => !ranges.Exists(range => range.Contains(status)), line);
    }

    private ProbeStep[] OfStatuses(Func<int, bool> isWell, NginxDirective line)
    {
        var ranges = StatusRange.Where(isWell);
        return ranges.Count > 0 ? [new() { Do = ProbeStepKind.ExpectStatus, Statuses = ranges }] : Wrong(line, "a status that can come");
    }

    private ProbeStep[] Header(NginxDirective line)
    {
        var absent = line is { Count: 2 } && line[1] == "!";
        var name = "(?m)^" + Regex.Escape(line[absent ? 2 : 1].ToLowerInvariant()) + ":";
        ProbeStep present = new() { Do = ProbeStepKind.ExpectHead, Text = name, Not = absent };
        if (line.Count == 1 || absent)
            return [present];
        if (line.Count != 3)
            return Wrong(line, "header <name>, header ! <name>, or a name with =, !=, ~, !~ and a value");
        var (not, value) = line[2] switch
        {
            "=" => (false, Regex.Escape(line[3])),
            "!=" => (true, Regex.Escape(line[3])),
            "~" or "~*" => (false, InLine(InCase(line[2], line[3]))),
            "!~" or "!~*" => (true, InLine(InCase(line[2], line[3]))),
            _ => (false, ""),
        };
        if (value.Length == 0)
            return Wrong(line, "=, !=, ~ or !~ between the name and the value");
        var compared = Pattern(line, 3, ProbeStepKind.ExpectHead, $"{name} {value}$", not);
        return not ? [present, .. compared] : compared;
    }

    // What an expression says about the ends is about those of the value.
    private static string InLine(string pattern)
    {
        var ends = pattern.EndsWith('$') && !pattern.EndsWith("\\$", StringComparison.Ordinal);
        return pattern.StartsWith('^') ? $"(?:{pattern[1..(ends ? ^1 : ^0)]}){(ends ? "" : ".*")}" : $".*(?:{pattern[..(ends ? ^1 : ^0)]}){(ends ? "" : ".*")}";
    }

    private static string InCase(string sign, string pattern) => !sign.EndsWith('*') ? pattern : pattern.StartsWith('^') ? $"^(?i:{pattern[1..]})" : $"(?i:{pattern})";

    private ProbeStep[] Pattern(NginxDirective line, int word, ProbeStepKind kind, string pattern, bool not)
    {
        if (HealthTable.MistakeInPattern(pattern) is not { } mistake)
            return [new() { Do = kind, Text = pattern, Not = not }];
        Problems.Error(line.Words[word].Place, mistake);
        return [];
    }

    /// <summary>A variable that is neither empty nor 0. A check knows of an answer what its head says.</summary>
    private ProbeStep[] Required(Word word, NginxDirective line)
    {
        if (!word.Text.StartsWith('$') || word.Text.Length < 2)
            return Wrong(line, "variables, such as $upstream_http_x_state or those of a map");
        if (NginxVariables.Read(word.Text, new() { File = file, OfResponse = true, ProxyHost = "" }, word.Place) is not { } value)
            return [];
        switch (value)
        {
            case FetchExpression { Kind: FetchKind.Status }:
                return [];
            case FetchExpression { Kind: FetchKind.ResponseHeader } field:
                return [new() { Do = ProbeStepKind.ExpectHead, Text = $"(?m)^{Regex.Escape(field.Name.ToLowerInvariant())}: (?:[^0\\n]|0.)" }];
            case MapExpression map when WithoutDefault(map.Input) is FetchExpression { Kind: FetchKind.Status } && map.Cases.All(each => IsKnown(each.Value)) && IsKnown(map.Otherwise):
                return OfStatuses(status => Holds(map, status.ToString(CultureInfo.InvariantCulture)), line);
            case MapExpression map when WithoutDefault(map.Input) is FetchExpression { Kind: FetchKind.ResponseHeader } field && OfField(map, field.Name.ToLowerInvariant()) is { } steps:
                return steps;
            default:
                Problems.Error(word.Place, $"a check does not know what \"{word.Text}\" is", "a variable that goes by the answer alone: $upstream_http_..., or a map of one or of $upstream_status, all of whose values mean the same but for its default");
                return [];
        }
    }

    private static Expression WithoutDefault(Expression value) => value is CallExpression { Function: FunctionKind.Default } call ? call.Input! : value;

    private static bool IsKnown(TextTemplate? value) => value is null or { Parts: [] } or { Parts: [{ Literal: not null }] };

    private static bool Means(TextTemplate? value) => value is { Parts: [{ Literal: not ("" or "0") }] };

    private static bool Holds(MapExpression map, string text)
    {
        foreach (var each in map.Cases)
        {
            var fits = each.Test == TestKind.Matches
                ? BytePattern.TryParse(each.Pattern, each.IgnoreCase, out var pattern, out _) && pattern.IsMatch(Encoding.ASCII.GetBytes(text))
                : each.Pattern == text;
            if (fits)
                return Means(each.Value);
        }

        return Means(map.Otherwise);
    }

    // Where every value but the default means the same, which of them it is does not matter.
    private static ProbeStep[]? OfField(MapExpression map, string name)
    {
        var well = !Means(map.Otherwise);
        if (!map.Cases.All(each => IsKnown(each.Value) && Means(each.Value) == well && each.Test is TestKind.Is or TestKind.Matches) || !IsKnown(map.Otherwise))
            return null;
        var ofAbsent = map.Cases.Any(each => each is { Test: TestKind.Is, Pattern: "" });
        List<string> alternatives = [];
        foreach (var each in map.Cases.Where(each => each is not { Test: TestKind.Is, Pattern: "" }))
        {
            var pattern = each.Test == TestKind.Is ? Regex.Escape(each.Pattern) : InLine(each.Pattern);
            alternatives.Add(each.IgnoreCase ? $"(?i:{pattern})" : pattern);
        }

        if ((well && ofAbsent) || (well && alternatives.Count == 0))
            return null;
        var text = $"(?m)^{Regex.Escape(name)}: (?:{string.Join('|', alternatives)})$";
        if (alternatives.Count > 0 && HealthTable.MistakeInPattern(text) is not null)
            return null;
        ProbeStep[] present = ofAbsent ? [new() { Do = ProbeStepKind.ExpectHead, Text = $"(?m)^{Regex.Escape(name)}: ." }] : [];
        return alternatives.Count == 0 ? present : [.. present, new() { Do = ProbeStepKind.ExpectHead, Text = text, Not = !well }];
    }

    /// <summary>Bytes may be said as <c>\x00</c>.</summary>
    private static string BytesOf(string text) =>
        Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text)) is var bytes && !bytes.Contains("\\x", StringComparison.Ordinal) ? bytes
            : string.Concat(bytes.Split("\\x").Select((part, i) => i == 0 ? part
                : part.Length >= 2 && byte.TryParse(part.AsSpan(0, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? (char)value + part[2..] : "\\x" + part));
}
