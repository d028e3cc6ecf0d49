namespace Steelyard.Config.Expressions;

/// <summary>Takes passwords, and what became of them, out of conditions that are shown to somebody.</summary>
public static class Secrets
{
    private const string Hidden = "***";

    /// <summary>The condition with asterisks for what credentials are compared with; of a user and a password the user stays.</summary>
    public static Condition Hide(Condition condition) => condition switch
    {
        AllCondition all => new AllCondition(all.Conditions.Select(Hide).ToValueList()),
        AnyCondition any => new AnyCondition(any.Conditions.Select(Hide).ToValueList()),
        NotCondition not => new NotCondition(Hide(not.Inner)),
        TestCondition test when IsOfCredentials(test.Value) => test with { Value = Hide(test.Value), Patterns = test.Value is MapExpression ? test.Patterns : test.Patterns.Select(Hide).ToValueList() },
        _ => condition,
    };

    private static Expression Hide(Expression expression) => expression switch
    {
        MapExpression map => map with { Input = Hide(map.Input), Cases = map.Cases.Select(each => each with { Pattern = Hide(each.Pattern) }).ToValueList() },
        CallExpression call => call with { Input = Hide(call.Input) },
        _ => expression,
    };

    private static string Hide(string pattern) => pattern[..(pattern.IndexOf(':') + 1)] + Hidden;

    private static bool IsOfCredentials(Expression expression) => ExpressionSearch.Any(expression, one => one is FetchExpression { Kind: FetchKind.BasicCredentials });
}
