using System.Text;
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
}

/// <summary>A stretch of a template: a text or a variable.</summary>
/// <param name="Literal">The text; null for a variable.</param>
/// <param name="Variable">The variable, where there is no text.</param>
public readonly record struct TemplatePart(string? Literal, TemplateVariable Variable = default);

/// <summary>A text with variables in braces, as in <c>https://{host}{uri}</c>; <c>{{</c> and <c>}}</c> are braces themselves.</summary>
public sealed record TextTemplate
{
    private const int MostCharacters = 4096;

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
    ];

    /// <summary>A template of one text without variables.</summary>
    /// <param name="text">The text; braces stand for themselves.</param>
    public static TextTemplate Literal(string text) => text.Length == 0 ? Empty : new([new TemplatePart(text)]);

    internal static bool TryParse(string text, out TextTemplate template, out Mistake mistake)
    {
        (template, mistake) = (Empty, default);
        if (text.Length > MostCharacters)
            mistake = new($"the text has {text.Length} characters", $"at most {MostCharacters}");
        else if (text.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
            mistake = new($"{Shown.Quote(text)} has characters that no field carries", "printable ASCII");
        if (mistake.Message is not null)
            return false;

        List<TemplatePart> parts = [];
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('{' or '}'))
            {
                literal.Append(text[i]);
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == text[i])
            {
                literal.Append(text[i++]);
                continue;
            }

            var end = text[i] == '}' ? -1 : text.IndexOf('}', i);
            if (end < 0)
            {
                mistake = new($"a '{text[i]}' without its other half in {Shown.Quote(text)}", $"a variable such as {{host}}, or {new string(text[i], 2)} for the brace itself");
                return false;
            }

            var name = text[(i + 1)..end];
            if (!TryFind(name, out var variable))
            {
                mistake = new($"{Shown.Quote("{" + name + "}")} is not a variable", Shown.OneOf([.. Variables.Select(v => "{" + v.Name + "}")]));
                return false;
            }

            if (literal.Length > 0)
                parts.Add(new(literal.ToString()));
            literal.Clear();
            parts.Add(new(null, variable));
            i = end;
        }

        if (literal.Length > 0)
            parts.Add(new(literal.ToString()));
        template = new(parts.ToValueList());
        return true;
    }

    private static bool TryFind(string name, out TemplateVariable variable)
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
    public bool Uses(TemplateVariable variable)
    {
        foreach (var part in Parts)
        {
            if (part.Literal is null && part.Variable == variable)
                return true;
        }

        return false;
    }

    /// <summary>The template as the configuration writes it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var part in Parts)
        {
            if (part.Literal is { } literal)
                text.Append(literal.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
            else
                text.Append('{').Append(Variables.First(v => v.Variable == part.Variable).Name).Append('}');
        }

        return text.ToString();
    }
}
