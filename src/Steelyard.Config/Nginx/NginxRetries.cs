namespace Steelyard.Config.Nginx;

/// <summary>What proxy_next_upstream says: what leads to another server, and what counts against one.</summary>
internal static class NginxRetries
{
    /// <summary>How many servers a request is tried on at most.</summary>
    public const int MostTries = 16;

    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);

    private static readonly (string Word, RetryConditions Retry, OutlierConditions Failure)[] s_words =
    [
        ("error", RetryConditions.ConnectFailure | RetryConditions.Reset, OutlierConditions.None),
        ("timeout", RetryConditions.Timeout | RetryConditions.ConnectFailure, OutlierConditions.None),
        ("invalid_header", RetryConditions.BadAnswer, OutlierConditions.None),
        ("http_500", RetryConditions.Status500, OutlierConditions.Status500),
        ("http_502", RetryConditions.Status502, OutlierConditions.Status502),
        ("http_503", RetryConditions.Status503, OutlierConditions.Status503),
        ("http_504", RetryConditions.Status504, OutlierConditions.Status504),
        ("http_403", RetryConditions.Status403, OutlierConditions.None),
        ("http_404", RetryConditions.Status404, OutlierConditions.None),
        ("http_429", RetryConditions.Status429, OutlierConditions.Status429),
    ];

    /// <summary>Checks the words of a line.</summary>
    public static void Check(NginxUse use)
    {
        string[] words = use.Level.Context is 'T' or 'V' ? ["on", "off"] : [.. s_words.Select(known => known.Word), "non_idempotent", "updating", "off"];
        for (var i = 1; i <= use.Directive.Count; i++)
        {
            if (Array.IndexOf(words, use.Directive[i]) < 0)
                use.Invalid(i, Text.Shown.OneOf(words));
        }
    }

    /// <summary>When a request goes to another server.</summary>
    /// <param name="level">Where it is proxied.</param>
    /// <param name="servers">How many servers there are.</param>
    public static RetrySettings Of(NginxLevel level, int servers)
    {
        var (on, anyMethod, off) = (RetryConditions.None, false, false);
        var line = level.Find("proxy_next_upstream");
        if (line is null)
            on = RetryConditions.ConnectFailure | RetryConditions.Reset | RetryConditions.Timeout;
        foreach (var word in line?.Words.Skip(1) ?? [])
        {
            var found = Array.Find(s_words, known => known.Word == word.Text);
            if (found.Word is not null)
                on |= found.Retry;
            else if (word.Text == "non_idempotent")
                anyMethod = true;
            else if (word.Text == "on")
                on |= RetryConditions.ConnectFailure | RetryConditions.Reset | RetryConditions.Timeout;
            else if (word.Text == "off")
                off = true;
        }

        var tries = level.Number("proxy_next_upstream_tries") is { } given and > 0 ? Math.Min(given, servers) : servers;
        return new()
        {
            Attempts = off ? 1 : Math.Clamp(tries, 1, MostTries),
            On = off ? RetryConditions.None : on,
            Budget = 100,
            LeastPerSecond = 1_000_000,
            NonIdempotent = anyMethod,
            Within = level.Time("proxy_next_upstream_timeout") is { } within && within > TimeSpan.Zero ? within < s_longest ? within : s_longest : null,
        };
    }

    /// <summary>What counts against a server: whatever leads to another one, but 403 and 404, and always what is no answer.</summary>
    public static OutlierConditions FailuresOf(NginxLevel level)
    {
        var failures = OutlierConditions.ConnectFailure | OutlierConditions.Reset | OutlierConditions.Timeout | OutlierConditions.BadAnswer;
        foreach (var word in level.Find("proxy_next_upstream")?.Words.Skip(1) ?? [])
            failures |= Array.Find(s_words, known => known.Word == word.Text).Failure;
        return failures;
    }
}
