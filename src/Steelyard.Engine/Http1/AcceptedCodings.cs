using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Expressions;

namespace Steelyard.Engine.Http1;

/// <summary>Which codings a client takes (Accept-Encoding; RFC 9110, 12.5.3).</summary>
internal static class AcceptedCodings
{
    /// <summary>Which of several codings a client likes best, of equals the first that it names; null for none of them. A star is any that it does not name.</summary>
    public static ContentCoding? Choose(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<ContentCoding> codings)
    {
        // Of each the best that is said of it, and where; -1 for nothing. The last is the star's.
        Span<int> weights = stackalloc int[codings.Length + 1], places = stackalloc int[codings.Length + 1];
        weights.Fill(-1);
        var place = 0;
        foreach (ref readonly var field in request.Fields.All)
        {
            var list = IsAcceptEncoding(field, head) ? field.Value(head) : default;
            for (; !list.IsEmpty; place++)
            {
                var name = CodingOf(HttpBytes.NextMember(ref list), out var weight);
                var meant = name.SequenceEqual("*"u8) ? codings.Length : IndexOf(name, codings);
                if (meant >= 0 && weight > weights[meant])
                    (weights[meant], places[meant]) = (weight, place);
            }
        }

        var (best, bestPlace, chosen) = (0, 0, (ContentCoding?)null);
        for (var i = 0; i < codings.Length; i++)
        {
            var said = weights[i] < 0 ? codings.Length : i;
            if (weights[said] > best || (weights[said] == best && best > 0 && places[said] < bestPlace))
                (best, bestPlace, chosen) = (weights[said], places[said], codings[i]);
        }

        return chosen;
    }

    private static bool IsAcceptEncoding(in Field field, ReadOnlySpan<byte> head) =>
        field.NameLength == 15 && field.Known == KnownField.Other && Ascii.EqualsIgnoreCase(field.Name(head), "accept-encoding"u8);

    private static int IndexOf(ReadOnlySpan<byte> name, ReadOnlySpan<ContentCoding> codings)
    {
        for (var i = 0; i < codings.Length; i++)
        {
            if (IsOf(name, codings[i]))
                return i;
        }

        return -1;
    }

    private static bool IsOf(ReadOnlySpan<byte> name, ContentCoding coding) =>
        coding == ContentCoding.Gzip ? Ascii.EqualsIgnoreCase(name, "gzip"u8) || Ascii.EqualsIgnoreCase(name, "x-gzip"u8) : Ascii.EqualsIgnoreCase(name, "deflate"u8);

    /// <summary>The name of a member, and its weight in thousandths.</summary>
    private static ReadOnlySpan<byte> CodingOf(ReadOnlySpan<byte> member, out int weight)
    {
        weight = 1000;
        var semicolon = member.IndexOf((byte)';');
        if (semicolon < 0)
            return member;
        var parameter = HttpBytes.Trim(member[(semicolon + 1)..]);
        if (parameter.Length >= 3 && Ascii.EqualsIgnoreCase(parameter[..2], "q="u8))
            weight = WeightOf(parameter[2..]);
        return HttpBytes.Trim(member[..semicolon]);
    }

    // RFC 9110, 12.4.2: what is none counts as none.
    private static int WeightOf(ReadOnlySpan<byte> text)
    {
        if (text[0] is not ((byte)'0' or (byte)'1') || (text.Length > 1 && text[1] != '.') || text.Length > 5)
            return 0;
        var (weight, unit) = ((text[0] - '0') * 1000, 100);
        for (var i = 2; i < text.Length; i++, unit /= 10)
        {
            if (!char.IsAsciiDigit((char)text[i]))
                return 0;
            weight += (text[i] - '0') * unit;
        }

        return Math.Min(weight, 1000);
    }

    /// <summary>Whether gzip is among them by its name, as nginx reads it: with a weight that is not 0.</summary>
    public static bool HasGzip(ReadOnlySpan<byte> field)
    {
        for (var more = true; more;)
        {
            var coding = FieldText.Cut(ref field, out more);
            var semicolon = coding.IndexOf((byte)';');
            if (!Ascii.EqualsIgnoreCase(HttpBytes.Trim(semicolon < 0 ? coding : coding[..semicolon]), "gzip"u8))
                continue;
            return semicolon < 0 || !IsZero(HttpBytes.Trim(coding[(semicolon + 1)..]));
        }

        return false;
    }

    // q=0, q=0.0, q=0.00 and q=0.000.
    private static bool IsZero(ReadOnlySpan<byte> weight) =>
        weight.Length is >= 3 and <= 7 && Ascii.EqualsIgnoreCase(weight[..2], "q="u8) && weight[2] == '0' && (weight.Length == 3 || (weight[3] == '.' && weight[4..].IndexOfAnyExcept((byte)'0') < 0));
}
