using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Explain;

namespace Steelyard.Explain;

/// <summary>Asks of every request that a configuration says something of what would become of it.</summary>
internal static class ExpectationCheck
{
    /// <summary>What does not hold, each in its place.</summary>
    /// <param name="read">A configuration that has passed its other checks.</param>
    /// <param name="folder">The folder of its file.</param>
    /// <param name="now">When the requests come.</param>
    public static IEnumerable<Problem> Run(ConfigurationResult read, string folder, DateTimeOffset now)
    {
        if (read.Snapshot is not { Expectations: { Count: > 0 } expectations } snapshot)
            yield break;
        var explainer = Explainer.Of(snapshot, folder);
        for (var i = 0; i < expectations.Count; i++)
        {
            if (Ask(snapshot, explainer, expectations[i], now) is var (message, expected))
                yield return read.Expectations[i].Problem(Severity.Error, message, expected);
        }
    }

    private static (string Message, string Expected)? Ask(Snapshot snapshot, Explainer explainer, Expectation expectation, DateTimeOffset now)
    {
        if (expectation.End is { Kind: ExpectedKind.Pool, Name: var pool } && !snapshot.Pools.Any(known => known.Name == pool))
            return ($"no pool is called '{pool}'", "the name of one of the pools");
        var question = new Question
        {
            Request = expectation.Request,
            Fields = expectation.Fields.Select(field => new QuestionField(field.Name, field.Value)).ToValueList(),
            From = expectation.From ?? System.Net.IPAddress.Loopback,
            Listener = expectation.Listener,
            Time = now,
            Compares = false,
        };
        try
        {
            question = AddHost(question, expectation);
            if (Holds(expectation.End, explainer.Explain(question), out var instead))
                return null;

            // Why not costs more than whether.
            var report = ExplainReports.Of(question, explainer.Explain(question with { Compares = true }));
            return ($"{expectation.Request} {instead}", $"{expectation.End}, as the line says{Why(expectation.End, report)}");
        }
        catch (QuestionException fault)
        {
            return ($"{expectation.Request} cannot be asked about: {fault.Message}", Expectation.Accepts);
        }
    }

    // A path alone is asked of whatever host.
    private static Question AddHost(Question question, Expectation expectation) =>
        expectation.Request.Contains("://", StringComparison.Ordinal) || question.Fields.Any(field => field.Name.Equals("Host", StringComparison.OrdinalIgnoreCase)) ? question
            : question with { Fields = [.. question.Fields.AsEnumerable(), new("Host", "localhost")] };

    private static bool Holds(ExpectedEnd end, Answer answer, out string instead)
    {
        instead = answer switch
        {
            { Refusal: { Status: 0 } closed } => $"has its connection closed: {closed.Reason}",
            { Refusal: { } refusal } => $"is answered with {refusal.Status}: {refusal.Reason}",
            { Given: { File: { } file } given } => $"gets the file {file} with {given.Status}",
            { Given: { } given } => $"is answered with {given.Status}{(given.Location is null ? "" : $" {given.Location}")}",
            { Route.Route.Split: { Count: > 1 } split } => $"is shared by the pools {string.Join(" and ", split.AsEnumerable().Select(share => share.Pool))}",
            _ => $"goes to pool {answer.Pools[0].Pool.Name}",
        };
        var isShared = answer is { Given: null, Refusal: null, Route.Route.Split.Count: > 1 };
        switch (end.Kind)
        {
            case ExpectedKind.Pool:
                return !isShared && answer.Pools is [{ Pool.Name: var pool }, ..] && pool == end.Name;
            case ExpectedKind.Server when !isShared && answer.Pools is [var its, ..]:
                return IsServer(end.Name, its, ref instead);
            case ExpectedKind.Files:
                return answer.Given is { File: not null };
            case ExpectedKind.Closed:
                return answer.Refusal is { Status: 0 };
            case ExpectedKind.Answer:
                return (answer.Given?.Status ?? answer.Refusal?.Status) == end.Status && (end.Name.Length == 0 || answer.Given?.Location == end.Name);
            default:
                return false;
        }
    }

    /// <summary>Whether a server gets it whoever else has been served before.</summary>
    private static bool IsServer(string name, PoolAnswer pool, ref string instead)
    {
        var candidates = pool.Candidates.Where(candidate => candidate.State is CandidateState.Eligible or CandidateState.OnTrial).ToList();
        var isCertain = candidates.Count == 1 || pool.First.Reason is DecisionReason.Hash or DecisionReason.NextOfHash or DecisionReason.First or DecisionReason.Sticky or DecisionReason.Named;
        if (pool.First.Server is not { } server)
        {
            instead = $"finds no server in pool {pool.Pool.Name}";
            return false;
        }

        instead = isCertain ? $"goes to server {server.Settings.Name ?? server.Settings.Address.ToString()} of pool {pool.Pool.Name}"
            : $"goes to one of {candidates.Count} servers of pool {pool.Pool.Name}, each in its turn";
        return isCertain && (server.Settings.Name == name || server.Settings.Address.ToString() == name);
    }

    /// <summary>Why not what was expected: what has answered, or what of its route the request has not.</summary>
    private static string Why(ExpectedEnd end, ExplainReport report)
    {
        if (report.Given is not null && report.Rules is [.., var last])
            return $"; what it meets is the rule '{last.What}' of the {last.Place}{(last.When is null ? "" : $", when {last.When}")}";
        var meant = end.Kind == ExpectedKind.Pool ? report.MoreSpecific.FirstOrDefault(route => route.LeadsTo == end.ToString()) : null;
        if (meant is not null)
            return $"; the route for {ExplainPrinter.Describe(meant)} leads there, but {ExplainPrinter.WhatFails(meant)}";
        return report.Route is { } taken ? $"; what it takes is the route for {ExplainPrinter.Describe(taken)}" : "";
    }
}
