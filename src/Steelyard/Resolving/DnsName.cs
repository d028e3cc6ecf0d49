namespace Steelyard.Resolving;

/// <summary>Names as they stand in DNS messages (RFC 1035, 3.1 and 4.1.4).</summary>
internal static class DnsName
{
    private const int MostBytes = 255;
    private const int MostOfLabel = 63;

    /// <summary>Writes a name.</summary>
    /// <param name="name">Labels with dots between, one at the end or not.</param>
    /// <param name="target">Where it goes.</param>
    /// <returns>How many bytes it takes; 0 where it is no name, or has no room.</returns>
    public static int Write(string name, Span<byte> target)
    {
        var written = 0;
        foreach (var range in name.AsSpan().TrimEnd('.').Split('.'))
        {
            var label = name.AsSpan()[range];
            if (label.Length is 0 or > MostOfLabel || written + label.Length + 2 > Math.Min(target.Length, MostBytes) || label.ContainsAnyExceptInRange('!', '~'))
                return 0;
            target[written++] = (byte)label.Length;
            foreach (var letter in label)
                target[written++] = (byte)letter;
        }

        if (written == 0)
            return 0;
        target[written++] = 0;
        return written;
    }

    /// <summary>Reads a name, in lower case and without a dot at its end.</summary>
    /// <param name="message">The whole message, which compressed names lead back into.</param>
    /// <param name="at">Where it begins; then what follows it.</param>
    /// <param name="name">The name; empty for the root.</param>
    /// <returns>Whether it is one. Pointers that do not lead back, and dots within labels, are not believed.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int at, out string name)
    {
        name = "";
        Span<char> text = stackalloc char[MostBytes];
        var (length, position, least, jumped) = (0, at, at, false);
        while (true)
        {
            if (position >= message.Length)
                return false;
            var size = message[position];
            if (size == 0)
            {
                if (!jumped)
                    at = position + 1;
                name = new string(text[..Math.Max(0, length - 1)]);
                return true;
            }

            if ((size & 0xC0) == 0xC0)
            {
                if (position + 1 >= message.Length)
                    return false;
                var target = ((size & 0x3F) << 8) | message[position + 1];
                if (!jumped)
                    at = position + 2;

                // Each pointer leads before all that was read so far, so that there is an end to it.
                if (target >= least)
                    return false;
                (position, least, jumped) = (target, target, true);
                continue;
            }

            if (size > MostOfLabel || position + 1 + size > message.Length || length + size + 1 > MostBytes - 1)
                return false;
            foreach (var letter in message.Slice(position + 1, size))
            {
                if (letter is (byte)'.' or <= (byte)' ' or >= 0x7F)
                    return false;
                text[length++] = (char)(letter is >= (byte)'A' and <= (byte)'Z' ? letter + 32 : letter);
            }

            text[length++] = '.';
            position += 1 + size;
        }
    }
}
