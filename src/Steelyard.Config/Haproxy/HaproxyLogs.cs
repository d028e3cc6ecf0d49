using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>Where a line of log sends what is written down.</summary>
/// <param name="Target">Where.</param>
/// <param name="Facility">The number of the facility.</param>
/// <param name="Format">How messages to syslog are written.</param>
/// <param name="Place">Where it is said.</param>
internal sealed record HaproxyLog(LogTarget Target, int Facility, SyslogFormat Format, Place Place);

/// <summary>What a section says of logs.</summary>
internal sealed record HaproxyLogging
{
    public ValueList<HaproxyLog> To { get; init; }

    /// <summary>Whether the lines of the section global count too.</summary>
    public bool Global { get; init; }

    public AccessLogFormat? Format { get; init; }

    public bool SkipNull { get; init; }

    public bool OnlyErrors { get; init; }

    public string? Tag { get; init; }

    public ValueList<LogCapture> RequestFields { get; init; }

    public ValueList<LogCapture> ResponseFields { get; init; }

    public LogCapture? Cookie { get; init; }

    public string? RequestId { get; init; }
}

/// <summary>The lines about logs, and what they become.</summary>
internal static class HaproxyLogs
{
    private const string All = "DFBL";
    private const int Info = 6;

    private static readonly string[] s_levels = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

    private static readonly string[] s_facilities =
        ["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"];

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        Done("log", "G" + All, "global|<address>|stdout|stderr|fd@<n> [len <n>] [format <format>] [sample <ranges>] <facility> [<level> [<least>]]", "Where access logs go: syslog, or standard output. One line counts for each frontend: the first whose level lets `info` through.", Read),
        Done("no log", All, "", "Nothing is written.", use => use.Section.Logging = use.Section.Logging with { Global = false, To = [] }),
        Done("log-tag", "G" + All, "<tag>", "What messages to syslog are from; `haproxy` when left out.", use => Set(use, use.TryTake("a tag", out var word) ? logging => logging with { Tag = word.Text } : null)),
        Done("option httplog", All, "[clf]", "Lines are those of HAProxy's `option httplog`; with `clf` those of the combined format. Lines without any of these options are the same.", use => Set(use, use.Take("clf") ? logging => logging with { Format = AccessLogFormat.Combined } : logging => logging with { Format = AccessLogFormat.HttpLog })),
        Done("option tcplog", All, "", "Lines are those of HAProxy's `option tcplog`.", use => Set(use, logging => logging with { Format = AccessLogFormat.TcpLog })),
        Done("option dontlognull", All, "", "Connections without a request are not written.", use => Set(use, logging => logging with { SkipNull = true })),
        Done("no option dontlognull", All, "", "They are.", use => Set(use, logging => logging with { SkipNull = false })),
        Done("option dontlog-normal", All, "", "Only what went wrong is written.", use => Set(use, logging => logging with { OnlyErrors = true })),
        Done("no option dontlog-normal", All, "", "Everything is.", use => Set(use, logging => logging with { OnlyErrors = false })),
        Done("capture request header", "FL", "<name> len <length>", "The field is written.", use => Capture(use, (logging, capture) => logging with { RequestFields = [.. logging.RequestFields, capture] })),
        Done("capture response header", "FL", "<name> len <length>", "The field is written.", use => Capture(use, (logging, capture) => logging with { ResponseFields = [.. logging.ResponseFields, capture] })),
        Done("capture cookie", "FL", "<name> len <length>", "The cookie is written.", use => Capture(use, (logging, capture) => logging with { Cookie = capture })),
        Done("unique-id-header", "DFL", "<name>", "The field by which servers are told what a request is called.", use => Set(use, use.TryTake("the name of a field", out var word) ? logging => logging with { RequestId = word.Text } : null)),
        Done("unique-id-format", "DFL", "<fmt>", "Requests have names of Steelyard's own form, which a notice says; `unique-id-header` says where.", use => Skip(use, "a request's name is of Steelyard's own form, see docs/logging.md")),
        .. ((string[])["log-format", "log-format-sd", "error-log-format"]).Select(name => Done(name, All, "<fmt>", "Lines are those of `option httplog`, which a warning says.", Unformatted)),
        .. ((string[])["option logasap", "no option logasap", "option log-separate-errors", "no option log-separate-errors", "option log-health-checks", "no option log-health-checks"]).Select(name => DirectiveRow<HaproxyUse>.Harmless(name, All, "", "A line is written when all is over, at the level info; changes of servers are on standard error.")),
    ];

    private static DirectiveRow<HaproxyUse> Done(string name, string contexts, string arguments, string meaning, Action<HaproxyUse> read) => DirectiveRow<HaproxyUse>.Done(name, contexts, arguments, meaning, read);

    private static void Set(HaproxyUse use, Func<HaproxyLogging, HaproxyLogging>? change)
    {
        if (change is not null)
            use.Section.Logging = change(use.Section.Logging);
    }

    private static void Skip(HaproxyUse use, string why)
    {
        while (use.HasMore)
            use.Take();
        use.Problems.Note(use.Line, why);
    }

    private static void Unformatted(HaproxyUse use)
    {
        while (use.HasMore)
            use.Take();
        use.Problems.Warn(use.Line, $"'{use.Directive}' is not done here: lines are those of 'option httplog', or of 'option tcplog' in TCP mode", "one of these, or 'access-log: { format: json }' in the YAML of 'steelyard convert'");
    }

    private static void Capture(HaproxyUse use, Func<HaproxyLogging, LogCapture, HaproxyLogging> add)
    {
        if (!use.TryTake("a name", out var name) || !use.TryTake("len", out var word))
            return;
        if (word.Text != "len")
            use.Error(word, $"{Shown.Quote(word.Text)} is not known behind '{use.Directive}'", "len with a number of bytes");
        else if (use.TryTakeNumber("a number of bytes", 1, 4096, out var most))
            use.Section.Logging = add(use.Section.Logging, new(name.Text.TrimEnd('='), most));
    }

    private static void Read(HaproxyUse use)
    {
        if (!use.TryTake("an address, or global", out var where))
            return;
        if (where.Text == "global" && use.Section.Kind != 'G')
        {
            use.Section.Logging = use.Section.Logging with { Global = true };
            return;
        }

        var (format, level, facility) = (SyslogFormat.Rfc3164, s_levels.Length - 1, -1);
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "len" or "sample" when use.TryTake("a value", out _):
                    if (word.Text == "sample")
                        use.Problems.Warn(word.Place, "every request is written here, not a sample", "'sample' of 'access-log' in the YAML of 'steelyard convert'");
                    break;
                case "format" when use.TryTake("a format", out var named):
                    format = named.Text is "rfc5424" or "iso" ? SyslogFormat.Rfc5424 : SyslogFormat.Rfc3164;
                    break;
                case var text when facility < 0 && Array.IndexOf(s_facilities, text) is >= 0 and var number:
                    facility = number;
                    level = use.Peek is { Length: > 0 } next && Array.IndexOf(s_levels, next) is >= 0 and var most ? most : level;
                    while (Array.IndexOf(s_levels, use.Peek) >= 0 && use.HasMore)
                        use.Take();
                    break;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is not known behind 'log'", facility < 0 ? "a facility such as local0" : "a level such as info");
                    return;
            }
        }

        if (facility < 0)
            use.Problems.Error(use.Line with { Start = use.Line.End }, "'log' without a facility", "such as local0");
        else if (TargetOf(where, use) is { } target && level >= Info)
            use.Section.Logging = use.Section.Logging with { To = [.. use.Section.Logging.To, new HaproxyLog(target, facility, format, use.Line)] };
    }

    /// <summary>What is to be written in any case.</summary>
    private static IEnumerable<string> Names(HaproxyLogging logging) => logging.RequestFields.Concat(logging.ResponseFields).Select(capture => capture.Name);

    private static LogTarget? TargetOf(Word where, HaproxyUse use)
    {
        var text = where.Text;
        if (text is "stdout" or "stderr" || text.StartsWith("fd@", StringComparison.Ordinal))
            return new(LogTargetKind.Stdout);
        foreach (var prefix in (string[])["udp@", "ipv4@", "ipv6@", "unix@", "udp4@", "udp6@"])
            text = text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text;
        if (text.StartsWith('/'))
            return new(LogTargetKind.Syslog, text);
        if (!text.Contains('@', StringComparison.Ordinal) && (NetworkAddress.TryParse(text, out var address, out _) || NetworkAddress.TryParse(text.Count(letter => letter == ':') > 1 ? $"[{text}]:514" : text + ":514", out address, out _)) && address.UnixPath is null && address.Host.Length > 0)
            return new(LogTargetKind.Syslog, Address: address.Port == 0 ? NetworkAddress.ForHost(address.Host, 514) : address);
        use.Error(where, $"logs cannot be sent to {Shown.Quote(where.Text)} here", "a syslog server such as 127.0.0.1:514, /dev/log, or stdout");
        return null;
    }

    /// <summary>What a frontend writes down; null for nothing.</summary>
    public static Located<AccessLogSettings>? Of(HaproxySection front, HaproxySection global, ProblemList problems)
    {
        var logging = front.Logging;
        List<HaproxyLog> targets = [.. logging.To, .. logging.Global ? global.Logging.To : []];
        if (targets is not [var first, ..])
            return null;
        if (targets.Find(other => other.Target != first.Target) is { } second)
            problems.Warn(second.Place, $"{Shown.Quote(front.Name.Value)} is written down in one place here: {first.Target}", "one line of 'log' that lets 'info' through");
        var format = front.IsTcp ? null : logging.Format;
        return new(
            new()
            {
                To = first.Target,
                Format = format,
                SkipNull = logging.SkipNull,
                OnlyErrors = logging.OnlyErrors,
                RequestFields = front.IsTcp || format == AccessLogFormat.Combined ? [] : logging.RequestFields,
                ResponseFields = front.IsTcp || format == AccessLogFormat.Combined ? [] : logging.ResponseFields,
                Cookie = front.IsTcp || format == AccessLogFormat.Combined ? null : logging.Cookie,
                HiddenFields = AccessLogSettings.None.HiddenFields.Where(name => !Names(logging).Contains(name, StringComparer.OrdinalIgnoreCase)).ToValueList() is { Count: > 0 } hidden ? hidden : AccessLogSettings.None.HiddenFields,
                Syslog = first.Target.Kind == LogTargetKind.Syslog ? first.Format : default,
                Facility = first.Target.Kind == LogTargetKind.Syslog ? first.Facility : AccessLogSettings.None.Facility,
                Tag = first.Target.Kind == LogTargetKind.Syslog ? logging.Tag ?? global.Logging.Tag ?? "haproxy" : AccessLogSettings.None.Tag,
            },
            first.Place);
    }
}
