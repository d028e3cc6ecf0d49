using System.Globalization;

namespace Steelyard.Config.Text;

/// <summary>Durations as the configuration writes them: a whole number and <c>ms</c>, <c>s</c>, <c>m</c>, <c>h</c> or <c>d</c>.</summary>
internal static class DurationText
{
    public const string Example = "such as 250ms, 10s, 2m or 1h";

    // Some three thousand years, which every unit can count.
    private const long LongestMilliseconds = 100_000_000_000_000;

    private static readonly (string Unit, long Milliseconds)[] Units =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    /// <summary>The duration in the largest unit that divides it; parts of a millisecond are not written.</summary>
    public static string Write(TimeSpan duration)
    {
        var milliseconds = duration.Ticks / TimeSpan.TicksPerMillisecond;
        if (milliseconds == 0)
            return "0s";
        var (unit, size) = Units.First(u => milliseconds % u.Milliseconds == 0);
        return $"{milliseconds / size}{unit}";
    }

    public static bool TryParse(string text, out TimeSpan duration, out Mistake mistake)
    {
        (duration, mistake) = (default, default);
        var digits = DecimalText.LeadingDigits(text);
        var (number, unit) = (text[..digits], text[digits..]);
        if (digits == 0)
            mistake = new($"{Shown.Quote(text)} is not a duration", $"a whole number and ms, s, m, h or d, {Example}");
        else if (unit.Length == 0)
            mistake = new($"{Shown.Quote(text)} has no unit", $"{Shown.Cut(number)}ms, {Shown.Cut(number)}s, {Shown.Cut(number)}m, {Shown.Cut(number)}h or {Shown.Cut(number)}d");
        else if (Array.FindIndex(Units, u => u.Unit == unit) is var found && found < 0)
            mistake = UnknownUnit(text, number, unit);
        else if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > LongestMilliseconds / Units[found].Milliseconds)
            mistake = new($"{Shown.Quote(text)} is too long a duration", $"a duration {Example}");
        else
            duration = TimeSpan.FromMilliseconds(count * Units[found].Milliseconds);
        return mistake.Message is null;
    }

    private static Mistake UnknownUnit(string text, string number, string unit)
    {
        if (unit[0] is '.' or ',')
            return new($"{Shown.Quote(text)} is not a whole number", "a smaller unit, such as 1500ms for one second and a half");
        var meant = unit.Trim().ToLowerInvariant() switch
        {
            "ms" or "msec" or "millis" or "milliseconds" => "ms",
            "s" or "sec" or "secs" or "second" or "seconds" => "s",
            "m" or "min" or "mins" or "minute" or "minutes" => "m",
            "h" or "hr" or "hour" or "hours" => "h",
            "d" or "day" or "days" => "d",
            _ => null,
        };
        return new(
            $"{Shown.Quote(unit)} is not a unit of time",
            $"ms, s, m, h or d, {Example}",
            meant is null || number.Length > 10 ? null : number + meant);
    }
}
