using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Haproxy;

/// <summary>Values that are known when the file is taken up: variables that <c>global</c> or <c>http-check</c> set, and texts made of them.</summary>
internal static class HaproxyConstants
{
    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        DirectiveRow<HaproxyUse>.Done("set-var", "G", "<name> <sample>", "A variable that every request finds set; the sample is one that does not change, such as str, int, bool, env or hostname.", use => ReadGlobal(use, isFormat: false)),
        DirectiveRow<HaproxyUse>.Done("set-var-fmt", "G", "<name> <fmt>", "The same of a text.", use => ReadGlobal(use, isFormat: true)),
        DirectiveRow<HaproxyUse>.Done("http-check set-var", "DBL", "(<name>) <sample>", "A value for the texts of checks behind it; the sample is one that does not change.", use => ReadOfCheck(use, isFormat: false)),
        DirectiveRow<HaproxyUse>.Done("http-check set-var-fmt", "DBL", "(<name>) <fmt>", "The same of a text.", use => ReadOfCheck(use, isFormat: true)),
        DirectiveRow<HaproxyUse>.Done("http-check unset-var", "DBL", "(<name>)", "Forgets it.", use =>
        {
            if (TryTakeName(use, "", out var name))
                use.Section.CheckVariables.Remove(name);
        }),
    ];

    /// <summary>Rules that give a request the variables of <c>global</c>.</summary>
    public static IEnumerable<Located<RuleSettings>> Rules(HaproxyFile file) =>
        file.Variables.Select(variable => new Located<RuleSettings>(new() { Action = RuleAction.SetVariable, Name = variable.Key, Value = TextTemplate.Literal(variable.Value.Text) }, variable.Value.Place));

    /// <summary>A text with variables that is the same for every check; null where it is not, which was reported.</summary>
    public static string? TextOf(Word word, HaproxyUse use)
    {
        if (!word.Text.Contains('%', StringComparison.Ordinal))
            return word.Text;
        if (!HaproxyFormat.TryRead(word, use, out var template))
            return null;
        if (TextOf(template, use) is { } text)
            return text;
        use.Error(word, $"{Shown.Quote(word.Text)} is another text from time to time, which is not done here", "a text, or a value that does not change");
        return null;
    }

    private static string? TextOf(TextTemplate template, HaproxyUse use)
    {
        var text = "";
        foreach (var part in template.Parts.AsEnumerable())
        {
            var next = part switch
            {
                { Literal: { } literal } => literal,
                { Expression: TextExpression inner } => TextOf(inner.Text, use),
                { Expression: FetchExpression { Kind: FetchKind.Variable } variable } => use.Section.CheckVariables.GetValueOrDefault(variable.Name) ?? use.File.Variables.GetValueOrDefault(variable.Name).Text,
                _ => null,
            };
            if (next is null)
                return null;
            text += next;
        }

        return text;
    }

    private static void ReadGlobal(HaproxyUse use, bool isFormat)
    {
        if (!use.TryTake("the name of a variable", out var name))
            return;
        if (!RuleTable.IsVariableName(name.Text) || !name.Text.StartsWith("proc.", StringComparison.Ordinal))
            use.Error(name, $"{Shown.Quote(name.Text)} is not the name of a variable of the process", "such as proc.limit");
        else if (TryTakeValue(use, isFormat, out var value, out var place))
            use.File.Variables[name.Text] = (value, place);
    }

    private static void ReadOfCheck(HaproxyUse use, bool isFormat)
    {
        if (TryTakeName(use, "", out var name) && TryTakeValue(use, isFormat, out var value, out _))
            use.Section.CheckVariables[name] = value;
    }

    private static bool TryTakeName(HaproxyUse use, string otherwise, out string name)
    {
        name = otherwise;
        if (!use.TryTake("the name of a variable in round brackets", out var word))
            return false;
        name = word.Text.Length > 2 && word.Text[0] == '(' && word.Text[^1] == ')' ? word.Text[1..^1] : otherwise;
        if (RuleTable.IsVariableName(name))
            return true;
        use.Error(word, $"{Shown.Quote(word.Text)} is not the name of a variable in round brackets", "such as set-var(check.host)");
        return false;
    }

    private static bool TryTakeValue(HaproxyUse use, bool isFormat, out string value, out Place place)
    {
        (value, place) = ("", use.Line);
        if (!use.TryTake(isFormat ? "a text" : "a sample", out var word))
            return false;
        string? text;
        if (isFormat)
        {
            text = TextOf(word, use);
        }
        else if (!HaproxySamples.TryRead(word.Text, mayCompare: false, use, out var sample, out _, out var mistake))
        {
            use.Problems.Error(word.Place, mistake);
            return false;
        }
        else if ((text = TextOf(TextTemplate.Of(sample.Expression), use)) is null)
        {
            use.Error(word, $"{Shown.Quote(word.Text)} is no value that stays as it is", "str, int, bool, env, ipv4 or hostname");
        }

        value = text ?? "";
        return text is not null;
    }
}
