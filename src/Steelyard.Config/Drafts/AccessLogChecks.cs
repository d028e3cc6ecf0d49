using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Drafts;

/// <summary>The checks of access logs, alone and of all together.</summary>
internal static class AccessLogChecks
{
    // What one line may hold of captures.
    private const int MostCaptured = 6 * 1024;
    private const int MostFields = 16;
    private const int MostCopies = 8;

    /// <summary>Reports what does not fit together in one.</summary>
    /// <param name="log">The settings.</param>
    /// <param name="severalCookies">More than one cookie is named.</param>
    /// <param name="problems">Where.</param>
    public static void Check(Located<AccessLogSettings> log, bool severalCookies, ProblemList problems)
    {
        var (settings, place) = log;
        if (severalCookies)
            problems.Error(place, "'cookie' names more than one", "one cookie; its line has room for no other");
        if (settings.RequestFields.Count > MostFields || settings.ResponseFields.Count > MostFields)
            problems.Error(place, $"{Math.Max(settings.RequestFields.Count, settings.ResponseFields.Count)} fields are captured", $"at most {MostFields} of requests and as many of responses");
        if (settings.RequestFields.Sum(field => field.Most) + settings.ResponseFields.Sum(field => field.Most) + (settings.Cookie?.Most ?? 0) > MostCaptured)
            problems.Error(place, "more is captured than a line can hold", $"at most {MostCaptured} bytes of fields and cookie together");
        if (settings.To.Kind != LogTargetKind.File && (settings.Size is not null || settings.Every is not null))
            problems.Error(place, $"'{(settings.Size is not null ? "size" : "every")}' for {settings.To}, which is no file", "a file in 'to', or neither 'size' nor 'every'");
        if (settings is { Format: AccessLogFormat.Combined } && (settings.RequestFields.Count > 0 || settings.ResponseFields.Count > 0 || settings.Cookie is not null))
            problems.Error(place, "'combined' has no place for what is captured", "'format: httplog' or 'format: json'");
        if (settings.Escape != LogEscape.Default && settings.Format != AccessLogFormat.Custom)
            problems.Error(place, "'escape' for a format that has its own", "a 'format' with fields in braces, or no 'escape'");
        if (settings.Also.Count > MostCopies)
            problems.Error(place, $"'also' names {settings.Also.Count} places", $"at most {MostCopies}");
        CheckCopies(log, problems);
        if (settings.StructuredData && settings.Also.Prepend(new() { To = settings.To, Syslog = settings.Syslog }).Any(copy => copy.Syslog != SyslogFormat.Rfc5424))
            problems.Error(place, "'structured-data' for a place that has no room for it", "'syslog: rfc5424' for all places");
        CheckLine(settings, place, problems);
    }

    private static void CheckCopies(Located<AccessLogSettings> log, ProblemList problems)
    {
        HashSet<(LogTarget, string?)> named = [log.Value.Place];
        foreach (var copy in log.Value.Also)
        {
            if (copy.To.Kind != LogTargetKind.None && !named.Add(copy.Of(log.Value).Place))
                problems.Error(log.Place, $"'also' names {Shown.Quote(copy.To.ToString())}, where the same lines go to already", "each place once in 'to' and 'also'");
        }
    }

    private static void CheckLine(AccessLogSettings settings, Place place, ProblemList problems)
    {
        foreach (var part in settings.Line)
        {
            if (part.Literal is not null || part.Expression is not null)
                continue;
            var (key, isThere) = part.Field switch
            {
                LogField.RequestFields or LogField.RequestFieldsQuoted or LogField.RequestFieldList => ("request-headers", settings.RequestFields.Count > 0),
                LogField.ResponseFields or LogField.ResponseFieldsQuoted or LogField.ResponseFieldList => ("response-headers", settings.ResponseFields.Count > 0),
                LogField.RequestCookie or LogField.ResponseCookie => ("cookie", settings.Cookie is not null),
                _ => ("", true),
            };
            if (!isThere)
                problems.Error(place, $"{{{LogFieldTable.Of(part.Field).Word}}} of what '{key}' captures, which is not given", $"'{key}' beside 'format'");
        }
    }

    /// <summary>Reports what does not fit together over listeners.</summary>
    /// <param name="draft">All of it.</param>
    /// <param name="rules">Check what is asked of requests.</param>
    /// <param name="problems">Where.</param>
    public static void Check(SnapshotDraft draft, RuleChecks rules, ProblemList problems)
    {
        var files = new Dictionary<(LogTarget, string?), Located<AccessLogSettings>>();
        var buffers = new Dictionary<(LogTarget, string?), Located<AccessLogSettings>>();
        Check(draft.AccessLog);
        foreach (var listener in draft.Listeners ?? [])
        {
            Check(listener.AccessLog);
            foreach (var route in listener.Routes ?? [])
                Check(route.AccessLog);
            if (listener.Mode is not { Value: ListenerMode.Tcp })
                continue;
            foreach (var log in (listener.Routes ?? []).Select(route => route.AccessLog).Prepend(listener.AccessLog))
            {
                if (log is { Value.Format: AccessLogFormat.HttpLog or AccessLogFormat.Combined } own)
                    problems.Error(own.Place, $"'format: {(own.Value.Format == AccessLogFormat.Combined ? "combined" : "httplog")}' of a listener with 'mode: tcp', which reads no requests", "'tcplog', 'json' or 'auto'");
            }
        }

        void Check(Located<AccessLogSettings>? log)
        {
            if (log is not { } given)
                return;
            foreach (var each in given.Value.Beside.Prepend(given.Value))
            {
                if (CheckTarget(new(each, given.Place), files, problems))
                    CheckBuffers(new(each, given.Place), buffers, problems);
                rules.Check(new Located<AccessLogSettings>(each, given.Place));
            }
        }
    }

    private static bool CheckTarget(Located<AccessLogSettings> log, Dictionary<(LogTarget, string?), Located<AccessLogSettings>> files, ProblemList problems)
    {
        if (log.Value.To.Kind == LogTargetKind.None || files.TryAdd(log.Value.Place, log))
            return true;
        var (before, now) = (files[log.Value.Place], log.Value);
        var isSame = (before.Value.Size, before.Value.Every, before.Value.Keep, before.Value.Buffer) == (now.Size, now.Every, now.Keep, now.Buffer);
        if (!isSame)
            problems.Error(log.Place, $"{Shown.Quote(now.To.ToString())} is written to otherwise than in line {before.Place.Line}", "the same 'size', 'every', 'keep' and 'buffer' for both");
        return isSame;
    }

    // All who write to a place share the room that lines wait in, those too that only copy to it.
    private static void CheckBuffers(Located<AccessLogSettings> log, Dictionary<(LogTarget, string?), Located<AccessLogSettings>> buffers, ProblemList problems)
    {
        foreach (var each in log.Value.Also.Select(copy => copy.Of(log.Value)).Prepend(log.Value))
        {
            if (each.To.Kind == LogTargetKind.None || buffers.TryAdd(each.Place, log))
                continue;
            var before = buffers[each.Place];
            if (before.Value.Buffer != each.Buffer)
                problems.Error(log.Place, $"{Shown.Quote(each.To.ToString())} has another 'buffer' than in line {before.Place.Line}", "the same for all who write to it, also by 'also'");
        }
    }
}
