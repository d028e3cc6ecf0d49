namespace Steelyard.Config.Expressions;

/// <summary>Looks for something among the parts of expressions and conditions.</summary>
public static class ExpressionSearch
{
    /// <summary>Whether an expression, or one within it, is such a one.</summary>
    public static bool Any(Expression expression, Func<Expression, bool> isOne) => isOne(expression) || expression switch
    {
        TextExpression { Text: var text } => Any(text, isOne),
        CallExpression call => Any(call.Input, isOne) || (FunctionTable.TemplateOf(call) is { } argument && Any(argument, isOne)),
        MapExpression map => Any(map.Input, isOne) || (map.Otherwise is { } otherwise && Any(otherwise, isOne)) || map.Cases.Any(each => Any(each.Value, isOne)),
        ListExpression list => Any(list.Input, isOne) || (list.Otherwise is { } other && Any(other, isOne)),
        _ => false,
    };

    /// <summary>Whether an expression of a template is such a one.</summary>
    public static bool Any(TextTemplate template, Func<Expression, bool> isOne)
    {
        foreach (var part in template.Parts)
        {
            if (part.Literal is null && Any(part.Expression ?? new VariableExpression(part.Variable), isOne))
                return true;
        }

        return false;
    }

    /// <summary>Whether a condition may hold the one time and not the next of the same request.</summary>
    public static bool Varies(Condition condition) => Any(condition, one => one is FetchExpression { Kind: FetchKind.Random or FetchKind.Uuid or FetchKind.RequestNumber or FetchKind.Tracked });

    /// <summary>Whether an expression that a condition looks at is such a one.</summary>
    public static bool Any(Condition condition, Func<Expression, bool> isOne) => condition switch
    {
        AllCondition all => all.Conditions.Any(part => Any(part, isOne)),
        AnyCondition any => any.Conditions.Any(part => Any(part, isOne)),
        NotCondition not => Any(not.Inner, isOne),
        TestCondition test => Any(test.Value, isOne),
        ListCondition list => Any(list.Value, isOne),
        _ => false,
    };
}
