using Steelyard.Config.Dialects;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The forms of <c>http-request normalize-uri</c>.</summary>
internal static class HaproxyNormalizers
{
    private const string Known = "fragment-encode, fragment-strip, path-merge-slashes, path-strip-dot, path-strip-dotdot, percent-decode-unreserved, percent-to-uppercase or query-sort-by-name";

    // A percent sign without its two digits.
    private const string Broken = "%($|[^0-9A-Fa-f]|[0-9A-Fa-f]($|[^0-9A-Fa-f]))";

    public static DirectiveRow<HaproxyUse> Row { get; } = DirectiveRow<HaproxyUse>.Done(
        "http-request normalize-uri",
        "DFBL",
        "<normalizer> [full|strict] [if|unless <condition>]",
        "The request gets its path or query in another form: fragment-encode, fragment-strip, path-merge-slashes, path-strip-dot, path-strip-dotdot [full], percent-decode-unreserved [strict], percent-to-uppercase [strict] or query-sort-by-name. Requests with a fragment are refused in any case.",
        use =>
        {
            if (Read(use, out var isStrict) is not { } rule || !use.TryReadCondition(out var condition))
                return;
            if (isStrict)
                Add(use, new() { Action = RuleAction.Deny, Status = 400, When = new TestCondition(new VariableExpression(TemplateVariable.Uri), TestKind.Matches, [Broken]) }, condition);
            Add(use, rule, condition);
        });

    private static void Add(HaproxyUse use, RuleSettings rule, Condition? condition) =>
        use.Section.Rules.Add(new(rule with { When = rule.When is { } own && condition is not null ? new AllCondition([condition, own]) : condition ?? rule.When }, use.Line));

    private static RuleSettings? Read(HaproxyUse use, out bool isStrict)
    {
        isStrict = false;
        if (!use.TryTake("a normalizer", out var word))
            return null;
        switch (word.Text)
        {
            case "path-merge-slashes":
                return Of(RuleAction.SetPath, TemplateVariable.Path, "merge-slashes");
            case "path-strip-dot":
                return Of(RuleAction.SetPath, TemplateVariable.Path, "strip-dot");
            case "path-strip-dotdot":
                return Of(RuleAction.SetPath, TemplateVariable.Path, use.Take("full") ? "strip-dotdot-full" : "strip-dotdot");
            case "query-sort-by-name":
                // Where there is none, the mark that may stand there stays.
                return Of(RuleAction.SetQuery, TemplateVariable.Query, "sort-by-name") with { When = new TestCondition(new VariableExpression(TemplateVariable.Query), TestKind.Matches, ["."]) };
            case "percent-decode-unreserved" or "percent-to-uppercase":
                isStrict = use.Take("strict");
                return Of(RuleAction.SetTarget, TemplateVariable.Uri, word.Text == "percent-to-uppercase" ? "percent-uppercase" : "decode-unreserved");
            case "fragment-encode" or "fragment-strip":
                // No request with one comes so far.
                return new() { Action = RuleAction.RemoveVariable, Name = "fragment" };
            default:
                use.Error(word, $"{Shown.Quote(word.Text)} is no normalizer", Known);
                return null;
        }
    }

    private static RuleSettings Of(RuleAction action, TemplateVariable part, string form) =>
        new() { Action = action, Value = TextTemplate.Of(new CallExpression(FunctionKind.Normalize, new VariableExpression(part), [form])) };
}
