using CsCheck;
using Steelyard.Config;
using Steelyard.Config.Expressions;

namespace Steelyard.Tests.Expressions;

/// <summary>Any condition, written and read, is the same condition.</summary>
public sealed class ExpressionRoundTrip
{
    private static readonly Gen<string> Text = Gen.OneOf(Gen.Char["abc '\\(){}[],:=>|-/*"].Array[0, 8].Select(letters => new string(letters)), Gen.OneOf("", "and", "is", "'", "\\'", "{{", "}", "é日"));

    private static readonly Gen<string> PlainText = Text.Where(text => text.All(letter => letter is >= ' ' and <= '~'));

    private static readonly Gen<string> Name = Gen.OneOf("X-A", "txn.a", "a b", "it's", "\\");

    private static Gen<Expression> Value(int depth) => depth == 0
        ? Gen.OneOf(
            Gen.Enum<TemplateVariable>().Select(Expression (variable) => new VariableExpression(variable)),
            Gen.OneOf(FetchTable.Rows.ToArray()).SelectMany(row => row.Named ? Name.Select(Expression (name) => new FetchExpression(row.Kind, name)) : Gen.Const((Expression)new FetchExpression(row.Kind))),
            PlainText.Select(Expression (text) => new TextExpression(TextTemplate.Literal(text))))
        : Gen.OneOf(
            Value(0),
            Gen.Select(Gen.OneOf(FunctionKind.Lower, FunctionKind.Hex, FunctionKind.Length), Value(depth - 1), Expression (function, input) => new CallExpression(function, input)),
            Gen.Select(Value(depth - 1), PlainText, Expression (input, text) => new CallExpression(FunctionKind.Default, input, [text])),
            Gen.Select(Value(depth - 1), PlainText, Expression (input, text) => new TextExpression(TextTemplate.Of([new TemplatePart(text), new TemplatePart(null, default, input), new TemplatePart("}")]))),
            Gen.Select(Value(depth - 1), Text, PlainText, PlainText.Null(), Expression (input, pattern, value, otherwise) => new MapExpression(input, [new(TestKind.Is, pattern.Length % 2 == 0, pattern, TextTemplate.Literal(value))], otherwise is null ? null : TextTemplate.Literal(otherwise))));

    private static Gen<Condition> Any(int depth) => depth == 0
        ? Gen.OneOf(
            Value(2).Select(Condition (value) => new TestCondition(value, TestKind.Present)),
            Gen.Bool.Select(Condition (holds) => new ConstantCondition(holds)),
            Gen.Select(Value(1), Gen.OneOf(TestKind.Is, TestKind.Starts, TestKind.Contains, TestKind.Domain), Text.Array[1, 3], Gen.Bool, Condition (value, test, patterns, ignoreCase) => new TestCondition(value, test, patterns.ToValueList(), ignoreCase)))
        : Gen.OneOf(
            Any(0),
            Any(depth - 1).Select(Condition (inner) => new NotCondition(inner)),
            Any(depth - 1).Array[2, 3].Select(Condition (parts) => new AllCondition(parts.ToValueList())),
            Any(depth - 1).Array[2, 3].Select(Condition (parts) => new AnyCondition(parts.ToValueList())));

    [Fact]
    public void A_condition_written_and_read_is_the_same() => Any(3).Sample(
        condition =>
        {
            Assert.True(Condition.TryParse(condition.ToString(), out var read, out var mistake), $"{condition}: {mistake.Message}");
            Assert.Equal(condition, read);
        },
        iter: 3_000);
}
