using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>What becomes of Location and Refresh in servers' answers: proxy_redirect.</summary>
internal sealed class NginxRedirects
{
    private const string UpToUrl = "^(.*?url=)(.*)$";

    private static readonly FetchExpression s_refresh = new(FetchKind.ResponseHeader, "Refresh");

    // Where each of them leads.
    private static readonly (string Field, Expression Url)[] s_fields =
    [
        ("Location", new FetchExpression(FetchKind.ResponseHeader, "Location")),
        ("Refresh", new CallExpression(FunctionKind.Group, s_refresh, [UpToUrl, "2", "i"])),
    ];

    private readonly List<Located<RuleSettings>> _rules = [];
    private readonly NginxLevel _level;
    private readonly NginxScope _scope;

    // Whether there are several lines, of which the first that fits counts.
    private readonly bool _hasMany;

    /// <summary>Reports what is wrong with a line alone.</summary>
    public static void Check(NginxUse use)
    {
        if (use.Directive.Count == 1 && use.Directive[1] is not ("default" or "off"))
            use.Error(1, $"invalid parameter \"{use.Directive[1]}\"", "default, off, or what becomes what");
    }

    private NginxRedirects(NginxLevel level, NginxScope scope, bool hasMany) => (_level, _scope, _hasMany) = (level, scope with { OfResponse = true }, hasMany);

    public static IReadOnlyList<Located<RuleSettings>> Of(NginxLevel level, NginxProxy proxy, RouteDraft route, NginxScope scope, ProblemList problems)
    {
        var lines = level.All("proxy_redirect");
        var redirects = new NginxRedirects(level, scope, lines.Count > 1);
        if (lines.Any(line => line[1] == "off"))
            return [];
        if (lines.Count == 0 || lines.Any(line => line[1] == "default"))
        {
            // With variables nginx has no default.
            if (proxy.HasVariables && lines.Count > 0)
                problems.Error(lines[0].Place, "\"proxy_redirect default\" cannot be used with \"proxy_pass\" directive with variables");
            else if (!proxy.HasVariables)
                redirects.AddPair(proxy.UriText is null ? proxy.Url + "/" : proxy.Url, proxy.UriText is null || route.Paths is not [{ Value: var path }] ? "/" : path.TrimStart('^', '~').TrimEnd('*'), proxy.Place, proxy.Place);
        }

        foreach (var line in lines)
        {
            if (line.Count < 2)
                continue;
            if (line[1].StartsWith('~'))
                redirects.AddPattern(line, problems);
            else
                redirects.AddPair(line[1], line[2], line.Words[1].Place, line.Words[2].Place);
        }

        return redirects._rules;
    }

    private void AddPair(string from, string text, Place fromPlace, Place place)
    {
        if (!NginxVariables.TryRead(from, _scope, fromPlace, out var start) || !NginxVariables.TryRead(text, _scope, place, out var to))
            return;
        foreach (var (field, url) in s_fields)
        {
            var behind = new CallExpression(FunctionKind.Behind, url, [NginxVariables.WithEmpty(start).ToString()]);
            Add(field, new TestCondition(behind, TestKind.Present), text, TextTemplate.Of([.. to.Parts, new(null, default, behind)]), place);
        }
    }

    // nginx replaces the whole.
    private void AddPattern(NginxDirective line, ProblemList problems)
    {
        var ignoreCase = line[1].StartsWith("~*", StringComparison.Ordinal);
        var pattern = line[1][(ignoreCase ? 2 : 1)..];
        if (!BytePattern.TryParse(pattern, ignoreCase, out var parsed, out var mistake))
        {
            problems.Error(line.Words[1].Place, mistake);
            return;
        }

        foreach (var (field, url) in s_fields)
        {
            var its = _scope with { Capture = new(url, pattern, ignoreCase, parsed.GroupNames) };
            if (NginxVariables.TryRead(line[2], its, line.Words[2].Place, out var to))
                Add(field, new TestCondition(url, TestKind.Matches, [pattern], ignoreCase), line[2], to, line.Place);
        }
    }

    private void Add(string field, Condition when, string text, TextTemplate to, Place place)
    {
        // What a browser is told to ask for later stays relative.
        var value = field == "Location" ? NginxSteps.Absolute(text, to, _level, _scope)
            : TextTemplate.Of([new(null, default, new CallExpression(FunctionKind.Group, s_refresh, [UpToUrl, "1", "i"])), .. to.Parts]);
        if (!_hasMany)
        {
            _rules.Add(new(new() { Action = RuleAction.SetHeader, Name = field, Value = value, When = when }, place));
            return;
        }

        // What the first one has made of it is not looked at again.
        var (fits, number) = ("redirect." + field, $"{_rules.Count}");
        if (!_rules.Exists(rule => rule.Value.Name == fits))
            _rules.Add(new(new() { Action = RuleAction.RemoveVariable, Name = fits }, place));
        _rules.Add(new(new() { Action = RuleAction.SetVariable, Name = fits, Value = TextTemplate.Literal(number), When = NginxSteps.Both(new NotCondition(NginxSteps.Has(fits)), when) }, place));
        _rules.Add(new(new() { Action = RuleAction.SetHeader, Name = field, Value = value, When = new TestCondition(new FetchExpression(FetchKind.Variable, fits), TestKind.Is, [number]) }, place));
    }
}
