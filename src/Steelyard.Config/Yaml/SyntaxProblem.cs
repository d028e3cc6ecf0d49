using Steelyard.Config.Drafts;
using YamlDotNet.Core;

namespace Steelyard.Config.Yaml;

/// <summary>
/// Says what is wrong with a text that is not YAML, and where. The parser speaks of tokens and productions, and its
/// marks are often those of what it did next; this speaks of what a person has to type.
/// </summary>
internal sealed class SyntaxProblem
{
    private const string QuoteAddress = "quotes around an IPv6 address with its port, as in \"[::1]:8080\"";

    private readonly SourceText _source;
    private readonly ProblemList _problems;
    private readonly string _said;
    private readonly int _from;
    private readonly int _to;

    private SyntaxProblem(Exception fault, SourceText source, int lastOffset, ProblemList problems)
    {
        (_source, _problems) = (source, problems);
        var yaml = fault as YamlException;
        _said = yaml?.Message ?? "";
        _from = yaml is null ? lastOffset : (int)Math.Clamp(yaml.Start.Index, 0, source.Text.Length);
        _to = yaml is null ? _from : (int)Math.Clamp(yaml.End.Index, _from, source.Text.Length);
    }

    /// <param name="fault">What the parser threw.</param>
    /// <param name="source">The text it was reading.</param>
    /// <param name="lastOffset">Where the last thing began that it understood.</param>
    /// <param name="openBracket">Where the innermost bracket or brace stands that is not closed yet; null outside of them.</param>
    /// <param name="problems">Where to report.</param>
    public static void Report(Exception fault, SourceText source, int lastOffset, int? openBracket, ProblemList problems)
    {
        var problem = new SyntaxProblem(fault, source, lastOffset, problems);
        if (problem.Says("tab") && problem.FindTab(Math.Min(problem._from, lastOffset)) is { } tab)
            problem.ReportAt(tab, tab + 1, "a tab in the indentation", "spaces");
        else if (fault is ArgumentException)
            problem.ReportEscape(source.Text.IndexOf("\\U", lastOffset, StringComparison.Ordinal));
        else if (problem.Says("quoted scalar"))
            problem.ReportQuoted();
        else if (openBracket is { } bracket && fault is not YamlException)
            problem.ReportInBrackets(bracket, source.Text.Length);
        else if (openBracket is { } open && (problem.Says("',' or") || problem.Says("end of stream")))
            problem.ReportInBrackets(open, problem._from);
        else
            problem.ReportLine();
    }

    private void ReportQuoted()
    {
        if (Says("escape") || Says("hexadecimal") || Says("surrogates"))
            ReportEscape(_source.Text.LastIndexOf('\\', Math.Min(_to, _source.Text.Length - 1)));
        else
            ReportAt(_from, _from + 1, "this quote is never closed", "the same quote at the end of the text; in single quotes, one inside is written twice");
    }

    private void ReportEscape(int backslash)
    {
        var at = backslash < 0 ? _from : backslash;
        ReportAt(at, at + 2, "a backslash that begins no character that YAML knows", "two backslashes for one, or single quotes, in which a backslash is plain");
    }

    private void ReportInBrackets(int bracket, int at)
    {
        var (open, found) = (_source.Text[bracket], CharacterAt(at));
        var close = open == '[' ? ']' : '}';
        if (found is '{' or '[')
            ReportAt(at, at + 1, $"'{found}' inside a value in brackets would begin another value", "quotes around the whole value, as in { command: \"app --listen {socket}\" }");
        else if (IsAfterList(at, out var list))
            ReportAt(list, at + 1, "brackets begin a list in YAML", QuoteAddress);
        else if (found != '\0' && _source.Locate(at).Line == _source.Locate(bracket).Line)
            ReportAt(at, at + 1, $"neither ',' nor '{close}' after a value in brackets", "',' between the values, or quotes around one that contains ': '");
        else
            ReportAt(bracket, bracket + 1, $"this '{open}' is never closed", $"'{close}' after its last value");
    }

    private void ReportLine()
    {
        var found = CharacterAt(_from);
        if (Says("anchor or alias"))
            Report($"'{found}' begins {(found == '*' ? "an alias" : "an anchor")} in YAML", "quotes around the value, if it is meant as text");
        else if (Says("cannot start any token"))
            Report($"'{found}' cannot begin a value in YAML", "quotes around the value");
        else if (Says("a tag") || Says("tag handle"))
            Report("a YAML tag", "the value without its tag: what it means follows from its key");
        else if (Says("block scalar"))
            Report("a block of text that YAML cannot read", "'|' alone after the key, and the text indented below it");
        else if (Says("sequence entries are not allowed"))
            Report("a list cannot begin in the line of its key", "the '- ' lines below the key, or values in [brackets]");
        else if (Says("node content"))
            Report(found == '\0' ? "a value is missing at the end of the file" : $"'{found}' where a value belongs", "a value, in quotes if it begins with a sign of punctuation");
        else if (Says("incompatible") || (Says("document start") && _source.Text.StartsWith('%')))
            ReportAt(0, 1, "a YAML directive that is not understood", "a file without '%' lines");
        else if (Says("invalid mapping") || Says("Mapping values are not allowed"))
            ReportColon();
        else
            ReportMisfit();
    }

    private void ReportColon()
    {
        var line = _source.Locate(_from).Line;
        if (LineBefore(_from).Contains(": ", StringComparison.Ordinal))
            Report("a second ': ' in one line", "quotes around a value that contains ': '");
        else if (line > 1 && !_source.GetLine(line - 1).TrimEnd().IsEmpty && !_source.GetLine(line - 1).Contains(':'))
            ReportAt(_source.StartOfLine(line - 1), _source.EndOfLine(line - 1), "a line that is no 'key: value'", "a colon after the key");
        else
            Report("a key that is indented deeper than the line above allows", "the same indentation as the key above; a key with a value in its line has no keys below it");
    }

    private void ReportMisfit()
    {
        var found = CharacterAt(_from);
        var rest = _source.Text.AsSpan(_from.._source.EndOfLine(_source.Locate(_from).Line)).TrimEnd();
        if (IsAfterList(_from, out var list) || (_from > 0 && CharacterAt(_from - 1) == ':' && IsAfterList(_from - 1, out list)))
            ReportAt(list, _to, "brackets begin a list in YAML", QuoteAddress);
        else if (found is ']' or '}' or ',')
            Report($"this '{found}' closes nothing", "quotes around a value that contains it");
        else if (!LineBefore(_from).Trim().IsEmpty && LineBefore(_from).Trim() is not "-")
            ReportAt(_from, _from + rest.Length, "text after the end of a value", "quotes or brackets around the whole value");
        else if (rest.IndexOf(':') is var colon and > 0 && colon < rest.Length - 1 && rest[colon + 1] != ' ')
            ReportAt(_from, _from + rest.Length, "a colon without a blank after it", "'key: value'");
        else
            ReportAt(_from, _from + rest.Length, "this line fits neither the keys nor the lists above it", "the same indentation as the entries it belongs to");
    }

    private void Report(string message, string expected) => ReportAt(_from, Math.Max(_from + 1, _to), message, expected);

    private void ReportAt(int start, int end, string message, string expected) =>
        _problems.Error(new(_source, start, Math.Min(end, _source.Text.Length)), message, expected);

    private bool Says(string words) => _said.Contains(words, StringComparison.Ordinal);

    private char CharacterAt(int offset) => offset < _source.Text.Length ? _source.Text[offset] : '\0';

    private ReadOnlySpan<char> LineBefore(int offset) => _source.Text.AsSpan(_source.StartOfLine(_source.Locate(offset).Line)..offset);

    // `[::1]:80`: the colon behind a bracket, and where that bracket was opened.
    private bool IsAfterList(int at, out int list)
    {
        list = at > 0 && CharacterAt(at) == ':' && CharacterAt(at - 1) == ']' ? _source.Text.LastIndexOf('[', at) : -1;
        return list >= 0;
    }

    private int? FindTab(int offset)
    {
        for (var line = _source.Locate(offset).Line; line <= _source.LineCount; line++)
        {
            var content = _source.GetLine(line);
            var indentation = content[..^content.TrimStart(" \t").Length];
            if (indentation.IndexOf('\t') is var tab and >= 0)
                return _source.StartOfLine(line) + tab;
        }

        return null;
    }
}
