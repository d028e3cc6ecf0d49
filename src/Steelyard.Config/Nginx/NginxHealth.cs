using System.Globalization;

namespace Steelyard.Config.Nginx;

/// <summary>The line health_check, as nginx has it with a subscription.</summary>
internal static class NginxHealth
{
    /// <summary>How the servers of a location are asked; null for not at all.</summary>
    /// <param name="level">The location, or the server of stream.</param>
    /// <param name="file">The file.</param>
    public static HealthSettings? Of(NginxLevel level, NginxFile file)
    {
        var isStream = level.Context == 'V';
        if (level.Own("health_check") is not [.., var line])
            return null;
        var problems = file.Problems;
        var timeout = isStream ? level.Find("health_check_timeout") is { } said && NginxValues.TryReadTime(said[1], out var longest) && longest > TimeSpan.Zero ? longest : TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(60);
        IReadOnlyList<ProbeStep>? expected = null;
        var health = new HealthSettings { Kind = isStream ? ProbeKind.Tcp : ProbeKind.Http, Interval = TimeSpan.FromSeconds(5), Timeout = timeout, Rise = 1, Fall = 1, Jitter = 0, Start = HealthStart.Up };
        foreach (var word in line.Words.Skip(1))
        {
            var equals = word.Text.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (word.Text, "") : (word.Text[..equals], word.Text[(equals + 1)..]);
            var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            switch (name)
            {
                case "interval" when NginxValues.TryReadTime(value, out var time) && time > TimeSpan.Zero:
                    health = health with { Interval = time };
                    break;
                case "jitter" when NginxValues.TryReadTime(value, out var jitter):
                    health = health with { Jitter = (int)Math.Clamp(jitter / health.Interval * 100, 0, 50) };
                    break;
                case "fails" when isNumber && number is > 0 and <= 100:
                    health = health with { Fall = number };
                    break;
                case "passes" when isNumber && number is > 0 and <= 100:
                    health = health with { Rise = number };
                    break;
                case "port" when isNumber && number is > 0 and <= 65535:
                    health = health with { Port = number };
                    break;
                case "uri" when !isStream && value.StartsWith('/'):
                    health = health with { Path = value };
                    break;
                case "mandatory" when equals < 0:
                    health = health with { Start = HealthStart.Down };
                    break;
                case "persistent" when equals < 0:
                    break;
                case "keepalive_time" when !isStream && NginxValues.TryReadTime(value, out var kept):
                    health = health with { KeepAlive = kept > TimeSpan.Zero ? kept : null };
                    break;
                case "match" when equals > 0:
                    expected = new NginxMatch(file, isStream).Find(value, word);
                    break;
                case "type" when value.StartsWith("grpc", StringComparison.Ordinal):
                    problems.Error(word.Place, "servers are not asked by gRPC here", "uri= and match= of a path that is answered in HTTP/1.1, with port= where that is another one");
                    break;
                case "udp" when isStream:
                    problems.Error(word.Place, "datagrams are not balanced here", "it without \"udp\"");
                    break;
                default:
                    problems.Error(word.Place, $"invalid parameter \"{word.Text}\"", isStream ? "interval=, jitter=, fails=, passes=, match=, port=, mandatory or persistent" : "interval=, jitter=, fails=, passes=, uri=, match=, port=, mandatory, persistent or keepalive_time=");
                    break;
            }
        }

        return expected is null ? health : Expecting(health, expected, isStream);
    }

    /// <summary>One status and a text of the body are said shorter than by a script.</summary>
    private static HealthSettings Expecting(HealthSettings health, IReadOnlyList<ProbeStep> steps, bool isStream)
    {
        if (isStream)
            return steps.Count == 0 ? health : health with { Kind = ProbeKind.Script, Script = steps.ToValueList() };
        var statuses = steps.Where(step => step.Do == ProbeStepKind.ExpectStatus).ToList();
        var others = steps.Where(step => step.Do != ProbeStepKind.ExpectStatus).ToList();
        if (statuses.Count <= 1 && others is [] or [{ Do: ProbeStepKind.ExpectPattern, Not: false }])
            return health with { Statuses = statuses is [var one] ? one.Statuses : [new(100, 599)], BodyPattern = others is [var body] ? body.Text : null };
        var request = new ProbeStep { Do = ProbeStepKind.Request, Text = ProbeRequest.Of(health).ToString() };
        return health with { Kind = ProbeKind.Script, Script = [request, .. steps], Path = new HealthSettings().Path };
    }
}
