using Steelyard.Config.Dialects;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>The conditions of if.</summary>
internal static class NginxConditions
{
    /// <summary>Reads what stands in round brackets.</summary>
    /// <param name="directive">The if.</param>
    /// <param name="scope">What its variables stand for.</param>
    /// <param name="capture">What the expression matches, where it has groups; null for nothing.</param>
    /// <returns>Null, and an error, when it cannot be read.</returns>
    public static Condition? Read(NginxDirective directive, NginxScope scope, out NginxCapture? capture)
    {
        capture = null;
        var problems = scope.File.Problems;
        List<Word> words = [.. directive.Words.Skip(1)];
        if (!words[0].Text.StartsWith('(') || !words[^1].Text.EndsWith(')') || words is [{ Text: "(" }])
        {
            problems.Error(directive.Place, $"invalid condition \"{words[0].Text}\"", "a condition in round brackets, such as if ($request_method = POST)");
            return null;
        }

        words[0] = words[0] with { Text = words[0].Text[1..] };
        words[^1] = words[^1] with { Text = words[^1].Text[..^1] };
        words.RemoveAll(word => word.Text.Length == 0 && !word.Quoted);
        if (words is [{ Text: var single } only] && single.StartsWith('$'))
        {
            return NginxVariables.Read(single, scope, only.Place) is { } value
                ? new NotCondition(new TestCondition(NginxVariables.OrEmpty(value), TestKind.Is, ["", "0"])) : null;
        }

        if (words is [{ Text: "-f" or "!-f" or "-d" or "!-d" or "-e" or "!-e" or "-x" or "!-x" } file, { } path])
            return OfFile(file.Text, path, scope);

        if (words is not [{ } left, { } operation, { } right] || !left.Text.StartsWith('$'))
        {
            problems.Error(directive.Place, words is [{ Text: var found }, ..] ? $"invalid condition \"{found}\"" : "invalid condition", "a variable, and = != ~ ~* !~ or !~* with what it is compared with");
            return null;
        }

        if (NginxVariables.Read(left.Text, scope, left.Place) is not { } input)
            return null;
        input = NginxVariables.OrEmpty(input);
        switch (operation.Text)
        {
            case "=" or "!=":
                return NginxVariables.TryRead(right.Text, scope, right.Place, out var text, isBody: true) ? Compare(text) : null;
            case "~" or "~*" or "!~" or "!~*":
                var ignoreCase = operation.Text.EndsWith('*');
                if (!BytePattern.TryParse(right.Text, ignoreCase, out var pattern, out var mistake))
                {
                    problems.Error(right.Place, mistake);
                    return null;
                }

                Condition matches = new TestCondition(input, TestKind.Matches, [right.Text], ignoreCase);
                capture = pattern.Groups > 0 ? new(input, right.Text, ignoreCase, pattern.GroupNames) { IsOfOthers = operation.Text[0] == '!' } : null;
                return operation.Text[0] == '!' ? new NotCondition(matches) : matches;
            default:
                problems.Error(operation.Place, $"unexpected \"{operation.Text}\" in condition", "= != ~ ~* !~ or !~*");
                return null;
        }

        Condition? Compare(TextTemplate text)
        {
            if (text.Parts is not ([] or [{ Literal: not null }]))
            {
                Condition equal = new TestCondition(new CallExpression(FunctionKind.Compare, input, [NginxVariables.WithEmpty(text).ToString()]), TestKind.Is, ["0"]);
                return operation.Text == "=" ? equal : new NotCondition(equal);
            }

            Condition same = new TestCondition(input, TestKind.Is, [text.Parts is [{ Literal: { } literal }] ? literal : ""]);
            return operation.Text == "=" ? same : new NotCondition(same);
        }
    }

    private static Condition? OfFile(string test, Word path, NginxScope scope)
    {
        var text = path.Text.StartsWith('/') || path.Text.StartsWith('$') ? path.Text : scope.File.PathOf(path.Text);
        if (NginxVariables.Read(text, scope, path.Place) is not { } value)
            return null;
        var kind = new CallExpression(FunctionKind.FileKind, NginxPaths.Encoded(scope.File.FromItsFolder(value)));
        Condition condition = test[^1] switch
        {
            'f' => new TestCondition(kind, TestKind.Is, ["file", "program"]),
            'd' => new TestCondition(kind, TestKind.Is, ["folder"]),
            'x' => new TestCondition(kind, TestKind.Is, ["program", "folder"]),
            _ => new TestCondition(kind, TestKind.Present),
        };
        return test[0] == '!' ? new NotCondition(condition) : condition;
    }
}
