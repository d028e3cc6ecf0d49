using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>Where a line of log sends what is written down.</summary>
/// <param name="Target">Where.</param>
/// <param name="Facility">The number of the facility.</param>
/// <param name="Format">How messages to syslog are written.</param>
/// <param name="Place">Where it is said.</param>
internal sealed record HaproxyLog(LogTarget Target, int Facility, SyslogFormat Format, Place Place)
{
    /// <summary>Which lines it gets; null for all.</summary>
    public LogTurns? Turns { get; init; }
}

/// <summary>What a section says of logs.</summary>
internal sealed record HaproxyLogging
{
    public ValueList<HaproxyLog> To { get; init; }

    /// <summary>Whether the lines of the section global count too.</summary>
    public bool Global { get; init; }

    /// <summary>The line; null for that of option httplog, or tcplog in TCP mode.</summary>
    public Word? Format { get; init; }

    /// <summary>What stands before it as structured data.</summary>
    public Word? StructuredData { get; init; }

    /// <summary>What a request is called.</summary>
    public Word? RequestName { get; init; }

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

    // What remembers of a request that it is not written.
    private const string Silent = "log-level.silent";

    private static readonly string[] s_levels = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

    private static readonly string[] s_facilities =
        ["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"];

    private static readonly (string Word, SyslogFormat Format)[] s_formats =
        [("local", SyslogFormat.Rfc3164), ("rfc3164", SyslogFormat.Rfc3164), ("rfc5424", SyslogFormat.Rfc5424), ("priority", SyslogFormat.Priority), ("short", SyslogFormat.Short), ("timed", SyslogFormat.Timed), ("iso", SyslogFormat.Iso), ("raw", SyslogFormat.Raw)];

    private static readonly Condition s_told = new NotCondition(new TestCondition(new FetchExpression(FetchKind.Variable, Silent), TestKind.Is, ["1"]));

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        Done("log", "G" + All, "global|<address>|stdout|stderr|fd@<n> [len <n>] [format <format>] [sample <ranges>] <facility> [<level> [<least>]]", "Where access logs go: syslog, or standard output; several lines are several places. Those whose level does not let `info` through get nothing.", Read),
        Done("no log", All, "", "Nothing is written.", use => use.Section.Logging = use.Section.Logging with { Global = false, To = [] }),
        Done("log-tag", "G" + All, "<tag>", "What messages to syslog are from; `haproxy` when left out.", use => Set(use, use.TryTake("a tag", out var word) ? logging => logging with { Tag = word.Text } : null)),
        Done("option httplog", All, "[clf]", "Lines are those of HAProxy's `option httplog`, with `clf` those that begin as Apache's. Lines without any of these options are the same as of `option httplog`, or `option tcplog` in TCP mode.", use => SetFormat(use, use.Take("clf") ? HaproxyAliases.CommonLog : null)),
        Done("option tcplog", All, "", "Lines are those of HAProxy's `option tcplog`.", use => SetFormat(use, HaproxyAliases.TcpLog)),
        Done("option httpslog", All, "", "Lines are those of HAProxy's `option httpslog`; errors of TLS, and whether it was resumed, are not known and 0.", use => SetFormat(use, HaproxyAliases.TlsLog)),
        Done("log-format", All, "<fmt>", "Lines of your own, see [Samples](#samples) for what stands in them.", use => Set(use, use.TryTake("a format", out var word) ? logging => logging with { Format = word } : null)),
        Done("log-format-sd", All, "<fmt>", "The structured data of messages, where all places of `log` are of `format rfc5424`.", use => Set(use, use.TryTake("a format", out var word) ? logging => logging with { StructuredData = word } : null)),
        Done("option dontlognull", All, "", "Connections without a request are not written.", use => Set(use, logging => logging with { SkipNull = true })),
        Done("no option dontlognull", All, "", "They are.", use => Set(use, logging => logging with { SkipNull = false })),
        Done("option dontlog-normal", All, "", "Only what went wrong is written.", use => Set(use, logging => logging with { OnlyErrors = true })),
        Done("no option dontlog-normal", All, "", "Everything is.", use => Set(use, logging => logging with { OnlyErrors = false })),
        Done("unique-id-header", "DFL", "<name>", "The field by which servers are told what a request is called: in the form of `unique-id-format`, or where there is none in Steelyard's own, see [Logging](logging.md).", use => Set(use, use.TryTake("the name of a field", out var word) ? logging => logging with { RequestId = word.Text } : null)),
        Done("unique-id-format", "DFL", "<fmt>", "What a request is called, which `unique-id-header`, `%ID` and `unique-id` tell.", use => Set(use, use.TryTake("a format", out var word) ? logging => logging with { RequestName = word } : null)),
        DirectiveRow<HaproxyUse>.Harmless("error-log-format", All, "<fmt>", "Connections that fail before their first request are counted, see docs/metrics.md, and not written."),
        .. ((string[])["option logasap", "no option logasap", "option log-separate-errors", "no option log-separate-errors", "option log-health-checks", "no option log-health-checks"]).Select(name => DirectiveRow<HaproxyUse>.Harmless(name, All, "", "A line is written when all is over, at the level info; changes of servers are on standard error.")),
    ];

    private static DirectiveRow<HaproxyUse> Done(string name, string contexts, string arguments, string meaning, Action<HaproxyUse> read) => DirectiveRow<HaproxyUse>.Done(name, contexts, arguments, meaning, read);

    /// <summary>Leaves requests out of logs.</summary>
    public static RuleSettings Silence(HaproxyFile file)
    {
        file.Silences = true;
        return new() { Action = RuleAction.SetVariable, Name = Silent, Value = TextTemplate.Literal("1") };
    }

    /// <summary>Reads <c>set-log-level</c>: of the levels the one that leaves a request out counts.</summary>
    public static RuleSettings? ReadLevel(HaproxyUse use)
    {
        if (!use.TryTake("a level", out var level))
            return null;
        if (level.Text == "silent")
            return Silence(use.File);
        if (Array.IndexOf(s_levels, level.Text) >= 0)
            return new() { Action = RuleAction.RemoveVariable, Name = Silent };
        use.Error(level, $"{Shown.Quote(level.Text)} is not a level", Shown.OneOf([.. s_levels, "silent"]));
        return null;
    }

    private static void Set(HaproxyUse use, Func<HaproxyLogging, HaproxyLogging>? change)
    {
        if (change is not null)
            use.Section.Logging = change(use.Section.Logging);
    }

    private static void SetFormat(HaproxyUse use, string? format) =>
        Set(use, logging => logging with { Format = format is null ? null : new Word(format, use.Line, true) });

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
        LogTurns? turns = null;
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "len" when use.TryTake("a value", out _):
                    break;
                case "sample" when use.TryTake("ranges and a size", out var sample):
                    turns = LogTurns.Parse(sample.Text);
                    if (turns is null)
                        use.Error(sample, $"{Shown.Quote(sample.Text)} is not which lines are written", "ascending ranges, a colon, and of how many, such as 1:10 or 2-3,8-11:11");
                    break;
                case "format" when use.TryTake("a format", out var named):
                    if (Array.FindIndex(s_formats, known => known.Word == named.Text) is var found and >= 0)
                        format = s_formats[found].Format;
                    else
                        use.Error(named, $"{Shown.Quote(named.Text)} is not a format of messages", Shown.OneOf([.. s_formats.Select(known => known.Word)]));
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
            use.Section.Logging = use.Section.Logging with { To = [.. use.Section.Logging.To, new HaproxyLog(target, facility, format, use.Line) { Turns = turns }] };
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
    public static Located<AccessLogSettings>? Of(HaproxySection front, HaproxyFile file)
    {
        var (logging, global) = (front.Logging, file.Global.Logging);
        List<HaproxyLog> targets = [.. logging.To, .. logging.Global ? global.To : []];
        if (targets is not [var first, ..])
            return null;
        if (!TryMakeLine(front, file, targets, out var line, out var isStructured))
            return null;
        var isOwn = line.Count > 0;
        var captures = !front.IsTcp;
        var copies = targets.Select(target => CopyOf(target, logging.Tag ?? global.Tag ?? "haproxy")).Distinct().ToList();
        var shown = copies[0].Of(new() { To = first.Target });
        return new(
            shown with
            {
                Format = isOwn ? AccessLogFormat.Custom : null,
                Line = line,
                Escape = isOwn ? LogEscape.HaProxy : LogEscape.Default,
                StructuredData = isStructured,
                When = file.Silences && !front.IsTcp ? s_told : null,
                SkipNull = logging.SkipNull,
                OnlyErrors = logging.OnlyErrors,
                RequestFields = captures ? logging.RequestFields : [],
                ResponseFields = captures ? logging.ResponseFields : [],
                Cookie = captures ? logging.Cookie : null,
                HiddenFields = AccessLogSettings.None.HiddenFields.Where(name => !Names(logging).Contains(name, StringComparer.OrdinalIgnoreCase)).ToValueList() is { Count: > 0 } hidden ? hidden : AccessLogSettings.None.HiddenFields,
                Also = copies.Skip(1).ToValueList(),
            },
            first.Place);
    }

    private static LogCopy CopyOf(HaproxyLog log, string tag) =>
        log.Target.Kind == LogTargetKind.Syslog ? new() { To = log.Target, Syslog = log.Format, Facility = log.Facility, Tag = tag, Turns = log.Turns } : new() { To = log.Target, Turns = log.Turns };

    private static bool TryMakeLine(HaproxySection front, HaproxyFile file, List<HaproxyLog> targets, out ValueList<LogPart> line, out bool isStructured)
    {
        (line, isStructured) = ([], false);
        var logging = front.IsTcp ? front.Logging with { RequestFields = [], ResponseFields = [], Cookie = null } : front.Logging;
        var structured = logging.StructuredData;
        if (structured is { } unused && targets.Exists(target => target.Format != SyslogFormat.Rfc5424 || target.Target.Kind != LogTargetKind.Syslog))
        {
            file.Problems.Warn(unused.Place, "'log-format-sd' has no effect where a place of 'log' takes no structured data", "'format rfc5424' in all lines of 'log'");
            structured = null;
        }

        if (logging.Format is not { } format)
        {
            if (structured is null)
                return true;
            format = new(front.IsTcp ? HaproxyAliases.TcpLog : HaproxyAliases.HttpLog, structured.Value.Place, true);
        }
        else if (structured is null && format.Text == (front.IsTcp ? HaproxyAliases.TcpLog : HaproxyAliases.HttpLog))
        {
            return true;
        }

        // Fields of requests are not there to be written in TCP mode, as 'option httplog' of defaults asks for.
        if (front.IsTcp && format.Text is HaproxyAliases.CommonLog or HaproxyAliases.TlsLog)
            return true;
        isStructured = structured is not null;
        var text = isStructured ? structured!.Value with { Text = structured.Value.Text + " " + format.Text } : format;
        return HaproxyFormat.TryReadLine(text, new HaproxyUse(file, front, [text], 1), logging, out line);
    }

    /// <summary>Names a request, and tells the servers.</summary>
    public static IEnumerable<Located<RuleSettings>> NameRules(HaproxySection front, HaproxyFile file)
    {
        if (front is not { IsTcp: false, Logging.RequestName: { } format } || !HaproxyFormat.TryRead(format, new HaproxyUse(file, front, [format], 1), out var name))
            yield break;
        yield return new(new() { Action = RuleAction.SetVariable, Name = HaproxyAliases.RequestName, Value = name }, format.Place);
        if (front.Logging.RequestId is { } field)
            yield return new(new() { Action = RuleAction.AddHeader, Name = field, Value = TextTemplate.Of([new(null, default, new FetchExpression(FetchKind.Variable, HaproxyAliases.RequestName))]) }, format.Place);
    }
}
