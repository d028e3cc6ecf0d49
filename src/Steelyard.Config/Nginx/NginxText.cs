using System.Text;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Nginx;

/// <summary>A directive as it is written: its words, and what stands between its braces.</summary>
/// <param name="Words">The name and the arguments.</param>
/// <param name="Block">What it holds; null for one that ends in a semicolon.</param>
internal sealed record NginxDirective(IReadOnlyList<Word> Words, IReadOnlyList<NginxDirective>? Block)
{
    public string Name => Words[0].Text;

    /// <summary>Name and arguments.</summary>
    public Place Place => Words[0].Place with { End = Words[^1].Place.End };

    /// <summary>How many arguments it has.</summary>
    public int Count => Words.Count - 1;

    /// <summary>An argument, from 1; empty where there is none.</summary>
    public string this[int index] => index < Words.Count ? Words[index].Text : "";
}

/// <summary>Cuts a text into directives, by nginx's rules: what is in quotes is one word, a backslash keeps the next character.</summary>
internal sealed class NginxText
{
    private const int DeepestNesting = 64;

    private readonly SourceText _source;
    private readonly string _text;
    private readonly ProblemList _problems;
    private int _at;
    private bool _failed;

    private NginxText(SourceText source, ProblemList problems) => (_source, _text, _problems) = (source, source.Text, problems);

    private enum End
    {
        Semicolon,
        Open,
        Close,
        File,
    }

    /// <summary>The directives of a text; what cannot be read is reported, and nothing behind it is read.</summary>
    public static IReadOnlyList<NginxDirective> Read(SourceText source, ProblemList problems) => new NginxText(source, problems).ReadBlock(0);

    private List<NginxDirective> ReadBlock(int depth)
    {
        List<NginxDirective> directives = [];
        while (!_failed)
        {
            List<Word> words = [];
            var end = ReadWords(words);
            if (_failed)
                break;
            switch (end)
            {
                case End.File when words.Count > 0:
                    Fail(words[^1].Place, "unexpected end of file, expecting \";\" or \"}\"");
                    break;
                case End.File when depth > 0:
                    Fail(new(_source, _text.Length, _text.Length), "unexpected end of file, expecting \"}\"");
                    break;
                case End.Close when words.Count > 0:
                    Fail(words[^1].Place, "unexpected \"}\"", "';' behind the directive before it");
                    break;
                case End.Close when depth == 0:
                    Fail(new(_source, _at - 1, _at), "unexpected \"}\"");
                    break;
                case End.File or End.Close:
                    return directives;
                case End.Semicolon when words.Count == 0:
                    Fail(new(_source, _at - 1, _at), "unexpected \";\"");
                    break;
                case End.Open when words.Count == 0:
                    Fail(new(_source, _at - 1, _at), "unexpected \"{\"");
                    break;
                case End.Open when depth == DeepestNesting:
                    Fail(words[0].Place, $"blocks are more than {DeepestNesting} deep");
                    break;
                case End.Open:
                    directives.Add(new(words, ReadBlock(depth + 1)));
                    break;
                default:
                    directives.Add(new(words, null));
                    break;
            }
        }

        return directives;
    }

    private void Fail(Place place, string message, string? expected = null)
    {
        if (!_failed)
            _problems.Error(place, message, expected);
        _failed = true;
    }

    private End ReadWords(List<Word> words)
    {
        while (_at < _text.Length)
        {
            var letter = _text[_at];
            switch (letter)
            {
                case ' ' or '\t' or '\r' or '\n':
                    _at++;
                    break;
                case '#':
                    var line = _text.IndexOf('\n', _at);
                    _at = line < 0 ? _text.Length : line + 1;
                    break;
                case ';':
                    _at++;
                    return End.Semicolon;
                case '{':
                    _at++;
                    return End.Open;
                case '}':
                    _at++;
                    return End.Close;
                case '"' or '\'':
                    words.Add(ReadQuoted(letter));
                    if (_failed)
                        return End.File;
                    break;
                default:
                    words.Add(ReadPlain());
                    break;
            }
        }

        return End.File;
    }

    private Word ReadQuoted(char quote)
    {
        var start = _at++;
        while (_at < _text.Length && _text[_at] != quote)
            _at += _text[_at] == '\\' ? 2 : 1;
        if (_at >= _text.Length)
        {
            Fail(new(_source, start, start + 1), $"unexpected end of file, the quote {quote} is never closed");
            return default;
        }

        var word = new Word(Unescape(start + 1, _at), new(_source, start, _at + 1), Quoted: true);
        _at++;
        if (_at < _text.Length && _text[_at] == ')')
            return word;
        if (_at < _text.Length && !IsBlank(_text[_at]) && _text[_at] is not (';' or '{'))
            Fail(new(_source, _at, _at + 1), $"unexpected \"{_text[_at]}\"", "a blank, ';' or '{' behind a quote");
        return word;
    }

    private Word ReadPlain()
    {
        var start = _at;
        var variable = false;
        while (_at < _text.Length)
        {
            var letter = _text[_at];
            if (letter == '{' && variable)
            {
                variable = false;
                _at++;
                continue;
            }

            if (IsBlank(letter) || letter is ';' or '{')
                break;
            variable = letter == '$';
            _at += letter == '\\' ? 2 : 1;
        }

        _at = Math.Min(_at, _text.Length);
        return new(Unescape(start, _at), new(_source, start, _at));
    }

    private static bool IsBlank(char letter) => letter is ' ' or '\t' or '\r' or '\n';

    // Of what stands behind a backslash only these mean something else; before anything else it stays, as expressions need it.
    private string Unescape(int start, int end)
    {
        var raw = _text.AsSpan(start, Math.Min(end, _text.Length) - start);
        if (!raw.Contains('\\'))
            return raw.ToString();
        var text = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\' || i + 1 == raw.Length)
            {
                text.Append(raw[i]);
                continue;
            }

            var next = raw[++i];
            _ = next switch
            {
                '"' or '\'' or '\\' => text.Append(next),
                't' => text.Append('\t'),
                'r' => text.Append('\r'),
                'n' => text.Append('\n'),
                _ => text.Append('\\').Append(next),
            };
        }

        return text.ToString();
    }
}
