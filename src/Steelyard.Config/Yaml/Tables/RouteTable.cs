using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of a route.</summary>
internal static class RouteTable
{
    private static readonly Form<string> Method = Form.OfText(
        "a method in capitals, such as GET",
        (string text, out string method, out Mistake mistake) =>
        {
            method = text;
            mistake = text.Length is 0 or > 32 || !text.All(letter => char.IsAsciiLetterUpper(letter) || letter is '-' or '_')
                ? new($"{Shown.Quote(text)} is not a method", "a method in capitals, such as GET: methods have a case (RFC 9110, 9.1)", text.Length is > 0 and <= 32 && text.All(char.IsAsciiLetter) ? text.ToUpperInvariant() : null)
                : default;
            return mistake.Message is null;
        });

    private static readonly Form<string> Pattern = Form.OfText(
        "a value, start* for every value that starts alike, or \"*\" for any",
        (string text, out string pattern, out Mistake mistake) =>
        {
            pattern = text;
            mistake = text.IndexOf('*') is var star && star >= 0 && star < text.Length - 1 ? new($"{Shown.Quote(text)} has a '*' that is not at its end", "one '*' at the end, for every value that starts alike")
                : text.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0 || text.Trim() != text ? new($"{Shown.Quote(text)} cannot be compared with a value", "printable ASCII, without blanks at the ends")
                : default;
            return mistake.Message is null;
        });

    private static readonly Form<string> ParameterName = Form.OfText(
        "the name of a query parameter",
        (string text, out string name, out Mistake mistake) =>
        {
            name = text;
            mistake = text.Length == 0 || text.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || text.AsSpan().ContainsAny("&=#?")
                ? new($"{Shown.Quote(text)} cannot be the name of a query parameter", "printable ASCII as a request line carries it, without & = # ?")
                : default;
            return mistake.Message is null;
        });

    private static readonly Form<string> Prefix = Form.OfText(
        "the start of a path in whole segments, such as /v1",
        (string text, out string prefix, out Mistake mistake) =>
        {
            prefix = text.Length > 1 && text[^1] == '/' ? text[..^1] : text;
            mistake = text.Length < 2 || text[0] != '/' || text.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || text.AsSpan().ContainsAny("?#*")
                ? new($"{Shown.Quote(text)} cannot be taken off a path", "the start of a path in whole segments, such as /v1")
                : default;
            return mistake.Message is null;
        },
        prefix => prefix);

    private static readonly Form<TextTemplate> TargetTemplate = TemplateForms.WarnOfNginx(Form.OfText("a path and perhaps a query, such as /app{path}?id={header('X-Id')}", (string text, out TextTemplate target, out Mistake mistake) => TextTemplate.TryParse(text, out target, out mistake)));

    private static readonly Form<TextTemplate> PathTemplate = TemplateForms.WarnOfNginx(Form.OfText(
        "a path, such as /app{path}",
        (string text, out TextTemplate path, out Mistake mistake) =>
        {
            if (!TextTemplate.TryParse(text, out path, out mistake))
                return false;
            if (text[..Math.Min(1, text.Length)] != "/" && !text.StartsWith("{path}", StringComparison.Ordinal))
                mistake = new($"the path {Shown.Quote(text)} does not start with '/'", "a path, such as /app{path}");
            foreach (var part in path.Parts)
            {
                if (part.Literal is { } literal && literal.AsSpan().ContainsAny(" ?#"))
                    mistake = new($"the path {Shown.Quote(text)} has a blank, a '?' or a '#'", "the path alone; the query stays as it is");
                if (part is { Literal: null, Expression: null } && part.Variable is not (TemplateVariable.Path or TemplateVariable.Host or TemplateVariable.Method or TemplateVariable.Scheme))
                    mistake = new("a path takes only the variables {path}, {host}, {method} and {scheme}", "a path, such as /app{path}");
            }

            return mistake.Message is null;
        },
        template => template.ToString()));

    public static DirectiveTable<RouteDraft> Routes { get; } = new(
        "a route",
        "a mapping with 'to', as in { host: api.example.com, path: /v1/*, to: api }",
        "Which requests it is for, and what becomes of them: one of `to`, `to-named`, `split`, `redirect`, `respond` and `files`. The most specific route wins, not the first: an exact host before a wildcard in front before one behind before an expression before any, then an exact path before the first expression before the longest start before any, then who has `when` before who has not, then more of `methods`, `headers` and `query` before fewer, and at last the order of the file.",
        [["to", "to-named", "split", "redirect", "respond", "files", "statistics"]],
        [
            new Directive<RouteDraft, string?>(
                "name",
                Form.OrNull(ScalarForms.Name),
                "What [metrics](metrics.md) call it; its host and path when left out. Routes of the same name are counted together.",
                route => route.Name,
                (route, value) => route with { Name = value }),
            new Directive<RouteDraft, IReadOnlyList<Located<string>>>(
                "host",
                Form.LocatedListOf("a host such as api.example.com or *.example.com, or a list of them", ScalarForms.Host, orOne: true),
                "Hosts of the requests, without port, in any case; `*.example.com` is every name below `example.com`, `www.*` every one that starts with `www.`, and `~^www\\d+\\.` what the [expression](#conditions-and-expressions) matches. Any host when left out.",
                route => route.Hosts,
                (route, value) => route with { Hosts = value }),
            new Directive<RouteDraft, IReadOnlyList<Located<string>>>(
                "path",
                Form.LocatedListOf("a path such as /login or /v1/*, or a list of them", ScalarForms.Path, orOne: true),
                "Paths of the requests; `/v1/*` is every path that starts with `/v1/`, `~\\.php$` what the expression matches, `~*` before it without regard to case, and `^~/static/*` a start that goes before expressions. Any path when left out.",
                route => route.Paths,
                (route, value) => route with { Paths = value }),
            new Directive<RouteDraft, IReadOnlyList<string>>(
                "methods",
                Form.ListOf("a method such as GET, or a list of them", Method, orOne: true),
                "Methods of the requests. Any method when left out; GET does not include HEAD.",
                route => [],
                (route, value) => route with { Match = route.Match with { Methods = value.Distinct().ToValueList() } }),
            new Directive<RouteDraft, IReadOnlyList<KeyValuePair<string, string>>>(
                "headers",
                Form.MapOf("a mapping of fields and values, as in { X-Canary: \"1\" }", HeaderTable.FieldName, Pattern, StringComparer.OrdinalIgnoreCase),
                "Fields the request must have, all of them: a value, `start*`, or `\"*\"` for any.",
                route => [],
                (route, value) => route with { Match = route.Match with { Headers = AsMatches(value) } }),
            new Directive<RouteDraft, IReadOnlyList<KeyValuePair<string, string>>>(
                "query",
                Form.MapOf("a mapping of parameters and values, as in { beta: \"1\" }", ParameterName, Pattern, StringComparer.Ordinal),
                "Query parameters the request must have, all of them, compared as they were written: a value, `start*`, or `\"*\"` for any.",
                route => [],
                (route, value) => route with { Match = route.Match with { Query = AsMatches(value) } }),
            new Directive<RouteDraft, Condition?>(
                "when",
                Form.OrNull(RuleTable.Condition),
                "What else has to hold, see [conditions](#conditions-and-expressions). Of routes of one host and path those with a condition go before those without.",
                route => null,
                (route, value) => route with { Match = route.Match with { When = value } }),
            new Directive<RouteDraft, IReadOnlyList<Located<RuleSettings>>>(
                "rules",
                RuleTable.RequestList,
                "What is done with the requests before they go to the pool, see [rules](#rules).",
                route => [],
                (route, value) => route with { Rules = value }),
            new Directive<RouteDraft, string?>(
                "send-method",
                Form.OrNull(Form.OfText("a method such as GET, not HEAD or CONNECT", (string text, out string value, out Mistake mistake) =>
                {
                    (value, mistake) = (text, IsSent(text) ? default : new($"{Shown.Quote(text)} is no method that is sent here", "GET, POST or another, not HEAD or CONNECT"));
                    return mistake.Message is null;
                })),
                "The method for the server, in the place of the client's (nginx: `proxy_method`).",
                route => null,
                (route, value) => route with { SendMethod = value }),
            new Directive<RouteDraft, BandwidthSettings?>(
                "bandwidth",
                Form.OrNull(BandwidthTable.Form),
                "How fast answers are sent, on average since a request came: a rate such as `500k`, or a mapping with `rate`, `after` and `of-servers`.",
                route => null,
                (route, value) => route with { Bandwidth = value }),
            new Directive<RouteDraft, TextTemplate?>(
                "send-body",
                Form.OrNull(AnswerTable.Anywhere with { Accepts = "text, such as user={client}" }),
                "The body for the server, in the place of the client's (nginx: `proxy_set_body`).",
                route => null,
                (route, value) => route with { SendBody = value }),
            new Directive<RouteDraft, bool>(
                "drop-body",
                ScalarForms.Switch,
                "Whether the server does not get the client's body; then the client's connection ends with the answer.",
                route => route.DropsBody,
                (route, value) => route with { DropsBody = value }),
            new Directive<RouteDraft, bool>(
                "drop-fields",
                ScalarForms.Switch,
                "Whether the server gets none of the client's fields but `Host`.",
                route => route.DropsFields,
                (route, value) => route with { DropsFields = value }),
            new Directive<RouteDraft, Located<TextTemplate>?>(
                "ask",
                Form.Located(AnswerTable.Anywhere),
                "Path and query of a request within, by GET and without a body, whose answer says whether a request may go on: 200 to 299 it may; 401 and 403 the client is told, with the `WWW-Authenticate` of the answer; any other is 500 (nginx: `auth_request`).",
                route => route.Ask,
                (route, value) => route with { Ask = value }),
            new Directive<RouteDraft, Condition?>(
                "ask-when",
                Form.OrNull(RuleTable.Condition),
                "Which requests it is asked for, see [conditions](#conditions-and-expressions); all when left out.",
                route => null,
                (route, value) => route with { AskWhen = value }),
            new Directive<RouteDraft, IReadOnlyList<Located<RuleSettings>>>(
                "ask-rules",
                RuleTable.ResponseList,
                "What is remembered of that answer, by rules with `set-variable` alone.",
                route => [],
                (route, value) => route with { AskRules = value }),
            new Directive<RouteDraft, Located<MirrorSettings>?>(
                "mirror",
                Form.Located(Form.Mapping(MirrorTable.Table, _ => new MirrorSettings())),
                "Where copies of its requests go, see [mirror](#mirror).",
                route => null,
                (route, value) => route with { Mirror = value }),
            new Directive<RouteDraft, IReadOnlyList<Located<RuleSettings>>>(
                "access-rules",
                RuleTable.RequestList,
                "What is done once the limits of listener and route admit a request, before what the route leads to: who may come in, see [rules](#rules). A `stop` among `rules` does not pass them by.",
                route => [],
                (route, value) => route with { AccessRules = value }),
            new Directive<RouteDraft, IReadOnlyList<Located<RuleSettings>>>(
                "response-rules",
                RuleTable.ResponseList,
                "What is done with the responses of its servers, before the rules of the pool, see [rules for responses](#response-rules).",
                route => [],
                (route, value) => route with { ResponseRules = value }),
            new Directive<RouteDraft, Located<string>?>(
                "to",
                Form.Located(ScalarForms.PoolReference),
                "The pool that serves them.",
                route => route.To,
                (route, value) => route with { To = value }),
            new Directive<RouteDraft, Located<string>?>(
                "server",
                Form.Located(ScalarForms.Name),
                "The server of the pool that takes them while it is up, by its `name`: also where it has no weight, or the client belongs to another (HAProxy: `use-server`). Beside `to`.",
                route => route.Server,
                (route, value) => route with { Server = value }),
            new Directive<RouteDraft, Located<TextTemplate>?>(
                "to-named",
                Form.Located(AnswerTable.Anywhere),
                "The name of the pool that serves a request, made of the request, such as `{default(variable('pool'), 'web')}`; a name that no pool has goes to `to`, and is answered as no server is where that is left out.",
                route => route.ToNamed,
                (route, value) => route with { ToNamed = value }),
            new Directive<RouteDraft, bool>(
                "internal",
                ScalarForms.Switch,
                "Whether only `go-to` of rules and of error pages lead here, by its `name`.",
                route => route.Internal,
                (route, value) => route with { Internal = value }),
            new Directive<RouteDraft, IReadOnlyList<Located<ErrorPageSettings>>>(
                "error-pages",
                Form.LocatedListOf("a list of error pages, each as in '- { status: [502, 504], path: /sorry.html }'", Form.Mapping(ErrorPageTable.Table, _ => new ErrorPageSettings { Statuses = [] }), orOne: true),
                "What clients get instead of errors of the proxy's own, see [error pages](#listen-routes-error-pages). The first that has the status counts.",
                route => [],
                (route, value) => route with { ErrorPages = value }),
            new Directive<RouteDraft, bool>(
                "intercept-errors",
                ScalarForms.Switch,
                "Whether `error-pages` count for answers of servers too.",
                route => route.InterceptErrors,
                (route, value) => route with { InterceptErrors = value }),
            new Directive<RouteDraft, bool>(
                "recursive-errors",
                ScalarForms.Switch,
                "Whether an error of what `error-pages` lead to gets an error page too, up to ten times.",
                route => route.RecursiveErrors,
                (route, value) => route with { RecursiveErrors = value }),
            new Directive<RouteDraft, ByteSize?>(
                "max-body",
                ScalarForms.OrWord(ScalarForms.Size(new(1), ByteSize.FromKibibytes(1024L * 1024 * 1024)), "none"),
                "The largest body of a request; beyond it 413. `body` of [limits](#limits) when left out.",
                route => route.MaxBody,
                (route, value) => route with { MaxBody = value }),
            new Directive<RouteDraft, Located<IReadOnlyList<KeyValuePair<Located<string>, int>>>?>(
                "split",
                Form.Located(Form.MapOf("a mapping of pools and weights, as in { stable: 95, canary: 5 }", Located(ScalarForms.PoolReference), ScalarForms.Number(0, 1000), LocatedComparer.Instance)),
                "Pools that share the requests by their weights, exactly and smoothly mixed.",
                route => route.Split,
                (route, value) => route with { Split = value }),
            new Directive<RouteDraft, Located<RedirectSettings>?>(
                "redirect",
                Form.Located(Form.MappingOrText(AnswerTable.Redirects, () => new(TextTemplate.Empty), AnswerTable.Location, to => new(to))),
                "Sends the client elsewhere: a Location, or a mapping with the keys of [a redirect](#listen-routes-redirect).",
                route => route.Redirect,
                (route, value) => route with { Redirect = value }),
            new Directive<RouteDraft, Located<FixedResponse>?>(
                "respond",
                Form.Located(Form.MappingOrText(AnswerTable.Responses, () => new(200), ScalarForms.Number(200, 599), status => new(status))),
                "Answers without a server: a status, or a mapping with the keys of [a response](#listen-routes-respond). With `mode: tcp` clients are told the body alone, and the connection ends.",
                route => route.Respond,
                (route, value) => route with { Respond = value }),
            new Directive<RouteDraft, Located<FilesSettings>?>(
                "files",
                Form.Located(Form.Mapping(FilesTable.Table, _ => new FilesSettings { Root = "" })),
                "Serves files without a server: a mapping with the keys of [files](#listen-routes-files).",
                route => route.Files,
                (route, value) => route with { Files = value }),
            new Directive<RouteDraft, Located<StatisticsSettings>?>(
                "statistics",
                Form.Located(StatisticsTable.Page),
                "Serves a page about the balancer itself: `tables`, `metrics`, or a mapping with the keys of [statistics](#listen-routes-statistics).",
                route => route.Statistics,
                (route, value) => route with { Statistics = value }),
            new Directive<RouteDraft, Located<AccessLogSettings>?>(
                "access-log",
                AccessLogTable.LocatedForm,
                "What is written down of its requests, instead of what the [access-log](#access-log) of the listener or the file says.",
                route => null,
                (route, value) => route with { AccessLog = value }),
            new Directive<RouteDraft, CompressionSettings?>(
                "compress",
                CompressionTable.Setting,
                "How its answers are compressed, instead of what the listener says, see [compress](#compress).",
                route => null,
                (route, value) => route with { Compress = value }),
            new Directive<RouteDraft, bool>(
                "unpack",
                ScalarForms.Switch,
                "Whether answers of servers in gzip are unpacked for clients of HTTP/1.1 that do not take it (nginx: `gunzip`).",
                route => route.Unpack,
                (route, value) => route with { Unpack = value }),
            new Directive<RouteDraft, SubstitutionSettings?>(
                "substitute",
                Form.OrNull(Form.Mapping(SubstitutionTable.Table, _ => new SubstitutionSettings())),
                "What is put in the place of texts in its answers, see [substitute](#substitute).",
                route => null,
                (route, value) => route with { Substitute = value }),
            new Directive<RouteDraft, Located<RateLimitSettings>?>(
                "rate-limit",
                Form.Located(Form.Mapping(RateLimitTable.Rates, _ => new RateLimitSettings { Rate = new(1, TimeSpan.FromSeconds(1)) })),
                "How many requests of each client are let through, see [rate-limit](#rate-limit).",
                target => target.RateLimit,
                (target, value) => target with { RateLimit = value }),
            new Directive<RouteDraft, Located<ConcurrencySettings>?>(
                "concurrency",
                Form.Located(Form.Mapping(RateLimitTable.Concurrency, _ => new ConcurrencySettings { Most = 1 })),
                "How many requests of each client may be under way at once, see [concurrency](#concurrency).",
                target => target.Concurrency,
                (target, value) => target with { Concurrency = value }),
            new Directive<RouteDraft, int>(
                "priority",
                ScalarForms.Number(-2047, 2047),
                "Who goes first where requests wait for a server (`max-connections` in the pool): smaller numbers do.",
                route => route.Priority,
                (route, value) => route with { Priority = value }),
            new Directive<RouteDraft, TimeoutOverrides>(
                "timeouts",
                Form.Mapping(TimeoutOverridesTable.Routes, _ => TimeoutOverrides.None),
                "Where its timeouts differ from those of the pool, of the listener and of the file, see [timeouts of a route](#listen-routes-timeouts).",
                route => route.Timeouts,
                (route, value) => route with { Timeouts = value }),
            new Directive<RouteDraft, Located<string>?>(
                "strip-prefix",
                Form.Located(Prefix),
                "Taken off the front of the path before it goes to the server, where it stands there as whole segments. The server gets the path in the form that [paths](#values) are compared in.",
                route => route.StripPrefix,
                (route, value) => route with { StripPrefix = value }),
            new Directive<RouteDraft, Located<TextTemplate>?>(
                "rewrite",
                Form.Located(PathTemplate),
                "The path for the server; `{path}` is what `strip-prefix` left of the client's, in the form that [paths](#values) are compared in: it cannot climb out of what stands before it. The query stays.",
                route => route.Rewrite,
                (route, value) => route with { Rewrite = value }),
            new Directive<RouteDraft, Located<TextTemplate>?>(
                "server-target",
                Form.Located(TargetTemplate),
                "Path and query for the server, of any [variables](#values): the request stays what it was for logs, rules of responses and error pages. What a target cannot carry is percent-encoded. Nothing of `strip-prefix` and `rewrite` is done then.",
                route => route.ServerTarget,
                (route, value) => route with { ServerTarget = value }),
            new Directive<RouteDraft, Located<HeaderEdits>?>(
                "request-headers",
                Form.Located(Form.Mapping(HeaderTable.Requests, _ => new HeaderEdits())),
                "Changes of the fields for the server, see [headers](#request-headers-and-response-headers). What the route sets or removes, the listener does not.",
                route => route.RequestHeaders,
                (route, value) => route with { RequestHeaders = value }),
            new Directive<RouteDraft, HeaderEdits>(
                "response-headers",
                Form.Mapping(HeaderTable.Responses, _ => new HeaderEdits()),
                "Changes of the fields for the client, also of a redirect, a fixed answer, or an error of the proxy's own.",
                route => route.ResponseHeaders,
                (route, value) => route with { ResponseHeaders = value }),
        ]);

    private static Form<Located<string>> Located(Form<string> form) => new(
        form.Accepts,
        (ProblemList problems, YamlNode node, out Located<string> value) =>
        {
            var read = form.Read(problems, node, out var plain);
            value = new(plain, node.Place);
            return read;
        });

    private static ValueList<ValueMatch> AsMatches(IReadOnlyList<KeyValuePair<string, string>> read) =>
        read.Select(pair => new ValueMatch(pair.Key, pair.Value)).ToValueList();

    private sealed class LocatedComparer : IEqualityComparer<Located<string>>
    {
        public static readonly LocatedComparer Instance = new();

        public bool Equals(Located<string> x, Located<string> y) => x.Value == y.Value;

        public int GetHashCode(Located<string> obj) => obj.Value.GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>Whether a method can be sent in the place of a client's: with these nobody could tell where an answer ends.</summary>
    public static bool IsSent(string method) =>
        method is not ("HEAD" or "CONNECT") && method.Length is > 0 and <= 32 && method.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');
}
