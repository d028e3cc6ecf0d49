namespace Steelyard.Config;

/// <summary>The text of one configuration file, kept so that a <see cref="Problem"/> can be shown in its line.</summary>
public sealed class SourceText
{
    private readonly int[] _lineStarts;

    /// <summary>What the file holds, where that is no text; null for a text.</summary>
    internal byte[]? Bytes { get; init; }

    /// <summary>A text under the name by which problems call it.</summary>
    /// <param name="fileName">The file as the caller named it; it need not exist.</param>
    /// <param name="text">The whole text, without a byte order mark.</param>
    public SourceText(string fileName, string text)
    {
        (FileName, Text) = (fileName, text);
        List<int> starts = [0];
        for (var at = text.IndexOf('\n'); at >= 0; at = text.IndexOf('\n', at + 1))
            starts.Add(at + 1);
        _lineStarts = [.. starts];
    }

    /// <summary>The file as the caller named it.</summary>
    public string FileName { get; }

    /// <summary>The whole text.</summary>
    public string Text { get; }

    /// <summary>How many lines the text has, at least 1; a text that ends in a line break has an empty last line.</summary>
    public int LineCount => _lineStarts.Length;

    /// <summary>One line without its line break.</summary>
    /// <param name="line">From 1 to <see cref="LineCount"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such line.</exception>
    public ReadOnlySpan<char> GetLine(int line)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(line, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(line, LineCount);
        return Text.AsSpan(_lineStarts[line - 1]..EndOfLine(line));
    }

    internal (int Line, int Column) Locate(int offset)
    {
        var found = Array.BinarySearch(_lineStarts, Math.Clamp(offset, 0, Text.Length));
        var line = found >= 0 ? found + 1 : ~found;
        return (line, Math.Min(offset, EndOfLine(line)) - _lineStarts[line - 1] + 1);
    }

    internal int StartOfLine(int line) => _lineStarts[line - 1];

    internal int EndOfLine(int line)
    {
        var (start, end) = (_lineStarts[line - 1], line < LineCount ? _lineStarts[line] - 1 : Text.Length);
        return line < LineCount && end > start && Text[end - 1] == '\r' ? end - 1 : end;
    }
}
