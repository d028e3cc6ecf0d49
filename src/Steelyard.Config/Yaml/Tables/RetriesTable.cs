namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>retries</c> in a pool.</summary>
internal static class RetriesTable
{
    private static readonly IReadOnlyList<(string Word, RetryConditions Value, string Description)> Words =
    [
        ("connect-failure", RetryConditions.ConnectFailure, ""),
        ("reset", RetryConditions.Reset, ""),
        ("timeout", RetryConditions.Timeout, ""),
        ("bad-answer", RetryConditions.BadAnswer, ""),
        ("401", RetryConditions.Status401, ""),
        ("403", RetryConditions.Status403, ""),
        ("404", RetryConditions.Status404, ""),
        ("408", RetryConditions.Status408, ""),
        ("421", RetryConditions.Status421, ""),
        ("425", RetryConditions.Status425, ""),
        ("429", RetryConditions.Status429, ""),
        ("500", RetryConditions.Status500, ""),
        ("501", RetryConditions.Status501, ""),
        ("502", RetryConditions.Status502, ""),
        ("503", RetryConditions.Status503, ""),
        ("504", RetryConditions.Status504, ""),
    ];

    private static readonly Form<RetryConditions> Conditions =
        ScalarForms.FlagsOf("a list of conditions and statuses, such as [ connect-failure, reset, 503 ]", Words, (all, one) => all | one, (all, one) => all.HasFlag(one));

    public static DirectiveTable<RetrySettings> Table { get; } = new(
        "'retries'",
        "a mapping, as in { attempts: 2, on: [ connect-failure, reset, 503 ] }",
        "When a request is sent again, to another server of the pool. Never when anything of an answer has reached the client, and to no other server when there is none: then the answer of the last one stands. How this compares with HAProxy and nginx is in [Limits](limits.md).",
        [],
        [
            new Directive<RetrySettings, int>(
                "attempts",
                ScalarForms.Number(1, 16),
                "How many servers a request is sent to at most. Servers that refuse the connection do not count.",
                retries => retries.Attempts,
                (retries, value) => retries with { Attempts = value }),
            new Directive<RetrySettings, RetryConditions>(
                "on",
                Conditions,
                "What leads to another attempt: `connect-failure` (refused, not open in time, or no TLS), `reset` (closed before the answer began), `timeout` (no answer within `timeouts: server-response`), `bad-answer` (not HTTP), or one of the statuses 401, 403, 404, 408, 421, 425, 429 and 500 to 504.",
                retries => retries.On,
                (retries, value) => retries with { On = value }),
            new Directive<RetrySettings, int>(
                "budget",
                ScalarForms.Percent,
                "How many of the requests of the last ten seconds may be sent again once a server has had them, over all loops: when everything fails, this is all that retries add to the load.",
                retries => retries.Budget,
                (retries, value) => retries with { Budget = value }),
            new Directive<RetrySettings, int>(
                "least-per-second",
                ScalarForms.Number(0, 1_000_000),
                "How many may be sent again in a second beside the budget, on average over ten seconds, so that little traffic can be retried too.",
                retries => retries.LeastPerSecond,
                (retries, value) => retries with { LeastPerSecond = value }),
            new Directive<RetrySettings, bool>(
                "non-idempotent",
                ScalarForms.Switch,
                "POST, PATCH and unknown methods are sent again as well, though a server may have acted on them.",
                retries => retries.NonIdempotent,
                (retries, value) => retries with { NonIdempotent = value }),
            new Directive<RetrySettings, ByteSize>(
                "body",
                ScalarForms.Size(new(0), ByteSize.FromKibibytes(16)),
                "The largest body that is kept while it passes, so that it can be sent again. A body that came whole with its head always can.",
                retries => retries.Body,
                (retries, value) => retries with { Body = value }),
            new Directive<RetrySettings, TimeSpan?>(
                "within",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24)), "none"),
                "How long after the first attempt began another one may; `none` for any time.",
                retries => retries.Within,
                (retries, value) => retries with { Within = value }),
        ]);
}
