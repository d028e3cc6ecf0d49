using Steelyard.Balancing;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;
using Steelyard.Engine.Explain;
using Steelyard.Serving;

namespace Steelyard.Explain;

/// <summary>Reasons and states as people read them.</summary>
internal static class Words
{
    /// <summary>Why a server was chosen, or none, and why not the one that the client belongs to.</summary>
    public static string Of(in Decision decision) => decision.Sticky is StickyOutcome.None or StickyOutcome.Kept ? Of(decision.Reason)
        : $"{Of(decision.Reason)}; the client's own server is {Of(decision.Sticky)}";

    private static string Of(StickyOutcome outcome) => outcome switch
    {
        StickyOutcome.Maintenance => "in maintenance",
        StickyOutcome.Tried => "tried already",
        StickyOutcome.Yielded => "not asked for, as the route names another",
        _ => PlainName.Of(outcome.ToString(), ' '),
    };

    private static string Of(DecisionReason reason) => reason switch
    {
        DecisionReason.NoneLeft => "no server is left",
        DecisionReason.BreakerOpen => "the breaker is open",
        DecisionReason.Turn => "it was its turn",
        DecisionReason.TurnAfterTried => "those whose turn it was had been tried",
        DecisionReason.LeastActive => "no other had less to do for its weight",
        DecisionReason.TurnOfLeastActive => "several had as little to do, and it was its turn",
        DecisionReason.Lot => "the lot fell on it",
        DecisionReason.AllFull => "every server that is left and does not fail has as much to do as it may; it would wait",
        DecisionReason.Sticky => "the client belongs to it",
        DecisionReason.Named => "the route names it",
        DecisionReason.OwnConnection => "the client has a connection of its own there",
        DecisionReason.StickyRefused => "the client's server is not to be had, and it is not to get another",
        DecisionReason.LessActiveOfTwo => "the lot fell on it and another, which had more to do for its weight",
        DecisionReason.LowerCostOfTwo => "the lot fell on it and another, which was likely to take longer",
        DecisionReason.First => "it is the first that has room",
        DecisionReason.Custom => "the policy that was given has chosen it",
        DecisionReason.Hash => "the hash of the request's key leads to it",
        DecisionReason.NextOfHash => "the hash leads to others first, which were left out, tried, or had too much to do",
        _ => PlainName.Of(reason.ToString(), ' '),
    };

    /// <summary>Why a server could not be chosen, or what is special about it; null for nothing.</summary>
    public static string? Of(in Candidate candidate) => candidate.State switch
    {
        CandidateState.Eligible => !candidate.Server.Up ? "down, but nobody is well" : candidate.Server.Ejected ? "ejected, but nobody else is left" : candidate.Server.Fails ? "many of its last requests failed" : null,
        CandidateState.OnTrial => "on trial: one request has to show that it is well",
        CandidateState.Tried => "tried before",
        CandidateState.Full => "has as much to do as it may",
        CandidateState.BreakerOpen => "its breaker is open",
        CandidateState.InReserve => "others go first",
        CandidateState.WithoutWeight => "weight 0",
        CandidateState.Draining => candidate.Server.Wanted == ServerState.Drain ? "drained by an operator" : candidate.Server.IsDrainedByCheck ? "drained by what its check says" : HealthReports.WithReason("drained by its agent", candidate.Server.ReasonOfAgent),
        CandidateState.Maintenance => candidate.Server.Wanted == ServerState.Maintenance ? "in maintenance" : HealthReports.WithReason("in maintenance, as its agent wants", candidate.Server.ReasonOfAgent),
        CandidateState.Down => "down: " + LastCheck(candidate.Server),
        CandidateState.Ejected => $"ejected after failures, the last one: {PlainName.Of(candidate.Server.LastReason.ToString(), ' ')}",
        _ => PlainName.Of(candidate.State.ToString(), ' '),
    };

    /// <summary>What a rule does, in the words of the configuration.</summary>
    public static string Of(RuleSettings rule)
    {
        var word = PlainName.Of(rule.Action.ToString());
        return rule.Action switch
        {
            RuleAction.Deny => $"{word} {rule.Status}",
            RuleAction.Respond => $"{word} {rule.Respond!.Status}",
            RuleAction.Redirect => $"{word} {rule.Redirect!.Status} to {rule.Redirect.To}",
            RuleAction.SetHeader or RuleAction.AddHeader => $"{word} {rule.Name}: {rule.Value}",
            RuleAction.SetVariable => $"{word} {rule.Name} = {rule.Value}",
            RuleAction.ReplaceHeader or RuleAction.ReplaceValue => $"{word} {rule.Name}: {rule.Pattern} by {rule.Value}",
            RuleAction.ReplacePath or RuleAction.ReplaceTarget => $"{word} {rule.Pattern} by {rule.Value}",
            RuleAction.RemoveHeaders => $"{word} {rule.Pattern}",
            RuleAction.SetPath or RuleAction.SetQuery or RuleAction.SetTarget or RuleAction.SetMethod or RuleAction.SetPeer or RuleAction.SetPeerPort or RuleAction.SetBandwidth or RuleAction.AskInstead or RuleAction.SetTimeout => $"{word} {rule.Value}",
            RuleAction.Track => $"{word} {rule.Value} in {rule.Track!.Table}",
            _ => rule.Name.Length == 0 ? word : $"{word} {rule.Name}",
        };
    }

    private static string LastCheck(Server server) => server.LastCheck switch
    {
        ProbeFault.None when server.IsDownByAgent => HealthReports.WithReason("its agent says so", server.ReasonOfAgent),
        ProbeFault.None => "not checked yet",
        ProbeFault.Status => $"its check gave status {server.LastCheckStatus}",
        var fault => $"its check says {PlainName.Of(fault.ToString(), ' ')}",
    };
}
