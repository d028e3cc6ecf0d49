using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>A field of a head, which may have several lines, and several values in a line.</summary>
/// <param name="name">The name.</param>
/// <param name="ofResponse">Whether of the response's head.</param>
/// <param name="split">Whether what stands between commas is a value of its own.</param>
/// <param name="last">Whether the last one counts where one is asked for, and every one in comparisons.</param>
internal sealed class FieldValue(byte[] name, bool ofResponse, bool split, bool last) : CompiledValue
{
    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        var head = scope.HeadOf(ofResponse);
        var found = false;
        foreach (ref readonly var field in scope.FieldsOf(ofResponse))
        {
            if (field.NameLength != name.Length || !Ascii.EqualsIgnoreCase(field.Name(head), name))
                continue;
            value = field.Value(head);
            found = true;
            if (!last)
                break;
        }

        if (split)
            value = FieldText.Last(value);
        return found;
    }

    public override bool Any(scoped in TemplateScope scope, CompiledTest test)
    {
        if (!last)
            return base.Any(scope, test);
        var head = scope.HeadOf(ofResponse);
        foreach (ref readonly var field in scope.FieldsOf(ofResponse))
        {
            if (field.NameLength != name.Length || !Ascii.EqualsIgnoreCase(field.Name(head), name))
                continue;
            var rest = field.Value(head);
            if (!split)
            {
                if (test.Accepts(rest))
                    return true;
                continue;
            }

            for (var more = true; more;)
            {
                var first = FieldText.Cut(ref rest, out more);
                if (test.Accepts(first))
                    return true;
            }
        }

        return false;
    }
}

/// <summary>All lines of a field of the request, with commas between (RFC 9110, 5.3).</summary>
/// <param name="name">The name.</param>
internal sealed class FieldList(byte[] name) : CompiledValue
{
    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        var room = ExpressionRoom.OfThread;
        var (lines, start) = (0, room.Used);
        foreach (ref readonly var field in scope.Request.Fields.All)
        {
            if (field.NameLength != name.Length || !Ascii.EqualsIgnoreCase(field.Name(scope.Head), name))
                continue;
            if (lines++ == 0)
            {
                value = field.Value(scope.Head);
                continue;
            }

            // Most have one line, which stays where it is.
            if ((lines == 2 && !PatternReplacement.Copy(value, room)) || !PatternReplacement.Copy(", "u8, room) || !PatternReplacement.Copy(field.Value(scope.Head), room))
                return false;
            value = room.From(start);
        }

        return lines > 0;
    }
}

/// <summary>How many values between commas a field has, over all its lines.</summary>
/// <param name="name">The name.</param>
/// <param name="ofResponse">Whether of the response's head.</param>
internal sealed class FieldCount(byte[] name, bool ofResponse) : CompiledValue
{
    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        var head = scope.HeadOf(ofResponse);
        var count = 0;
        foreach (ref readonly var field in scope.FieldsOf(ofResponse))
        {
            if (field.NameLength != name.Length || !Ascii.EqualsIgnoreCase(field.Name(head), name))
                continue;
            var rest = field.Value(head);
            for (var more = true; more; count++)
                FieldText.Cut(ref rest, out more);
        }

        return ExpressionRoom.OfThread.TryWrite(count, out value);
    }
}

/// <summary>Cuts a field's value at its commas; those in double quotes are part of a value (RFC 9110, 5.6.1).</summary>
internal static class FieldText
{
    /// <summary>Takes the first value off.</summary>
    /// <param name="rest">What is left of the line.</param>
    /// <param name="more">Whether a comma stood behind it.</param>
    /// <returns>The value, without blanks around it.</returns>
    public static ReadOnlySpan<byte> Cut(ref ReadOnlySpan<byte> rest, out bool more)
    {
        var end = EndOfFirst(rest);
        more = end < rest.Length;
        var first = HttpBytes.Trim(rest[..end]);
        rest = more ? rest[(end + 1)..] : default;
        return first;
    }

    /// <summary>The value behind the last comma.</summary>
    public static ReadOnlySpan<byte> Last(ReadOnlySpan<byte> line)
    {
        for (var end = EndOfFirst(line); end < line.Length; end = EndOfFirst(line))
            line = line[(end + 1)..];
        return HttpBytes.Trim(line);
    }

    private static int EndOfFirst(ReadOnlySpan<byte> line)
    {
        var (quoted, end) = (false, 0);
        for (; end < line.Length; end++)
        {
            if (line[end] == '"')
                quoted = !quoted;
            else if (quoted && line[end] == '\\')
                end++;
            else if (!quoted && line[end] == ',')
                break;
        }

        return Math.Min(end, line.Length);
    }
}

/// <summary>Finds values in texts as <c>a=1&amp;b=2</c>.</summary>
internal static class QueryText
{
    public static bool TryFind(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name, byte separator, out ReadOnlySpan<byte> value, bool ignoreCase = false)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOf(separator);
            var pair = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            if ((pair.StartsWith(name) || (ignoreCase && pair.Length >= name.Length && Ascii.EqualsIgnoreCase(pair[..name.Length], name))) && (pair.Length == name.Length || pair[name.Length] == '='))
            {
                value = pair.Length == name.Length ? default : pair[(name.Length + 1)..];
                return true;
            }
        }

        value = default;
        return false;
    }
}
