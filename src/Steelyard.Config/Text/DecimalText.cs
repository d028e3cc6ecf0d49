using System.Globalization;

namespace Steelyard.Config.Text;

/// <summary>Whole numbers as the configuration writes them: decimal digits, nothing else.</summary>
internal static class DecimalText
{
    public static int LeadingDigits(string text)
    {
        var end = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }

    public static bool TryParse(string text, long least, long most, out long number, out Mistake mistake)
    {
        mistake = default;
        var expected = $"a whole number from {least} to {most}";
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
            mistake = IsNumber(text) ? new($"{Shown.Quote(text)} is out of range", expected) : new($"{Shown.Quote(text)} is not a whole number", expected);
        else if (number < least || number > most)
            mistake = new($"{number} is out of range", expected);
        // Elsewhere 010 is eight; who wrote it may mean either.
        else if (text[0] == '+' || (text.Length > 1 && text[0] == '0'))
            mistake = new($"{Shown.Quote(text)} is not how a number is written", "the digits alone, without a sign or leading zeros", number.ToString(CultureInfo.InvariantCulture));
        return mistake.Message is null;
    }

    private static bool IsNumber(string text) => text.Length > 0 && LeadingDigits(text.TrimStart('-')) == text.TrimStart('-').Length && text != "-";
}
