using System.Net;
using Steelyard.Config.Text;

namespace Steelyard.Config.Expressions;

/// <summary>Whether something holds for a request or a response.</summary>
public abstract record Condition
{
    private protected Condition()
    {
    }

    /// <summary>Reads the text form.</summary>
    /// <param name="text">The text, as <c>path starts-with '/api' and not method is 'POST'</c>.</param>
    /// <param name="condition">The condition, when the text is one.</param>
    /// <param name="mistake">Why it is none.</param>
    internal static bool TryParse(string text, out Condition condition, out Mistake mistake) => ExpressionParser.TryParse(text, out condition, out mistake);

    /// <summary>The condition as the configuration writes it; reading that gives an equal one.</summary>
    public sealed override string ToString() => ExpressionWriter.Write(this);
}

/// <summary>One that always holds, or never.</summary>
/// <param name="Holds">Which of the two.</param>
public sealed record ConstantCondition(bool Holds) : Condition;

/// <summary>All of several.</summary>
/// <param name="Conditions">At least two; the first that does not hold ends the evaluation.</param>
public sealed record AllCondition(ValueList<Condition> Conditions) : Condition;

/// <summary>Any of several.</summary>
/// <param name="Conditions">At least two; the first that holds ends the evaluation.</param>
public sealed record AnyCondition(ValueList<Condition> Conditions) : Condition;

/// <summary>The contrary.</summary>
/// <param name="Inner">Of which.</param>
public sealed record NotCondition(Condition Inner) : Condition;

/// <summary>
/// A comparison. Of a field that can have several values, one has to meet it. What is absent meets nothing.
/// </summary>
/// <param name="Value">What is compared.</param>
/// <param name="Test">How.</param>
/// <param name="Patterns">With what; one of them has to fit. None for <see cref="TestKind.Present"/>.</param>
/// <param name="IgnoreCase">Whether without regard to the case of ASCII letters.</param>
public sealed record TestCondition(Expression Value, TestKind Test, ValueList<string> Patterns = default, bool IgnoreCase = false) : Condition
{
    /// <summary>Reads a pattern of <see cref="TestKind.Network"/> that has been read before.</summary>
    /// <exception cref="ArgumentException">It is no network.</exception>
    public static IPNetwork ParseNetwork(string pattern) =>
        NetworkText.TryParse(pattern, out var network, out var mistake) ? network : throw new ArgumentException(mistake.Message, nameof(pattern));
}

/// <summary>A comparison with the patterns of a <see cref="PatternListSettings"/> as they are now (HAProxy: -f).</summary>
/// <param name="Value">What is compared.</param>
/// <param name="Test">How.</param>
/// <param name="List">The name of the list; one of its patterns has to fit.</param>
/// <param name="IgnoreCase">Whether without regard to the case of ASCII letters.</param>
public sealed record ListCondition(Expression Value, TestKind Test, string List, bool IgnoreCase = false) : Condition;

/// <summary>The ways to compare a value.</summary>
public enum TestKind
{
    /// <summary>There is such a value, an empty one included (HAProxy: -m found).</summary>
    Present,

    /// <summary>It is the pattern (HAProxy: -m str).</summary>
    Is,

    /// <summary>It starts with the pattern (HAProxy: -m beg).</summary>
    Starts,

    /// <summary>It ends with the pattern (HAProxy: -m end).</summary>
    Ends,

    /// <summary>The pattern is somewhere in it (HAProxy: -m sub).</summary>
    Contains,

    /// <summary>The pattern stands in it between slashes (HAProxy: -m dir).</summary>
    Directory,

    /// <summary>The pattern stands in it between dots (HAProxy: -m dom).</summary>
    Domain,

    /// <summary>An expression matches somewhere in it, see <see cref="BytePattern"/> (HAProxy: -m reg; nginx: ~).</summary>
    Matches,

    /// <summary>It is an address in the network (HAProxy: -m ip; nginx: geo).</summary>
    Network,

    /// <summary>It is a number in the range, such as <c>10:20</c>, <c>5:</c> or <c>7</c> (HAProxy: -m int).</summary>
    Range,

    /// <summary>Its length in bytes is in the range (HAProxy: -m len).</summary>
    Length,

    /// <summary>It is a user and a password, with a colon between, and the pattern is that user with what became of the password (nginx: auth_basic).</summary>
    User,
}

/// <summary>The words for <see cref="TestKind"/>.</summary>
internal static class TestTable
{
    public static IReadOnlyList<(string Word, TestKind Kind, string Description)> Rows { get; } =
    [
        ("is", TestKind.Is, "it is one of them"),
        ("starts-with", TestKind.Starts, "it starts with one of them"),
        ("ends-with", TestKind.Ends, "it ends with one of them"),
        ("contains", TestKind.Contains, "one of them is somewhere in it"),
        ("in-directory", TestKind.Directory, "one of them stands in it between slashes"),
        ("in-domain", TestKind.Domain, "one of them stands in it between dots"),
        ("matches", TestKind.Matches, "one of them, a regular expression, matches somewhere in it"),
        ("in-network", TestKind.Network, "it is an address in one of them, such as `10.0.0.0/8`"),
        ("in-range", TestKind.Range, "it is a number in one of them, such as `10:20`, `5:` or `7`"),
        ("has-length", TestKind.Length, "its length in bytes is in one of them"),
        ("is-user", TestKind.User, "it is a user, a colon and the password of that user, as in `joe:$apr1$...`, a line that `htpasswd` writes: apr1, `{SHA}`, `{SSHA}`, `{PLAIN}`, and what the system's crypt knows"),
    ];

    public static string WordOf(TestKind kind)
    {
        foreach (var row in Rows)
        {
            if (row.Kind == kind)
                return row.Word;
        }

        throw new ArgumentOutOfRangeException(nameof(kind));
    }

    /// <summary>Whether a pattern can be compared with so.</summary>
    public static bool IsPattern(TestKind kind, string pattern, bool ignoreCase, out Mistake mistake)
    {
        mistake = default;
        switch (kind)
        {
            case TestKind.Matches:
                _ = BytePattern.TryParse(pattern, ignoreCase, out _, out mistake);
                break;
            case TestKind.Network:
                _ = NetworkText.TryParse(pattern, out _, out mistake);
                break;
            case TestKind.User when !IsUser(pattern):
                mistake = new($"{Shown.Quote(pattern)} is not a user with a password", "a line as htpasswd writes it, such as joe:$apr1$...");
                break;
            case TestKind.Range or TestKind.Length when !NumberRange.TryParse(pattern, out _):
                mistake = new($"{Shown.Quote(pattern)} is not a range of numbers", "such as 7, 10:20, 5: or :9");
                break;
        }

        return mistake.Message is null;
    }

    private static bool IsUser(string pattern) =>
        pattern.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && colon < pattern.Length - 1 && pattern.AsSpan(colon + 1).IndexOfAnyExceptInRange('!', '~') < 0;
}

/// <summary>Whole numbers in a row.</summary>
/// <param name="First">The smallest.</param>
/// <param name="Last">The largest.</param>
public readonly record struct NumberRange(long First, long Last)
{
    /// <summary>Whether a number is one of them.</summary>
    public bool Contains(long number) => number >= First && number <= Last;

    /// <summary>Reads <c>7</c>, <c>10:20</c>, <c>5:</c> or <c>:9</c>.</summary>
    public static bool TryParse(string text, out NumberRange range)
    {
        range = default;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (first, last) = colon < 0 ? (text, text) : (text[..colon], text[(colon + 1)..]);
        if ((first.Length == 0 && last.Length == 0) || !TryParse(first, long.MinValue, out var from) || !TryParse(last, long.MaxValue, out var to) || from > to)
            return false;
        range = new(from, to);
        return true;
    }

    private static bool TryParse(string text, long otherwise, out long number)
    {
        number = otherwise;
        return text.Length == 0 || long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out number);
    }
}
