using System.Text;

namespace Steelyard.Config.Text;

/// <summary>Goes through a text with parts in braces; <c>{{</c> and <c>}}</c> are braces themselves.</summary>
/// <param name="text">The text.</param>
/// <param name="example">What may stand in braces, for messages, such as <c>a variable such as {host}</c>.</param>
internal struct BracedText(string text, string example)
{
    private readonly StringBuilder _literal = new();
    private int _at;

    /// <summary>Goes to the next part in braces, or to the end.</summary>
    /// <param name="literal">What stands before it.</param>
    /// <param name="part">What is in the braces; null at the end.</param>
    /// <param name="mistake">What is wrong with it.</param>
    /// <returns>Whether nothing is.</returns>
    public bool TryNext(out string literal, out string? part, out Mistake mistake)
    {
        (part, mistake) = (null, default);
        _literal.Clear();
        for (; _at < text.Length && part is null; _at++)
        {
            var letter = text[_at];
            if (letter is not ('{' or '}'))
            {
                _literal.Append(letter);
            }
            else if (_at + 1 < text.Length && text[_at + 1] == letter)
            {
                _literal.Append(letter);
                _at++;
            }
            else if ((letter == '}' ? -1 : EndOf(_at)) is >= 0 and var end)
            {
                part = text[(_at + 1)..end];
                _at = end;
            }
            else
            {
                literal = "";
                mistake = new($"a '{letter}' without its other half in {Shown.Quote(text)}", $"{example}, or {new string(letter, 2)} for the brace itself");
                return false;
            }
        }

        literal = _literal.ToString();
        return true;
    }

    // What is in quotes may hold braces.
    private readonly int EndOf(int start)
    {
        var quoted = false;
        for (var i = start; i < text.Length; i++)
        {
            if (quoted && text[i] == '\\')
                i++;
            else if (text[i] == '\'')
                quoted = !quoted;
            else if (!quoted && text[i] == '}')
                return i;
        }

        return -1;
    }
}
