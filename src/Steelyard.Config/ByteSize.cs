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
}
