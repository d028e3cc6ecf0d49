namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of an error page of a route.</summary>
internal static class ErrorPageTable
{
    private static readonly Form<int?> s_as = ScalarForms.OrWord(ScalarForms.Number(200, 599), "answer");

    public static DirectiveTable<ErrorPageSettings> Table { get; } = new(
        "an error page",
        "a mapping with 'status' and one of 'path', 'go-to' and 'redirect'",
        "What a client gets instead of an error: another path is asked for by GET, without the body, as if the client had; an internal route answers; or the client is sent elsewhere. An error of what is answered instead is passed on.",
        [["status"], ["path", "go-to", "redirect"]],
        [
            new Directive<ErrorPageSettings, IReadOnlyList<int>>(
                "status",
                Form.ListOf("a status from 300 to 599, or a list of them", ScalarForms.Number(300, 599), orOne: true),
                "The statuses.",
                page => [],
                (page, value) => page with { Statuses = value.ToValueList() }),
            new Directive<ErrorPageSettings, TextTemplate?>(
                "path",
                Form.OrNull(AnswerTable.Anywhere),
                "Path and query that are asked for.",
                page => page.Path,
                (page, value) => page with { Path = value }),
            new Directive<ErrorPageSettings, string?>(
                "go-to",
                Form.OrNull(ScalarForms.Name),
                "The name of an `internal` route.",
                page => page.Route,
                (page, value) => page with { Route = value }),
            new Directive<ErrorPageSettings, RedirectSettings?>(
                "redirect",
                Form.OrNull(Form.MappingOrText(AnswerTable.RedirectsOfRules, () => new(TextTemplate.Empty), AnswerTable.Anywhere, to => new(to))),
                "Where the client is sent.",
                page => page.Redirect,
                (page, value) => page with { Redirect = value }),
            new Directive<ErrorPageSettings, int?>(
                "as",
                s_as,
                "The status the client is told; `answer` for that of what is answered instead. The error's when left out.",
                page => page.As,
                (page, value) => page with { As = value ?? 0 }),
        ]);
}
