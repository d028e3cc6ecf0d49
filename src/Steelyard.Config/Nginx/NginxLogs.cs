using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Nginx;

/// <summary>Access logs: access_log and log_format.</summary>
internal static class NginxLogs
{
    private const string Combined = "combined";

    /// <summary>What is written for a block; null where neither it nor one around it says anything.</summary>
    /// <param name="level">The block.</param>
    /// <param name="scope">What variables stand for in it.</param>
    public static Located<AccessLogSettings>? Of(NginxLevel level, NginxScope scope)
    {
        var lines = level.All("access_log");
        if (lines is not [var first, ..])
            return null;
        var logScope = scope with { OfResponse = true, OfLog = true };
        List<AccessLogSettings> logs = [];
        foreach (var line in lines)
        {
            if (line[1] != "off" && Read(line, logScope) is { } log)
                logs.Add(log);
        }

        if (logs.Count > AccessLogTable.MostLogs)
            scope.File.Problems.Error(first.Place, $"{logs.Count} logs of the same requests", $"at most {AccessLogTable.MostLogs}");
        return new(logs is [var one, ..] ? one with { Beside = logs.Skip(1).ToValueList() } : AccessLogSettings.None, first.Place);
    }

    /// <summary>Reports what is wrong with a line, where it stands.</summary>
    public static void Check(NginxUse use)
    {
        var (line, problems) = (use.Directive, use.Problems);
        if (line[1] == "off")
        {
            if (line.Count > 1)
                use.Error(2, $"invalid parameter \"{line[2]}\"", "nothing behind off");
            return;
        }

        if (line[1].Replace("$server_name", "", StringComparison.Ordinal).Replace("$hostname", "", StringComparison.Ordinal).Contains('$', StringComparison.Ordinal))
            use.Error(1, "a log whose name goes by the request is not written here", "a file, with $server_name in it perhaps, and `if=` behind it, one line for each");
        foreach (var word in Options(line))
        {
            var (name, value) = word.Text.IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals ? (word.Text[..equals], word.Text[(equals + 1)..]) : (word.Text, "");
            if ((name == "buffer" && !NginxValues.TryReadSize(value, out _)) || (name == "flush" && !NginxValues.TryReadTime(value, out _)))
                problems.Error(word.Place, $"invalid {(name == "buffer" ? "buffer size" : "flush time")} \"{value}\"", name == "buffer" ? "a size such as 32k" : "a time such as 5s");
            else if (name is "buffer" or "flush")
                problems.Note(word.Place, $"\"{name}\": lines are gathered in memory and written some times in a second, whatever it says");
            else if (name == "gzip")
                problems.Warn(word.Place, "the log is not compressed here", "no \"gzip\", and `compress` in logrotate");
            else if (name != "if")
                problems.Error(word.Place, $"invalid parameter \"{word.Text}\"", "buffer=, flush=, gzip or if=, behind the name of a format");
        }

        _ = TargetOf(line, use.File);
    }

    // What stands behind the name of the format, which has to be there before them.
    private static IEnumerable<Dialects.Word> Options(NginxDirective line) => line.Words.Skip(3);

    private static AccessLogSettings? Read(NginxDirective line, NginxScope scope)
    {
        if (TargetOf(line, scope.File, scope) is not { } log)
            return null;
        if (NginxLogFormat.Read(line.Count > 1 ? line[2] : null, line.Count > 1 ? line.Words[2].Place : line.Place, scope) is not { } lines)
            return null;
        log = log with { SkipNull = !scope.IsStream, Format = lines.Format, Line = lines.Line, Escape = lines.Escape, HiddenFields = lines.HiddenFields };
        if (Options(line).FirstOrDefault(word => word.Text.StartsWith("if=", StringComparison.Ordinal)) is { Text: { } condition } at)
        {
            if (NginxVariables.Read(condition[3..], scope, at.Place) is not { } value)
                return null;
            log = log with { When = new NotCondition(new TestCondition(NginxVariables.OrEmpty(value), TestKind.Is, ["", "0"])) };
        }

        return log;
    }

    // nginx's names of the facilities, by their numbers.
    private static readonly string[] s_facilities =
        ["kern", "user", "mail", "daemon", "auth", "intern", "lpr", "news", "uucp", "clock", "authpriv", "ftp", "ntp", "audit", "alert", "cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"];

    /// <summary>Where lines go: a file, or <c>syslog:server=ADDRESS</c> with what follows behind commas.</summary>
    private static AccessLogSettings? TargetOf(NginxDirective line, NginxFile file, NginxScope? scope = null)
    {
        const string prefix = "syslog:";
        if (!line[1].StartsWith(prefix, StringComparison.Ordinal))
            return new() { To = new(LogTargetKind.File, file.PathOf(line[1].Replace("$server_name", scope?.ServerName, StringComparison.Ordinal).Replace("$hostname", Environment.MachineName, StringComparison.Ordinal))) };
        AccessLogSettings log = new() { To = new(LogTargetKind.None), Facility = s_facilities.Length - 1, Tag = "nginx" };
        foreach (var setting in line[1][prefix.Length..].Split(','))
        {
            var value = setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..];
            if (setting.StartsWith("server=unix:/", StringComparison.Ordinal))
                log = log with { To = new(LogTargetKind.Syslog, value["unix:".Length..]) };
            else if (setting.StartsWith("server=", StringComparison.Ordinal) && (NetworkAddress.TryParse(value, out var address, out _) || NetworkAddress.TryParse(value + ":514", out address, out _)) && address is { UnixPath: null, Host.Length: > 0 })
                log = log with { To = new(LogTargetKind.Syslog, Address: address) };
            else if (setting.StartsWith("facility=", StringComparison.Ordinal) && Array.IndexOf(s_facilities, value) is >= 0 and var facility)
                log = log with { Facility = facility };
            else if (setting.StartsWith("tag=", StringComparison.Ordinal) && value.Length is > 0 and <= 32 && value.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_'))
                log = log with { Tag = value };
            else if (setting is not "nohostname" && !setting.StartsWith("severity=", StringComparison.Ordinal))
            {
                file.Problems.Error(line.Words[1].Place, $"{Shown.Quote(setting)} is nothing that stands behind \"syslog:\"", "server=ADDRESS, facility=local7, tag=nginx, severity=info, nohostname");
                return null;
            }
        }

        if (log.To.Kind == LogTargetKind.Syslog)
            return log;
        file.Problems.Error(line.Words[1].Place, "no syslog server is named", "syslog:server=127.0.0.1:514, or syslog:server=unix:/dev/log");
        return null;
    }
}
