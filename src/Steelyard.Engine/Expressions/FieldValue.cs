using System.Globalization;
using System.Text;
using Steelyard.Config.Expressions;
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
        if (!scope.MayHave(ofResponse, name.Length))
            return false;
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

/// <summary>All lines of a field of the request, with commas between (RFC 9110, 5.3); of Cookie with semicolons (RFC 9113, 8.2.3).</summary>
/// <param name="name">The name.</param>
internal sealed class FieldList(byte[] name) : CompiledValue
{
    private readonly byte[] _between = Ascii.EqualsIgnoreCase(name, "Cookie"u8) ? [.. "; "u8] : [.. ", "u8];

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
            if ((lines == 2 && !PatternReplacement.Copy(value, room)) || !PatternReplacement.Copy(_between, room) || !PatternReplacement.Copy(field.Value(scope.Head), room))
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

/// <summary>One of the values or lines of a field.</summary>
internal sealed class FieldValueAt : CompiledValue
{
    private readonly byte[] _name;
    private readonly int _place;
    private readonly bool _ofResponse;
    private readonly bool _split;

    /// <param name="fetch">Which field, and behind a blank which of them.</param>
    public FieldValueAt(FetchExpression fetch)
    {
        var blank = fetch.Name.IndexOf(' ', StringComparison.Ordinal);
        (_name, _place) = blank < 0 ? (Encoding.ASCII.GetBytes(fetch.Name), -1)
            : (Encoding.ASCII.GetBytes(fetch.Name[..blank]), int.TryParse(fetch.Name.AsSpan(blank + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var place) ? place : -1);
        _ofResponse = fetch.Kind is FetchKind.ResponseHeaderValueAt or FetchKind.ResponseHeaderLineAt;
        _split = fetch.Kind is FetchKind.HeaderValueAt or FetchKind.ResponseHeaderValueAt;
    }

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;

        // From the end the place is known once all are counted.
        var wanted = _place > 0 ? _place : Walk(scope, int.MaxValue, out _) + _place + 1;
        if (wanted > 0 && Walk(scope, wanted, out value) == wanted)
            return true;
        value = default;
        return false;
    }

    private int Walk(scoped in TemplateScope scope, int wanted, out ReadOnlySpan<byte> value)
    {
        value = default;
        var count = 0;
        var head = scope.HeadOf(_ofResponse);
        foreach (ref readonly var field in scope.FieldsOf(_ofResponse))
        {
            if (field.NameLength != _name.Length || !Ascii.EqualsIgnoreCase(field.Name(head), _name))
                continue;
            var rest = field.Value(head);
            for (var more = true; more;)
            {
                more = false;
                value = _split ? FieldText.Cut(ref rest, out more) : rest;
                if (++count == wanted)
                    return count;
            }
        }

        return count;
    }
}

/// <summary>Cookies of a name: each in comparisons, the last one elsewhere.</summary>
/// <param name="name">The name.</param>
internal sealed class CookieValues(byte[] name) : CompiledValue
{
    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value) => Cookies.TryFindLast(scope.Request, scope.Head, name, out value);

    public override bool Any(scoped in TemplateScope scope, CompiledTest test)
    {
        foreach (ref readonly var field in scope.Request.Fields.All)
        {
            if (field.NameLength != 6 || !Ascii.EqualsIgnoreCase(field.Name(scope.Head), "Cookie"u8))
                continue;
            for (var line = field.Value(scope.Head); Cookies.FindNext(ref line, name, out var value);)
            {
                if (!value.IsEmpty && test.Accepts(value))
                    return true;
            }
        }

        return false;
    }
}

/// <summary>How many lines a field has.</summary>
/// <param name="name">The name.</param>
/// <param name="ofResponse">Whether of the response's head.</param>
internal sealed class FieldLineCount(byte[] name, bool ofResponse) : CompiledValue
{
    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        var count = 0;
        var head = scope.HeadOf(ofResponse);
        foreach (ref readonly var field in scope.FieldsOf(ofResponse))
            count += field.NameLength == name.Length && Ascii.EqualsIgnoreCase(field.Name(head), name) ? 1 : 0;
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
    public static ReadOnlySpan<byte> Cut(scoped ref ReadOnlySpan<byte> rest, out bool more)
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
