using System.Text;

namespace Steelyard.Config.Text;

/// <summary>The part of a line that is shown above a caret: tabs as blanks, long lines cut around what is wrong.</summary>
internal static class LineExcerpt
{
    private const int TabWidth = 4;
    private const int MostCells = 100;
    private const int CellsBefore = 60;

    // Accents that take no cell are cut too, or one letter could carry a thousand.
    private const int MostUnits = 400;

    /// <summary>Cuts and cleans a line.</summary>
    /// <param name="line">The line as it stands in the file.</param>
    /// <param name="start">Where the fault begins, in UTF-16 units from 0; the end of the line for what is missing there.</param>
    /// <param name="length">How many units are wrong.</param>
    /// <returns>The text to show, the cells before the underline, and the cells to underline, at least 1.</returns>
    public static (string Shown, int Before, int Width) Of(ReadOnlySpan<char> line, int start, int length)
    {
        start = Math.Clamp(start, 0, line.Length);
        var end = Math.Clamp(start + length, start, line.Length);
        var first = FirstShown(line, start);
        var shown = new StringBuilder(first > 0 ? "…" : "");
        var (cells, before, width, i) = (shown.Length, 0, 0, first);
        for (; i < line.Length && cells < MostCells && i - first < MostUnits;)
        {
            var (text, units, taken) = Cell(line, i, cells);
            if (i < start)
                before = cells + taken;
            else if (i < end)
                width += taken;
            shown.Append(text);
            (cells, i) = (cells + taken, i + units);
        }

        if (i < line.Length)
            shown.Append('…');
        return (shown.ToString(), start == first ? (first > 0 ? 1 : 0) : before, Math.Max(1, width));
    }

    // Walks back from the fault so that what stands before it is seen, without splitting a surrogate pair.
    private static int FirstShown(ReadOnlySpan<char> line, int start)
    {
        if (start <= CellsBefore)
            return 0;
        var first = start;
        for (var cells = 0; first > 0 && cells < CellsBefore && start - first < MostUnits / 2;)
        {
            first -= first > 1 && char.IsLowSurrogate(line[first - 1]) && char.IsHighSurrogate(line[first - 2]) ? 2 : 1;
            cells += Cell(line, first, 0).Width;
        }

        return first;
    }

    private static (string Shown, int Units, int Width) Cell(ReadOnlySpan<char> line, int at, int cellsBefore)
    {
        if (line[at] != '\t')
            return SafeText.CellAt(line, at);
        var width = TabWidth - (cellsBefore % TabWidth);
        return (new string(' ', width), 1, width);
    }
}
