using System.Text;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config;

/// <summary>What a template can name of a request.</summary>
public enum TemplateVariable
{
    /// <summary>The address of the client: the peer's, or the one a trusted proxy names.</summary>
    Client,

    /// <summary><c>http</c> or <c>https</c>: the listener's, or the one a trusted proxy names.</summary>
    Scheme,

    /// <summary>The host without its port, as the client wrote it.</summary>
    Host,

    /// <summary>The host with its port, as the client wrote it.</summary>
    Authority,

    /// <summary>The method.</summary>
    Method,

    /// <summary>The path without the query, as the client wrote it.</summary>
    Path,

    /// <summary>The query without its question mark.</summary>
    Query,

    /// <summary>Path and query, as the client wrote them.</summary>
    Uri,

    /// <summary>The name of the pool; empty where none serves the request.</summary>
    Pool,

    /// <summary>The address of the server that answered, as the configuration writes it; in response fields only.</summary>
    Server,

    /// <summary>The name of the request: the one that a trusted proxy gave it in the field of the listener's request-id, else one that is made.</summary>
    RequestId,

    /// <summary>The trace of the request, 32 hexadecimal digits; empty where it has none.</summary>
    Trace,
}

/// <summary>A stretch of a template: a text, a variable or an expression.</summary>
/// <param name="Literal">The text; null for the others.</param>
/// <param name="Variable">The variable, where there is neither text nor expression.</param>
/// <param name="Expression">The expression; null for the others.</param>
public readonly record struct TemplatePart(string? Literal, TemplateVariable Variable = default, Expression? Expression = null);

/// <summary>
/// A text with variables and expressions in braces, as in <c>https://{host}{uri}</c> or <c>{lower(header('X-User'))}</c>;
/// <c>{{</c> and <c>}}</c> are braces themselves.
/// </summary>
public sealed record TextTemplate
{
    private const int MostCharacters = 4096;

    // Of texts alone; a map in a template may be long, with the networks of a whole world in it.
    private const int MostCharactersWithExpressions = 16 * 1024 * 1024;

    private TextTemplate(ValueList<TemplatePart> parts) => Parts = parts;

    /// <summary>The template of nothing.</summary>
    public static TextTemplate Empty { get; } = new(default(ValueList<TemplatePart>));

    /// <summary>The stretches in their order.</summary>
    public ValueList<TemplatePart> Parts { get; }

    /// <summary>The names of the variables as the configuration writes them.</summary>
    internal static IReadOnlyList<(string Name, TemplateVariable Variable, string Description)> Variables { get; } =
    [
        ("client", TemplateVariable.Client, "the client's address: the peer's, or the one that a trusted proxy names"),
        ("scheme", TemplateVariable.Scheme, "`http` or `https`: the listener's, or the one that a trusted proxy names"),
        ("host", TemplateVariable.Host, "the host without port, as the client wrote it"),
        ("authority", TemplateVariable.Authority, "the host with its port, as the client wrote it"),
        ("method", TemplateVariable.Method, "the method"),
        ("path", TemplateVariable.Path, "the path without the query, as the client wrote it; in `rewrite` what `strip-prefix` left of it, in the form that paths are compared in"),
        ("query", TemplateVariable.Query, "the query without its question mark"),
        ("uri", TemplateVariable.Uri, "path and query, as the client wrote them"),
        ("pool", TemplateVariable.Pool, "the name of the pool; nothing where none serves the request"),
        ("server", TemplateVariable.Server, "the server that answered; in `response-headers` only"),
        ("request-id", TemplateVariable.RequestId, "the name of the request: the one that a trusted proxy gave it in the field of `request-id`, else one that is made"),
        ("trace-id", TemplateVariable.Trace, "the trace of the request, 32 hexadecimal digits; nothing where it has none"),
    ];

    /// <summary>A template of one text without variables.</summary>
    /// <param name="text">The text; braces stand for themselves.</param>
    public static TextTemplate Literal(string text) => text.Length == 0 ? Empty : new([new TemplatePart(text)]);

    /// <summary>Reads a template that has been read before.</summary>
    /// <exception cref="ArgumentException">It cannot be read.</exception>
    public static TextTemplate Parse(string text) => TryParse(text, out var template, out var mistake) ? template : throw new ArgumentException(mistake.Message, nameof(text));

    internal static bool TryParse(string text, out TextTemplate template, out Mistake mistake) => TryParse(text, ofBody: false, out template, out mistake);

    /// <param name="text">The text.</param>
    /// <param name="ofBody">Whether it is of a body, which holds anything.</param>
    /// <param name="template">The template.</param>
    /// <param name="mistake">Why it is none.</param>
    internal static bool TryParse(string text, bool ofBody, out TextTemplate template, out Mistake mistake)
    {
        (template, mistake) = (Empty, default);
        var most = text.Length > MostCharacters && text.Contains('(', StringComparison.Ordinal) ? MostCharactersWithExpressions : MostCharacters;
        if (text.Length > most)
            mistake = new($"the text has {text.Length} characters", $"at most {most}");
        if (mistake.Message is not null)
            return false;

        List<TemplatePart> parts = [];
        var pieces = new BracedText(text, "a variable such as {host}");
        while (true)
        {
            if (!pieces.TryNext(out var literal, out var inside, out mistake))
                return false;
            if (literal.Length > 0)
                parts.Add(new(literal));
            if (inside is null)
                break;
            if (!TryParsePart(inside, out var part, out mistake))
                return false;
            parts.Add(part);
        }

        // What an expression compares with is never written.
        if (!ofBody && parts.Exists(part => part.Literal is { } written && written.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0))
        {
            mistake = new($"{Shown.Quote(text)} has characters that no field carries", "printable ASCII");
            return false;
        }

        template = new(parts.ToValueList());
        return true;
    }

    private static bool TryParsePart(string text, out TemplatePart part, out Mistake mistake)
    {
        (part, mistake) = (default, default);
        if (TryFind(text, out var variable))
        {
            part = new(null, variable);
            return true;
        }

        // A word alone was meant as a variable.
        if (!text.AsSpan().ContainsAny('(', '\'') && FetchTable.Find(text) is not { Named: false })
        {
            mistake = new($"{Shown.Quote("{" + text + "}")} is not a variable", Shown.OneOf([.. Variables.Select(v => "{" + v.Name + "}")]));
            return false;
        }

        if (!ExpressionParser.TryParse(text, out Expression expression, out mistake))
            return false;
        part = expression is VariableExpression { Variable: var plain } ? new(null, plain) : new(null, default, expression);
        return true;
    }

    /// <summary>A template of several parts, in one form: neighbouring texts are one, empty ones none.</summary>
    internal static TextTemplate Of(IEnumerable<TemplatePart> parts)
    {
        List<TemplatePart> joined = [];
        foreach (var part in parts)
        {
            if (part.Literal is { Length: 0 })
                continue;
            if (part.Literal is { } text && joined is [.., { Literal: { } before }])
                joined[^1] = new(before + text);
            else
                joined.Add(part.Expression is VariableExpression { Variable: var variable } ? new(null, variable) : part);
        }

        return joined.Count == 0 ? Empty : new(joined.ToValueList());
    }

    /// <summary>A template of one expression.</summary>
    internal static TextTemplate Of(Expression expression) => expression is TextExpression { Text: var text } ? text : Of([new TemplatePart(null, default, expression)]);

    internal static string NameOf(TemplateVariable variable) => Variables.First(row => row.Variable == variable).Name;

    internal static bool TryFind(string name, out TemplateVariable variable)
    {
        foreach (var known in Variables)
        {
            if (known.Name == name)
            {
                variable = known.Variable;
                return true;
            }
        }

        variable = default;
        return false;
    }

    /// <summary>Whether a variable is among the parts.</summary>
    public bool Uses(TemplateVariable variable) => ExpressionSearch.Any(this, part => part is VariableExpression { Variable: var its } && its == variable);

    /// <summary>The template as the configuration writes it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var part in Parts)
        {
            if (part.Literal is { } literal)
                text.Append(literal.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
            else
                text.Append('{').Append(part.Expression?.ToString() ?? NameOf(part.Variable)).Append('}');
        }

        return text.ToString();
    }
}
