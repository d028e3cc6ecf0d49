using Steelyard.Config.Expressions;

namespace Steelyard.Config;

/// <summary>What is written down of every request, or of every connection in TCP mode.</summary>
public sealed record AccessLogSettings
{
    /// <summary>Nothing is written, whatever others do.</summary>
    public static AccessLogSettings None { get; } = new() { To = new(LogTargetKind.None) };

    /// <summary>Where it is written to.</summary>
    public required LogTarget To { get; init; }

    /// <summary>The same with what messages to syslog have in common: logs of one place share what writes it.</summary>
    public (LogTarget To, string? Head) Place => (To, To.Kind == LogTargetKind.Syslog ? $"{Syslog} {Facility} {Tag} {StructuredData}" : null);

    /// <summary>What a line looks like; null for HAProxy's: httplog, or tcplog in TCP mode.</summary>
    public AccessLogFormat? Format { get; init; }

    /// <summary>What a line is made of, where it is none of the known <see cref="Format"/>s; nothing for those.</summary>
    public ValueList<LogPart> Line { get; init; }

    /// <summary>How a <see cref="Line"/> writes what would break it, and what is absent. Default as nginx does.</summary>
    public LogEscape Escape { get; init; }

    /// <summary>Which requests are written at all; null for all. What it asks of an answer is the status that the client was told.</summary>
    public Condition? When { get; init; }

    /// <summary>Whether connections that bring no byte of a request are left out. Default yes (HAProxy: dontlognull).</summary>
    public bool SkipNull { get; init; } = true;

    /// <summary>Whether only those are written that failed, timed out, were sent again or were answered with 500 and more. Default not (HAProxy: dontlog-normal).</summary>
    public bool OnlyErrors { get; init; }

    /// <summary>One line of so many is written, 1 to 1,000,000; what <see cref="OnlyErrors"/> would write is always written. Default 1.</summary>
    public int Sample { get; init; } = 1;

    /// <summary>Which of what is left are written; null for all (HAProxy: log ... sample).</summary>
    public LogTurns? Turns { get; init; }

    /// <summary>Fields of requests that are written, with the most bytes of each (HAProxy: capture request header).</summary>
    public ValueList<LogCapture> RequestFields { get; init; }

    /// <summary>Fields of responses that are written, with the most bytes of each (HAProxy: capture response header).</summary>
    public ValueList<LogCapture> ResponseFields { get; init; }

    /// <summary>A cookie whose value is written, of request and response; null for none (HAProxy: capture cookie).</summary>
    public LogCapture? Cookie { get; init; }

    /// <summary>Parameters of queries whose values are not written, wherever a query is; case matters.</summary>
    public ValueList<string> HiddenParameters { get; init; }

    /// <summary>Captured fields whose values are not written, only that they were there. Default those that let their owner in.</summary>
    public ValueList<string> HiddenFields { get; init; } = ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"];

    /// <summary>At which size a new file is begun: 1 KiB to 1 TiB; null for none, the default.</summary>
    public ByteSize? Size { get; init; }

    /// <summary>After which time a new file is begun: 1 min to 365 d, counted from midnight UTC; null for none, the default.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>How many older files are kept: 0 to 10,000. Default 5.</summary>
    public int Keep { get; init; } = 5;

    /// <summary>How messages to syslog are written. Default as HAProxy writes them.</summary>
    public SyslogFormat Syslog { get; init; }

    /// <summary>The facility of messages to syslog (RFC 5424, 6.2.1): 0 to 23. Default 16, local0.</summary>
    public int Facility { get; init; } = 16;

    /// <summary>What messages to syslog say who wrote them: 1 to 32 letters, digits and <c>- _ .</c>. Default steelyard.</summary>
    public string Tag { get; init; } = "steelyard";

    /// <summary>Further places that the same lines go to; at most 8. Default none.</summary>
    public ValueList<LogCopy> Also { get; init; }

    /// <summary>Whether lines begin with structured data of RFC 5424 (HAProxy: log-format-sd). Default not.</summary>
    public bool StructuredData { get; init; }

    /// <summary>Further logs of the same requests, each with lines of its own and nothing in this place itself; at most 15. Default none.</summary>
    public ValueList<AccessLogSettings> Beside { get; init; }

    /// <summary>What each event loop keeps of lines that are not written yet: 64 KiB to 64 MiB; further ones are dropped and counted. Default 256 KiB.</summary>
    public ByteSize Buffer { get; init; } = ByteSize.FromKibibytes(256);
}

/// <summary>A further place that lines of a log go to.</summary>
public sealed record LogCopy
{
    /// <summary>Where it is.</summary>
    public required LogTarget To { get; init; }

    /// <summary>How messages to syslog are written. Default as HAProxy writes them.</summary>
    public SyslogFormat Syslog { get; init; }

    /// <summary>The facility of messages to syslog: 0 to 23. Default 16, local0.</summary>
    public int Facility { get; init; } = 16;

    /// <summary>What messages to syslog say who wrote them. Default steelyard.</summary>
    public string Tag { get; init; } = "steelyard";

    /// <summary>Which lines it gets; null for all.</summary>
    public LogTurns? Turns { get; init; }

    /// <summary>A log that goes there instead. When another file is begun is left to the file's own log.</summary>
    public AccessLogSettings Of(AccessLogSettings log) => log with { To = To, Syslog = Syslog, Facility = Facility, Tag = Tag, Turns = Turns, Also = [], Size = null, Every = null };
}

/// <summary>Where a log is written to.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">The file, seen from the configuration's folder, or the Unix socket of syslog.</param>
/// <param name="Address">Where syslog is, in case of UDP.</param>
public sealed record LogTarget(LogTargetKind Kind, string? Path = null, NetworkAddress? Address = null)
{
    /// <summary>As the configuration writes it.</summary>
    public override string ToString() => Kind switch
    {
        LogTargetKind.None => "none",
        LogTargetKind.Stdout => "stdout",
        LogTargetKind.Syslog => $"syslog:{Address?.ToString() ?? Path}",
        _ => Path!,
    };
}

/// <summary>What a log is written to.</summary>
public enum LogTargetKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Standard output.</summary>
    Stdout,

    /// <summary>A file.</summary>
    File,

    /// <summary>A program that takes datagrams of syslog.</summary>
    Syslog,
}

/// <summary>What a line of an access log looks like.</summary>
public enum AccessLogFormat
{
    /// <summary>HAProxy's, of HTTP.</summary>
    HttpLog,

    /// <summary>HAProxy's, of TCP.</summary>
    TcpLog,

    /// <summary>nginx's and Apache's.</summary>
    Combined,

    /// <summary>An object of JSON.</summary>
    Json,

    /// <summary>What <see cref="AccessLogSettings.Line"/> says.</summary>
    Custom,
}

/// <summary>How a message to syslog is written.</summary>
public enum SyslogFormat
{
    /// <summary>RFC 3164 as HAProxy writes it: without the name of the machine.</summary>
    Rfc3164,

    /// <summary>RFC 5424.</summary>
    Rfc5424,

    /// <summary>The line alone (HAProxy: raw).</summary>
    Raw,

    /// <summary>The severity, and the line (HAProxy: short).</summary>
    Short,

    /// <summary>Facility and severity, and the line (HAProxy: priority).</summary>
    Priority,

    /// <summary>The severity, the time, and the line (HAProxy: timed).</summary>
    Timed,

    /// <summary>The time, and the line (HAProxy: iso).</summary>
    Iso,
}

/// <summary>Something that is written down.</summary>
/// <param name="Name">The name of the field or cookie.</param>
/// <param name="Most">How many bytes of it: 1 to 4,096.</param>
public readonly record struct LogCapture(string Name, int Most)
{
    private const string Begin = "variable('";
    private const string End = "')";

    /// <summary>The variable of rules whose value is written instead of a field (HAProxy: <c>http-request capture</c>); null for a field.</summary>
    public string? Variable => Name.StartsWith(Begin, StringComparison.Ordinal) && Name.EndsWith(End, StringComparison.Ordinal) && Name.Length > Begin.Length + End.Length ? Name[Begin.Length..^End.Length] : null;

    /// <summary>One of the value of a variable.</summary>
    public static LogCapture OfVariable(string name, int most) => new(Begin + name + End, most);
}

/// <summary>Which lines of so many in a row are written, as HAProxy's <c>log ... sample</c> says it.</summary>
/// <param name="Ranges">Their numbers, ascending.</param>
/// <param name="Of">Of how many in a row: 1 to 1,000,000.</param>
public sealed record LogTurns(ValueList<LogRange> Ranges, int Of)
{
    /// <summary>Reads ranges and a size, such as <c>2-3,8-11:11</c>.</summary>
    public static LogTurns? Parse(string text)
    {
        List<LogRange> ranges = [];
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !TryParse(text[(colon + 1)..], out var of))
            return null;
        foreach (var part in text[..colon].Split(','))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !TryParse(ends[0], out var first) || !TryParse(ends[^1], out var last) || last < first || last > of || (ranges is [.., var before] && first <= before.Last))
                return null;
            ranges.Add(new(first, last));
        }

        return new(ranges.ToValueList(), of);
    }

    private static bool TryParse(string text, out int number) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out number) && number is >= 1 and <= 1_000_000;

    /// <summary>Whether a line is written.</summary>
    /// <param name="number">How many there were before it.</param>
    public bool Include(long number)
    {
        var turn = (number % Of) + 1;
        foreach (var range in Ranges.AsSpan())
        {
            if (turn >= range.First && turn <= range.Last)
                return true;
        }

        return false;
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => $"{string.Join(',', Ranges.AsEnumerable().Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"))}:{Of}";
}

/// <summary>Numbers in a row.</summary>
public readonly record struct LogRange(int First, int Last);

/// <summary>How requests are given a W3C trace context.</summary>
public sealed record TraceSettings
{
    /// <summary>Requests are left as they are.</summary>
    public static TraceSettings None { get; } = new() { Enabled = false };

    /// <summary>Whether a request without a valid traceparent gets one. Default yes.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Whether only that of peers among the trusted proxies is passed on. Default not: anybody's is, as the recommendation has it.</summary>
    public bool OnlyTrusted { get; init; }

    /// <summary>How many of the traces that begin here are marked as sampled, in percent: 0 to 100. Default 100.</summary>
    public int Sampled { get; init; } = 100;
}
