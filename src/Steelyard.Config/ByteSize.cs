using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Steelyard.Config.Text;

namespace Steelyard.Config;

/// <summary>A number of bytes, so that no reader has to guess the unit. Never negative.</summary>
/// <param name="Bytes">The number of bytes.</param>
public readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>
{
    /// <summary>A size in units of 1,024 bytes.</summary>
    public static ByteSize FromKibibytes(long count) => new(count * 1024);

    /// <inheritdoc/>
    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    /// <summary>Whether the left size is smaller.</summary>
    public static bool operator <(ByteSize left, ByteSize right) => left.Bytes < right.Bytes;

    /// <summary>Whether the left size is larger.</summary>
    public static bool operator >(ByteSize left, ByteSize right) => left.Bytes > right.Bytes;

    /// <summary>Whether the left size is smaller or the same.</summary>
    public static bool operator <=(ByteSize left, ByteSize right) => left.Bytes <= right.Bytes;

    /// <summary>Whether the left size is larger or the same.</summary>
    public static bool operator >=(ByteSize left, ByteSize right) => left.Bytes >= right.Bytes;

    /// <summary>The size as the configuration writes it: the largest binary unit that divides it, such as <c>16KiB</c>.</summary>
    public override string ToString()
    {
        ReadOnlySpan<string> units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var (value, unit) = (Bytes, 0);
        while (value >= 1024 && value % 1024 == 0 && unit < units.Length - 1)
            (value, unit) = (value / 1024, unit + 1);
        return $"{value}{units[unit]}";
    }

    /// <summary>
    /// Reads <c>512B</c>, <c>16KiB</c>, <c>8MiB</c>, <c>1GiB</c>, or <c>16k</c>, <c>8m</c>, <c>1g</c> as nginx and
    /// HAProxy write the same sizes. <c>KB</c> and <c>MB</c> mean 1,000 to some and 1,024 to others and are refused.
    /// </summary>
    /// <param name="text">The text as it stands in a configuration.</param>
    /// <param name="size">The size, when the text is one.</param>
    /// <param name="expected">What would be accepted, when it is not.</param>
    public static bool TryParse(string text, out ByteSize size, [NotNullWhen(false)] out string? expected)
    {
        var read = TryParse(text, out size, out Mistake mistake);
        expected = read ? null : mistake.Expected ?? mistake.Message;
        return read;
    }

    internal static bool TryParse(string text, out ByteSize size, out Mistake mistake)
    {
        const string Units = "a whole number and B, KiB, MiB or GiB, such as 16KiB";
        (size, mistake) = (default, default);
        var digits = DecimalText.LeadingDigits(text);
        var (number, unit) = (text[..digits], text[digits..]);
        var shift = unit switch
        {
            "B" => 0,
            "KiB" or "k" or "K" => 10,
            "MiB" or "m" or "M" => 20,
            "GiB" or "g" or "G" => 30,
            "TiB" => 40,
            _ => -1,
        };

        if (digits == 0)
            mistake = new($"{Shown.Quote(text)} is not a size", Units);
        else if (unit.Length == 0)
            mistake = new($"{Shown.Quote(text)} has no unit", $"{Shown.Cut(number)}B for bytes, or {Units}");
        else if (shift < 0)
            mistake = UnknownUnit(number, unit, Units);
        else if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > long.MaxValue >> shift)
            mistake = new($"{Shown.Quote(text)} is too large a size", Units);
        else
            size = new(count << shift);
        return mistake.Message is null;
    }

    private static Mistake UnknownUnit(string number, string unit, string expected)
    {
        var binary = unit.ToUpperInvariant() switch
        {
            "KB" or "KIB" => "KiB",
            "MB" or "MIB" => "MiB",
            "GB" or "GIB" => "GiB",
            "TB" or "TIB" => "TiB",
            _ => null,
        };
        var suggestion = binary is null || number.Length > 18 ? null : number + binary;
        return unit.ToUpperInvariant() is "KB" or "MB" or "GB" or "TB"
            ? new($"{Shown.Quote(unit)} means 1,000 to some and 1,024 to others", $"{binary} for steps of 1,024, or a number of bytes with B", suggestion)
            : new($"{Shown.Quote(unit)} is not a unit of size", expected, suggestion);
    }
}
