using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Steelyard.Engine.Lists;

/// <summary>
/// Bytes as text and back without loss: UTF-8, where each byte that is none is a surrogate without its other half, U+DC80
/// to U+DCFF. Requests bring any bytes, and what they put into a list has to be found again.
/// </summary>
public static class BytesText
{
    /// <summary>The text that bytes are.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes);
        var text = new StringBuilder(bytes.Length);
        Span<char> letters = stackalloc char[2];
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var length) == OperationStatus.Done)
            {
                text.Append(letters[..rune.EncodeToUtf16(letters)]);
            }
            else
            {
                foreach (var each in bytes[..length])
                    text.Append((char)(0xDC00 + each));
            }

            bytes = bytes[length..];
        }

        return text.ToString();
    }

    /// <summary>The bytes that a text is.</summary>
    public static byte[] Encode(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uDC80', '\uDCFF') < 0)
            return Encoding.UTF8.GetBytes(text);
        var bytes = new ArrayBufferWriter<byte>(text.Length);
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            var isLetter = Rune.DecodeFromUtf16(rest, out var rune, out var length) == OperationStatus.Done;
            if (!isLetter && rest[0] is >= '\uDC80' and <= '\uDCFF')
                bytes.Write([(byte)(rest[0] - 0xDC00)]);
            else
                bytes.Advance(rune.EncodeToUtf8(bytes.GetSpan(4)));
            rest = rest[length..];
        }

        return bytes.WrittenSpan.ToArray();
    }
}
