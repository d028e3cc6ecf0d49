using System.Globalization;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>
/// try_files where a server answers: a request for a file that is there goes on to it, any other where the last word
/// leads (nginx: ngx_http_try_files_module). Where files are served themselves <see cref="NginxFiles"/> has it.
/// </summary>
internal static class NginxTries
{
    private const string Found = "try.found";

    public static void Read(NginxDirective line, NginxServer server, NginxScope scope, bool setsPath, List<Located<RuleSettings>> rules)
    {
        var problems = scope.File.Problems;
        Add(new() { Action = RuleAction.RemoveVariable, Name = Found });
        Condition missing = new NotCondition(NginxSteps.Has(Found));
        foreach (var (word, number) in line.Words.Skip(1).SkipLast(1).Select((word, at) => (word, at + 1)))
        {
            var isFolder = word.Text.EndsWith('/');
            if (!NginxVariables.TryRead(isFolder ? word.Text[..^1] : word.Text, scope, word.Place, out var path))
                continue;
            var kind = new CallExpression(FunctionKind.FileKind, NginxPaths.Encoded(PathOf(path, scope)));
            Add(new()
            {
                Action = RuleAction.SetVariable,
                Name = Found,
                Value = TextTemplate.Literal(number.ToString(CultureInfo.InvariantCulture)),
                When = new AllCondition([missing, new TestCondition(kind, TestKind.Is, isFolder ? ["folder"] : ["file", "program"])]),
            });
            if (setsPath && word.Text is not ("$uri" or "$document_uri"))
                Add(new() { Action = RuleAction.SetPath, Value = NginxPaths.Encoded(path), When = new TestCondition(new FetchExpression(FetchKind.Variable, Found), TestKind.Is, [$"{number}"]) });
        }

        var last = line.Words[^1];
        if (last.Text.StartsWith('@'))
        {
            Add(new() { Action = RuleAction.GoTo, Name = server.InternalName(last.Text), When = missing });
        }
        else if (last.Text.StartsWith('='))
        {
            if (!int.TryParse(last.Text.AsSpan(1), out var status) || status is < 200 or > 599)
                problems.Error(last.Place, $"invalid code \"{last.Text}\"", "=404, or another status");
            else
                Add(status >= 400 ? new() { Action = RuleAction.Deny, Status = status, When = missing } : new() { Action = RuleAction.Respond, Respond = new(status), When = missing });
        }
        else if (NginxVariables.TryRead(last.Text, scope, last.Place, out var target))
        {
            Add(new() { Action = RuleAction.SetTarget, Value = NginxPaths.WithQuery(target), When = missing });
            Add(new() { Action = RuleAction.Reroute, When = missing });
        }

        void Add(RuleSettings rule) => rules.Add(new(rule, line.Place));
    }

    // Where it lies on the disk.
    private static TextExpression PathOf(TextTemplate path, NginxScope scope) => new(TextTemplate.Of(
    [
        .. NginxVariables.FolderText(scope).Parts,
        .. scope.Root.Strip is not { Length: > 0 } strip ? path.Parts : [new(null, default, new CallExpression(FunctionKind.Bytes, new TextExpression(path), [$"{NginxPaths.LengthOf(strip)}"]))],
    ]));
}
