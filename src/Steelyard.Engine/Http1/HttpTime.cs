using System.Buffers.Text;

namespace Steelyard.Engine.Http1;

/// <summary>Reads the three forms of a date that HTTP knows (RFC 9110, 5.6.7), as nginx does: what stands behind is passed over.</summary>
internal static class HttpTime
{
    private static ReadOnlySpan<byte> Months => "JanFebMarAprMayJunJulAugSepOctNovDec"u8;

    /// <summary>Reads a date.</summary>
    /// <param name="text">The text.</param>
    /// <param name="seconds">Seconds since 1970.</param>
    public static bool TryRead(ReadOnlySpan<byte> text, out long seconds)
    {
        seconds = 0;
        var gap = text.IndexOfAny((byte)' ', (byte)',');
        if (gap < 0)
            return false;
        var isAscTime = text[gap] == ' ';
        text = text[gap..].TrimStart(" ,"u8);
        int day, month, year;
        if (isAscTime)
        {
            // Nov  6 08:49:37 1994
            if (text.Length < 20 || !TryReadMonth(text, out month) || !TryReadNumber(text.Slice(4, 2).TrimStart((byte)' '), out day) || !TryReadNumber(text.Slice(16, 4), out year))
                return false;
            return TryMake(year, month, day, text[7..], out seconds);
        }

        // 06 Nov 1994 08:49:37, or 06-Nov-94 08:49:37
        if (text.Length < 18 || !TryReadNumber(text[..2], out day) || !TryReadMonth(text[3..], out month))
            return false;
        if (text[2] == '-')
            return TryReadNumber(text.Slice(7, 2), out year) && TryMake(year + (year < 70 ? 2000 : 1900), month, day, text[10..], out seconds);
        return text.Length >= 20 && TryReadNumber(text.Slice(7, 4), out year) && TryMake(year, month, day, text[12..], out seconds);
    }

    private static bool TryMake(int year, int month, int day, ReadOnlySpan<byte> clock, out long seconds)
    {
        seconds = 0;
        if (clock.Length < 8 || clock[2] != ':' || clock[5] != ':' || !TryReadNumber(clock[..2], out var hour) || !TryReadNumber(clock.Slice(3, 2), out var minute) || !TryReadNumber(clock.Slice(6, 2), out var second))
            return false;
        if (year is < 1 or > 9999 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
            return false;
        seconds = (new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;
        return true;
    }

    private static bool TryReadMonth(ReadOnlySpan<byte> text, out int month)
    {
        var at = Months.IndexOf(text[..3]);
        month = (at / 3) + 1;
        return at >= 0 && at % 3 == 0;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> text, out int number) =>
        Utf8Parser.TryParse(text, out number, out var read) && read == text.Length && number >= 0;
}
