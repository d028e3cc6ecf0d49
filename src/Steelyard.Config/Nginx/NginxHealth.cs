using System.Globalization;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>The line health_check, as nginx has it with a subscription.</summary>
internal static class NginxHealth
{
    /// <summary>How the servers of a location are asked; null for not at all.</summary>
    public static HealthSettings? Of(NginxLevel level, NginxFile file)
    {
        if (level.Own("health_check") is not [.., var line])
            return null;
        var problems = file.Problems;
        var health = new HealthSettings { Kind = ProbeKind.Http, Interval = TimeSpan.FromSeconds(5), Timeout = TimeSpan.FromSeconds(60), Rise = 1, Fall = 1, Jitter = 0, Start = HealthStart.Up };
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
                case "uri" when value.StartsWith('/'):
                    health = health with { Path = value };
                    break;
                case "mandatory" when equals < 0:
                    health = health with { Start = HealthStart.Down };
                    break;
                case "persistent" when equals < 0:
                    break;
                case "match" when file.Matches.TryGetValue(value, out var match):
                    health = ReadMatch(match, health, problems);
                    break;
                default:
                    problems.Error(word.Place, $"invalid parameter \"{word.Text}\"", "interval=, jitter=, fails=, passes=, uri=, match=, port=, mandatory or persistent");
                    break;
            }
        }

        return health;
    }

    private static HealthSettings ReadMatch(NginxDirective match, HealthSettings health, ProblemList problems)
    {
        foreach (var line in match.Block!)
        {
            switch (line.Name)
            {
                case "status" when line.Count > 0 && line[1] != "!":
                    List<StatusRange> ranges = [];
                    foreach (var word in line.Words.Skip(1))
                    {
                        var ends = word.Text.Split('-');
                        if (ends.Length <= 2 && int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) && first is >= 100 and <= 599 && last >= first && last <= 599)
                            ranges.Add(new(first, last));
                        else
                            problems.Error(word.Place, $"invalid status \"{word.Text}\"", "a status, or two with a hyphen");
                    }

                    health = health with { Statuses = ranges.ToValueList() };
                    break;
                case "body" when line.Count == 2 && line[1] == "~":
                    if (BytePattern.TryParse(line[2], ignoreCase: false, out _, out var mistake))
                        health = health with { BodyPattern = line[2] };
                    else
                        problems.Error(line.Words[2].Place, mistake);
                    break;
                default:
                    problems.Error(line.Place, $"\"{line.Name}\" in match is not done here like that", "status with numbers, or body ~ with an expression");
                    break;
            }
        }

        return health;
    }
}
