using System.Globalization;
using System.Text;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of a redirect and of a fixed answer.</summary>
internal static class AnswerTable
{
    private const int LargestBody = 16 * 1024;

    private static readonly string[] RedirectStatuses = ["301", "302", "303", "307", "308"];

    /// <summary>Where a redirect of a rule leads.</summary>
    public static Form<TextTemplate> Anywhere { get; } = Form.OfText<TextTemplate>("where to, such as https://{host}{uri} or /new{path}", TextTemplate.TryParse, template => template.ToString());

    private static readonly Form<string> FieldName = Form.OfText(
        "the name of a field, such as X-Stage",
        (string text, out string name, out Mistake mistake) =>
        {
            name = text;
            mistake = HeaderTable.FindMistakeInName(text, orOfClient: true);
            return mistake.Message is null;
        });

    private static readonly Form<TextTemplate> FieldValue = Form.OfText<TextTemplate>("a text, with variables such as {client}", TextTemplate.TryParse);

    private static readonly Form<TextTemplate> s_body = Form.OfText("a text, with variables such as {host}", (string text, out TextTemplate template, out Mistake mistake) => TextTemplate.TryParse(text, ofBody: true, out template, out mistake), template => template.ToString());

    private static readonly Form<string> s_base64 = Form.OfText(
        "base64 of at most 16 KiB",
        (string text, out string body, out Mistake mistake) =>
        {
            body = text;
            mistake = System.Buffers.Text.Base64.IsValid(text, out var length) && length <= LargestBody ? default : new($"{Shown.Quote(text)} is not base64 of at most 16 KiB", "letters, digits, + and /, with = at the end");
            return mistake.Message is null;
        });

    /// <summary>A text with variables.</summary>
    public static Form<TextTemplate> Text => s_body;

    /// <summary>Where a redirect leads.</summary>
    public static Form<TextTemplate> Location { get; } = TemplateForms.WarnOfNginx(Form.OfText(
        "where to, such as https://{host}{uri} or /new{path}",
        (string text, out TextTemplate location, out Mistake mistake) =>
        {
            if (TextTemplate.TryParse(text, out location, out mistake))
                mistake = FindMistakeInLocation(text, location);
            return mistake.Message is null;
        },
        template => template.ToString()));

    /// <summary>The keys of a redirect.</summary>
    public static DirectiveTable<RedirectSettings> Redirects { get; } = RedirectsTo(Location);

    /// <summary>The keys of a redirect in a rule, whose condition may say what makes it safe.</summary>
    public static DirectiveTable<RedirectSettings> RedirectsOfRules { get; } = RedirectsTo(Anywhere);

    /// <summary>The keys of a fixed answer.</summary>
    public static DirectiveTable<FixedResponse> Responses { get; } = new(
        "'respond'",
        "a status such as 204, or a mapping with 'status'",
        "The answer is given here, without any server. A status alone has no body.",
        [["status"]],
        [
            new Directive<FixedResponse, int>(
                "status",
                ScalarForms.Number(200, 599),
                "The status.",
                answer => answer.Status,
                (answer, value) => answer with { Status = value }),
            new Directive<FixedResponse, string>(
                "body",
                BodyOr("a server"),
                "The body.",
                answer => answer.Body,
                (answer, value) => answer with { Body = value }),
            new Directive<FixedResponse, string?>(
                "body-base64",
                Form.OrNull(s_base64),
                "The body in base64, instead of `body`.",
                answer => null,
                (answer, value) => answer with { Base64 = value }),
            new Directive<FixedResponse, TextTemplate?>(
                "text",
                Form.OrNull(s_body),
                "The body with variables, instead of `body`.",
                answer => null,
                (answer, value) => answer with { Text = value }),
            new Directive<FixedResponse, bool>(
                "refuses",
                ScalarForms.Switch,
                "Whether it refuses a request, so that `error-pages` of its status go before it.",
                answer => answer.Refuses,
                (answer, value) => answer with { Refuses = value }),
            new Directive<FixedResponse, string>(
                "content-type",
                ScalarForms.MediaType,
                "The type of the body.",
                answer => answer.ContentType,
                (answer, value) => answer with { ContentType = value }),
            new Directive<FixedResponse, IReadOnlyList<KeyValuePair<string, TextTemplate>>>(
                "headers",
                Form.MapOf("a mapping of names and values, as in { X-Stage: test }", FieldName, FieldValue, StringComparer.OrdinalIgnoreCase),
                "Further fields.",
                answer => [],
                (answer, value) => answer with { Headers = value.Select(pair => new HeaderLine(pair.Key, pair.Value)).ToValueList() }),
        ]);

    /// <summary>The body of an answer that is given here.</summary>
    /// <param name="other">What else may give a longer one.</param>
    public static Form<string> BodyOr(string other) => Form.OfText(
        "a text of at most 16 KiB",
        (string text, out string body, out Mistake mistake) =>
        {
            body = text;
            mistake = Encoding.UTF8.GetByteCount(text) > LargestBody ? new("the body is longer than 16 KiB", $"a shorter text, or {other} for it") : default;
            return mistake.Message is null;
        });

    private static DirectiveTable<RedirectSettings> RedirectsTo(Form<TextTemplate> location) => new(
        "'redirect'",
        "where to, such as https://{host}{uri}, or a mapping with 'to' and 'status'",
        "The client is sent elsewhere.",
        [["to"]],
        [
            new Directive<RedirectSettings, TextTemplate>(
                "to",
                location,
                "The Location, a URL or a path, with variables.",
                redirect => redirect.To,
                (redirect, value) => redirect with { To = value }),
            new Directive<RedirectSettings, int>(
                "status",
                ScalarForms.OneOf([.. RedirectStatuses.Select(status => (status, int.Parse(status, CultureInfo.InvariantCulture), ""))]),
                "301 and 308 are kept by browsers for good, 302, 303 and 307 are not; 307 and 308 keep the method and the body.",
                redirect => redirect.Status,
                (redirect, value) => redirect with { Status = value }),
            new Directive<RedirectSettings, bool>("no-cache", ScalarForms.Switch, "Whether `Cache-Control: no-cache` is said.", redirect => redirect.NoCache, (redirect, value) => redirect with { NoCache = value }),
        ]);

    // "//name" is a host to a browser: whoever writes the path would choose where the client goes.
    private static Mistake FindMistakeInLocation(string text, TextTemplate location)
    {
        if (text.Length == 0 || text.Contains(' '))
            return new($"{Shown.Quote(text)} is not a place to go", "a URL such as https://{host}{uri}, or a path such as /new{path}");
        var (first, second) = (location.Parts[0], location.Parts.Count > 1 ? location.Parts[1] : new("", default));
        if (first.Expression is not null)
            return default;
        var startsWithPath = first.Literal is null ? first.Variable is TemplateVariable.Path or TemplateVariable.Uri
            : first.Literal == "/" && second is { Literal: null, Expression: null } && second.Variable is TemplateVariable.Path or TemplateVariable.Uri;
        if (startsWithPath)
            return new($"{Shown.Quote(text)} lets the client's path say which host it goes to", "a text before the path, such as https://{host}{uri} or /new{path}");
        if (QueryNamesHost(location))
            return new($"{Shown.Quote(text)} lets the client's query say which host it goes to", "a path before the query, such as https://{host}/?{query}");
        return first.Literal is { } start && (start[0] == '/' || start.Contains("://", StringComparison.Ordinal)) || first is { Literal: null, Variable: TemplateVariable.Scheme }
            ? default
            : new($"{Shown.Quote(text)} is neither a URL nor a path", "a URL such as https://{host}{uri}, or a path such as /new{path}");
    }

    // Behind a host without a slash, or behind one slash alone.
    private static bool QueryNamesHost(TextTemplate location)
    {
        var before = "";
        foreach (var part in location.Parts)
        {
            if (part is { Literal: null, Expression: null, Variable: TemplateVariable.Query })
            {
                var host = before.IndexOf("://", StringComparison.Ordinal);
                return before == "/" || (host >= 0 && before.AsSpan(host + 3).IndexOfAny('/', '?', '#') < 0);
            }

            // Only paths hold a slash for certain.
            before += part.Literal ?? (part.Expression is null && part.Variable is TemplateVariable.Path or TemplateVariable.Uri ? "/" : "x");
        }

        return false;
    }
}
