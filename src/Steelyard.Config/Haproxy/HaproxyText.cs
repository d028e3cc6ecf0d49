using System.Text;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Haproxy;

/// <summary>
/// Cuts a haproxy.cfg into lines of words, as its manual has it (2.2): blanks separate, a backslash keeps the next
/// character, single quotes keep everything, double quotes all but backslashes and variables of the environment.
/// </summary>
internal sealed class HaproxyText(SourceText source, IDictionary<string, string?> environment, ProblemList problems)
{
    private const int MostExpanded = 64 * 1024;

    private readonly string _text = source.Text;
    // A byte that an escape makes is no letter: it stands as half a surrogate pair until the word is whole.
    private const char Aside = '\uDC00';
    private const int FirstEscaped = 0x80;

    private readonly StringBuilder _word = new();
    private bool _escapes;
    private int _at;

    /// <summary>The next line that has words; null at the end.</summary>
    public IReadOnlyList<Word>? Next()
    {
        List<Word> words = [];
        while (_at < _text.Length)
        {
            var letter = _text[_at];
            if (letter == '\n')
            {
                _at++;
                if (words.Count > 0)
                    return words;
            }
            else if (letter is ' ' or '\t' or '\r')
            {
                _at++;
            }
            else if (letter == '#')
            {
                while (_at < _text.Length && _text[_at] != '\n')
                    _at++;
            }
            else
            {
                ReadWord(words);
            }
        }

        return words.Count > 0 ? words : null;
    }

    private void ReadWord(List<Word> words)
    {
        var start = _at;
        var (quoted, inDouble) = (false, false);
        _word.Clear();
        _escapes = false;
        while (_at < _text.Length && _text[_at] != '\n')
        {
            var letter = _text[_at];
            if (!inDouble && letter is ' ' or '\t' or '\r' or '#' && !inDouble)
                break;
            if (letter == '"')
            {
                (quoted, inDouble) = (true, !inDouble);
                _at++;
            }
            else if (letter == '\'' && !inDouble)
            {
                quoted = true;
                if (!ReadSingleQuoted())
                    return;
            }
            else if (letter == '\\')
            {
                ReadEscape(inDouble);
            }
            else if (letter == '$' && inDouble)
            {
                if (ReadVariable() is { Length: > 1 } several)
                {
                    // All but the last are words of their own, to which what stands before and behind them is joined.
                    foreach (var one in several[..^1])
                    {
                        _word.Append(one);
                        words.Add(new(Text(out var itsBytes), new(source, start, _at), true) { Escaped = itsBytes });
                        _word.Clear();
                    }

                    _word.Append(several[^1]);
                }
            }
            else
            {
                _word.Append(letter);
                _at++;
            }
        }

        if (inDouble)
            problems.Error(new(source, start, Math.Min(_at, _text.Length)), "a double quote is never closed in this line", "its other half; \\\" for the character itself");
        if (_word.Length > MostExpanded)
            problems.Error(new(source, start, _at), "the word is longer than 64 KiB");
        words.Add(new(Text(out var bytes), new(source, start, _at), quoted) { Escaped = bytes });
    }

    /// <summary>The word, and where escapes have made bytes of it, those of all of it.</summary>
    private string Text(out string? bytes)
    {
        bytes = null;
        if (!_escapes)
            return _word.ToString();
        var (text, all) = (new StringBuilder(), new StringBuilder());
        for (var i = 0; i < _word.Length; i++)
        {
            var length = char.IsHighSurrogate(_word[i]) && i + 1 < _word.Length ? 2 : 1;
            if (length == 1 && char.IsLowSurrogate(_word[i]))
            {
                text.Append((char)(_word[i] - Aside));
                all.Append((char)(_word[i] - Aside));
                continue;
            }

            var letter = _word.ToString(i, length);
            text.Append(letter);
            all.Append(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(letter)));
            i += length - 1;
        }

        bytes = all.ToString();
        return text.ToString();
    }

    private bool ReadSingleQuoted()
    {
        var start = _at++;
        while (_at < _text.Length && _text[_at] is not ('\'' or '\n'))
            _word.Append(_text[_at++]);
        if (_at < _text.Length && _text[_at] == '\'')
        {
            _at++;
            return true;
        }

        problems.Error(new(source, start, _at), "a single quote is never closed in this line", "its other half; \\' for the character itself");
        return false;
    }

    private void ReadEscape(bool inDouble)
    {
        if (_at + 1 >= _text.Length || _text[_at + 1] == '\n')
        {
            _at++;
            return;
        }

        var next = _text[_at + 1];
        if (next == 'x' && _at + 3 < _text.Length && char.IsAsciiHexDigit(_text[_at + 2]) && char.IsAsciiHexDigit(_text[_at + 3]))
        {
            var escaped = (char)Convert.ToInt32(_text.Substring(_at + 2, 2), 16);
            _escapes |= escaped >= FirstEscaped;
            _word.Append(escaped < FirstEscaped ? escaped : (char)(escaped + Aside));
            _at += 4;
            return;
        }

        var plain = next switch { 'n' => '\n', 'r' => '\r', 't' => '\t', ' ' or '#' or '\\' or '\'' or '"' => next, '$' when inDouble => next, _ => (char)0 };
        if (plain == 0)
        {
            // What needs no backslash keeps it, as expressions want.
            _word.Append('\\');
            _at++;
            return;
        }

        _word.Append(plain);
        _at += 2;
    }

    /// <summary>Reads <c>$NAME</c>, <c>${NAME}</c> or <c>${NAME-otherwise}</c> into the word.</summary>
    /// <returns>Of <c>${NAME[*]}</c> its words, where there are several, which are not in the word.</returns>
    private string[]? ReadVariable()
    {
        var begun = _at++;
        var braces = _at < _text.Length && _text[_at] == '{';
        _at += braces ? 1 : 0;
        var nameStart = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
            _at++;
        var name = _text[nameStart.._at];
        string? otherwise = null;
        var isSeveral = false;
        if (braces)
        {
            isSeveral = string.CompareOrdinal(_text, _at, "[*]", 0, 3) == 0;
            _at += isSeveral ? 3 : 0;
            var end = _text.IndexOf('}', _at);
            if (end < 0 || _text.AsSpan(_at, end - _at).Contains('\n') || (end > _at && _text[_at] != '-'))
            {
                problems.Error(new(source, begun, Math.Min(_at + 1, _text.Length)), "a variable of the environment that cannot be read", "such as \"${NAME}\" or \"${NAME-otherwise}\"");
                _at = end < 0 ? _text.Length : end + 1;
                return null;
            }

            otherwise = end > _at ? _text[(_at + 1)..end] : null;
            _at = end + 1;
        }

        if (name.Length == 0)
        {
            problems.Error(new(source, begun, _at), "a '$' without the name of a variable", "\\$ for the character itself");
            return null;
        }

        var value = (environment.TryGetValue(name, out var set) ? set : null) ?? otherwise ?? "";
        if (isSeveral && value.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries) is { Length: > 1 } parts)
            return parts;
        _word.Append(isSeveral ? value.Trim() : value);
        return null;
    }
}
