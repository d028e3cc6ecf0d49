using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Explain;

/// <summary>How a route stands to a request.</summary>
/// <param name="Place">Its place in the configuration, from 0, every host with every path counted.</param>
/// <param name="Route">The route.</param>
/// <param name="Conditions">What it asks for, and what of it the request has; none for a route that takes everything.</param>
public sealed record RouteVerdict(int Place, RouteSettings Route, IReadOnlyList<ConditionVerdict> Conditions)
{
    /// <summary>Whether the request has all that it asks for.</summary>
    public bool Matches { get; init; }

    /// <summary>Whether its requests are told apart by the request at hand: the one it takes.</summary>
    public bool Chosen { get; init; }
}

/// <summary>One thing that a route asks for.</summary>
/// <param name="What">What it looks at: host, path, method, field, query or condition.</param>
/// <param name="Asked">What it asks for, as the configuration has it.</param>
/// <param name="Holds">Whether the request has it.</param>
public sealed record ConditionVerdict(string What, string Asked, bool Holds);

/// <summary>
/// Finds out what speaks for and against each route, with the very table that serves requests: each condition is asked
/// of a table that has nothing else.
/// </summary>
internal static class RouteVerdicts
{
    private static readonly Dictionary<string, Balancing.Pool> s_noPools = [];

    /// <summary>A request, put to a table.</summary>
    public delegate bool Probe(RouteTable table);

    /// <summary>The verdicts, the most specific route first.</summary>
    /// <param name="routes">The routes of a listener.</param>
    /// <param name="chosen">The one that was found for the request; null for none.</param>
    /// <param name="probe">Whether a table has a route for the request.</param>
    public static List<RouteVerdict> Of(ReadOnlySpan<RouteSettings> routes, RouteSettings? chosen, Probe probe)
    {
        var verdicts = new List<RouteVerdict>();
        for (var i = 0; i < routes.Length; i++)
        {
            var route = routes[i];

            // Only rules and error pages lead there.
            if (route.Internal && !ReferenceEquals(route, chosen))
                continue;
            var conditions = new List<ConditionVerdict>();
            if (route.Host is { } host)
                conditions.Add(Judge("host", host, new() { Host = host }, probe));
            if (route.Path is { } path)
                conditions.Add(Judge("path", path, new() { Path = path }, probe));
            if (route.Methods.Count > 0)
                conditions.Add(Judge("method", string.Join(" or ", (IEnumerable<string>)route.Methods), new() { Methods = route.Methods }, probe));
            foreach (var field in route.Headers)
                conditions.Add(Judge("field", $"{field.Name}: {field.Pattern}", new() { Headers = [field] }, probe));
            foreach (var parameter in route.Query)
                conditions.Add(Judge("query", $"{parameter.Name}={parameter.Pattern}", new() { Query = [parameter] }, probe));
            if (route.When is { } when)
                conditions.Add(Judge("condition", Secrets.Hide(when).ToString(), new() { When = when }, probe));
            verdicts.Add(new(i, route, conditions) { Matches = Has(AskingOnly(route), probe), Chosen = ReferenceEquals(route, chosen) });
        }

        verdicts.Sort(BySpecificity);
        return verdicts;
    }

    /// <summary>The one that was found alone, without what it asks for.</summary>
    public static RouteVerdict[] Only(RouteSettings[] routes, RouteSettings? chosen) =>
        chosen is null ? [] : [new(Array.FindIndex(routes, route => ReferenceEquals(route, chosen)), chosen, []) { Matches = true, Chosen = true }];

    private static ConditionVerdict Judge(string what, string asked, RouteSettings alone, Probe probe) => new(what, asked, Has(alone, probe));

    private static bool Has(RouteSettings route, Probe probe) => probe(new RouteTable([route], s_noPools));

    // What becomes of its requests plays no part.
    private static RouteSettings AskingOnly(RouteSettings route) =>
        new() { Host = route.Host, Path = route.Path, Methods = route.Methods, Headers = route.Headers, Query = route.Query, When = route.When };

    /// <summary>The order in which <see cref="RouteTable"/> asks them; of those that can match the same request.</summary>
    private static int BySpecificity(RouteVerdict one, RouteVerdict other)
    {
        var order = RankOf(other.Route.Host, exact: HostIsExact(other.Route)).CompareTo(RankOf(one.Route.Host, exact: HostIsExact(one.Route)));
        if (order == 0)
            order = RankOf(other.Route.Path, exact: PathIsExact(other.Route)).CompareTo(RankOf(one.Route.Path, exact: PathIsExact(one.Route)));
        if (order == 0)
            order = RouteConditions.CountOf(other.Route).CompareTo(RouteConditions.CountOf(one.Route));
        return order != 0 ? order : one.Place.CompareTo(other.Place);
    }

    private static bool HostIsExact(RouteSettings route) => route.Host is { } host && host[0] is not ('*' or '~') && !host.EndsWith('*');

    private static bool PathIsExact(RouteSettings route) => route.Path is { } path && path[0] != '~' && !path.EndsWith('*');

    // Anything, then the shorter pattern, then the longer, then expressions, then what goes before them, then the thing itself.
    private static int RankOf(string? pattern, bool exact) => pattern is null ? -1 : exact ? int.MaxValue : pattern[0] switch { '~' => 1 << 20, '^' => (1 << 20) + pattern.Length, _ => pattern.Length };
}
