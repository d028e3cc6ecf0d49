using System.Buffers.Text;

namespace Steelyard.Engine.Expressions;

/// <summary>Room for the values that expressions make, one for each thread that evaluates any: what is in it is gone with the next evaluation.</summary>
internal sealed class ExpressionRoom
{
    [ThreadStatic]
    private static ExpressionRoom? t_room;

    private readonly byte[] _bytes = new byte[32 * 1024];

    /// <summary>That of the present thread.</summary>
    public static ExpressionRoom OfThread => t_room ??= new();

    /// <summary>How much of it is taken.</summary>
    public int Used { get; set; }

    /// <summary>Forgets everything.</summary>
    public void Clear() => Used = 0;

    /// <summary>Takes so many bytes; false where there are not as many.</summary>
    public bool TryTake(int length, out Span<byte> bytes)
    {
        bytes = default;
        if (length > _bytes.Length - Used)
            return false;
        bytes = _bytes.AsSpan(Used, length);
        Used += length;
        return true;
    }

    /// <summary>All that is left, to be taken by <see cref="Used"/>.</summary>
    public Span<byte> Rest => _bytes.AsSpan(Used);

    /// <summary>What was taken from a place on.</summary>
    public ReadOnlySpan<byte> From(int start) => _bytes.AsSpan(start, Used - start);

    /// <summary>A number in decimal digits.</summary>
    public bool TryWrite(long number, out ReadOnlySpan<byte> digits)
    {
        digits = default;
        if (!Utf8Formatter.TryFormat(number, Rest, out var length))
            return false;
        digits = _bytes.AsSpan(Used, length);
        Used += length;
        return true;
    }
}
