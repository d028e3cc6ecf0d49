namespace Steelyard.Config.Expressions;

/// <summary>
/// A value found in a request, its connection or its response: what HAProxy calls a sample, and nginx a variable. A value
/// is a run of bytes, or absent; numbers are decimal digits. Every dialect reads into these, and the text form is
/// Steelyard's own.
/// </summary>
public abstract record Expression
{
    private protected Expression()
    {
    }

    /// <summary>The expression as the configuration writes it; reading that gives an equal one.</summary>
    public sealed override string ToString() => ExpressionWriter.Write(this);
}

/// <summary>One of the variables that templates have.</summary>
/// <param name="Variable">Which.</param>
public sealed record VariableExpression(TemplateVariable Variable) : Expression;

/// <summary>Something that is looked up, see <see cref="FetchTable"/>.</summary>
/// <param name="Kind">What.</param>
/// <param name="Name">Of which name; empty where it needs none.</param>
public sealed record FetchExpression(FetchKind Kind, string Name = "") : Expression
{
    /// <summary>Whether there is nothing of it before a server has answered.</summary>
    public bool IsOfResponse => FetchTable.Of(Kind).OfResponse;
}

/// <summary>A text, which may hold further expressions in braces.</summary>
/// <param name="Text">The text.</param>
public sealed record TextExpression(TextTemplate Text) : Expression;

/// <summary>A value made of another, see <see cref="FunctionTable"/>. Absent where the other is.</summary>
/// <param name="Function">How.</param>
/// <param name="Input">Of which.</param>
/// <param name="Arguments">What the function is told beside.</param>
public sealed record CallExpression(FunctionKind Function, Expression Input, ValueList<string> Arguments = default) : Expression
{
    /// <summary>Its argument, where that is a text with variables; null where it is none.</summary>
    public TextTemplate? TemplateArgument() => FunctionTable.TemplateOf(this);
}

/// <summary>A value chosen by the first case that another value meets (nginx: map, geo; HAProxy: the converters map_*).</summary>
/// <param name="Input">The other value.</param>
/// <param name="Cases">The cases, the first that holds counts.</param>
/// <param name="Otherwise">What it is where none holds, or the other is absent; null for absent.</param>
public sealed record MapExpression(Expression Input, ValueList<MapCase> Cases, TextTemplate? Otherwise) : Expression;

/// <summary>The value that a <see cref="PatternListSettings"/> has for the first of its patterns that another value meets; of several beginnings and networks the longest (HAProxy: the converters map_*).</summary>
/// <param name="Input">The other value.</param>
/// <param name="List">The name of the list.</param>
/// <param name="Test">How the value is compared.</param>
/// <param name="IgnoreCase">Whether without regard to the case of ASCII letters.</param>
/// <param name="Values">What the values of the list are.</param>
/// <param name="Otherwise">What it is where none fits; null for absent. Where the other is absent, it is too.</param>
public sealed record ListExpression(Expression Input, string List, TestKind Test, bool IgnoreCase = false, ListValues Values = ListValues.Text, TextTemplate? Otherwise = null) : Expression;

/// <summary>What the values of a list are to whoever looks one up.</summary>
public enum ListValues
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>Texts in which <c>\1</c> stands for what the first group of the pattern has matched (HAProxy: map_regm).</summary>
    Groups,

    /// <summary>Whole numbers (HAProxy: map_*_int).</summary>
    Numbers,

    /// <summary>Addresses (HAProxy: map_*_ip).</summary>
    Addresses,
}

/// <summary>One case of a <see cref="MapExpression"/>.</summary>
/// <param name="Test">How the value is compared.</param>
/// <param name="IgnoreCase">Whether without regard to the case of ASCII letters.</param>
/// <param name="Pattern">With what.</param>
/// <param name="Value">What comes of it.</param>
public sealed record MapCase(TestKind Test, bool IgnoreCase, string Pattern, TextTemplate Value);
