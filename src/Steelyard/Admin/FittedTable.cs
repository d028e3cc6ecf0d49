using Spectre.Console;
using Spectre.Console.Rendering;

namespace Steelyard.Admin;

/// <summary>
/// A table of one line a row that fits a terminal of any width: first long cells are shortened, then the least needed
/// columns are left out. Spectre's own breaks words in the middle of a cell instead.
/// </summary>
internal sealed class FittedTable(params FittedColumn[] columns) : Renderable
{
    private readonly List<FittedCell[]> _rows = [];

    /// <summary>Adds a row, a cell for each column.</summary>
    public void AddRow(params FittedCell[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, columns.Length, nameof(cells));
        _rows.Add(cells);
    }

    /// <summary>Whether it fits without anything shortened or left out.</summary>
    public bool Fits(int width) => Total([.. columns.Select((_, i) => Natural(i))], Enumerable.Range(0, columns.Length)) <= width;

    protected override Measurement Measure(RenderOptions options, int maxWidth) => new(Math.Min(1, maxWidth), maxWidth);

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        var (shown, widths) = Fit(maxWidth);
        foreach (var row in _rows.Prepend([.. columns.Select(column => new FittedCell(column.Title))]))
        {
            foreach (var segment in Line(row, shown, widths))
                yield return segment;
            yield return Segment.LineBreak;
        }
    }

    private (List<int> Shown, int[] Widths) Fit(int width)
    {
        var shown = Enumerable.Range(0, columns.Length).ToList();
        var widths = shown.Select(Natural).ToArray();
        while (Total(widths, shown) > width && shown.Count > 1)
        {
            if (Shorten(shown, widths, width))
                break;
            var least = shown.MinBy(i => columns[i].Needed);
            shown.Remove(least);
            for (var i = 0; i < widths.Length; i++)
                widths[i] = Natural(i);
        }

        // The last one has what there is.
        if (shown is [var only])
            widths[only] = Math.Clamp(width, 1, widths[only]);
        return (shown, widths);
    }

    /// <summary>Takes from the widest column that may be shorter, again and again.</summary>
    /// <returns>Whether all fit then.</returns>
    private bool Shorten(List<int> shown, int[] widths, int width)
    {
        while (Total(widths, shown) > width && shown.Where(MayBeShorter).OrderByDescending(i => widths[i]).Cast<int?>().FirstOrDefault() is { } widest)
            widths[widest]--;

        // Where the brief text is shown there is room again.
        foreach (var i in shown)
            widths[i] = _rows.Select(row => Shown(row[i], i, widths[i]).Length).Append(columns[i].Title.Length).Max();
        return Total(widths, shown) <= width;

        bool MayBeShorter(int i) => widths[i] > Math.Max(columns[i].Least, columns[i].Title.Length);
    }

    private static int Total(int[] widths, IEnumerable<int> shown) => shown.Sum(i => widths[i] + 1) - 1;

    private int Natural(int column) => _rows.Select(row => row[column].Text.Length).Append(columns[column].Title.Length).Max();

    private IEnumerable<Segment> Line(FittedCell[] row, List<int> shown, int[] widths)
    {
        var blanks = 0;
        foreach (var i in shown)
        {
            var text = Shown(row[i], i, widths[i]);
            var before = blanks + (columns[i].Right ? widths[i] - text.Length : 0);
            blanks = 1 + (columns[i].Right ? 0 : widths[i] - text.Length);
            if (text.Length == 0)
            {
                blanks += before;
                continue;
            }

            // What is marked by its colours is padded outside of them; nothing is padded at the end of a line.
            if (before > 0)
                yield return Segment.Padding(before);
            yield return new Segment(text, row[i].Style ?? Style.Plain);
        }
    }

    private string Shown(FittedCell cell, int column, int width) => Shortened(cell.Text.Length > width ? cell.Brief ?? cell.Text : cell.Text, width, columns[column].KeepsEnd);

    /// <summary>A text of so many characters at most, with an ellipsis in the place of what is missing.</summary>
    /// <param name="text">The text.</param>
    /// <param name="width">How many.</param>
    /// <param name="keepsEnd">Whether its end tells it from others, as the port of an address does.</param>
    internal static string Shortened(string text, int width, bool keepsEnd = false)
    {
        if (text.Length <= width)
            return text;
        var end = keepsEnd ? (width - 1) / 2 : 0;
        return $"{text[..(width - 1 - end)]}…{text[^end..]}";
    }
}

/// <summary>A column of a <see cref="FittedTable"/>.</summary>
/// <param name="Title">What stands above it.</param>
/// <param name="Needed">How much it is needed; of what does not fit the column with the least goes first.</param>
/// <param name="Least">The least characters that its cells may be shortened to, if the title is not longer; none are when left out.</param>
internal sealed record FittedColumn(string Title, int Needed, int Least = int.MaxValue)
{
    /// <summary>The least for addresses: those of IPv4 stay whole, for any digit of them may be the one that matters.</summary>
    public const int Address = 21;

    /// <summary>Whether it is aligned at the right.</summary>
    public bool Right { get; init; }

    /// <summary>Whether cells are shortened in their middle.</summary>
    public bool KeepsEnd { get; init; }
}

/// <summary>A cell of a <see cref="FittedTable"/>.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Style">How it looks; null for plain.</param>
internal readonly record struct FittedCell(string Text, Style? Style = null)
{
    /// <summary>What it says where there is no room for the text; null for a part of that.</summary>
    public string? Brief { get; init; }

    public static implicit operator FittedCell(string text) => new(text);
}
