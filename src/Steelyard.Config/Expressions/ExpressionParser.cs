using System.Text;
using Steelyard.Config.Text;

namespace Steelyard.Config.Expressions;

/// <summary>Reads the text form of expressions and conditions: <c>lower(header('Host')) is [ 'a', 'b' ] and not tls is '1'</c>.</summary>
internal ref struct ExpressionParser
{
    private const int MostCharacters = 4 * 1024 * 1024;
    private const int DeepestNesting = 64;

    private readonly string _text;
    private int _at;
    private int _depth;
    private Mistake _mistake;

    private ExpressionParser(string text) => _text = text;

    public static bool TryParse(string text, out Condition condition, out Mistake mistake)
    {
        var parser = new ExpressionParser(text);
        var read = parser.CheckLength() ? parser.ReadAny() : null;
        if (read is not null)
            parser.ExpectEnd();
        (condition, mistake) = (read!, parser._mistake);
        return mistake.Message is null;
    }

    public static bool TryParse(string text, out Expression expression, out Mistake mistake)
    {
        var parser = new ExpressionParser(text);
        var read = parser.CheckLength() ? parser.ReadValue() : null;
        if (read is not null)
            parser.ExpectEnd();
        (expression, mistake) = (read!, parser._mistake);
        return mistake.Message is null;
    }

    private bool CheckLength()
    {
        if (_text.Length > MostCharacters)
            _mistake = new("the expression is longer than 4 MiB", "a shorter one");
        return _mistake.Message is null;
    }

    private void ExpectEnd()
    {
        SkipBlanks();
        if (_at < _text.Length)
            Fail($"{Shown.Quote(_text[_at..])} is left over", "'and', 'or', a comparison, or the end");
    }

    private Condition? ReadAny()
    {
        List<Condition> parts = [];
        do
        {
            if (ReadAll() is not { } part)
                return null;
            parts.Add(part);
        }
        while (TakeWord("or"));

        return parts.Count == 1 ? parts[0] : new AnyCondition(parts.ToValueList());
    }

    private Condition? ReadAll()
    {
        List<Condition> parts = [];
        do
        {
            if (ReadOne() is not { } part)
                return null;
            parts.Add(part);
        }
        while (TakeWord("and"));

        return parts.Count == 1 ? parts[0] : new AllCondition(parts.ToValueList());
    }

    private Condition? ReadOne()
    {
        if (++_depth > DeepestNesting)
            return Fail<Condition>($"brackets are more than {DeepestNesting} deep", "a simpler condition");
        var read = TakeWord("not") ? (ReadOne() is { } inner ? new NotCondition(inner) : null)
            : TakeWord("true") ? new ConstantCondition(true)
            : TakeWord("false") ? new ConstantCondition(false)
            : Take('(') ? (ReadAny() is { } group && Expect(')') ? group : null)
            : ReadTest();
        _depth--;
        return read;
    }

    private Condition? ReadTest()
    {
        if (ReadValue() is not { } value)
            return null;
        var start = _at;
        var word = ReadWord();
        foreach (var row in TestTable.Rows)
        {
            if (row.Word != word)
                continue;
            var ignoreCase = TakeWord("any-case");
            if (TakeWord("list"))
                return ReadList() is { } list ? new ListCondition(value, row.Kind, list, ignoreCase) : null;
            return ReadPatterns(row.Kind, ignoreCase) is { } patterns ? new TestCondition(value, row.Kind, patterns, ignoreCase) : null;
        }

        _at = start;
        return word is "" or "and" or "or" ? new TestCondition(value, TestKind.Present)
            : Fail<Condition>($"{Shown.Quote(word)} is not a comparison", Shown.OneOf([.. TestTable.Rows.Select(row => row.Word)]));
    }

    private ValueList<string>? ReadPatterns(TestKind kind, bool ignoreCase)
    {
        List<string> patterns = [];
        var many = Take('[');
        do
        {
            if (many && Take(']'))
                return patterns.Count > 0 ? patterns.ToValueList() : FailList("an empty list of texts to compare with", "at least one");
            if (ReadQuoted() is not { } pattern)
                return FailList("a comparison without a text to compare with", "a text in single quotes, or several in square brackets");
            if (!TestTable.IsPattern(kind, pattern, ignoreCase, out var mistake))
            {
                _mistake = mistake;
                return null;
            }

            patterns.Add(pattern);
        }
        while (many && Take(','));

        return !many || Expect(']') ? patterns.ToValueList() : null;
    }

    private ValueList<string>? FailList(string message, string expected)
    {
        Fail(message, expected);
        return null;
    }

    private Expression? ReadValue()
    {
        if (++_depth > DeepestNesting)
            return Fail<Expression>($"brackets are more than {DeepestNesting} deep", "a simpler expression");
        var read = Peek('\'') ? ReadText() : ReadNamed();
        _depth--;
        return read;
    }

    private TextExpression? ReadText() =>
        ReadTemplate() is { } template ? new(template) : null;

    private TextTemplate? ReadTemplate()
    {
        if (ReadQuoted() is not { } text)
            return Fail<TextTemplate>("a text is missing", "a text in single quotes");
        if (TextTemplate.TryParse(text, out var template, out var mistake))
            return template;
        _mistake = mistake;
        return null;
    }

    private Expression? ReadNamed()
    {
        var word = ReadWord();
        if (word.Length == 0)
            return Fail<Expression>(_at < _text.Length ? $"{Shown.Quote(_text[_at..])} is not a value" : "a value is missing at the end", "such as path, header('Host') or a text in single quotes");
        if (!Peek('(', immediately: true))
        {
            return TextTemplate.TryFind(word, out var variable) ? new VariableExpression(variable)
                : FetchTable.Find(word) is { Named: false, Kind: var kind } ? new FetchExpression(kind)
                : FetchTable.Find(word) is { } named ? Fail<Expression>($"'{named.Word}' without a name", $"such as {named.Word}('name')")
                : Unknown(word);
        }

        _at++;
        if (word == "map")
            return ReadMap();
        if (word == "lookup")
            return ReadLookup();
        if (FetchTable.Find(word) is { Named: true } fetch)
            return ReadQuoted() is not { Length: > 0 } name ? Fail<Expression>($"'{word}' without a name", $"such as {word}('name')") : Expect(')') ? new FetchExpression(fetch.Kind, name) : null;
        if (FunctionTable.Find(word) is not { } function)
            return Unknown(word);
        if (ReadValue() is not { } input)
            return null;
        List<string> arguments = [];
        while (Take(','))
        {
            if (ReadQuoted() is not { } argument)
                return Fail<Expression>($"an argument of '{word}' is missing", "a text in single quotes");
            arguments.Add(argument);
        }

        if (!Expect(')'))
            return null;
        if (FunctionTable.Takes(function, arguments, out var mistake))
            return new CallExpression(function.Kind, input, arguments.ToValueList());
        _mistake = mistake;
        return null;
    }

    private Expression? Unknown(string word)
    {
        var words = TextTemplate.Variables.Select(row => row.Name).Concat(FetchTable.Rows.Select(row => row.Word)).Concat(FunctionTable.Rows.Select(row => row.Word)).Append("map").Append("lookup").ToArray();
        if (_mistake.Message is null)
            _mistake = new($"{Shown.Quote(word)} is not a variable, nor anything else that has a value", Shown.OneOf(words), new NameSuggestions().Nearest(word, words));
        return null;
    }

    private MapExpression? ReadMap()
    {
        if (ReadValue() is not { } input)
            return null;
        List<MapCase> cases = [];
        while (Take(','))
        {
            if (TakeWord("else"))
                return ReadTemplate() is { } otherwise && Expect(')') ? new MapExpression(input, cases.ToValueList(), otherwise) : null;
            if (ReadCase() is not { } read)
                return null;
            cases.Add(read);
        }

        return Expect(')') ? new MapExpression(input, cases.ToValueList(), null) : null;
    }

    private ListExpression? ReadLookup()
    {
        if (ReadValue() is not { } input || !Expect(',') || ReadList() is not { } list || !Expect(','))
            return null;
        var word = ReadWord();
        foreach (var row in TestTable.Rows)
        {
            if (row.Word != word)
                continue;
            var ignoreCase = TakeWord("any-case");
            var (values, otherwise) = (ListValues.Text, (TextTemplate?)null);
            while (Take(','))
            {
                if (TakeWord("else"))
                {
                    if ((otherwise = ReadTemplate()) is null)
                        return null;
                    break;
                }

                var kind = ReadWord();
                if (!PatternListSettings.TryFindValues(kind, out values))
                    return Fail<ListExpression>($"{Shown.Quote(kind)} is nothing that values of a list are", "groups, numbers, addresses, or else with a text");
                if (values == ListValues.Groups && row.Kind != TestKind.Matches)
                    return Fail<ListExpression>("'groups' of a comparison that has none", "it behind 'matches'");
            }

            return Expect(')') ? new ListExpression(input, list, row.Kind, ignoreCase, values, otherwise) : null;
        }

        return Fail<ListExpression>($"{Shown.Quote(word)} is not a comparison", Shown.OneOf([.. TestTable.Rows.Select(row => row.Word)]));
    }

    private string? ReadList() => ReadQuoted() is { Length: > 0 } list ? list : Fail<string>("the name of a list is missing", "one of 'lists' in single quotes");

    private MapCase? ReadCase()
    {
        var word = ReadWord();
        foreach (var row in TestTable.Rows)
        {
            if (row.Word != word)
                continue;
            var ignoreCase = TakeWord("any-case");
            if (ReadQuoted() is not { } pattern)
                return Fail<MapCase>("a case without a text to compare with", "a text in single quotes");
            if (!TestTable.IsPattern(row.Kind, pattern, ignoreCase, out _mistake))
                return null;
            return Expect('=') && Expect('>') && ReadTemplate() is { } value ? new MapCase(row.Kind, ignoreCase, pattern, value) : null;
        }

        return Fail<MapCase>($"{Shown.Quote(word)} is not a comparison", $"{Shown.OneOf([.. TestTable.Rows.Select(row => row.Word)])}, or else");
    }

    /// <summary>A text in single quotes; a backslash stands before a quote and a backslash.</summary>
    private string? ReadQuoted()
    {
        if (!Take('\''))
            return null;
        var text = new StringBuilder();
        for (; _at < _text.Length; _at++)
        {
            if (_text[_at] == '\'')
            {
                _at++;
                return text.ToString();
            }

            if (_text[_at] == '\\' && _at + 1 < _text.Length && _text[_at + 1] is '\'' or '\\')
                _at++;
            text.Append(_text[_at]);
        }

        Fail("a single quote is never closed", "its other half; a quote within the text is \\'");
        return null;
    }

    private string ReadWord()
    {
        SkipBlanks();
        var start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '-' or '_'))
            _at++;
        return _text[start.._at];
    }

    private bool TakeWord(string word)
    {
        var start = _at;
        if (ReadWord() == word)
            return true;
        _at = start;
        return false;
    }

    private bool Peek(char letter, bool immediately = false)
    {
        if (!immediately)
            SkipBlanks();
        return _at < _text.Length && _text[_at] == letter;
    }

    private bool Take(char letter)
    {
        if (!Peek(letter))
            return false;
        _at++;
        return true;
    }

    private bool Expect(char letter)
    {
        if (Take(letter))
            return true;
        Fail(_at < _text.Length ? $"{Shown.Quote(_text[_at..])} where '{letter}' is missing" : $"'{letter}' is missing at the end", $"'{letter}'");
        return false;
    }

    private void SkipBlanks()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\n' or '\r')
            _at++;
    }

    // What failed first is nearest to the cause.
    private void Fail(string message, string expected)
    {
        if (_mistake.Message is null)
            _mistake = new(message, expected);
    }

    private T? Fail<T>(string message, string expected)
        where T : class
    {
        Fail(message, expected);
        return null;
    }
}
