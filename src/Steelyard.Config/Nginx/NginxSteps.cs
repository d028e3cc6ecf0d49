using System.Globalization;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Nginx;

/// <summary>Makes rules of what is done one after the other: set, if, rewrite, return and break.</summary>
internal sealed class NginxSteps(NginxScope scope, List<Located<RuleSettings>> rules, string phase)
{
    private const string Match = "rewrite.match";

    private static readonly string[] s_redirects = ["301", "302", "303", "307", "308"];

    private readonly string _ended = $"{phase}.end";
    private readonly string _taken = $"{phase}.if";
    private int _ifs;
    private bool _mayHaveEnded;
    private bool _ends;

    /// <summary>The name of the internal route of a block.</summary>
    public Func<NginxLevel, string>? NameOf { get; init; }

    /// <summary>Whether a block that says more than steps answers by itself, or what stands behind it does: its words count for that answer too.</summary>
    public static bool AnswersItself(NginxLevel block) => block.HasOwn && block.Steps.Concat(Behind(block)).Any(step => step.Directive.Name == "return");

    /// <summary>The steps of its location that a block of if goes on with.</summary>
    private static IEnumerable<(NginxDirective Directive, NginxLevel? Block)> Behind(NginxLevel block) =>
        block.Parent!.Steps.SkipWhile(step => step.Block != block).Skip(1);

    /// <summary>Whether a path may have been changed.</summary>
    public bool ChangesTarget { get; private set; }

    /// <summary>Whether a path that was changed may stay in its location.</summary>
    public bool KeepsTarget => _mayHaveEnded;

    /// <summary>The blocks of if that say more than steps, and the name of the variable value that means each.</summary>
    public List<(NginxLevel Block, int Number)> Blocks { get; } = [];

    /// <summary>The condition that a block was taken.</summary>
    public Condition Taken(int number) => new TestCondition(new FetchExpression(FetchKind.Variable, _taken), TestKind.Is, [$"{number}"]);

    /// <summary>The condition that steps have ended by break.</summary>
    public Condition HasEnded => Has(_ended);

    private ProblemList Problems => scope.File.Problems;

    public static Condition Has(string variable) => Has(new FetchExpression(FetchKind.Variable, variable));

    public static Condition Has(Expression value) => new TestCondition(value, TestKind.Present);

    public static Condition? Both(Condition? one, Condition? other) => one is null ? other : other is null ? one : new AllCondition([one, other]);

    /// <summary>Notes the variable of a set.</summary>
    public static void DeclareVariable(NginxUse use)
    {
        var name = use.Directive[1];
        if (name.Length < 2 || name[0] != '$' || !RuleTable.IsVariableName(name[1..]))
            use.Error(1, $"invalid variable name \"{name}\"", "a name behind a dollar sign");
        else if (use.Level.Context == 'V')
            use.File.StreamVariables.Add(name[1..]);
        else if (name is not ("$args" or "$query_string" or "$limit_rate"))
            use.File.SetVariables.Add(name[1..]);
    }

    /// <summary>Forgets what the phase may have left, where a request can come here again.</summary>
    public void Begin(NginxLevel level)
    {
        if (Mentions(level, "break"))
            Emit(new() { Action = RuleAction.RemoveVariable, Name = _ended }, null, level.Place);
        if (level.Steps.Exists(step => step.Block is not null))
            Emit(new() { Action = RuleAction.RemoveVariable, Name = _taken }, null, level.Place);
    }

    /// <summary>Whether steps of a block, or of a block within, have a word as their name or their flag.</summary>
    public static bool Mentions(NginxLevel level, string word) =>
        level.Steps.Exists(step => step.Directive.Name == word || step.Directive[3] == word || (step.Block is { } block && Mentions(block, word)));

    /// <summary>Reads the steps of a block.</summary>
    /// <param name="level">The block.</param>
    /// <param name="when">When they are done.</param>
    public void Read(NginxLevel level, Condition? when = null) => Read(level, level.Steps, when);

    /// <summary>Reads the steps of a block of if, and those that it goes on with.</summary>
    public void ReadOn(NginxLevel block) => Read(block, block.Steps.Concat(Behind(block)), null);

    private void Read(NginxLevel level, IEnumerable<(NginxDirective Directive, NginxLevel? Block)> steps, Condition? when)
    {
        foreach (var (directive, block) in steps)
        {
            if (_ends)
                return;
            switch (directive.Name)
            {
                case "return":
                    ReadReturn(directive, level, when);
                    break;
                case "set":
                    ReadSet(directive, when);
                    break;
                case "break":
                    End(when, directive.Place);
                    break;
                case "rewrite":
                    ReadRewrite(directive, level, when);
                    break;
                default:
                    ReadIf(directive, block!, when);
                    break;
            }
        }
    }

    private void Emit(RuleSettings rule, Condition? when, Place place) =>
        rules.Add(new(rule with { When = Both(_mayHaveEnded ? new NotCondition(Has(_ended)) : null, when) }, place));

    private void End(Condition? when, Place place)
    {
        if (when is null && !_mayHaveEnded)
            _ends = true;
        Emit(Set(_ended, TextTemplate.Literal("1")), when, place);
        _mayHaveEnded = true;
    }

    private static RuleSettings Set(string name, TextTemplate value) => new() { Action = RuleAction.SetVariable, Name = name, Value = value };

    // What is absent is empty, and set all the same.
    private static TextTemplate Present(TextTemplate template) =>
        template.Parts is [{ Literal: null } only] ? TextTemplate.Of(NginxVariables.OrEmpty(only.Expression ?? new VariableExpression(only.Variable))) : template;

    private void ReadSet(NginxDirective directive, Condition? when)
    {
        if (!NginxVariables.TryRead(directive[2], scope, directive.Words[2].Place, out var value))
            return;
        if (directive[1] is "$args" or "$query_string")
        {
            // nginx: what the client has written of the path is forgotten with it.
            Emit(new() { Action = RuleAction.SetPath, Value = NginxPaths.Encoded(TextTemplate.Of(new FetchExpression(FetchKind.CleanPath))) }, when, directive.Place);
        }

        Emit(directive[1] is "$args" or "$query_string" ? new() { Action = RuleAction.SetQuery, Value = value } : directive[1] == "$limit_rate" ? new() { Action = RuleAction.SetBandwidth, Value = value } : Set(directive[1][1..], Present(value)), when, directive.Place);
    }

    private void ReadReturn(NginxDirective directive, NginxLevel level, Condition? when)
    {
        if (Answer(directive, level) is not { } rule)
            return;
        Emit(rule, when, directive.Place);
        _ends |= when is null && !_mayHaveEnded;
    }

    private RuleSettings? Answer(NginxDirective directive, NginxLevel level)
    {
        var first = directive.Words[1];
        if (directive.Count == 1 && IsAbsolute(first.Text))
            return Redirect(first.Text, first.Place, 302, level);
        if (!int.TryParse(first.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) || code > 999)
        {
            Problems.Error(first.Place, $"invalid return code \"{first.Text}\"", "a status, or a URL");
            return null;
        }

        // nginx: who is told these is told nothing.
        if (code == 444 || (directive.Count == 1 && code is (408 or 499)))
            return new() { Action = RuleAction.Close };
        if (code is < 200 or > 599)
        {
            Problems.Error(first.Place, $"the status {code} is not answered here", "200 to 599, or 444");
            return null;
        }

        if (directive.Count == 2 && Array.IndexOf(s_redirects, first.Text) >= 0)
            return Redirect(directive[2], directive.Words[2].Place, code, level);
        if (directive.Count == 1)
            return code >= 400 ? new() { Action = RuleAction.Deny, Status = code } : new() { Action = RuleAction.Respond, Respond = code >= 204 ? new(code) : WithType(NginxTypes.Typed(new(code), level)) };
        if (!NginxVariables.TryRead(directive[2], scope with { OfAnswer = true }, directive.Words[2].Place, out var text, isBody: true))
            return null;
        var response = NginxTypes.Typed(new FixedResponse(code), level);
        if (code is 204 or 304)
            return new() { Action = RuleAction.Respond, Respond = response };
        if (text.Parts is [] or [{ Literal: not null }])
            return new() { Action = RuleAction.Respond, Respond = response with { Body = text.Parts is [{ Literal: { } body }] ? body : "" } };
        return new() { Action = RuleAction.Respond, Respond = response with { Text = text } };
    }

    // nginx says of what is empty too what it is.
    private static FixedResponse WithType(FixedResponse response) =>
        response.Headers.Count > 0 ? response : response with { Headers = [new HeaderLine("Content-Type", TextTemplate.Literal(response.ContentType))] };

    /// <summary>Whether a text leads to a host by itself.</summary>
    public static bool IsAbsolute(string text) =>
        text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal) || text.StartsWith("$scheme", StringComparison.Ordinal);

    private RuleSettings? Redirect(string to, Place place, int status, NginxLevel level) =>
        NginxVariables.TryRead(to, scope, place, out var template) ? new() { Action = RuleAction.Redirect, Redirect = new(Absolute(to, template, level, scope), status) } : null;

    /// <summary>nginx makes a path absolute, by the host and port that were asked for.</summary>
    public static TextTemplate Absolute(string text, TextTemplate template, NginxLevel level, NginxScope scope)
    {
        var isMade = text.StartsWith('$') && !IsAbsolute(text);
        if ((!text.StartsWith('/') && !isMade) || !level.IsOn("absolute_redirect", otherwise: true))
            return template;
        var host = level.IsOn("server_name_in_redirect") ? NginxVariables.Literal(scope.ServerName) : NginxVariables.HostOrAddress;
        List<TemplatePart> parts = [new(null, default, NginxVariables.Scheme), new("://"), .. TextTemplate.Of(host).Parts];
        if (level.IsOn("port_in_redirect", otherwise: true))
            parts.Add(new(null, default, new MapExpression(new FetchExpression(FetchKind.LocalPort), [new(TestKind.Is, false, "80", TextTemplate.Empty), new(TestKind.Is, false, "443", TextTemplate.Empty)], TextTemplate.Of([new(":"), new(null, default, new FetchExpression(FetchKind.LocalPort))]))));
        var whole = TextTemplate.Of([.. parts, .. template.Parts]);

        // What a variable begins with is seen when a request comes.
        return !isMade ? whole : TextTemplate.Of(new MapExpression(NginxVariables.ValueOf(template), [new(TestKind.Starts, false, "/", whole)], template));
    }

    private void ReadRewrite(NginxDirective directive, NginxLevel level, Condition? when)
    {
        if (!BytePattern.TryParse(directive[1], ignoreCase: false, out var pattern, out var mistake))
        {
            Problems.Error(directive.Words[1].Place, mistake);
            return;
        }

        var flag = directive[3];
        if (flag is not ("" or "last" or "break" or "redirect" or "permanent"))
        {
            Problems.Error(directive.Words[3].Place, $"invalid parameter \"{flag}\"", "last, break, redirect or permanent");
            return;
        }

        Expression path = new FetchExpression(FetchKind.CleanPath);
        var its = scope with { Capture = new(path, directive[1], false, pattern.GroupNames) };
        var ofQuery = its with { Capture = its.Capture with { IsOfQuery = true } };
        var (target, place) = (directive[2], directive.Words[2].Place);
        var dropsQuery = target.EndsWith('?');
        target = dropsQuery ? target[..^1] : target;
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        var isRedirect = flag is "redirect" or "permanent" || IsAbsolute(target);
        if (!NginxVariables.TryRead(mark < 0 ? target : target[..mark], isRedirect ? its with { Capture = its.Capture with { IsEncoded = true } } : its, place, out var to) || !NginxVariables.TryRead(mark < 0 ? "" : target[(mark + 1)..], ofQuery, place, out var query))
            return;
        var matches = Both(when, new TestCondition(path, TestKind.Matches, [directive[1]]));
        if (isRedirect)
        {
            // The query follows, unless the text ends in a question mark.
            List<TemplatePart> parts = [.. Absolute(target, to, level, scope).Parts];
            if (mark >= 0)
                parts.AddRange([new("?"), .. query.Parts]);
            if (!dropsQuery)
                parts.Add(Behind(mark < 0 ? "?" : "&"));
            Emit(new() { Action = RuleAction.Redirect, Redirect = new(TextTemplate.Of(parts), flag == "permanent" ? 301 : 302) }, matches, directive.Place);
            return;
        }

        ChangesTarget = true;
        to = NginxPaths.Encoded(to);
        RuleSettings change = mark < 0 && !dropsQuery ? new() { Action = RuleAction.SetPath, Value = to }
            : mark < 0 ? new() { Action = RuleAction.SetTarget, Value = to }
            : new() { Action = RuleAction.SetTarget, Value = TextTemplate.Of([.. to.Parts, new("?"), .. query.Parts, .. dropsQuery ? (TemplatePart[])[] : [Behind("&")]]) };
        if (flag.Length == 0)
        {
            Emit(change, matches, directive.Place);
            return;
        }

        // Once the path is another, the expression would not match any more.
        Emit(new() { Action = RuleAction.RemoveVariable, Name = Match }, null, directive.Place);
        Emit(Set(Match, TextTemplate.Literal("1")), matches, directive.Place);
        Emit(change, Has(Match), directive.Place);
        if (flag == "break" || phase == "server")
            End(Has(Match), directive.Place);
        else
            Emit(new() { Action = RuleAction.Reroute }, Has(Match), directive.Place);
    }

    /// <summary>The query that there is behind a text; nothing where there is none.</summary>
    public static TemplatePart Behind(string separator) => new(null, default, new MapExpression(
        new VariableExpression(TemplateVariable.Query),
        [new(TestKind.Is, false, "", TextTemplate.Empty)],
        TextTemplate.Of([new(separator), new(null, TemplateVariable.Query)])));

    private void ReadIf(NginxDirective directive, NginxLevel block, Condition? outer)
    {
        if (NginxConditions.Read(directive, scope, out var capture) is not { } condition)
            return;
        condition = Both(outer, condition)!;
        var says = block.HasOwn;
        if (block.Steps.Count == 0 && !says)
            return;
        Condition? when = condition;

        // What the steps change must not change the condition.
        if (block.Steps.Count > 1 || says || capture is not null)
        {
            var holds = $"{phase}.if{++_ifs}";
            Emit(new() { Action = RuleAction.RemoveVariable, Name = holds }, null, directive.Place);
            Emit(Set(holds, TextTemplate.Literal("1")), condition, directive.Place);
            when = Has(holds);
        }

        if (capture is not null)
            Remember(capture, capture.IsOfOthers ? Both(outer, new NotCondition(when)) : when, directive.Place);
        if (says)
        {
            Blocks.Add((block, _ifs));
            Emit(Set(_taken, TextTemplate.Literal($"{_ifs}")), when, directive.Place);
        }

        if (AnswersItself(block) && NameOf is { } name)
        {
            Emit(new() { Action = RuleAction.GoTo, Name = name(block) }, when, directive.Place);
            return;
        }

        var ends = _ends;
        Read(block, when);
        _ends = ends;
    }

    /// <summary>Remembers what groups have matched, where the file speaks of them.</summary>
    public void Remember(NginxCapture capture, Condition? when, Place place)
    {
        for (var i = 1; i <= capture.Names.Count; i++)
        {
            var value = TextTemplate.Of(new CallExpression(FunctionKind.Default, capture.Group(i), [""]));
            if (i <= 9 && scope.File.Speaks($"{i}"))
                Emit(Set($"{i}", value), when, place);
            if (capture.Names[i - 1] is { } name && scope.File.Speaks(name))
                Emit(Set(name, value), when, place);
        }
    }
}
