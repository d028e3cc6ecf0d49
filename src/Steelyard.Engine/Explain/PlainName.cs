using System.Text;

namespace Steelyard.Engine.Explain;

/// <summary>Names of reasons and states, as people and programs read them.</summary>
public static class PlainName
{
    /// <summary>A name in lower case with its words apart: <c>TurnOfLeastActive</c> is <c>turn-of-least-active</c>.</summary>
    public static string Of(string name, char separator = '-')
    {
        var text = new StringBuilder(name.Length + 8);
        foreach (var letter in name)
        {
            if (char.IsAsciiLetterUpper(letter) && text.Length > 0)
                text.Append(separator);
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }
}
