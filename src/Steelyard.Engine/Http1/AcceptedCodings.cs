using System.Text;
using Steelyard.Engine.Expressions;

namespace Steelyard.Engine.Http1;

/// <summary>Which codings a client takes, as nginx reads Accept-Encoding: gzip, with a weight that is not 0 (RFC 9110, 12.5.3).</summary>
internal static class AcceptedCodings
{
    /// <summary>Whether gzip is among them by its name.</summary>
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
