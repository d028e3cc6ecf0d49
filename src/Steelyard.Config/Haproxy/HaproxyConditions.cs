using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>Reads ACLs and the conditions made of them (HAProxy's manual, 7.1 and 7.2).</summary>
internal static class HaproxyConditions
{
    private static readonly TestCondition s_http = Is(new FetchExpression(FetchKind.Version), "1.0", "1.1");

    private static readonly Dictionary<string, Condition> s_known = new(StringComparer.Ordinal)
    {
        ["TRUE"] = new ConstantCondition(true),
        ["FALSE"] = new ConstantCondition(false),
        ["LOCALHOST"] = new TestCondition(new VariableExpression(TemplateVariable.Client), TestKind.Network, ["127.0.0.0/8", "::1"]),
        ["METH_GET"] = Method("GET", "HEAD"),
        ["METH_HEAD"] = Method("HEAD"),
        ["METH_POST"] = Method("POST"),
        ["METH_PUT"] = Method("PUT"),
        ["METH_DELETE"] = Method("DELETE"),
        ["METH_OPTIONS"] = Method("OPTIONS"),
        ["METH_CONNECT"] = Method("CONNECT"),
        ["METH_TRACE"] = Method("TRACE"),
        ["HTTP"] = s_http,
        ["HTTP_1.0"] = Is(new FetchExpression(FetchKind.Version), "1.0"),
        ["HTTP_1.1"] = Is(new FetchExpression(FetchKind.Version), "1.1"),
        ["HTTP_2.0"] = new ConstantCondition(false),
        ["HTTP_CONTENT"] = new TestCondition(new FetchExpression(FetchKind.ContentLength), TestKind.Range, ["1:"]),
        ["HTTP_URL_ABS"] = new TestCondition(new FetchExpression(FetchKind.OriginalUri), TestKind.Matches, ["^[^/:]*://"]),
        ["WAIT_END"] = new ConstantCondition(true),
        ["REQ_CONTENT"] = new ConstantCondition(true),
        ["HTTP_URL_SLASH"] = new TestCondition(new VariableExpression(TemplateVariable.Uri), TestKind.Starts, ["/"]),
        ["HTTP_URL_STAR"] = Is(new VariableExpression(TemplateVariable.Uri), "*"),
    };

    private static TestCondition Method(params string[] methods) => Is(new VariableExpression(TemplateVariable.Method), methods);

    private static TestCondition Is(Expression value, params string[] patterns) => new(value, TestKind.Is, patterns.ToValueList());

    /// <summary>How a way to compare is called in <c>-m</c> and behind an underscore; null for none.</summary>
    public static TestKind? MethodOf(string name) => name switch
    {
        "str" => TestKind.Is,
        "beg" => TestKind.Starts,
        "end" => TestKind.Ends,
        "sub" => TestKind.Contains,
        "dir" => TestKind.Directory,
        "dom" => TestKind.Domain,
        "reg" => TestKind.Matches,
        "ip" => TestKind.Network,
        "int" => TestKind.Range,
        "len" => TestKind.Length,
        "bin" => TestKind.Is,
        _ => null,
    };

    /// <summary>Reads a condition: terms side by side are all needed, 'or' and '||' stand between alternatives.</summary>
    /// <param name="words">Its words.</param>
    /// <param name="before">The word before it.</param>
    /// <param name="use">The line.</param>
    public static Condition? Read(IReadOnlyList<Word> words, Word before, HaproxyUse use)
    {
        List<Condition> alternatives = [];
        List<Condition> terms = [];
        for (var i = 0; i <= words.Count; i++)
        {
            if (i == words.Count || (!words[i].Quoted && words[i].Text is "or" or "||"))
            {
                if (terms.Count == 0)
                {
                    var place = i < words.Count ? words[i].Place : before.Place;
                    use.Problems.Error(place, "a condition is missing", "the name of an ACL, or { FETCH ... }");
                    return null;
                }

                alternatives.Add(terms.Count == 1 ? terms[0] : new AllCondition(terms.ToValueList()));
                terms = [];
                continue;
            }

            var negated = false;
            while (words[i].Text == "!" && i + 1 < words.Count)
            {
                negated = !negated;
                i++;
            }

            var text = words[i].Text;
            for (; text.StartsWith('!') && text.Length > 1; text = text[1..])
                negated = !negated;
            if (ReadTerm(words, ref i, text, use) is not { } term)
                return null;
            terms.Add(negated ? new NotCondition(term) : term);
        }

        return alternatives.Count == 1 ? alternatives[0] : new AnyCondition(alternatives.ToValueList());
    }

    private static Condition? ReadTerm(IReadOnlyList<Word> words, ref int i, string text, HaproxyUse use)
    {
        if (text == "{")
        {
            List<Word> inner = [];
            var start = words[i];
            for (i++; i < words.Count && words[i].Text != "}"; i++)
                inner.Add(words[i]);
            if (i < words.Count)
                return ReadTest(inner, start, use);
            use.Problems.Error(start.Place, "a '{' without its other half", "blanks around both braces, as in { path /a }");
            return null;
        }

        if (use.Section.Acls.TryGetValue(text, out var named))
            return named.Count == 1 ? named[0] : new AnyCondition(named.ToValueList());
        if (s_known.TryGetValue(text, out var known))
        {
            if (use.Section.KnownAcls.Add(text))
                use.File.Lists.Count();
            return text == "HTTP" && use.Section.IsTcp ? HaproxyFirstBytes.IsHttp : known;
        }

        use.Problems.Error(words[i].Place, $"no ACL is called {Shown.Quote(text)} here", "the name of an ACL of this section that stands before it, or { FETCH ... }", use.Problems.Names.Nearest(text, use.Section.Acls.Keys.Concat(s_known.Keys)));
        return null;
    }

    /// <summary>Reads what an ACL says: a fetch, flags, and patterns.</summary>
    public static Condition? ReadTest(IReadOnlyList<Word> words, Word before, HaproxyUse use)
    {
        if (words.Count == 0)
        {
            use.Problems.Error(before.Place, "an ACL without a fetch", "such as path /a, or hdr(host) -i www.example.com");
            return null;
        }

        if (!HaproxySamples.TryRead(words[0].Text, mayCompare: true, use, out var sample, out var suffix, out var mistake))
        {
            use.Problems.Error(words[0].Place, mistake);
            return null;
        }

        var (test, ignoreCase, found, isBoolean) = (MethodOf(suffix), false, false, false);
        var (asMap, number, isBinary) = (false, (int?)null, false);
        List<(string Text, Place Place)> patterns = [];
        List<HaproxyList> files = [];
        var i = 1;
        for (; i < words.Count && words[i].Text.StartsWith('-') && !words[i].Quoted && !char.IsAsciiDigit(words[i].Text.ElementAtOrDefault(1)); i++)
        {
            switch (words[i].Text)
            {
                case "--":
                    i++;
                    goto patternsFollow;
                case "-i":
                    ignoreCase = true;
                    break;
                case "-n":
                    break;
                case "-m" when i + 1 < words.Count:
                    var method = words[++i];
                    found = method.Text == "found";
                    isBoolean = method.Text == "bool";
                    (test, isBinary) = (MethodOf(method.Text), method.Text == "bin");
                    if (test is null && !found && !isBoolean)
                    {
                        use.Error(method, $"{Shown.Quote(method.Text)} is no way to compare that is known here", "one of found, bool, int, ip, bin, str, beg, end, sub, dir, dom, reg, len");
                        return null;
                    }

                    break;
                case "-M":
                    asMap = true;
                    break;
                case "-u" when i + 1 < words.Count && int.TryParse(words[i + 1].Text, NumberStyles.None, CultureInfo.InvariantCulture, out var given):
                    number = given;
                    i++;
                    break;
                case "-f" when i + 1 < words.Count:
                    if (HaproxyFiles.Find(words[++i], asMap, "acl", use) is not { } file)
                        return null;
                    files.Add(file);
                    break;
                default:
                    use.Error(words[i], $"the flag {Shown.Quote(words[i].Text)} is not known here", "-i, -m, -f, -M, -u with a number, -n or --");
                    return null;
            }
        }

    patternsFollow:
        if (number is null)
            use.File.Lists.Count();
        if (found)
        {
            // Without a question mark there is no query.
            return sample.Expression is VariableExpression { Variable: TemplateVariable.Query }
                ? new TestCondition(new VariableExpression(TemplateVariable.Uri), TestKind.Contains, ["?"]) : new TestCondition(sample.Expression, TestKind.Present);
        }

        var comparison = "";
        for (; i < words.Count; i++)
        {
            if (patterns.Count == 0 && !words[i].Quoted && words[i].Text is "eq" or "ge" or "gt" or "le" or "lt" && (test ?? TestOf(sample.Type)) is TestKind.Range or TestKind.Length && i + 1 < words.Count)
                comparison = words[i].Text;
            else
                patterns.Add((words[i].Text, words[i].Place));
        }

        if (isBoolean || (patterns.Count + files.Count == 0 && number is null && test is null && sample.Type is SampleType.Boolean or SampleType.Number))
            return new TestCondition(sample.Expression, TestKind.Range, ["1:"]);
        if (patterns.Count + files.Count == 0 && number is null)
        {
            use.Problems.Error(words[0].Place, $"nothing to compare {Shown.Quote(words[0].Text)} with, so that it never holds", "a pattern, or -m found");
            return null;
        }

        if (sample.Type == SampleType.Groups && files.Count == 0 && number is null)
            return new TestCondition(sample.Expression, TestKind.Contains, patterns.Select(pattern => HaproxyUserList.PatternOf(pattern.Text)).ToValueList());
        if (isBinary && !TryReadBinary(patterns, files, number, ref sample, words[0], use))
            return null;
        var how = test ?? TestOf(sample.Type);
        if (number is { } own)
        {
            var list = new HaproxyList($"#{own}", false, [.. patterns.Select(pattern => new Located<PatternEntry>(new(Read(how, pattern.Text, comparison)), pattern.Place))], words[0].Place) { Number = own };
            if (!use.File.Lists.TryAdd(list))
            {
                use.Error(words[0], $"an ACL has the number {own} already", "another number");
                return null;
            }

            list.Use($"acl '{words[0].Text}'", use.Place);
            files.Add(list);
            patterns = [];
        }

        List<Condition> all = [];
        var ignores = ignoreCase && how is not (TestKind.Range or TestKind.Length or TestKind.Network);
        foreach (var file in files)
        {
            if (!file.Fits(how, ignores, use.Problems))
                return null;
            all.Add(new ListCondition(sample.Expression, how, file.Name, ignores));
        }

        if (patterns.Count > 0)
        {
            if (Compare(sample.Expression, how, patterns, comparison, ignoreCase, use) is not { } compared)
                return null;
            all.Add(compared);
        }

        return all.Count == 1 ? all[0] : new AnyCondition(all.ToValueList());
    }

    // As hexadecimal digits bytes can be compared that are no text.
    private static bool TryReadBinary(List<(string Text, Place Place)> patterns, List<HaproxyList> files, int? number, ref Sample sample, Word before, HaproxyUse use)
    {
        if (files.Count > 0 || number is not null)
        {
            use.Error(before, "'-m bin' with patterns of a file, or with a number, is not done here", "the patterns behind it");
            return false;
        }

        sample = sample with { Expression = new CallExpression(FunctionKind.Hex, sample.Expression) };
        for (var i = 0; i < patterns.Count; i++)
        {
            var (text, place) = patterns[i];
            if (text.Length == 0 || text.Length % 2 != 0 || !text.All(char.IsAsciiHexDigit))
            {
                use.Problems.Error(place, $"{Shown.Quote(text)} are no bytes in hexadecimal digits", "such as 5353482d");
                return false;
            }

            patterns[i] = (text.ToUpperInvariant(), place);
        }

        return true;
    }

    private static TestKind TestOf(SampleType type) => type switch
    {
        SampleType.Number or SampleType.Boolean => TestKind.Range,
        SampleType.Address => TestKind.Network,
        _ => TestKind.Is,
    };

    private static TestCondition? Compare(Expression value, TestKind test, List<(string Text, Place Place)> patterns, string comparison, bool ignoreCase, HaproxyUse use)
    {
        List<string> read = [];
        foreach (var (text, place) in patterns)
        {
            var pattern = Read(test, text, comparison);
            if (!TestTable.IsPattern(test, pattern, ignoreCase, out var mistake))
            {
                use.Problems.Error(place, mistake);
                return null;
            }

            read.Add(pattern);
        }

        ignoreCase = ignoreCase && test is not (TestKind.Range or TestKind.Length or TestKind.Network);
        return new(value, test, read.ToValueList(), ignoreCase);
    }

    private static string Read(TestKind test, string text, string comparison) => test switch
    {
        TestKind.Range or TestKind.Length => RangeOf(text, comparison),
        TestKind.Network => NetworkText.Masked(text),
        _ => text,
    };

    private static string RangeOf(string text, string comparison)
    {
        if (comparison is "" or "eq" || !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return text;
        return comparison switch
        {
            "ge" => $"{number}:",
            "gt" => $"{number + 1}:",
            "le" => $":{number}",
            _ => $":{number - 1}",
        };
    }
}
