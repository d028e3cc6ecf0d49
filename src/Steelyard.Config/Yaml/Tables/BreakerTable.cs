using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>breaker</c> in a pool.</summary>
internal static class BreakerTable
{
    private const int LargestBody = 16 * 1024;
    private static readonly TimeSpan s_day = TimeSpan.FromHours(24);

    public static DirectiveTable<FallbackSettings> Fallback { get; } = new(
        "'fallback'",
        "a mapping, as in { status: 503, body: busy }, { file: sorry.html, content-type: text/html } or { to: other }",
        "What a client gets instead of a refusal or a failure: an answer, a file, or what another pool answers (`to`). A request that a server may have acted on goes to another pool only if it may be sent again (`retries`).",
        [],
        [
            new Directive<FallbackSettings, string?>(
                "to",
                Form.OrNull(ScalarForms.PoolReference),
                "The pool that serves it.",
                fallback => fallback.Pool,
                (fallback, value) => fallback with { Pool = value }),
            new Directive<FallbackSettings, int>(
                "status",
                ScalarForms.Number(200, 599),
                "The status of the answer.",
                fallback => fallback.Status,
                (fallback, value) => fallback with { Status = value }),
            new Directive<FallbackSettings, string>(
                "body",
                AnswerTable.BodyOr("a pool"),
                "The body.",
                fallback => fallback.Body,
                (fallback, value) => fallback with { Body = value }),
            new Directive<FallbackSettings, string?>(
                "file",
                Form.OrNull(Form.OfText(
                    "the path of a file",
                    (string text, out string path, out Mistake mistake) =>
                    {
                        path = text;
                        mistake = text.Length is 0 or > 4096 || text.Contains('\0') ? new($"{Shown.Quote(text)} cannot be the path of a file") : default;
                        return mistake.Message is null;
                    })),
                "A file of at most 16 KiB that is the body, beside the configuration where the path is not a whole one. It is read at the start and at each reload.",
                fallback => fallback.File,
                (fallback, value) => fallback with { File = value }),
            new Directive<FallbackSettings, string>(
                "content-type",
                ScalarForms.MediaType,
                "The type of the body.",
                fallback => fallback.ContentType,
                (fallback, value) => fallback with { ContentType = value }),
        ]);

    private static readonly Form<FallbackSettings?> s_fallback = new(
        Fallback.Accepts,
        (ProblemList problems, YamlNode node, out FallbackSettings? value) =>
        {
            value = null;
            if (node is not YamlMapping mapping)
                return Form.RefuseKind(problems, node, Fallback.Accepts);
            value = Fallback.Read(problems, mapping, new());
            var answers = value with { Pool = null } != new FallbackSettings();
            if (value.Pool is not null && answers)
                problems.Error(node.Place, "'to' beside an answer in 'fallback'", "either of them");
            if (value is { File: not null, Body.Length: > 0 })
                problems.Error(node.Place, "'file' beside 'body' in 'fallback'", "either of them");
            if (value is { Status: 204 or 304 } && (value.File is not null || value.Body.Length > 0))
                problems.Error(node.Place, $"an answer with status {value.Status} has no body (RFC 9110, 6.4.1)", "another status, or no body");
            return true;
        });

    public static DirectiveTable<BreakerSettings> Table { get; } = new(
        "'breaker'",
        "a mapping, as in { timeout: 3s, errors: 50%, reset: 30s, fallback: { status: 503, body: busy } }",
        "When requests are refused at once, because too many before them failed: opossum's circuit breaker with its options. A call is a request, until the head of its answer. More in [Overload](overload.md).",
        [],
        [
            new Directive<BreakerSettings, TimeSpan?>(
                "timeout",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMilliseconds(1), s_day), "none"),
                "How long a call may take, waiting and all attempts included; then it has failed, with 504 (opossum: `timeout`).",
                breaker => breaker.Timeout,
                (breaker, value) => breaker with { Timeout = value }),
            new Directive<BreakerSettings, int>(
                "errors",
                ScalarForms.Percent,
                "Above which share of failed calls it opens (opossum: `errorThresholdPercentage`).",
                breaker => breaker.Errors,
                (breaker, value) => breaker with { Errors = value }),
            new Directive<BreakerSettings, TimeSpan>(
                "reset",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(1), s_day),
                "How long it stays open before one call is tried, which decides (opossum: `resetTimeout`).",
                breaker => breaker.Reset,
                (breaker, value) => breaker with { Reset = value }),
            new Directive<BreakerSettings, int>(
                "volume",
                ScalarForms.Number(0, 1_000_000),
                "How many calls there have to be within `window` before it opens (opossum: `volumeThreshold`, 0).",
                breaker => breaker.Volume,
                (breaker, value) => breaker with { Volume = value }),
            new Directive<BreakerSettings, TimeSpan>(
                "window",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
                "The time over which calls are counted (opossum: `rollingCountTimeout`).",
                breaker => breaker.Window,
                (breaker, value) => breaker with { Window = value }),
            new Directive<BreakerSettings, int>(
                "buckets",
                ScalarForms.Number(1, 100),
                "In how many parts the window slides (opossum: `rollingCountBuckets`).",
                breaker => breaker.Buckets,
                (breaker, value) => breaker with { Buckets = value }),
            new Directive<BreakerSettings, int?>(
                "capacity",
                ScalarForms.OrWord(ScalarForms.Number(1, 1_000_000), "none"),
                "How many calls may be under way at once; further ones have failed (opossum: `capacity`).",
                breaker => breaker.Capacity,
                (breaker, value) => breaker with { Capacity = value }),
            new Directive<BreakerSettings, OutlierConditions>(
                "on",
                OutlierTable.Conditions,
                "What counts as a failure, in the words of [outlier](#pools-outlier) (opossum: `errorFilter`).",
                breaker => breaker.On,
                (breaker, value) => breaker with { On = value }),
            new Directive<BreakerSettings, BreakerScope>(
                "scope",
                ScalarForms.OneOf([("pool", BreakerScope.Pool, ""), ("server", BreakerScope.Server, "")]),
                "`pool`: one breaker for the pool, and a call is a request. `server`: one for each server, a call is one attempt, and another server is tried.",
                breaker => breaker.Scope,
                (breaker, value) => breaker with { Scope = value }),
            new Directive<BreakerSettings, FallbackSettings?>(
                "fallback",
                s_fallback,
                "What a client gets instead of a refusal or a failure, see [fallback](#pools-breaker-fallback).",
                breaker => breaker.Fallback,
                (breaker, value) => breaker with { Fallback = value }),
        ]);
}
