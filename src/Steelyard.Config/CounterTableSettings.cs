using System.Globalization;
using Steelyard.Config.Text;

namespace Steelyard.Config;

/// <summary>A table of what clients, or other keys, have done: rules track requests in it, and conditions ask for its counters (HAProxy: stick-table with store).</summary>
public sealed record CounterTableSettings
{
    /// <summary>The name by which rules and conditions know it: 1 to 64 letters, digits and <c>- _ . :</c> of ASCII.</summary>
    public required string Name { get; init; }

    /// <summary>How many keys it has room for: 1 to 10,000,000. Default 100,000.</summary>
    public int Size { get; init; } = 100_000;

    /// <summary>How long a key is kept after it was tracked last: 1 ms to 24 d; null, the default, for as long as there is room.</summary>
    public TimeSpan? Expire { get; init; }

    /// <summary>Whether the key that would be forgotten first makes room for a new one; otherwise new ones are not counted. Default yes (HAProxy: nopurge is the contrary).</summary>
    public bool Evict { get; init; } = true;

    /// <summary>How many bytes of a key count: 2 to 1,024. Default 45, the longest address (HAProxy: len).</summary>
    public int KeyLength { get; init; } = 45;

    /// <summary>What is counted; each once.</summary>
    public required ValueList<StoredCounter> Store { get; init; }
}

/// <summary>Something that is counted of a key.</summary>
/// <param name="Kind">What.</param>
/// <param name="Period">Over which time, for a rate: 1 ms to 24 d; none for anything else.</param>
public readonly record struct StoredCounter(CounterKind Kind, TimeSpan Period = default)
{
    /// <summary>As the configuration writes it.</summary>
    public override string ToString() => CounterWords.Of(Kind) + (CounterWords.IsRate(Kind) ? " " + DurationText.Write(Period) : "");

    internal static bool TryParse(string text, out StoredCounter counter, out Mistake mistake)
    {
        (counter, mistake) = (default, default);
        var blank = text.IndexOf(' ', StringComparison.Ordinal);
        if (!CounterWords.TryFind(blank < 0 ? text : text[..blank], out var kind))
            mistake = new($"{Shown.Quote(text)} is nothing to count", Shown.OneOf(CounterWords.All));
        else if (CounterWords.IsRate(kind) != blank > 0)
            mistake = new(blank < 0 ? $"'{text}' without the time it is over" : $"'{CounterWords.Of(kind)}' is over no time", blank < 0 ? $"such as '{text} 10s'" : $"'{CounterWords.Of(kind)}' alone");
        else if (blank < 0)
            counter = new(kind);
        else if (DurationText.TryParse(text[(blank + 1)..], out var period, out mistake))
        {
            if (period < TimeSpan.FromMilliseconds(1) || period > TimeSpan.FromDays(24))
                mistake = new($"{Shown.Quote(text)} is over too short or too long a time", "1ms to 24d");
            else
                counter = new(kind, period);
        }

        return mistake.Message is null;
    }
}

/// <summary>What can be counted of a key. Rates are events in the last period.</summary>
public enum CounterKind
{
    /// <summary>A number that rules set (HAProxy: gpt0).</summary>
    Tag,

    /// <summary>A counter that rules increment (HAProxy: gpc0).</summary>
    General0,

    /// <summary>How often (HAProxy: gpc0_rate).</summary>
    General0Rate,

    /// <summary>Another (HAProxy: gpc1).</summary>
    General1,

    /// <summary>How often (HAProxy: gpc1_rate).</summary>
    General1Rate,

    /// <summary>Connections, or tracked requests (HAProxy: conn_cnt).</summary>
    Connections,

    /// <summary>Those that are open or under way (HAProxy: conn_cur).</summary>
    Open,

    /// <summary>How often they come (HAProxy: conn_rate).</summary>
    ConnectionRate,

    /// <summary>Connections that were accepted (HAProxy: sess_cnt).</summary>
    Sessions,

    /// <summary>How often (HAProxy: sess_rate).</summary>
    SessionRate,

    /// <summary>Requests (HAProxy: http_req_cnt).</summary>
    Requests,

    /// <summary>How often (HAProxy: http_req_rate).</summary>
    RequestRate,

    /// <summary>Requests that were refused, or answered with 400 to 499 (HAProxy: http_err_cnt).</summary>
    Errors,

    /// <summary>How often (HAProxy: http_err_rate).</summary>
    ErrorRate,

    /// <summary>Answers of servers with 500 to 599 but 501 and 505 (HAProxy: http_fail_cnt).</summary>
    Failures,

    /// <summary>How often (HAProxy: http_fail_rate).</summary>
    FailureRate,

    /// <summary>Bytes of requests (HAProxy: bytes_in_cnt).</summary>
    BytesIn,

    /// <summary>Bytes in the last period (HAProxy: bytes_in_rate).</summary>
    BytesInRate,

    /// <summary>Bytes of answers (HAProxy: bytes_out_cnt).</summary>
    BytesOut,

    /// <summary>Bytes in the last period (HAProxy: bytes_out_rate).</summary>
    BytesOutRate,
}

/// <summary>What the configuration calls counters.</summary>
public static class CounterWords
{
    private static readonly string[] s_words =
    [
        "tag", "general-0", "general-0-rate", "general-1", "general-1-rate", "connections", "open", "connection-rate", "sessions", "session-rate",
        "requests", "request-rate", "errors", "error-rate", "failures", "failure-rate", "bytes-in", "bytes-in-rate", "bytes-out", "bytes-out-rate",
    ];

    /// <summary>All words, in the order of <see cref="CounterKind"/>.</summary>
    public static IReadOnlyList<string> All => s_words;

    /// <summary>The word for a counter.</summary>
    public static string Of(CounterKind kind) => s_words[(int)kind];

    /// <summary>Whether it is counted over a time.</summary>
    public static bool IsRate(CounterKind kind) => s_words[(int)kind].EndsWith("-rate", StringComparison.Ordinal);

    /// <summary>The rate of a counter; null where it has none.</summary>
    public static CounterKind? RateOf(CounterKind kind) => kind switch
    {
        CounterKind.Connections => CounterKind.ConnectionRate,
        CounterKind.Tag or CounterKind.Open => null,
        _ => IsRate(kind) ? null : kind + 1,
    };

    internal static bool TryFind(string word, out CounterKind kind)
    {
        var index = Array.IndexOf(s_words, word);
        kind = (CounterKind)Math.Max(index, 0);
        return index >= 0;
    }
}

/// <summary>What is done with a counter when an expression asks for it.</summary>
public enum CounterOperation
{
    /// <summary>It is read.</summary>
    Read,

    /// <summary>One is added, and what comes of it is the value (HAProxy: sc_inc_gpc0).</summary>
    Increment,

    /// <summary>It is read and set to 0 (HAProxy: sc_clr_gpc0).</summary>
    Clear,

    /// <summary>It is set to a number (HAProxy: sc-set-gpt0).</summary>
    Set,
}

/// <summary>A counter that an expression asks for, written <c>request-rate</c>, <c>increment general-0</c>, <c>clear general-0</c> or <c>set tag 1</c>.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Operation">What is done with it.</param>
/// <param name="Number">What it is set to.</param>
public readonly record struct AskedCounter(CounterKind Kind, CounterOperation Operation = CounterOperation.Read, long Number = 0)
{
    internal const string Accepts = "a counter such as request-rate, or 'increment', 'clear' or 'set' with general-0, general-1 or tag";

    /// <summary>As the configuration writes it.</summary>
    public override string ToString() => Operation switch
    {
        CounterOperation.Increment => "increment " + CounterWords.Of(Kind),
        CounterOperation.Clear => "clear " + CounterWords.Of(Kind),
        CounterOperation.Set => string.Create(CultureInfo.InvariantCulture, $"set {CounterWords.Of(Kind)} {Number}"),
        _ => CounterWords.Of(Kind),
    };

    /// <summary>Reads the text form; false where it is none.</summary>
    public static bool TryParse(string text, out AskedCounter counter)
    {
        counter = default;
        var words = text.Split(' ');
        CounterOperation? operation = words[0] switch { "increment" => CounterOperation.Increment, "clear" => CounterOperation.Clear, "set" => CounterOperation.Set, _ => null };
        if (operation is not { } changes)
            return words.Length == 1 && CounterWords.TryFind(words[0], out var read) && (counter = new(read)) is { Operation: CounterOperation.Read };
        if (words.Length != (changes == CounterOperation.Set ? 3 : 2) || !CounterWords.TryFind(words[1], out var kind) || kind is not (CounterKind.Tag or CounterKind.General0 or CounterKind.General1))
            return false;
        var number = 0L;
        if (changes == CounterOperation.Set && !(long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= uint.MaxValue))
            return false;
        counter = new(kind, changes, number);
        return true;
    }
}

/// <summary>How a rule tracks a request.</summary>
/// <param name="Slot">The place by which conditions ask for it: 0 to 2.</param>
/// <param name="Table">The table that counts.</param>
/// <param name="OfConnection">Whether the whole connection is tracked and counted once, with all its requests.</param>
public sealed record TrackSettings(int Slot, string Table, bool OfConnection)
{
    /// <summary>How many requests or connections can be tracked by.</summary>
    public const int Slots = 3;
}
