using System.Globalization;
using System.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Fuzz.Targets;

/// <summary>The chunked coding once more, as plainly as it can be written: lines of a whole text. What the engine's decoder is held against.</summary>
internal static class ReferenceChunks
{
    private const int MostSizeDigits = 15;
    private const int LongestExtension = 1024;
    private const int LongestTrailers = 8192;
    private const int MostTrailers = 100;

    /// <summary>Decodes a body that is there as a whole.</summary>
    /// <param name="coded">The bytes, with whatever follows the body.</param>
    /// <param name="data">The data as far as it could be read.</param>
    /// <param name="used">Where the body ends.</param>
    /// <returns>Whether the body is complete.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> coded, out byte[] data, out int used) => TryDecode(coded, out data, out used, out _);

    /// <summary>Decodes a body that is there as a whole, and says where its trailers start.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> coded, out byte[] data, out int used, out int trailers)
    {
        var decoded = new List<byte>();
        used = trailers = 0;
        while (true)
        {
            data = [.. decoded];
            if (!TryReadLine(coded, ref used, out var line) || !TryReadSize(line, out var size))
                return false;
            trailers = used;
            if (size == 0)
                return TryReadTrailers(coded, ref used);
            var there = (int)Math.Min(size, coded.Length - used);
            decoded.AddRange(coded.Slice(used, there));
            used += there;
            data = [.. decoded];
            if (there < size || !TryReadLine(coded, ref used, out var end) || end.Length > 0)
                return false;
        }
    }

    private static bool TryReadLine(ReadOnlySpan<byte> coded, ref int at, out string line)
    {
        var length = coded[at..].IndexOf("\r\n"u8);
        line = length < 0 ? "" : Encoding.Latin1.GetString(coded.Slice(at, length));
        at += length + 2;
        return length >= 0 && !line.Any(c => (c < ' ' && c != '\t') || c == 0x7f);
    }

    private static bool TryReadSize(string line, out long size)
    {
        var digits = line.TakeWhile(char.IsAsciiHexDigit).Count();
        var rest = line[digits..];
        size = 0;
        return digits is > 0 and <= MostSizeDigits
            && (rest.Length == 0 || (rest.TrimStart(' ', '\t').StartsWith(';') && rest.Length - 1 <= LongestExtension))
            && long.TryParse(line.AsSpan(0, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out size);
    }

    private static bool TryReadTrailers(ReadOnlySpan<byte> coded, ref int at)
    {
        var (length, count) = (0, 0);
        while (TryReadLine(coded, ref at, out var line))
        {
            if (line.Length == 0)
                return true;
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            length += line.Length;
            if (colon <= 0 || length > LongestTrailers || ++count > MostTrailers || Encoding.Latin1.GetBytes(line[..colon]).AsSpan().IndexOfAnyExcept(HttpBytes.Token) >= 0)
                return false;
        }

        return false;
    }
}
