namespace Steelyard.Balancing.Sticky;

/// <summary>A time in HAProxy's cookies: 30 bits in five characters, the highest first.</summary>
internal static class HaProxyDate
{
    /// <summary>How many characters.</summary>
    public const int Length = 5;

    private const int BitsEach = 6;

    private static ReadOnlySpan<byte> Characters => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8;

    /// <summary>Writes the characters.</summary>
    public static void Write(long number, Span<byte> to)
    {
        for (var i = Length - 1; i >= 0; i--, number >>= BitsEach)
            to[i] = Characters[(int)(number & ((1 << BitsEach) - 1))];
    }

    /// <summary>Reads them; 0 where there are none.</summary>
    public static long Read(ReadOnlySpan<byte> text)
    {
        if (text.Length < Length)
            return 0;
        var number = 0L;
        foreach (var character in text[..Length])
        {
            var digit = Characters.IndexOf(character);
            if (digit < 0)
                return 0;
            number = (number << BitsEach) | (uint)digit;
        }

        return number;
    }
}
