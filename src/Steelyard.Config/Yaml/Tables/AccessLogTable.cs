using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>access-log</c>.</summary>
internal static class AccessLogTable
{
    /// <summary>How many logs of the same requests there are at most.</summary>
    public const int MostLogs = 16;

    private const string SyslogPrefix = "syslog:";
    private const string DefaultSocket = "/dev/log";

    private static readonly System.Buffers.SearchValues<char> s_tagCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    private static readonly IReadOnlyList<(string Word, AccessLogFormat? Value, string Description)> s_formats =
    [
        ("auto", null, ""),
        ("httplog", AccessLogFormat.HttpLog, ""),
        ("tcplog", AccessLogFormat.TcpLog, ""),
        ("combined", AccessLogFormat.Combined, ""),
        ("json", AccessLogFormat.Json, ""),
    ];

    private static readonly IReadOnlyList<(string Word, LogEscape Value, string Description)> s_escapes =
        [("default", LogEscape.Default, ""), ("haproxy", LogEscape.HaProxy, ""), ("json", LogEscape.Json, ""), ("none", LogEscape.None, "")];

    private static readonly Form<AccessLogFormat?> s_knownFormat = ScalarForms.OneOf(s_formats);

    private static readonly string s_formatAccepts = $"{s_knownFormat.Accepts}, or a text with fields in braces, such as '{{client}} {{status}}'";

    private static readonly Form<(AccessLogFormat? Format, ValueList<LogPart> Line)> s_format = new(
        s_formatAccepts,
        (ProblemList problems, YamlNode node, out (AccessLogFormat? Format, ValueList<LogPart> Line) value) =>
        {
            value = default;
            if (node is not YamlText { Value: var text })
                return Form.RefuseKind(problems, node, s_formatAccepts);
            if (!text.Contains('{', StringComparison.Ordinal))
                return s_knownFormat.Read(problems, node, out value.Format);
            value.Format = AccessLogFormat.Custom;
            if (LogLineText.TryParse(text, out value.Line, out var mistake))
                return true;
            problems.Error(node.Place, mistake);
            return false;
        },
        value => value.Format == AccessLogFormat.Custom ? YamlValues.Scalar(LogLineText.Write(value.Line)) : s_knownFormat.Write!(value.Format));

    private static readonly IReadOnlyList<(string Word, SyslogFormat Value, string Description)> s_syslogFormats =
        [("rfc3164", SyslogFormat.Rfc3164, ""), ("rfc5424", SyslogFormat.Rfc5424, ""), ("raw", SyslogFormat.Raw, ""), ("short", SyslogFormat.Short, ""), ("priority", SyslogFormat.Priority, ""), ("timed", SyslogFormat.Timed, ""), ("iso", SyslogFormat.Iso, "")];

    private static readonly IReadOnlyList<(string Word, int Value, string Description)> s_facilities =
    [
        ("kern", 0, ""), ("user", 1, ""), ("mail", 2, ""), ("daemon", 3, ""), ("auth", 4, ""), ("syslog", 5, ""), ("lpr", 6, ""), ("news", 7, ""),
        ("uucp", 8, ""), ("cron", 9, ""), ("auth2", 10, ""), ("ftp", 11, ""), ("ntp", 12, ""), ("audit", 13, ""), ("alert", 14, ""), ("cron2", 15, ""),
        ("local0", 16, ""), ("local1", 17, ""), ("local2", 18, ""), ("local3", 19, ""), ("local4", 20, ""), ("local5", 21, ""), ("local6", 22, ""), ("local7", 23, ""),
    ];

    private static readonly Form<LogTarget> s_target = TargetForm("a file such as logs/access.log, stdout, syslog for /dev/log, syslog:HOST:PORT, syslog:/PATH, or none", orNone: true);
    private static readonly Form<LogTarget> s_further = TargetForm("a file such as logs/access.log, stdout, syslog for /dev/log, syslog:HOST:PORT, or syslog:/PATH", orNone: false);

    private static Form<LogTarget> TargetForm(string accepts, bool orNone) => Form.OfText(
        accepts,
        (string text, out LogTarget target, out Mistake mistake) =>
        {
            (target, mistake) = (new(LogTargetKind.File, text), default);
            if (text is "none")
                (target, mistake) = (new(LogTargetKind.None), orNone ? default : new("'none' is no place that lines go to", accepts));
            else if (text is "stdout")
                target = new(LogTargetKind.Stdout);
            else if (text is "syslog")
                target = new(LogTargetKind.Syslog, DefaultSocket);
            else if (text.StartsWith(SyslogPrefix, StringComparison.Ordinal))
                mistake = ParseSyslog(text, out target);
            else if (text.Length is 0 or >= 4096 || text.Contains('\0') || text.EndsWith('/'))
                mistake = new($"{Shown.Quote(text)} is not the path of a file", "a path, such as logs/access.log");
            return mistake.Message is null;
        },
        target => YamlValues.Scalar(target.ToString()));

    private static readonly Form<string> s_tag = Form.OfText(
        "1 to 32 letters, digits and - _ .",
        (string text, out string tag, out Mistake mistake) =>
        {
            var fits = text.Length is > 0 and <= 32 && !text.AsSpan().ContainsAnyExcept(s_tagCharacters);
            (tag, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} cannot be the tag of a message"));
            return fits;
        },
        tag => tag);

    private static readonly Form<string> s_parameter = Form.OfText(
        "the name of a parameter",
        (string text, out string name, out Mistake mistake) =>
        {
            var fits = text.Length is > 0 and <= 128 && text.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0 && !text.AsSpan().ContainsAny('&', '=', '#');
            (name, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} is not the name of a parameter", "a name as it stands in the query, without & = and #"));
            return fits;
        });

    private static readonly Form<IReadOnlyList<KeyValuePair<string, int>>> s_captures = Form.MapOf(
        "a mapping of names and the most bytes of each, as in { User-Agent: 128, Referer: 256 }",
        HeaderTable.FieldName,
        ScalarForms.Number(1, 4096),
        StringComparer.OrdinalIgnoreCase);

    private static readonly Form<string> s_fieldOrVariable = new(
        HeaderTable.FieldName.Accepts,
        (ProblemList problems, YamlNode node, out string value) =>
        {
            value = (node as YamlText)?.Value ?? "";
            return (new LogCapture(value, 0).Variable is { } variable && RuleTable.IsVariableName(variable)) || HeaderTable.FieldName.Read(problems, node, out value);
        },
        name => name);

    private static readonly Form<IReadOnlyList<KeyValuePair<string, int>>> s_fieldsAndVariables = Form.MapOf(
        "a mapping of names and the most bytes of each, as in { User-Agent: 128, Referer: 256 }",
        s_fieldOrVariable,
        ScalarForms.Number(1, 4096),
        StringComparer.OrdinalIgnoreCase);

    private static readonly Form<LogTurns?> s_turns = new(
        "numbers of lines and of how many, such as 1:10",
        (ProblemList problems, YamlNode node, out LogTurns? value) =>
        {
            value = LogTurns.Parse((node as YamlText)?.Value ?? "");
            if (value is null)
                problems.Error(node.Place, "these are no turns", "numbers and ranges, ascending, a colon, and of how many lines, such as 1:10 or 2-3,8-11:11");
            return value is not null;
        },
        turns => turns is null ? null! : YamlValues.Scalar(turns.ToString()));

    private static readonly Form<IReadOnlyList<string>> s_fields = Form.ListOf("a name, or a list of names, such as [ Authorization, X-Api-Key ]", HeaderTable.FieldName, orOne: true);

    /// <summary>The keys of what is behind <c>also</c>.</summary>
    public static DirectiveTable<LogCopy> Copies { get; } = new(
        "a further place for a log",
        "stdout, syslog, a file, or a mapping, as in { to: syslog:10.0.0.5:514, facility: local1 }",
        "A further place that lines go to.",
        [["to"]],
        [
            new Directive<LogCopy, LogTarget>("to", s_further, "Where, as `to` of the log.", copy => copy.To, (copy, value) => copy with { To = value }),
            new Directive<LogCopy, SyslogFormat>("syslog", ScalarForms.OneOf(s_syslogFormats), "How messages to syslog are written.", copy => copy.Syslog, (copy, value) => copy with { Syslog = value }),
            new Directive<LogCopy, int>("facility", ScalarForms.OneOf(s_facilities), "The facility of messages to syslog.", copy => copy.Facility, (copy, value) => copy with { Facility = value }),
            new Directive<LogCopy, string>("tag", s_tag, "What messages to syslog say who wrote them.", copy => copy.Tag, (copy, value) => copy with { Tag = value }),
            new Directive<LogCopy, LogTurns?>("turns", s_turns, "Which lines it gets, as `turns` of the log.", copy => copy.Turns, (copy, value) => copy with { Turns = value }),
        ]);

    public static DirectiveTable<AccessLogSettings> Table { get; } = new(
        "'access-log'",
        "none, stdout, syslog, a file, a mapping, as in { to: logs/access.log, format: json }, or a list of them",
        "What is written down of every request, or of every connection in TCP mode; see [Logging](logging.md). A file name alone, `stdout` or `syslog` is short for `{ to: ... }`. Of a list each is a log of its own, with its own lines.",
        [["to"]],
        [
            new Directive<AccessLogSettings, LogTarget>(
                "to",
                s_target,
                "A file, seen from the folder of the configuration, whose own folder is made; `stdout`; or syslog by a Unix socket (`syslog` is `syslog:/dev/log`) or by UDP.",
                log => log.To,
                (log, value) => log with { To = value }),
            new Directive<AccessLogSettings, (AccessLogFormat? Format, ValueList<LogPart> Line)>(
                "format",
                s_format,
                "HAProxy's `httplog` and `tcplog`, nginx's `combined`, or `json`. `auto` is `httplog`, and `tcplog` with `mode: tcp`. A text with braces is a line of your own, see [Lines of your own](logging.md#lines-of-your-own).",
                log => (log.Format, log.Line),
                (log, value) => log with { Format = value.Format, Line = value.Line }),
            new Directive<AccessLogSettings, LogEscape>(
                "escape",
                ScalarForms.OneOf(s_escapes),
                "How a line of your own writes bytes that would break it, and what is absent: `default`, `json` and `none` are nginx's, `haproxy` is HAProxy's.",
                log => log.Escape,
                (log, value) => log with { Escape = value }),
            new Directive<AccessLogSettings, Condition?>(
                "when",
                Form.OrNull(RuleTable.Condition),
                "Which requests are written at all (nginx: `access_log ... if=`), a [condition](#conditions-and-expressions); of the answer it may ask for `status`, which is what the client was told.",
                log => null,
                (log, value) => log with { When = value }),
            new Directive<AccessLogSettings, bool>(
                "dontlognull",
                ScalarForms.Switch,
                "Whether connections that bring no byte of a request are left out, as with HAProxy's option of that name. Monitors open such connections, and browsers.",
                log => log.SkipNull,
                (log, value) => log with { SkipNull = value }),
            new Directive<AccessLogSettings, bool>(
                "only-errors",
                ScalarForms.Switch,
                "Whether only those are written that failed, timed out, were sent again, or were answered with 500 and more (HAProxy: `dontlog-normal`).",
                log => log.OnlyErrors,
                (log, value) => log with { OnlyErrors = value }),
            new Directive<AccessLogSettings, int>(
                "sample",
                ScalarForms.Number(1, 1_000_000),
                "One line of so many is written, on each event loop; errors, as `only-errors` has them, are all written.",
                log => log.Sample,
                (log, value) => log with { Sample = value }),
            new Directive<AccessLogSettings, LogTurns?>(
                "turns",
                s_turns,
                "Which of the lines that are left are written, errors or not: `1:10` is the first of ten, `2-3,8-11:11` are six of eleven (HAProxy: `log ... sample`).",
                log => log.Turns,
                (log, value) => log with { Turns = value }),
            new Directive<AccessLogSettings, IReadOnlyList<KeyValuePair<string, int>>>(
                "request-headers",
                s_fieldsAndVariables,
                "Fields of requests that are written, of several lines the last, with the most bytes of each (HAProxy: `capture request header`). `variable('NAME')` is what rules have set (HAProxy: `http-request capture`). Not in `combined`, which has its own two.",
                log => [],
                (log, value) => log with { RequestFields = AsCaptures(value) }),
            new Directive<AccessLogSettings, IReadOnlyList<KeyValuePair<string, int>>>(
                "response-headers",
                s_fieldsAndVariables,
                "The same of responses.",
                log => [],
                (log, value) => log with { ResponseFields = AsCaptures(value) }),
            new Directive<AccessLogSettings, IReadOnlyList<KeyValuePair<string, int>>>(
                "cookie",
                s_captures,
                "A cookie that is written as requests bring it and responses set it, with the most bytes, as in `{ sid: 32 }` (HAProxy: `capture cookie`).",
                log => [],
                (log, value) => log with { Cookie = value.Count == 0 ? null : AsCaptures(value)[0] }),
            new Directive<AccessLogSettings, IReadOnlyList<string>>(
                "redact-query",
                Form.ListOf("a name, or a list of names, such as [ token, password ]", s_parameter, orOne: true),
                "Parameters whose values are written as `***`, in targets and in Referer; case matters.",
                log => [],
                (log, value) => log with { HiddenParameters = value.ToValueList() }),
            new Directive<AccessLogSettings, IReadOnlyList<string>>(
                "redact-headers",
                s_fields,
                "Captured fields whose values are written as `***`. `Authorization`, `Proxy-Authorization`, `Cookie` and `Set-Cookie` when left out.",
                log => [],
                (log, value) => log with { HiddenFields = value.ToValueList() }),
            new Directive<AccessLogSettings, ByteSize?>(
                "size",
                ScalarForms.OrWord(ScalarForms.Size(ByteSize.FromKibibytes(1), ByteSize.FromKibibytes(1L << 30)), "none"),
                "At which size a new file is begun: `access.log` becomes `access.log.1`, that `access.log.2`.",
                log => log.Size,
                (log, value) => log with { Size = value }),
            new Directive<AccessLogSettings, TimeSpan?>(
                "every",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)), "none"),
                "After which time; `24h` begins one at midnight UTC.",
                log => log.Every,
                (log, value) => log with { Every = value }),
            new Directive<AccessLogSettings, int>(
                "keep",
                ScalarForms.Number(0, 10_000),
                "How many older files are kept.",
                log => log.Keep,
                (log, value) => log with { Keep = value }),
            new Directive<AccessLogSettings, SyslogFormat>(
                "syslog",
                ScalarForms.OneOf(s_syslogFormats),
                "How messages to syslog are written; `rfc3164` as HAProxy writes it, without the name of the machine. `raw` is the line alone, `short` has the severity before it, `priority` the facility too, `iso` the time, and `timed` severity and time.",
                log => log.Syslog,
                (log, value) => log with { Syslog = value }),
            new Directive<AccessLogSettings, int>(
                "facility",
                ScalarForms.OneOf(s_facilities),
                "The facility of messages to syslog. Their severity is `info`.",
                log => log.Facility,
                (log, value) => log with { Facility = value }),
            new Directive<AccessLogSettings, string>(
                "tag",
                s_tag,
                "What messages to syslog say who wrote them.",
                log => log.Tag,
                (log, value) => log with { Tag = value }),
            new Directive<AccessLogSettings, bool>(
                "structured-data",
                ScalarForms.Switch,
                "Whether lines of your own begin with the structured data of `syslog: rfc5424` (HAProxy: `log-format-sd`), which has `-` else.",
                log => log.StructuredData,
                (log, value) => log with { StructuredData = value }),
            new Directive<AccessLogSettings, IReadOnlyList<LogCopy>>(
                "also",
                Form.ListOf("a list of places, such as [ stdout, { to: syslog:10.0.0.5:514, facility: local1 } ]", Form.MappingOrText(Copies, () => new() { To = new(LogTargetKind.None) }, s_further, to => new LogCopy { To = to })),
                "Further places that the same lines go to, as `to`, or [with how syslog is written to](#access-log-also).",
                log => [],
                (log, value) => log with { Also = value.ToValueList() }),
            new Directive<AccessLogSettings, ByteSize>(
                "buffer",
                ScalarForms.Size(ByteSize.FromKibibytes(64), ByteSize.FromKibibytes(64 * 1024)),
                "What each event loop keeps of lines that are not written yet. Beyond it lines are dropped and counted; no request waits for a disk.",
                log => log.Buffer,
                (log, value) => log with { Buffer = value }),
        ]);

    /// <summary>What is written behind <c>access-log</c>.</summary>
    public static Form<AccessLogSettings?> FileForm { get; } = new(
        Table.Accepts,
        (ProblemList problems, YamlNode node, out AccessLogSettings? value) =>
        {
            value = null;
            if (node is YamlList list)
                return ReadSeveral(problems, list, out value);
            if (node is YamlText)
            {
                if (!s_target.Read(problems, node, out var target))
                    return false;
                value = new() { To = target };
                return true;
            }

            if (node is not YamlMapping mapping)
                return Form.RefuseKind(problems, node, Table.Accepts);
            value = Table.Read(problems, mapping, AccessLogSettings.None);
            if (value.To.Kind == LogTargetKind.None)
            {
                value = AccessLogSettings.None;
                return true;
            }

            AccessLogChecks.Check(new(value, node.Place), mapping.Entries.Any(entry => entry.Key.Value == "cookie" && entry.Value is YamlMapping { Entries.Count: > 1 }), problems);
            return true;
        });

    private static bool ReadSeveral(ProblemList problems, YamlList list, out AccessLogSettings? value)
    {
        value = null;
        List<AccessLogSettings> logs = [];
        foreach (var item in list.Items)
        {
            if (item is YamlList)
                return Form.RefuseKind(problems, item, Table.Accepts);
            if (!FileForm.Read(problems, item, out var log))
                return false;
            if (log!.To.Kind != LogTargetKind.None)
                logs.Add(log);
        }

        if (logs.Count > MostLogs)
            problems.Error(list.Place, $"{logs.Count} logs of the same requests", $"at most {MostLogs}");
        value = logs is [var first, ..] ? first with { Beside = logs.Skip(1).ToValueList() } : AccessLogSettings.None;
        return logs.Count <= MostLogs;
    }

    /// <summary>The same with its place.</summary>
    public static Form<Located<AccessLogSettings>?> LocatedForm { get; } = new(
        Table.Accepts,
        (ProblemList problems, YamlNode node, out Located<AccessLogSettings>? value) =>
        {
            var read = FileForm.Read(problems, node, out var settings);
            value = read && settings is not null ? new(settings, node.Place) : null;
            return read;
        });

    private static Mistake ParseSyslog(string text, out LogTarget target)
    {
        var place = text[SyslogPrefix.Length..];
        if (place.StartsWith('/') && place.Length <= 107 && !place.Contains('\0'))
        {
            target = new(LogTargetKind.Syslog, place);
            return default;
        }

        target = new(LogTargetKind.None);
        if (!NetworkAddress.TryParse(place, out var address, out var expected) || address.UnixPath is not null || address.Host.Length == 0 || address.Port == 0 || address.Greets)
            return new($"{Shown.Quote(text)} is not where syslog is", expected is null ? "syslog:HOST:PORT, or syslog:/PATH of a Unix socket" : $"behind 'syslog:' a host and port such as 127.0.0.1:514, or the path of a Unix socket");
        target = new(LogTargetKind.Syslog, Address: address);
        return default;
    }

    private static ValueList<LogCapture> AsCaptures(IReadOnlyList<KeyValuePair<string, int>> read) =>
        read.Select(pair => new LogCapture(pair.Key, pair.Value)).ToValueList();
}
