using System.Globalization;
using System.Text;

namespace Steelyard.Config.Text;

/// <summary>
/// Makes text from a file fit for a terminal: what would move the cursor, change the order of letters or not be seen
/// becomes something that is seen.
/// </summary>
internal static class SafeText
{
    /// <summary>The whole text on one line, without control characters.</summary>
    public static string Of(ReadOnlySpan<char> text)
    {
        var safe = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var cell = CellAt(text, i);
            safe.Append(cell.Shown);
            i += cell.Units;
        }

        return safe.ToString();
    }

    /// <summary>How the character at a position is shown, how many UTF-16 units it is and how many cells it takes.</summary>
    public static (string Shown, int Units, int Width) CellAt(ReadOnlySpan<char> text, int at)
    {
        if (Rune.DecodeFromUtf16(text[at..], out var rune, out var units) != System.Buffers.OperationStatus.Done)
            return Named(text[at], 1);
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.Control when rune.Value < 0x20 => (((char)(0x2400 + rune.Value)).ToString(), units, 1),
            UnicodeCategory.Control when rune.Value == 0x7F => ("\u2421", units, 1),
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => Named(rune.Value, units),
            UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark => (rune.ToString(), units, 0),
            _ => (rune.ToString(), units, IsWide(rune.Value) ? 2 : 1),
        };
    }

    private static (string Shown, int Units, int Width) Named(int value, int units)
    {
        var name = $"<U+{value:X4}>";
        return (name, units, name.Length);
    }

    // The blocks that Unicode's East Asian Width calls wide, and emoji; a block too many moves a caret, no more.
    private static bool IsWide(int value) => value is
        (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0x303E) or (>= 0x3041 and <= 0x4DBF) or (>= 0x4E00 and <= 0xA4CF)
        or (>= 0xA960 and <= 0xA97F) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F)
        or (>= 0xFF01 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1F64F) or (>= 0x1F680 and <= 0x1F6FF)
        or (>= 0x1F900 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD);
}
