using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Config.Yaml.Tables;
using Steelyard.Engine.Explain;

namespace Steelyard.Explain;

/// <summary>Puts the engine's answer into words.</summary>
internal static class ExplainReports
{
    public static ExplainReport Of(Question question, Answer answer)
    {
        var chosen = answer.Routes.TakeWhile(verdict => !verdict.Chosen).Count();
        return new(
            question.Request,
            question.From.ToString(),
            string.Join(", ", answer.Listener.Bind.AsEnumerable()),
            answer.Note,
            answer.Host,
            answer.Path,
            [.. answer.Rules.Select(step => new RuleReport(step.Place, step.Rule.When is { } when ? Secrets.Hide(when).ToString() : null, Words.Of(step.Rule)))],
            answer.Target,
            answer.Given is { } given ? new(given.Status, given.Location, given.File) : null,
            answer.Refusal is { } refusal ? new(refusal.Status, refusal.Reason) : null,
            answer.Route is { } route ? ReportOf(route) : null,
            [.. answer.Routes.Take(chosen).Where(verdict => !verdict.Matches).Select(ReportOf)],
            [.. answer.Routes.Skip(chosen + 1).Where(verdict => verdict.Matches).Select(ReportOf)],
            [.. answer.Pools.Select(ReportOf)]);
    }

    private static RouteReport ReportOf(RouteVerdict verdict) =>
        new(verdict.Place + 1, LeadsTo(verdict.Route), [.. verdict.Conditions.Select(condition => new ConditionReport(condition.What, condition.Asked, condition.Holds))]);

    private static string LeadsTo(RouteSettings route) =>
        route.Redirect is { } redirect ? $"redirect {redirect.Status} to {redirect.To}"
        : route.Respond is { } respond ? $"answer {respond.Status}"
        : route.Pool is { } pool ? $"pool {pool}"
        : route.PoolName is { } named ? $"pool {named}"
        : route.Files is { } files ? $"files of {files.Root}"
        : route.Statistics is not null ? "page of statistics"
        : $"split {string.Join(", ", route.Split.AsEnumerable().Select(share => $"{share.Pool} {share.Weight}"))}";

    private static PoolReport ReportOf(PoolAnswer answer) => new(
        answer.Pool.Name,
        BalanceTable.Form.Write!(answer.Pool.Balance),
        answer.ScoreMeaning,
        [.. answer.Candidates.Select((candidate, i) => ReportOf(candidate, answer.Counts[i]))],
        answer.First.Server?.Settings.Address.ToString(),
        PlainName.Of(answer.First.Reason.ToString()),
        Words.Of(answer.First) + Instead(answer),
        answer.Requests,
        answer.WithoutServer);

    /// <summary>What happens where no server was chosen, as the fallback of the pool's breaker says.</summary>
    private static string Instead(PoolAnswer answer) =>
        answer.First is not { Server: null, Reason: not DecisionReason.AllFull } || answer.Pool.Breaker is not { Fallback: { } fallback } ? ""
        : fallback.Pool is { } pool ? $"; pool {pool} is asked instead"
        : $"; the answer is {fallback.Status}, as its fallback says";

    private static CandidateReport ReportOf(Candidate candidate, int requests) => new(
        candidate.Server.Settings.Address.ToString(),
        PlainName.Of(candidate.State.ToString()),
        Words.Of(candidate),
        candidate.Server.Weight,
        candidate.Share,
        candidate.Active,
        candidate.Limit,
        double.IsFinite(candidate.Score) ? Math.Round(candidate.Score, 4) : null,
        requests);
}
