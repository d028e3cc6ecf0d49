using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Steelyard.Config;

/// <summary>
/// Times as crontab(5) has them: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday), each
/// <c>*</c>, a number, a range, a list of these, with <c>/step</c>; months and days of the week by the first three letters
/// of their names too, and <c>L</c> for the last day of the month. Where both days are restricted, either will do. A sixth
/// field before them is the second. Or one word, such as <c>@daily</c>.
/// </summary>
public sealed class CronSchedule
{
    private static readonly (string Name, int Least, int Most)[] s_fields =
        [("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7)];

    private const int Second = 0;
    private const int Minute = 1;
    private const int Hour = 2;
    private const int DayOfMonth = 3;
    private const int Month = 4;
    private const int DayOfWeek = 5;

    // Beside the days of a month by their numbers.
    private const ulong LastDay = 1UL << 32;

    private static readonly Dictionary<string, string> s_words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
        ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@hourly"] = "0 * * * *",
    };

    private static readonly string[] s_months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] s_days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly ulong[] _fields;

    private CronSchedule(ulong[] fields, bool eitherDay) => (_fields, IsForEitherDay) = (fields, eitherDay);

    /// <summary>Whether days of the month and of the week are restricted both, so that either will do.</summary>
    public bool IsForEitherDay { get; }

    /// <summary>Reads five or six fields, or the word for some.</summary>
    /// <param name="text">Parted by blanks.</param>
    /// <param name="schedule">What they say.</param>
    /// <param name="wrong">What is wrong with them.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out CronSchedule? schedule, [NotNullWhen(false)] out string? wrong)
    {
        schedule = null;
        if (text.StartsWith('@') && !s_words.ContainsKey(text.Trim()))
        {
            wrong = $"'{(text.Length > 40 ? text[..40] : text)}' is none of {string.Join(", ", s_words.Keys)}";
            return false;
        }

        var words = s_words.GetValueOrDefault(text.Trim(), text).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Length == s_fields.Length - 1)
            words = ["0", .. words];
        if (words.Length != s_fields.Length)
        {
            wrong = $"a schedule of {words.Length} fields instead of five, or six with the seconds";
            return false;
        }

        var fields = new ulong[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            string[] names = i switch { Month => s_months, DayOfWeek => s_days, _ => [] };
            if (i == DayOfMonth && words[i] is "L" or "l")
            {
                fields[i] = LastDay;
            }
            else if (!TryParseField(words[i], names, s_fields[i].Least, s_fields[i].Most, out fields[i]))
            {
                wrong = $"'{(words[i].Length > 40 ? words[i][..40] : words[i])}' is not {(i == Hour ? "an" : "a")} {s_fields[i].Name} from {s_fields[i].Least} to {s_fields[i].Most}";
                return false;
            }
        }

        // 7 is Sunday too.
        fields[DayOfWeek] |= fields[DayOfWeek] >> 7 & 1;
        schedule = new(fields, words[DayOfMonth][0] != '*' && words[DayOfWeek][0] != '*');
        if (schedule.After(new(2024, 1, 1)) is null)
        {
            (schedule, wrong) = (null, "a schedule that never comes");
            return false;
        }

        wrong = null;
        return true;
    }

    /// <summary>The first time of the schedule after another, in the same zone; null when none comes within eight years.</summary>
    public DateTime? After(DateTime time)
    {
        var next = new DateTime(time.Year, time.Month, time.Day, time.Hour, time.Minute, time.Second).AddSeconds(1);
        var last = next.AddYears(8);
        while (next < last)
        {
            if (!Has(Month, next.Month))
                next = new DateTime(next.Year, next.Month, 1).AddMonths(1);
            else if (!HasDay(next))
                next = next.Date.AddDays(1);
            else if (!Has(Hour, next.Hour))
                next = next.Date.AddHours(next.Hour + 1);
            else if (!Has(Minute, next.Minute))
                next = next.Date.AddMinutes((next.Hour * 60) + next.Minute + 1);
            else if (!Has(Second, next.Second))
                next = next.AddSeconds(1);
            else
                return next;
        }

        return null;
    }

    private bool HasDay(DateTime day)
    {
        var ofMonth = Has(DayOfMonth, day.Day) || ((_fields[DayOfMonth] & LastDay) != 0 && day.AddDays(1).Day == 1);
        var ofWeek = Has(DayOfWeek, (int)day.DayOfWeek);
        return IsForEitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
    }

    private bool Has(int field, int value) => (_fields[field] >> value & 1) != 0;

    private static bool TryParseField(string text, string[] names, int least, int most, out ulong set)
    {
        set = 0;
        foreach (var part in text.Split(','))
        {
            var (range, step) = part.IndexOf('/') is >= 0 and var slash ? (part[..slash], part[(slash + 1)..]) : (part, "1");
            if (!TryParseNumber(step, [], 1, most, out var every))
                return false;
            var (first, last) = (least, most);
            if (range != "*")
            {
                var ends = range.Split('-');
                if (ends.Length > 2 || !TryParseNumber(ends[0], names, least, most, out first))
                    return false;
                last = part.Contains('/') && ends.Length == 1 ? most : first;
                if (ends.Length == 2 && (!TryParseNumber(ends[1], names, least, most, out last) || last < first))
                    return false;
            }

            for (var value = first; value <= last; value += every)
                set |= 1UL << value;
        }

        return set != 0;
    }

    private static bool TryParseNumber(string text, string[] names, int least, int most, out int number)
    {
        number = Array.FindIndex(names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) + least;
        return number >= least || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most);
    }
}
