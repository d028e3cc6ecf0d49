using Steelyard.Config.Expressions;

namespace Steelyard.Engine.Expressions;

/// <summary>Writes what becomes of a match: <c>\1</c> is its first group, <c>\0</c> all of it, <c>\\</c> a backslash.</summary>
internal static class PatternReplacement
{
    /// <summary>Replaces the first match, or all of them.</summary>
    public static bool TryReplace(BytePattern pattern, ReadOnlySpan<byte> text, ReadOnlySpan<byte> replacement, bool all, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        Span<int> captures = stackalloc int[(BytePattern.MostGroups + 1) * 2];
        var (start, at) = (room.Used, 0);
        while (at <= text.Length && pattern.TryMatch(text, at, captures))
        {
            if (!Copy(text[at..captures[0]], room) || !TryWrite(text, captures, replacement, room))
                return false;
            var empty = captures[1] == captures[0];
            at = captures[1];
            if (empty && at < text.Length && !Copy(text.Slice(at, 1), room))
                return false;
            at += empty ? 1 : 0;
            if (!all)
                break;
        }

        if (at < text.Length && !Copy(text[at..], room))
            return false;
        value = room.From(start);
        return true;
    }

    /// <summary>Writes what becomes of one match.</summary>
    public static bool TryWrite(ReadOnlySpan<byte> text, ReadOnlySpan<int> captures, ReadOnlySpan<byte> replacement, ExpressionRoom room)
    {
        while (true)
        {
            var escape = replacement.IndexOf((byte)'\\');
            if (escape < 0 || escape + 1 >= replacement.Length)
                return Copy(replacement, room);
            if (!Copy(replacement[..escape], room))
                return false;
            var next = replacement[escape + 1];
            replacement = replacement[(escape + 2)..];
            if (!char.IsAsciiDigit((char)next))
            {
                if (!room.TryTake(1, out var one))
                    return false;
                one[0] = next;
                continue;
            }

            var group = (next - '0') * 2;
            if (group + 1 < captures.Length && captures[group] >= 0 && !Copy(text[captures[group]..captures[group + 1]], room))
                return false;
        }
    }

    /// <summary>Writes bytes as they are.</summary>
    public static bool Copy(ReadOnlySpan<byte> bytes, ExpressionRoom room)
    {
        if (!room.TryTake(bytes.Length, out var taken))
            return false;
        bytes.CopyTo(taken);
        return true;
    }
}
