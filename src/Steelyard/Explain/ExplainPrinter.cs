using System.Globalization;

namespace Steelyard.Explain;

/// <summary>Prints the way of a request for a person.</summary>
internal static class ExplainPrinter
{
    private const int MostRoutes = 10;
    private const int MostServers = 50;
    private const int BarWidth = 30;

    public static void Print(TextWriter output, ExplainReport report, int repeat)
    {
        Line(output, "Request", $"{report.Request} from {report.From}");
        Line(output, "Listener", report.Listener);
        if (report.Note is { } note)
            Line(output, "", $"({note})");
        if (report.Path.Length > 0)
            Line(output, "Compared", $"host {(report.Host.Length == 0 ? "none" : report.Host)}, path {report.Path}");
        PrintRoutes(output, report);
        PrintList(output, report.Rules, "Rules", rule => $"{rule.Place}: {rule.What}{(rule.When is null ? "" : $" (when {rule.When})")}");
        if (report.Target is { } target)
            Line(output, "Becomes", target);
        if (report.Given is { } given)
            Line(output, "Answer", $"{given.Status}{(given.Location is null ? "" : $" to {given.Location}")}{(given.File is null ? "" : $", the file {given.File}")}");
        if (report.Refusal is { } refusal)
            Line(output, "Refused", refusal.Status == 0 ? refusal.Reason : $"{refusal.Status}: {refusal.Reason}");
        foreach (var pool in report.Pools)
            PrintPool(output, pool, repeat);
    }

    private static void PrintRoutes(TextWriter output, ExplainReport report)
    {
        if (report.Route is { } route)
            Line(output, "Route", $"{Describe(route)} -> {route.LeadsTo}");
        PrintList(output, report.MoreSpecific, "Not", other => $"{Describe(other)} -> {other.LeadsTo}: {WhatFails(other)}");
        PrintList(output, report.LessSpecific, "Else", other => $"{Describe(other)} -> {other.LeadsTo}: matches too, but asks for less or comes later");
    }

    private static void PrintList<T>(TextWriter output, IReadOnlyList<T> routes, string label, Func<T, string> describe)
    {
        for (var i = 0; i < Math.Min(routes.Count, MostRoutes); i++)
            Line(output, i == 0 ? label : "", describe(routes[i]));
        if (routes.Count > MostRoutes)
            Line(output, "", $"and {routes.Count - MostRoutes} more (--json has all)");
    }

    /// <summary>What a route asks for.</summary>
    public static string Describe(RouteReport route) =>
        route.Conditions.Count == 0 ? "everything" : string.Join(", ", route.Conditions.Select(condition => $"{condition.What} {condition.Asked}"));

    /// <summary>What of it a request has not.</summary>
    public static string WhatFails(RouteReport route) =>
        string.Join(" and ", route.Conditions.Where(condition => !condition.Holds).Select(condition => $"the {condition.What} is not {condition.Asked}")) is { Length: > 0 } fails ? fails : "asks for more";

    private static void PrintPool(TextWriter output, PoolReport pool, int repeat)
    {
        output.WriteLine();
        Line(output, "Pool", $"{pool.Name}, {pool.Policy}{(pool.ScoreMeaning is null ? "" : $" (score: {pool.ScoreMeaning})")}");
        if (pool.Candidates.Count == 0)
            Line(output, "", "(no servers yet: those of an app come with its start)");
        var width = pool.Candidates.Select(candidate => candidate.Server.Length).Append(6).Max();
        Line(output, "", $"  {"server".PadRight(width)}  weight  active   score");
        foreach (var candidate in pool.Candidates.Take(MostServers))
        {
            var mark = candidate.Server == pool.Chosen ? "*" : " ";
            var score = candidate.Score is { } value ? value.ToString("0.####", CultureInfo.InvariantCulture) : "-";
            var because = candidate.Because is null ? "" : "  " + candidate.Because;
            Line(output, "", $"{mark} {candidate.Server.PadRight(width)}  {candidate.Weight,6}  {ActiveOf(candidate),6}  {score,6}{because}");
        }

        if (pool.Candidates.Count > MostServers)
            Line(output, "", $"  and {pool.Candidates.Count - MostServers} more (--json has all)");
        Line(output, "Choice", $"{pool.Chosen ?? "none"}: {pool.Because}");
        if (repeat > 1)
            PrintDistribution(output, pool, repeat, width);
    }

    private static string ActiveOf(CandidateReport candidate) =>
        string.Create(CultureInfo.InvariantCulture, $"{candidate.Active}{(candidate.Limit is { } limit ? $"/{limit}" : "")}");

    private static void PrintDistribution(TextWriter output, PoolReport pool, int repeat, int width)
    {
        Line(output, "Of " + repeat.ToString(CultureInfo.InvariantCulture), pool.Requests == repeat ? "requests, each ending before the next" : $"requests {pool.Requests} came here, each ending before the next");
        var most = pool.Candidates.Select(candidate => candidate.Requests).Append(1).Max();
        foreach (var candidate in pool.Candidates.Where(candidate => candidate.Requests > 0).Take(MostServers))
        {
            var bar = new string('#', Math.Max(1, candidate.Requests * BarWidth / most));
            Line(output, "", $"  {candidate.Server.PadRight(width)}  {candidate.Requests,8}  {Percent(candidate.Requests, pool.Requests),6}  {bar}");
        }

        if (pool.WithoutServer > 0)
            Line(output, "", $"  {"none".PadRight(width)}  {pool.WithoutServer,8}  {Percent(pool.WithoutServer, pool.Requests),6}");
    }

    private static string Percent(int part, int whole) => ((double)part / whole).ToString("0.0%", CultureInfo.InvariantCulture);

    private static void Line(TextWriter output, string label, string text) => output.WriteLine($"{label,-9} {text}".TrimEnd());
}
