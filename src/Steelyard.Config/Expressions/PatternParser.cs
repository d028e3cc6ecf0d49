using System.Text;
using Steelyard.Config.Text;

namespace Steelyard.Config.Expressions;

/// <summary>Reads a regular expression and compiles it, see <see cref="BytePattern"/>.</summary>
internal sealed class PatternParser
{
    private const int MostRepetitions = 1000;
    private const int DeepestNesting = 100;
    private const int MostStepsOfLook = 1024;
    private const int LongestLook = 128;
    private const int LongestLookBehind = 32;
    private const string Unlimited = "letters, . [] () | * + ? {} ^ $ \\d \\w \\s \\b and their like";

    private readonly byte[] _text;
    private PatternSteps _steps = new();
    private readonly List<string?> _names = [];
    private bool _ignoreCase;
    private int _at;
    private int _depth;
    private bool _isLook;
    private Mistake _mistake;

    private PatternParser(string text, bool ignoreCase) => (_text, _ignoreCase) = (Encoding.UTF8.GetBytes(text), ignoreCase);

    public static bool TryParse(string text, bool ignoreCase, out BytePattern pattern, out Mistake mistake)
    {
        var parser = new PatternParser(text, ignoreCase);
        pattern = parser.Read()!;
        mistake = parser._mistake;
        return mistake.Message is null;
    }

    internal static bool IsWord(byte value) => char.IsAsciiLetterOrDigit((char)value) || value == '_';

    private BytePattern? Read()
    {
        Emit(new(StepKind.Save, 0));
        ReadAlternatives();
        if (_mistake.Message is null && _at < _text.Length)
            Fail("a ')' without its other half", "\\) for the character itself");
        Emit(new(StepKind.Save, 1));
        Emit(new(StepKind.Match));
        return _mistake.Message is null ? new(_steps.ToArray(), _names.Count, _names, _steps.FirstBytes()) : null;
    }

    private void ReadAlternatives()
    {
        if (++_depth > DeepestNesting)
        {
            Fail($"brackets are more than {DeepestNesting} deep", "a simpler expression");
            return;
        }

        var (ignoreCase, start) = (_ignoreCase, _steps.Count);
        List<int> ends = [];
        ReadSequence();
        while (_mistake.Message is null && Take('|'))
        {
            _steps.Insert(start, new(StepKind.Split, start + 1, _steps.Count + 2));
            ends.Add(_steps.Count);
            Emit(new(StepKind.Jump));
            start = _steps.Count;
            ReadSequence();
        }

        if (_mistake.Message is null)
        {
            foreach (var end in ends)
                _steps[end] = new(StepKind.Jump, _steps.Count);
        }

        (_ignoreCase, _depth) = (ignoreCase, _depth - 1);
    }

    private void ReadSequence()
    {
        while (_mistake.Message is null && _at < _text.Length && _text[_at] is not ((byte)'|' or (byte)')'))
        {
            var start = _steps.Count;
            var repeats = ReadAtom();
            ReadRepetitions(start, repeats);
        }
    }

    /// <returns>Whether it can be repeated.</returns>
    private bool ReadAtom()
    {
        var letter = _text[_at++];
        switch ((char)letter)
        {
            case '.':
                EmitSet(value => value != '\n');
                return true;
            case '^':
                Emit(new(StepKind.Begin));
                return false;
            case '$':
                Emit(new(StepKind.End));
                return false;
            case '(':
                return ReadGroup();
            case '[':
                ReadClass();
                return true;
            case '\\':
                return ReadEscape();
            case '*' or '+' or '?':
                Fail($"a '{(char)letter}' with nothing before it to repeat", $"\\{(char)letter} for the character itself");
                return false;
            default:
                EmitByte(letter);
                return true;
        }
    }

    private bool ReadGroup()
    {
        string? name = null;
        var captures = true;
        if (Take('?'))
        {
            captures = false;
            if (Take('P') | (Peek('<') && _at + 1 < _text.Length && _text[_at + 1] is not ((byte)'=' or (byte)'!')))
            {
                name = ReadName();
                captures = true;
            }
            else if (Take('i'))
            {
                _ignoreCase = true;
                if (Take(')'))
                    return false;
                if (!Take(':'))
                    Fail("options other than i", "(?i)");
            }
            else if (!Take(':'))
            {
                ReadLook();
                return false;
            }
        }

        if (_mistake.Message is not null)
            return false;
        var group = captures ? _names.Count + 1 : 0;
        if (captures)
            _names.Add(name);
        if (group > BytePattern.MostGroups)
            Fail($"more than {BytePattern.MostGroups} groups", "(?: ) for those whose match is not needed");
        if (captures)
            Emit(new(StepKind.Save, group * 2));
        ReadAlternatives();
        if (captures)
            Emit(new(StepKind.Save, (group * 2) + 1));
        if (_mistake.Message is null && !Take(')'))
            Fail("a '(' without its other half", "\\( for the character itself");
        return true;
    }

    /// <summary>Reads what has to stand before or behind a place, or must not, without being of the match.</summary>
    private void ReadLook()
    {
        var behind = Take('<');
        var negative = Take('!');
        if (_isLook || (!negative && !Take('=')))
        {
            Fail(_isLook ? "look-around within look-around" : "a '(?' that is not known here", "(?: ), (?= ), (?! ), (?<= ) or (?<! )");
            return;
        }

        var (outer, groups, anchored) = (_steps, _names.Count, _steps.IsAtBegin);
        (_steps, _isLook) = (new(), true);
        ReadAlternatives();
        Emit(new(StepKind.Match));
        var within = _steps.ToArray();
        (_steps, _isLook) = (outer, false);
        if (_mistake.Message is null && !Take(')'))
            Fail("a '(' without its other half", "\\( for the character itself");
        if (_mistake.Message is not null)
            return;
        var (least, most) = within.Length > MostStepsOfLook ? (0, -1) : PatternSteps.Lengths(within);
        if (!negative && _names.Count > groups)
            Fail("groups in a look-around that are remembered", "(?: ) in it");
        else if (behind && (most is < 0 or > LongestLookBehind || Array.Exists(within, step => step.Kind is StepKind.End or StepKind.Boundary)))
            Fail($"a look-behind that is not of a length, or longer than {LongestLookBehind} bytes", "a text, or texts between |");
        else if (!behind && !anchored && most is < 0 or > LongestLook)
            Fail($"a look-ahead of more than {LongestLook} bytes that is not right behind ^: its time cannot be foretold", "one of texts that have a length, or one right behind ^");
        else
            Emit(new(StepKind.Look, (negative ? 1 : 0) | (anchored ? 2 : 0), Within: within, Behind: behind ? (least, most) : null));
    }

    private string? ReadName()
    {
        var start = _at + 1;
        var end = Take('<') ? Array.IndexOf(_text, (byte)'>', _at) : -1;
        if (end <= start || !_text.AsSpan(start, end - start).ToArray().All(IsWord))
        {
            Fail("a group whose name cannot be read", "a name such as (?<name> )");
            return null;
        }

        _at = end + 1;
        return Encoding.ASCII.GetString(_text, start, end - start);
    }

    private bool ReadEscape()
    {
        if (_at >= _text.Length)
        {
            Fail("a '\\' at the end", "\\\\ for the character itself");
            return false;
        }

        var letter = _text[_at++];
        switch ((char)letter)
        {
            case 'b' or 'B':
                Emit(new(StepKind.Boundary, letter == 'b' ? 1 : 0));
                return false;
            case 'A':
                Emit(new(StepKind.Begin));
                return false;
            case 'z' or 'Z':
                Emit(new(StepKind.End));
                return false;
            case >= '1' and <= '9':
                Fail("back-references are not done here: their time cannot be foretold", Unlimited);
                return false;
        }

        _at--;
        if (ReadSetEscape() is { } set)
            EmitSet(set);
        return true;
    }

    /// <summary>What stands behind a backslash, in square brackets too: a set, or one byte.</summary>
    private Func<byte, bool>? ReadSetEscape()
    {
        var letter = _text[_at++];
        switch ((char)letter)
        {
            case 'd':
                return static value => char.IsAsciiDigit((char)value);
            case 'D':
                return static value => !char.IsAsciiDigit((char)value);
            case 'w':
                return IsWord;
            case 'W':
                return static value => !IsWord(value);
            case 's':
                return static value => value is (byte)' ' or (>= 9 and <= 13);
            case 'S':
                return static value => value is not ((byte)' ' or (>= 9 and <= 13));
            case 'n':
                return static value => value == '\n';
            case 'r':
                return static value => value == '\r';
            case 't':
                return static value => value == '\t';
            case 'f':
                return static value => value == '\f';
            case 'v':
                return static value => value == '\v';
            case '0':
                return static value => value == 0;
            case 'x' when _at + 2 <= _text.Length && char.IsAsciiHexDigit((char)_text[_at]) && char.IsAsciiHexDigit((char)_text[_at + 1]):
                var code = Convert.FromHexString(Encoding.ASCII.GetString(_text, _at, 2))[0];
                _at += 2;
                return value => value == code;
            case var other when char.IsAsciiLetterOrDigit(other):
                Fail($"'\\{other}' is not known here", Unlimited);
                return null;
            default:
                return value => value == letter;
        }
    }

    private void ReadClass()
    {
        var negated = Take('^');
        var set = new bool[256];
        for (var first = true; ; first = false)
        {
            if (_at >= _text.Length)
            {
                Fail("a '[' without its other half", "\\[ for the character itself");
                return;
            }

            if (_text[_at] == ']' && !first)
                break;
            var low = ReadMember(set);
            if (_mistake.Message is not null)
                return;
            if (low < 0 || !Peek('-') || _at + 1 >= _text.Length || _text[_at + 1] == ']')
                continue;
            _at++;
            var high = ReadMember(set);
            if (_mistake.Message is not null)
                return;
            if (high < low)
            {
                Fail("a range in square brackets that ends before it begins", "the smaller character first, as in [a-z]");
                return;
            }

            for (var value = low; value <= high; value++)
                set[value] = true;
        }

        _at++;
        EmitSet(value => (set[value] || (_ignoreCase && set[OtherCase(value)])) != negated, withCase: true);
    }

    /// <returns>The byte; -1 for a set of several.</returns>
    private int ReadMember(bool[] set)
    {
        if (_text[_at] == '[' && _at + 1 < _text.Length && _text[_at + 1] == ':')
        {
            ReadNamedClass(set);
            return -1;
        }

        if (_text[_at] != '\\')
        {
            set[_text[_at]] = true;
            return _text[_at++];
        }

        if (++_at >= _text.Length)
        {
            Fail("a '\\' at the end", "\\\\ for the character itself");
            return -1;
        }

        if (_text[_at] == 'b')
        {
            _at++;
            set[8] = true;
            return 8;
        }

        if (ReadSetEscape() is not { } taken)
            return -1;
        var (count, last) = (0, -1);
        for (var value = 0; value < 256; value++)
        {
            if (!taken((byte)value))
                continue;
            set[value] = true;
            (count, last) = (count + 1, value);
        }

        return count == 1 ? last : -1;
    }

    private void ReadNamedClass(bool[] set)
    {
        var end = _text.AsSpan(_at).IndexOf(":]"u8);
        var name = end < 0 ? "" : Encoding.ASCII.GetString(_text, _at + 2, end - 2);
        Func<char, bool>? takes = name switch
        {
            "alpha" => char.IsAsciiLetter,
            "digit" => char.IsAsciiDigit,
            "alnum" => char.IsAsciiLetterOrDigit,
            "upper" => char.IsAsciiLetterUpper,
            "lower" => char.IsAsciiLetterLower,
            "xdigit" => char.IsAsciiHexDigit,
            "space" => static letter => letter is ' ' or (>= '\t' and <= '\r'),
            "blank" => static letter => letter is ' ' or '\t',
            "punct" => static letter => letter is > ' ' and < '\x7F' && !char.IsAsciiLetterOrDigit(letter),
            "print" => static letter => letter is >= ' ' and < '\x7F',
            "graph" => static letter => letter is > ' ' and < '\x7F',
            "cntrl" => static letter => letter is < ' ' or '\x7F',
            _ => null,
        };
        if (takes is null)
        {
            Fail("an unknown class in square brackets", "such as [[:alpha:]] or [[:digit:]]");
            return;
        }

        for (var value = 0; value < 128; value++)
            set[value] |= takes((char)value);
        _at += end + 2;
    }

    private void ReadRepetitions(int start, bool repeats)
    {
        while (_mistake.Message is null && _at < _text.Length)
        {
            var (least, most) = (char)_text[_at] switch
            {
                '*' => (0, -1),
                '+' => (1, -1),
                '?' => (0, 1),
                '{' => ReadBounds(),
                _ => (-1, -1),
            };
            if (least < 0)
                return;
            if (_text[_at] != '}' && _text[_at] is not ((byte)'*' or (byte)'+' or (byte)'?'))
                return;
            var sign = _text[_at++];
            if (!repeats)
            {
                Fail($"a '{(char)sign}' behind what takes no character", "it behind a character, a class or a group");
                return;
            }

            var lazy = Take('?');
            if (!lazy && Take('+'))
            {
                Fail("possessive repetitions are not done here", Unlimited);
                return;
            }

            _steps.Repeat(start, least, most, lazy);
            if (_steps.Overflows)
                FailTooLarge();
        }
    }

    // As PCRE: braces that hold no numbers stand for themselves.
    private (int Least, int Most) ReadBounds()
    {
        var end = Array.IndexOf(_text, (byte)'}', _at);
        if (end < 0)
            return (-1, -1);
        var parts = Encoding.ASCII.GetString(_text, _at + 1, end - _at - 1).Split(',');
        if (parts.Length > 2 || !int.TryParse(parts[0], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var least))
            return (-1, -1);
        var most = least;
        if (parts.Length == 2)
        {
            most = -1;
            if (parts[1].Length > 0 && !int.TryParse(parts[1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out most))
                return (-1, -1);
        }

        if (least > MostRepetitions || most > MostRepetitions || (most >= 0 && most < least))
        {
            Fail("a number of repetitions that is too large, or ends before it begins", $"at most {MostRepetitions}");
            return (-1, -1);
        }

        _at = end;
        return (least, most);
    }

    private void EmitByte(byte value) => EmitSet(taken => taken == value || (_ignoreCase && taken == OtherCase(value)), withCase: true);

    private static byte OtherCase(byte value) => char.IsAsciiLetter((char)value) ? (byte)(value ^ 0x20) : value;

    private void EmitSet(Func<byte, bool> takes, bool withCase = false)
    {
        var set = new ulong[4];
        for (var value = 0; value < 256; value++)
        {
            if (takes((byte)value) || (!withCase && _ignoreCase && takes(OtherCase((byte)value))))
                set[value >> 6] |= 1UL << (value & 63);
        }

        Emit(new(StepKind.Take, Set: set));
    }

    private void Emit(PatternStep step)
    {
        _steps.Add(step);
        if (_steps.Overflows)
            FailTooLarge();
    }

    private void FailTooLarge() => Fail("the expression is too large", "a shorter one, or fewer repetitions");

    private bool Peek(char letter) => _at < _text.Length && _text[_at] == letter;

    private bool Take(char letter)
    {
        if (!Peek(letter))
            return false;
        _at++;
        return true;
    }

    private void Fail(string message, string expected)
    {
        if (_mistake.Message is null)
            _mistake = new($"the regular expression {Shown.Quote(Encoding.UTF8.GetString(_text))} has {message}", expected);
    }
}
