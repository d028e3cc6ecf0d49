using System.Buffers;
using System.Text;

namespace Steelyard.Engine.Expressions;

/// <summary>A text within the quotes of JSON, all of it ASCII, as HAProxy's <c>json</c> has it.</summary>
internal static class JsonText
{
    /// <summary>Writes the text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="encoding">What it is made of: ascii, utf8, utf8s, utf8p or utf8ps.</param>
    /// <param name="room">Where it is made.</param>
    /// <param name="value">What it became; absent where it is not made of that.</param>
    public static bool TryWrite(ReadOnlySpan<byte> text, ReadOnlySpan<byte> encoding, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        var (start, isUtf8) = (room.Used, encoding[0] == 'u');
        var (leavesOut, takesLong) = (encoding[^1] == 's', encoding.IndexOf((byte)'p') > 0);
        while (!text.IsEmpty)
        {
            var (code, length) = ((int)text[0], 1);
            if (isUtf8 && code >= 0x80)
            {
                var status = Rune.DecodeFromUtf8(text, out var rune, out length);
                if (status == OperationStatus.Done)
                {
                    code = rune.Value;
                }
                else if (takesLong && TryReadLong(text, out code))
                {
                    length = 2;
                }
                else
                {
                    if (!leavesOut)
                        return false;
                    text = text[length..];
                    continue;
                }
            }

            if (!TryWriteOne(code, room))
                return false;
            text = text[length..];
        }

        value = room.From(start);
        return true;
    }

    // Two bytes where one would do.
    private static bool TryReadLong(ReadOnlySpan<byte> text, out int code)
    {
        code = text.Length > 1 && text[0] is 0xC0 or 0xC1 && (text[1] & 0xC0) == 0x80 ? ((text[0] & 0x1F) << 6) | (text[1] & 0x3F) : -1;
        return code >= 0;
    }

    private static bool TryWriteOne(int code, ExpressionRoom room)
    {
        if (code < 0x80 && "\"\\\b\f\n\r\t/"u8.IndexOf((byte)code) is >= 0 and var known)
            return PatternReplacement.Copy([(byte)'\\', "\"\\bfnrt/"u8[known]], room);
        if (code is >= 0x20 and < 0x7F)
            return PatternReplacement.Copy([(byte)code], room);
        if (code <= 0xFFFF)
            return TryWriteEscape(code, room);

        // RFC 8259, 7: as two surrogates.
        code -= 0x10000;
        return TryWriteEscape(0xD800 | (code >> 10), room) && TryWriteEscape(0xDC00 | (code & 0x3FF), room);
    }

    private static bool TryWriteEscape(int unit, ExpressionRoom room)
    {
        if (!room.TryTake(6, out var written))
            return false;
        (written[0], written[1]) = ((byte)'\\', (byte)'u');
        for (var i = 5; i > 1; i--, unit >>= 4)
            written[i] = "0123456789abcdef"u8[unit & 15];
        return true;
    }
}
