using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>What lines of a log look like: log_format.</summary>
/// <param name="Format">Of which kind.</param>
/// <param name="Line">What they are made of, where that is not known by a name.</param>
/// <param name="Escape">What becomes of bytes that would break them.</param>
/// <param name="HiddenFields">The fields that are not written: whoever names one in a format wants it.</param>
internal sealed record NginxLogFormat(AccessLogFormat Format, ValueList<LogPart> Line, LogEscape Escape, ValueList<string> HiddenFields)
{
    private const string EscapePrefix = "escape=";

    // nginx writes times in seconds with three digits behind the point.
    private static readonly LogField[] s_seconds = [LogField.EndMilliseconds, LogField.TotalTime, LogField.TriedConnectTimes, LogField.TriedHeadTimes, LogField.TriedTimes];

    // What has another meaning in stream than in http, or none there.
    private static readonly (string Name, LogField Field, LogForm Form)[] s_ofStream =
    [
        ("status", LogField.SessionStatus, LogForm.Plain),
        ("session_time", LogField.TotalTime, LogForm.Seconds),
        ("bytes_received", LogField.BytesReceived, LogForm.Plain),
        ("upstream_bytes_sent", LogField.BytesReceived, LogForm.Plain),
        ("upstream_bytes_received", LogField.BytesSent, LogForm.Plain),
        ("upstream_session_time", LogField.TriedTimes, LogForm.Seconds),
    ];

    /// <summary>Reads the format that a line names; null, and an error, for one that there is not.</summary>
    public static NginxLogFormat? Read(string? name, Place place, NginxScope scope)
    {
        var file = scope.File;
        var defined = ((scope.IsStream ? file.Stream : file.Http)?.Own("log_format") ?? []).LastOrDefault(line => line[1] == name);
        if (defined is null && (name ?? "combined") == "combined" && !scope.IsStream)
            return new(AccessLogFormat.Combined, [], LogEscape.Default, AccessLogSettings.None.HiddenFields);
        if (defined is null)
        {
            file.Problems.Error(place, name is null ? "log format is not specified" : $"unknown log format \"{name}\"", "the name of a \"log_format\"");
            return null;
        }

        List<LogPart> parts = [];
        HashSet<string> named = new(StringComparer.OrdinalIgnoreCase);
        foreach (var word in Texts(defined))
        {
            foreach (var (literal, variable) in NginxVariables.Split(word.Text))
            {
                if (literal is not null)
                    parts.Add(new(literal));
                else if (PartOf(variable, scope, word.Place) is { } part)
                    parts.Add(part);
                else
                    return null;
                named.UnionWith(FieldsOf(literal is null ? variable : ""));
            }
        }

        return new(AccessLogFormat.Custom, LogLineText.Join(parts), EscapeOf(defined), AccessLogSettings.None.HiddenFields.Where(field => !named.Contains(field)).ToValueList());
    }

    /// <summary>Reports what is wrong with a format, where it stands.</summary>
    public static void Check(NginxUse use)
    {
        var (line, stream) = (use.Directive, use.Level.Context == 'T');
        if ((line[1] == "combined" && !stream) || use.Level.Own("log_format").Any(other => other[1] == line[1]))
            use.Error(1, $"duplicate \"log_format\" name \"{line[1]}\"");
        if (line[2].StartsWith(EscapePrefix, StringComparison.Ordinal) && line[2][EscapePrefix.Length..] is not ("default" or "json" or "none"))
            use.Error(2, $"unknown log format escaping \"{line[2][EscapePrefix.Length..]}\"", "default, json or none");
        foreach (var word in Texts(line))
        {
            if (word.Text.Contains('\n', StringComparison.Ordinal) || word.Text.Contains('\r', StringComparison.Ordinal))
                use.Problems.Error(word.Place, "a line of a log with an end of line within", "one line for each request");
        }
    }

    private static IEnumerable<Dialects.Word> Texts(NginxDirective line) => line.Words.Skip(line[2].StartsWith(EscapePrefix, StringComparison.Ordinal) ? 3 : 2);

    private static LogEscape EscapeOf(NginxDirective line) => line[2] switch
    {
        EscapePrefix + "json" => LogEscape.Json,
        EscapePrefix + "none" => LogEscape.None,
        _ => LogEscape.Default,
    };

    private static LogPart? PartOf(string name, NginxScope scope, Place place)
    {
        if (name.Length == 0)
        {
            scope.File.Problems.Error(place, "invalid variable name", "a name behind the dollar sign");
            return null;
        }

        if (scope.IsStream && name == "protocol")
            return new("TCP");
        if (scope.IsStream && Array.Find(s_ofStream, known => known.Name == name) is { Name: not null } stream)
            return new(null, stream.Field, null, stream.Form);

        // The field of logs is who a PROXY header says it is, where that is believed.
        if (name != "realip_remote_addr" && !scope.File.Variables.ContainsKey(name) && !scope.File.SetVariables.Contains(name))
        {
            foreach (var row in LogFieldTable.Rows)
            {
                if (row.Nginx == "$" + name)
                    return new(null, row.Field, null, Array.IndexOf(s_seconds, row.Field) >= 0 ? LogForm.Seconds : LogForm.Plain);
            }
        }

        return NginxVariables.Find(name, scope, place) is { } value ? new(null, default, value) : null;
    }

    // Whoever names a field shall have it, also through a variable of its own.
    private static IEnumerable<string> FieldsOf(string variable)
    {
        foreach (var prefix in (string[])["http_", "sent_http_", "upstream_http_"])
        {
            if (variable.StartsWith(prefix, StringComparison.Ordinal))
                yield return variable[prefix.Length..].Replace('_', '-');
        }
    }
}
