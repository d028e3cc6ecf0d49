using System.Buffers.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Expressions;

/// <summary>Bytes as numbers, and which of several languages a client likes best: what HAProxy's be2dec, be2hex and language make.</summary>
internal static class BinaryText
{
    /// <summary>Numbers of so many bytes, the highest first.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="between">What stands between the numbers.</param>
    /// <param name="size">How many bytes a number has.</param>
    /// <param name="whole">Whether what is left over is left out.</param>
    /// <param name="asHex">Whether in hexadecimal digits.</param>
    /// <param name="room">Where it is made.</param>
    /// <param name="value">The text.</param>
    public static bool TryWriteNumbers(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> between, long size, bool whole, bool asHex, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        var start = room.Used;
        while (!bytes.IsEmpty && (!whole || bytes.Length >= size))
        {
            var one = bytes[..(int)Math.Min(size, bytes.Length)];
            bytes = bytes[one.Length..];
            if (room.Used > start && !PatternReplacement.Copy(between, room))
                return false;
            if (!(asHex ? TextFunctions.TryWriteHex(one, room, out _) : room.TryWrite(NumberOf(one), out _)))
                return false;
        }

        value = room.From(start);
        return true;
    }

    private static long NumberOf(ReadOnlySpan<byte> bytes)
    {
        var number = 0L;
        foreach (var one in bytes)
            number = (number << 8) | one;
        return number;
    }

    /// <summary>Which of the languages a field likes best: the first one of the greatest weight (RFC 9110, 12.5.4).</summary>
    /// <param name="field">The field's value.</param>
    /// <param name="known">The languages, with semicolons between.</param>
    /// <param name="otherwise">What it is where none is found; empty for nothing.</param>
    /// <param name="value">The language, as it is known.</param>
    public static bool TryFindLanguage(ReadOnlySpan<byte> field, ReadOnlySpan<byte> known, ReadOnlySpan<byte> otherwise, out ReadOnlySpan<byte> value)
    {
        value = otherwise;
        var best = 0;
        while (!field.IsEmpty)
        {
            var comma = field.IndexOf((byte)',');
            var one = comma < 0 ? field : field[..comma];
            field = comma < 0 ? default : field[(comma + 1)..];
            var semicolon = one.IndexOf((byte)';');
            var name = HttpBytes.Trim(semicolon < 0 ? one : one[..semicolon]);
            var weight = semicolon < 0 ? 1000 : WeightOf(HttpBytes.Trim(one[(semicolon + 1)..]));
            if (weight <= best || !TryFind(known, name, out var found))
                continue;
            best = weight;
            value = found;
        }

        return best > 0 || !otherwise.IsEmpty;
    }

    private static bool TryFind(ReadOnlySpan<byte> known, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> found)
    {
        if (Contains(known, name, out found))
            return true;
        var hyphen = name.IndexOf((byte)'-');
        return hyphen > 0 && Contains(known, name[..hyphen], out found);
    }

    private static bool Contains(ReadOnlySpan<byte> known, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> found)
    {
        found = default;
        while (!known.IsEmpty && !name.IsEmpty)
        {
            var semicolon = known.IndexOf((byte)';');
            var one = semicolon < 0 ? known : known[..semicolon];
            known = semicolon < 0 ? default : known[(semicolon + 1)..];
            if (!one.SequenceEqual(name))
                continue;
            found = one;
            return true;
        }

        return false;
    }

    /// <summary>A weight in thousandths; 0 for one that cannot be read.</summary>
    private static int WeightOf(ReadOnlySpan<byte> parameter)
    {
        if (!parameter.StartsWith("q="u8))
            return 1000;
        return Utf8Parser.TryParse(parameter[2..], out double weight, out _) && weight is >= 0 and <= 1 ? (int)(weight * 1000) : 0;
    }
}
