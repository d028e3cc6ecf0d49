using System.Globalization;
using System.Text;

namespace Steelyard.Config;

/// <summary>
/// How a time is written, in the letters of day.js and moment: <c>YYYY-MM-DD HH:mm:ss.SSS Z</c>. What stands in brackets
/// stands for itself, and so does whatever is none of the letters.
/// </summary>
public sealed class TimePattern
{
    // The longest first where one begins with another.
    private static readonly (string Letters, Func<DateTimeOffset, string> Write)[] s_parts =
    [
        ("YYYY", time => Digits(time.Year, 4)),
        ("YY", time => Digits(time.Year % 100, 2)),
        ("MMMM", time => Name(time, "MMMM")),
        ("MMM", time => Name(time, "MMM")),
        ("MM", time => Digits(time.Month, 2)),
        ("M", time => Digits(time.Month, 1)),
        ("DD", time => Digits(time.Day, 2)),
        ("D", time => Digits(time.Day, 1)),
        ("dddd", time => Name(time, "dddd")),
        ("ddd", time => Name(time, "ddd")),
        ("dd", time => Name(time, "ddd")[..2]),
        ("d", time => Digits((int)time.DayOfWeek, 1)),
        ("HH", time => Digits(time.Hour, 2)),
        ("H", time => Digits(time.Hour, 1)),
        ("hh", time => Digits(HourOfTwelve(time), 2)),
        ("h", time => Digits(HourOfTwelve(time), 1)),
        ("mm", time => Digits(time.Minute, 2)),
        ("m", time => Digits(time.Minute, 1)),
        ("ss", time => Digits(time.Second, 2)),
        ("s", time => Digits(time.Second, 1)),
        ("SSS", time => Digits(time.Millisecond, 3)),
        ("A", time => time.Hour < 12 ? "AM" : "PM"),
        ("a", time => time.Hour < 12 ? "am" : "pm"),
        ("ZZ", time => Name(time, "zzz").Replace(":", "", StringComparison.Ordinal)),
        ("Z", time => Name(time, "zzz")),
    ];

    /// <summary>Characters of a pattern.</summary>
    public const int Longest = 200;

    // Of moment, and in day.js in plugins only, or in another number of them.
    private const string LettersOfOthers = "YQoeEwWgGNkXxSzLl";

    private readonly List<Func<DateTimeOffset, string>> _parts = [];

    /// <param name="text">The pattern.</param>
    public TimePattern(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var part = Array.Find(s_parts, part => text.AsSpan(at).StartsWith(part.Letters, StringComparison.Ordinal));
            if (part.Letters is not null)
            {
                _parts.Add(part.Write);
                at += part.Letters.Length;
                continue;
            }

            var close = text[at] == '[' ? text.IndexOf(']', at) : -1;
            var quoted = close > at + 1;
            var literal = quoted ? text[(at + 1)..close] : text[at].ToString();
            if (!quoted && LettersOfOthers.Contains(text[at]))
                Unknown ??= text[at];
            _parts.Add(_ => literal);
            at = quoted ? close + 1 : at + 1;
        }
    }

    /// <summary>The first letter that stands for itself and looks as if it were meant for more.</summary>
    public char? Unknown { get; }

    /// <summary>Writes a time, as its own zone has it.</summary>
    public string Format(DateTimeOffset time)
    {
        var text = new StringBuilder();
        foreach (var part in _parts)
            text.Append(part(time));
        return text.ToString();
    }

    private static int HourOfTwelve(DateTimeOffset time) => time.Hour % 12 is var hour and not 0 ? hour : 12;

    private static string Digits(int number, int least) => number.ToString("D" + least.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string Name(DateTimeOffset time, string format) => time.ToString(format, CultureInfo.InvariantCulture);
}
