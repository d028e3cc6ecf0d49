using System.Globalization;

namespace Steelyard.Config.Expressions;

/// <summary>Which of the first bytes of a connection an expression looks at (HAProxy: req.payload, req.len).</summary>
/// <param name="Offset">From where on.</param>
/// <param name="Length">How many; 0 for all that have come.</param>
public readonly record struct FirstBytes(int Offset, int Length)
{
    /// <summary>The most that are looked at.</summary>
    public const int Most = 4096;

    /// <summary>How many have to be there.</summary>
    public int Needed => Offset + Math.Max(Length, 1);

    /// <summary>Reads an offset and a length.</summary>
    public static bool TryParse(string text, out FirstBytes bytes)
    {
        bytes = default;
        var words = text.Split(' ');
        if (words.Length != 2 || !int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var offset) || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || offset > Most || length > Most || offset + Math.Max(length, 1) > Most)
            return false;
        bytes = new(offset, length);
        return true;
    }

    /// <summary>How many an expression needs; 0 for none.</summary>
    public static int NeededBy(Expression expression) => expression switch
    {
        FetchExpression { Kind: FetchKind.FirstLength } => 1,
        FetchExpression { Kind: FetchKind.FirstBytes, Name: var name } when TryParse(name, out var bytes) => bytes.Needed,
        _ => 0,
    };

    /// <summary>How many a condition needs; 0 for none.</summary>
    public static int NeededBy(Condition? condition)
    {
        var most = 0;
        if (condition is not null)
        {
            _ = ExpressionSearch.Any(condition, one =>
            {
                most = Math.Max(most, NeededBy(one));
                return false;
            });
        }

        return most;
    }
}
