using System.Globalization;

namespace Steelyard.Engine.Expressions;

/// <summary>Times in the form of strftime(3), as far as HAProxy's <c>ltime</c> and <c>utime</c> are used with it.</summary>
internal static class TimeText
{
    private static readonly DateTimeFormatInfo s_names = CultureInfo.InvariantCulture.DateTimeFormat;

    /// <summary>Writes seconds since 1970.</summary>
    /// <param name="seconds">The time.</param>
    /// <param name="format">The form; what is behind a percent sign and unknown stays as it is.</param>
    /// <param name="isLocal">Whether in the time of the machine.</param>
    /// <param name="room">Where.</param>
    /// <param name="value">The text.</param>
    public static bool TryWrite(long seconds, ReadOnlySpan<byte> format, bool isLocal, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (seconds is < -62_135_596_800 or > 253_402_300_799)
            return false;
        var time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        if (isLocal)
            time = time.ToLocalTime();
        var start = room.Used;
        if (!TryWriteAll(time, format, isLocal, room))
            return false;
        value = room.From(start);
        return true;
    }

    private static bool TryWriteAll(DateTimeOffset time, ReadOnlySpan<byte> format, bool isLocal, ExpressionRoom room)
    {
        for (var i = 0; i < format.Length; i++)
        {
            var written = format[i] != '%' || i + 1 == format.Length ? PatternReplacement.Copy(format.Slice(i, 1), room) : TryWriteOne(time, format[++i], isLocal, room);
            if (!written)
                return false;
        }

        return true;
    }

    private static bool TryWriteOne(DateTimeOffset time, byte letter, bool isLocal, ExpressionRoom room) => (char)letter switch
    {
        'Y' => Number(time.Year, 4, room),
        'C' => Number(time.Year / 100, 2, room),
        'y' => Number(time.Year % 100, 2, room),
        'm' => Number(time.Month, 2, room),
        'd' => Number(time.Day, 2, room),
        'e' => Number(time.Day, 2, room, blank: true),
        'H' => Number(time.Hour, 2, room),
        'I' => Number(((time.Hour + 11) % 12) + 1, 2, room),
        'M' => Number(time.Minute, 2, room),
        'S' => Number(time.Second, 2, room),
        'j' => Number(time.DayOfYear, 3, room),
        'u' => Number((((int)time.DayOfWeek + 6) % 7) + 1, 1, room),
        'w' => Number((int)time.DayOfWeek, 1, room),
        'U' => Number((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7, 2, room),
        'W' => Number((time.DayOfYear + 6 - (((int)time.DayOfWeek + 6) % 7)) / 7, 2, room),
        'k' => Number(time.Hour, 2, room, blank: true),
        'l' => Number(((time.Hour + 11) % 12) + 1, 2, room, blank: true),
        's' => room.TryWrite(time.ToUnixTimeSeconds(), out _),
        'a' => Word(s_names.AbbreviatedDayNames[(int)time.DayOfWeek], room),
        'A' => Word(s_names.DayNames[(int)time.DayOfWeek], room),
        'b' or 'h' => Word(s_names.AbbreviatedMonthNames[time.Month - 1], room),
        'B' => Word(s_names.MonthNames[time.Month - 1], room),
        'p' => Word(time.Hour < 12 ? "AM" : "PM", room),
        'n' => Word("\n", room),
        't' => Word("\t", room),
        '%' => Word("%", room),
        'z' => Word(time.Offset < TimeSpan.Zero ? "-" : "+", room) && Number(Math.Abs(time.Offset.Hours), 2, room) && Number(Math.Abs(time.Offset.Minutes), 2, room),
        'Z' => Word(isLocal ? time.Offset == TimeSpan.Zero ? "UTC" : TimeZoneInfo.Local.Id : "GMT", room),
        'T' => TryWriteAll(time, "%H:%M:%S"u8, isLocal, room),
        'R' => TryWriteAll(time, "%H:%M"u8, isLocal, room),
        'D' or 'x' => TryWriteAll(time, "%m/%d/%y"u8, isLocal, room),
        'F' => TryWriteAll(time, "%Y-%m-%d"u8, isLocal, room),
        'X' => TryWriteAll(time, "%H:%M:%S"u8, isLocal, room),
        'r' => TryWriteAll(time, "%I:%M:%S %p"u8, isLocal, room),
        'c' => TryWriteAll(time, "%a %b %e %H:%M:%S %Y"u8, isLocal, room),
        _ => PatternReplacement.Copy([(byte)'%', letter], room),
    };

    private static bool Number(int number, int digits, ExpressionRoom room, bool blank = false)
    {
        if (!room.TryTake(digits, out var written))
            return false;
        for (var i = digits - 1; i >= 0; i--, number /= 10)
            written[i] = (byte)(number == 0 && blank && i < digits - 1 ? ' ' : '0' + (number % 10));
        return true;
    }

    private static bool Word(string text, ExpressionRoom room)
    {
        if (!room.TryTake(text.Length, out var written))
            return false;
        for (var i = 0; i < text.Length; i++)
            written[i] = (byte)text[i];
        return true;
    }
}
