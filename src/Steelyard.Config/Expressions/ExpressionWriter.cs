using System.Globalization;
using System.Text;

namespace Steelyard.Config.Expressions;

/// <summary>Writes the text form of expressions and conditions.</summary>
internal static class ExpressionWriter
{
    public static string Write(Expression expression) => expression switch
    {
        VariableExpression { Variable: var variable } => TextTemplate.NameOf(variable),
        FetchExpression { Kind: var kind, Name: var name } => FetchTable.Of(kind) is { Named: true, Word: var word } ? $"{word}({Quote(name)})" : FetchTable.Of(kind).Word,
        TextExpression { Text: var text } => Quote(text.ToString()),
        CallExpression call => $"{FunctionTable.Of(call.Function).Word}({string.Join(", ", call.Arguments.Select(Quote).Prepend(Write(call.Input)))})",
        MapExpression map => Write(map),
        ListExpression list => $"lookup({Write(list.Input)}, {Quote(list.List)}, {Word(list.Test, list.IgnoreCase)}{(list.Values == ListValues.Text ? "" : $", {PatternListSettings.WordOf(list.Values)}")}{(list.Otherwise is { } otherwise ? $", else {Quote(otherwise.ToString())}" : "")})",
        _ => throw new ArgumentOutOfRangeException(nameof(expression)),
    };

    private static string Write(MapExpression map)
    {
        var text = new StringBuilder("map(").Append(Write(map.Input));
        foreach (var each in map.Cases)
            text.Append(CultureInfo.InvariantCulture, $", {Word(each.Test, each.IgnoreCase)} {Quote(each.Pattern)} => {Quote(each.Value.ToString())}");
        if (map.Otherwise is { } otherwise)
            text.Append(CultureInfo.InvariantCulture, $", else {Quote(otherwise.ToString())}");
        return text.Append(')').ToString();
    }

    public static string Write(Condition condition) => Write(condition, inAll: false);

    private static string Write(Condition condition, bool inAll) => condition switch
    {
        ConstantCondition constant => constant.Holds ? "true" : "false",
        AllCondition all => string.Join(" and ", all.Conditions.Select(part => part is AllCondition or AnyCondition ? $"({Write(part)})" : Write(part, inAll: true))),
        AnyCondition any when inAll => $"({Write(any)})",
        AnyCondition any => string.Join(" or ", any.Conditions.Select(part => part is AnyCondition ? $"({Write(part)})" : Write(part))),
        NotCondition { Inner: AllCondition or AnyCondition } not => $"not ({Write(not.Inner)})",
        NotCondition not => $"not {Write(not.Inner)}",
        TestCondition { Test: TestKind.Present } test => Write(test.Value),
        TestCondition test => $"{Write(test.Value)} {Word(test.Test, test.IgnoreCase)} {(test.Patterns.Count == 1 ? Quote(test.Patterns[0]) : $"[{string.Join(", ", test.Patterns.Select(Quote))}]")}",
        ListCondition list => $"{Write(list.Value)} {Word(list.Test, list.IgnoreCase)} list {Quote(list.List)}",
        _ => throw new ArgumentOutOfRangeException(nameof(condition)),
    };

    private static string Word(TestKind test, bool ignoreCase) => TestTable.WordOf(test) + (ignoreCase ? " any-case" : "");

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("'");
        foreach (var letter in text)
        {
            if (letter is '\'' or '\\')
                quoted.Append('\\').Append(letter);
            else
                quoted.Append(letter);
        }

        return quoted.Append('\'').ToString();
    }
}
