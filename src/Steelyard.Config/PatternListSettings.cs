using System.Globalization;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config;

/// <summary>
/// Patterns that conditions and <c>lookup</c> compare with, which rules and operators change while requests are served
/// (HAProxy: files of ACLs and of maps).
/// </summary>
public sealed record PatternListSettings
{
    private static readonly string[] s_words = ["text", "groups", "numbers", "addresses"];

    /// <summary>The name by which conditions and rules know it: 1 to 1,024 characters, in HAProxy's files that of the file.</summary>
    public required string Name { get; init; }

    /// <summary>The number by which commands know it, from 0; null for its place among the lists (HAProxy: the id that <c>show map</c> tells, option -u of an ACL).</summary>
    public int? Number { get; init; }

    /// <summary>Where it is from and who asks for it, for people; empty for nothing.</summary>
    public string Description { get; init; } = "";

    /// <summary>Whether its patterns have values.</summary>
    public bool IsMap { get; init; }

    /// <summary>What it holds at the start, in the order of the file; a pattern may be there several times.</summary>
    public ValueList<PatternEntry> Entries { get; init; }

    /// <summary>How it is looked up, each way once. Found out by the checks, not written.</summary>
    public ValueList<ListUse> Uses { get; init; }

    /// <summary>What is wrong with a pattern that is to be compared with so; null for nothing.</summary>
    /// <param name="test">How it is compared.</param>
    /// <param name="pattern">The pattern.</param>
    /// <param name="ignoreCase">Whether without regard to the case of ASCII letters.</param>
    public static string? FindMistake(TestKind test, string pattern, bool ignoreCase) =>
        TestTable.IsPattern(test, Of(test, pattern), ignoreCase, out var mistake) ? null : mistake.Message;

    /// <summary>Whether a value can be one of a list.</summary>
    /// <param name="values">What they are.</param>
    /// <param name="value">The value.</param>
    public static bool IsValue(ListValues values, string value) => values switch
    {
        ListValues.Numbers => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        ListValues.Addresses => System.Net.IPAddress.TryParse(value, out _),
        _ => true,
    };

    internal static string WordOf(ListValues values) => s_words[(int)values];

    internal static bool TryFindValues(string word, out ListValues values)
    {
        var index = Array.IndexOf(s_words, word);
        values = (ListValues)Math.Max(index, 0);
        return index > 0;
    }

    /// <summary>A pattern as comparisons read it: of a network the address where it begins.</summary>
    public static string Of(TestKind test, string pattern) => test == TestKind.Network ? NetworkText.Masked(pattern) : pattern;
}

/// <summary>A way in which a list is looked up.</summary>
/// <param name="Test">How its patterns are compared.</param>
/// <param name="IgnoreCase">Whether without regard to the case of ASCII letters.</param>
/// <param name="Values">What its values are; null where only patterns count.</param>
public readonly record struct ListUse(TestKind Test, bool IgnoreCase, ListValues? Values);

/// <summary>A pattern of a list.</summary>
/// <param name="Pattern">The pattern.</param>
/// <param name="Value">What it stands for; null in a list that is no map.</param>
public readonly record struct PatternEntry(string Pattern, string? Value = null);
