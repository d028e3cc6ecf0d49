using System.Net;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Lints;

/// <summary>Routes that nothing comes to, and requests that reach servers otherwise than they were meant.</summary>
internal static class RouteLints
{
    // Expressions that every path matches, as people write them.
    private static readonly HashSet<string> s_everything = new(StringComparer.Ordinal) { "", "^", "/", "^/", ".", "^.", ".*", "^.*", "^.*$", ".*$", "/.*", "^/.*", "^/.*$", "^/(.*)", "^/(.*)$", "(.*)", "^(.*)$" };

    public static void Check(ListenerDraft listener, Dictionary<string, PoolDraft> pools, ProblemList problems)
    {
        var routes = listener.Routes ?? [];
        WarnOfCovered(routes, problems);
        WarnOfUnnamed(listener, routes, pools, problems);
        foreach (var route in routes)
        {
            CheckPath(route, problems);
            CheckHost(route, pools, problems);
        }
    }

    /// <summary>The first expression that matches a path takes it, before all prefixes that do not say otherwise.</summary>
    private static void WarnOfCovered(IReadOnlyList<RouteDraft> routes, ProblemList problems)
    {
        Dictionary<string, Located<string>> covers = new(StringComparer.Ordinal);
        foreach (var (host, path, route) in Matches(routes))
        {
            if (path is { } at && !covers.ContainsKey(host) && !HasConditions(route) && PatternOf(at.Value) is { } pattern && s_everything.Contains(pattern))
                covers.Add(host, at);
        }

        if (covers.Count == 0)
            return;
        HashSet<string> passed = [];
        foreach (var (host, path, route) in Matches(routes))
        {
            if (!covers.TryGetValue(host, out var cover))
                continue;
            if (path is { } at && at.Place == cover.Place)
            {
                passed.Add(host);
                continue;
            }

            // Expressions before it are asked before it; what is exact, or goes before expressions, always is.
            var isCovered = path is not { } its || (PatternOf(its.Value) is not null ? passed.Contains(host) : its.Value.EndsWith('*') && its.Value[0] != '^');
            if (isCovered && (path is not null || (route.To ?? route.Split?.Value[0].Key) is not null))
                problems.Warn(path?.Place ?? route.Place, $"no request comes here: the expression in line {cover.Place.Line} matches every path, and goes before", "a path that is exact or begins with ^~, or another expression there");
        }
    }

    private static IEnumerable<(string Host, Located<string>? Path, RouteDraft Route)> Matches(IReadOnlyList<RouteDraft> routes)
    {
        foreach (var route in routes)
        {
            if (route.Internal)
                continue;
            foreach (var host in route.Hosts.Count == 0 ? [""] : route.Hosts.Select(host => host.Value))
            {
                if (route.Paths.Count == 0)
                    yield return (host, null, route);
                foreach (var path in route.Paths)
                    yield return (host, path, route);
            }
        }
    }

    private static bool HasConditions(RouteDraft route) =>
        route.Match.Methods.Count + route.Match.Headers.Count + route.Match.Query.Count > 0 || route.Match.When is not null;

    private static string? PatternOf(string path) => path.StartsWith('~') ? path[(path.StartsWith("~*", StringComparison.Ordinal) ? 2 : 1)..] : null;

    /// <summary>What only rules and error pages lead to, and none does.</summary>
    private static void WarnOfUnnamed(ListenerDraft listener, IReadOnlyList<RouteDraft> routes, Dictionary<string, PoolDraft> pools, ProblemList problems)
    {
        if (!routes.Any(route => route.Internal))
            return;
        var named = routes.SelectMany(route => route.ErrorPages).Select(page => page.Value.Route)
            .Concat(routes.Select(route => route.Files?.Value.ElseRoute))
            .Concat(listener.Rules.Concat(routes.SelectMany(route => route.Rules)).Concat(pools.Values.SelectMany(pool => pool.Rules)).Where(rule => rule.Value.Action == RuleAction.GoTo).Select(rule => rule.Value.Name))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var route in routes)
        {
            if (route.Internal && !named.Contains(route.Name))
                problems.Warn(route.Place, "no request comes here: no rule, no error page and no file that is not there leads to this internal route", "something that names it, or the file without it");
        }
    }

    /// <summary>A prefix that ends in a slash, put in the place of one that does not, or the contrary.</summary>
    private static void CheckPath(RouteDraft route, ProblemList problems)
    {
        if (route.Paths is not [{ Value: var path }, ..] || !path.EndsWith('*') || path[0] == '~')
            return;
        var prefix = path.TrimStart('^', '~').TrimEnd('*');
        if (route.Rewrite is { } rewrite)
            CheckPath(prefix, rewrite.Value, rewrite.Place, problems);
        foreach (var (rule, place) in route.Rules)
        {
            if (rule is { Action: RuleAction.SetPath, Value: { } value })
                CheckPath(prefix, value, place, problems);
        }
    }

    private static void CheckPath(string prefix, TextTemplate template, Place place, ProblemList problems)
    {
        if (template.Parts is not [{ Literal: { Length: > 0 } to }, { Expression: { } behind }]
            || (behind is CallExpression { Function: FunctionKind.Normalize, Input: var encoded } ? encoded : behind) is not CallExpression { Function: FunctionKind.Bytes, Arguments: [var cut], Input: VariableExpression { Variable: TemplateVariable.Path } or FetchExpression { Kind: FetchKind.CleanPath } }
            || cut != $"{prefix.Length}" || prefix.EndsWith('/') == to.EndsWith('/'))
            return;
        var asked = prefix.EndsWith('/') ? prefix + "x" : prefix + "/x";
        problems.Warn(place, $"a slash ends {Shown.Quote(prefix.EndsWith('/') ? prefix : to)} and not {Shown.Quote(prefix.EndsWith('/') ? to : prefix)}: {Shown.Quote(asked)} reaches the server as {Shown.Quote(to + asked[prefix.Length..])}", "a slash at the end of both, or of neither");
    }

    /// <summary>Servers that go by the host they are asked for, and are asked for the name of their pool, which none of them has.</summary>
    private static void CheckHost(RouteDraft route, Dictionary<string, PoolDraft> pools, ProblemList problems)
    {
        if (route.To is not { } to || !pools.TryGetValue(to.Value, out var pool) || route.RequestHeaders is not { } edits)
            return;
        foreach (var line in edits.Value.Set)
        {
            if (!line.Name.Equals("Host", StringComparison.OrdinalIgnoreCase) || line.Value.Parts is not [{ Literal: { } host }] || host.Contains('.', StringComparison.Ordinal) || !pool.Name.Value.StartsWith(host, StringComparison.Ordinal))
                continue;
            if (pool.Servers.FirstOrDefault(server => HasName(server) && server.Address!.Value.Value.Host != host)?.Address is { } named)
                problems.Warn(to.Place, $"the servers are asked for the host {Shown.Quote(host)}, the name of their pool, and {Shown.Quote(named.Value.Host)} may know no such site", "the host that the client asks for (nginx: proxy_set_header Host $host), or the server's own");
        }
    }

    private static bool HasName(ServerDraft server) =>
        server.Address is { Value: { UnixPath: null } address } && address.Host.Contains('.', StringComparison.Ordinal) && !IPAddress.TryParse(address.Host, out _);
}
