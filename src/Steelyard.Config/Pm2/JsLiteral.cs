using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Steelyard.Config.Drafts;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Pm2;

/// <summary>
/// Reads a value of JavaScript that is written out: objects, lists, texts, numbers, words. So most ecosystem files are, and
/// so is JSON, with comments and commas as people put them there. What has to be computed is not read.
/// </summary>
internal sealed class JsLiteral
{
    private const int DeepestLevel = 64;

    private readonly SourceText _source;
    private readonly string _text;
    private readonly Func<string, Place?>? _placeOfKey;
    private Place? _place;
    private int _at;

    private JsLiteral(SourceText source, Func<string, Place?>? placeOfKey) => (_source, _text, _placeOfKey) = (source, source.Text, placeOfKey);

    /// <summary>Reads a text that is nothing but a value, perhaps exported as that of a module.</summary>
    /// <param name="source">The text.</param>
    /// <param name="root">The value.</param>
    /// <param name="stuckAt">Where something stands that is no such value.</param>
    /// <param name="placeOfKey">Where a key was written, for a text that was made from another; null for where it stands.</param>
    public static bool TryRead(SourceText source, [NotNullWhen(true)] out YamlNode? root, out int stuckAt, Func<string, Place?>? placeOfKey = null)
    {
        var reader = new JsLiteral(source, placeOfKey);
        if (placeOfKey is not null)
            reader._place = placeOfKey("");
        root = reader.ReadFile();
        stuckAt = Math.Min(reader._at, source.Text.Length);
        return root is not null;
    }

    private YamlNode? ReadFile()
    {
        Skip();
        if (Take("'use strict'") || Take("\"use strict\""))
        {
            _ = Take(";");
            Skip();
        }

        if (Take("export default"))
            Skip();
        else if (Take("module.exports"))
        {
            Skip();
            if (!Take("="))
                return null;
            Skip();
        }

        var root = ReadValue(DeepestLevel);
        if (root is null)
            return null;
        Skip();
        while (Take(";"))
            Skip();
        return _at == _text.Length ? root : null;
    }

    private YamlNode? ReadValue(int levelsLeft)
    {
        if (levelsLeft == 0 || _at >= _text.Length)
            return null;
        var start = _at;
        return _text[_at] switch
        {
            '{' => ReadObject(levelsLeft),
            '[' => ReadList(levelsLeft),
            '"' or '\'' or '`' => ReadString() is { } text ? new YamlText(PlaceFrom(start), text, quoted: true) : null,
            _ => ReadWord(),
        };
    }

    private YamlMapping? ReadObject(int levelsLeft)
    {
        var start = _at++;
        OrderedDictionary<string, YamlEntry> entries = new(StringComparer.Ordinal);
        var places = _place;
        while (true)
        {
            Skip();
            if (Take("}"))
                return new(_placeOfKey is null ? PlaceFrom(start) : places ?? default, [.. entries.Values], flow: true);
            var keyStart = _at;
            var name = _at < _text.Length && _text[_at] is '"' or '\'' ? ReadString() : ReadName();
            if (name is null)
                return null;
            if (_placeOfKey is not null)
                _place = _placeOfKey(name) ?? _place;
            var key = new YamlText(PlaceFrom(keyStart), name, quoted: true);
            Skip();
            if (!Take(":"))
                return Stuck<YamlMapping>(keyStart);
            Skip();
            if (ReadValue(levelsLeft - 1) is not { } value)
                return null;

            // As in JavaScript, the last of equal keys counts.
            entries[name] = new(key, value);
            Skip();
            if (!Take(",") && !(_at < _text.Length && _text[_at] == '}'))
                return null;
        }
    }

    private YamlList? ReadList(int levelsLeft)
    {
        var start = _at++;
        List<YamlNode> items = [];
        while (true)
        {
            Skip();
            if (Take("]"))
                return new(PlaceFrom(start), items, flow: true);
            if (ReadValue(levelsLeft - 1) is not { } item)
                return null;
            items.Add(item);
            Skip();
            if (!Take(",") && !(_at < _text.Length && _text[_at] == ']'))
                return null;
        }
    }

    /// <summary>A number, true, false, null or undefined; the last two are read as nothing.</summary>
    private YamlText? ReadWord()
    {
        var start = _at;
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] is '_' or '$' or '.' or '+' or '-'))
            _at++;
        var word = _text[start.._at];
        if (word is "null" or "undefined")
            return new(PlaceFrom(start), "", quoted: false);
        if (word is "true" or "false" || NumberOf(word) is { } number && (word = number) is not null)
            return new(PlaceFrom(start), word, quoted: false);
        return Stuck<YamlText>(start);
    }

    private static string? NumberOf(string word)
    {
        var digits = word.Replace("_", "", StringComparison.Ordinal);
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return long.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex.ToString(CultureInfo.InvariantCulture) : null;
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && char.IsAsciiDigit(digits[^1])
            ? number == Math.Floor(number) && Math.Abs(number) < 1e15 ? ((long)number).ToString(CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture)
            : null;
    }

    private string? ReadName()
    {
        var start = _at;
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] is '_' or '$'))
            _at++;
        return _at > start ? _text[start.._at] : null;
    }

    private string? ReadString()
    {
        var (start, quote, text) = (_at, _text[_at], new StringBuilder());
        for (_at++; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c == quote)
            {
                _at++;
                return IsWhole(text.ToString()) ? text.ToString() : Stuck<string>(start);
            }

            // A template that has something filled in is computed.
            if ((c is '\n' or '\r' && quote != '`') || (quote == '`' && c == '$' && _at + 1 < _text.Length && _text[_at + 1] == '{'))
                break;
            if (c != '\\')
                text.Append(c);
            else if (++_at < _text.Length && !Escape(text))
                break;
        }

        return Stuck<string>(start);
    }

    // Half of a pair of surrogates is no character, which nobody could be told.
    private static bool IsWhole(string text)
    {
        for (var i = 0; i < text.Length; i += char.IsSurrogatePair(text, i) ? 2 : 1)
        {
            if (char.IsSurrogate(text[i]) && !char.IsSurrogatePair(text, i))
                return false;
        }

        return true;
    }

    private bool Escape(StringBuilder text)
    {
        var c = _text[_at];
        switch (c)
        {
            case 'x' or 'u':
                return EscapeNumber(c, text);
            case '\r':
                if (_at + 1 < _text.Length && _text[_at + 1] == '\n')
                    _at++;
                return true;
            case '\n':
                return true;
            default:
                text.Append(c switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', 'v' => '\v', '0' => '\0', _ => c });
                return true;
        }
    }

    private bool EscapeNumber(char kind, StringBuilder text)
    {
        var braces = kind == 'u' && _at + 1 < _text.Length && _text[_at + 1] == '{';
        var first = _at + (braces ? 2 : 1);
        var count = first > _text.Length ? 0 : braces ? _text.AsSpan(first).IndexOf('}') : kind == 'x' ? 2 : 4;
        if (count is < 1 or > 6 || first + count > _text.Length || !int.TryParse(_text.AsSpan(first, count), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || code > 0x10FFFF)
            return false;
        if (code <= 0xFFFF)
            text.Append((char)code);
        else
            text.Append(char.ConvertFromUtf32(code));
        _at = first + count - (braces ? 0 : 1);
        return true;
    }

    private void Skip()
    {
        while (_at < _text.Length)
        {
            var rest = _text.AsSpan(_at);
            if (char.IsWhiteSpace(rest[0]))
                _at++;
            else if (rest.StartsWith("//"))
                _at += rest.IndexOf('\n') is >= 0 and var line ? line : rest.Length;
            else if (rest.StartsWith("/*") && rest[2..].IndexOf("*/") is >= 0 and var end)
                _at += end + 4;
            else
                return;
        }
    }

    private bool Take(string text)
    {
        if (!_text.AsSpan(_at).StartsWith(text))
            return false;
        _at += text.Length;
        return true;
    }

    private T? Stuck<T>(int at)
        where T : class
    {
        _at = at;
        return null;
    }

    private Place PlaceFrom(int start) => _placeOfKey is null ? new(_source, start, _at) : _place ?? default;
}
