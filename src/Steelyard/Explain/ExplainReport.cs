namespace Steelyard.Explain;

/// <summary>The way of a request, as it is printed and as it is given in JSON.</summary>
/// <param name="Request">The request as it was asked for.</param>
/// <param name="From">Where it comes from.</param>
/// <param name="Listener">The addresses of its listener.</param>
/// <param name="Note">What was assumed; null for nothing.</param>
/// <param name="Host">The host that routes are compared with.</param>
/// <param name="Path">The path that routes are compared with.</param>
/// <param name="Rules">The rules that were done, in their order.</param>
/// <param name="Target">Path and query as rules and the route have left them; null where they are as they were asked for.</param>
/// <param name="Given">What is answered without a server; null for nothing.</param>
/// <param name="Refusal">Why it is refused; null where it is not.</param>
/// <param name="Route">The route it takes; null for none.</param>
/// <param name="MoreSpecific">Routes that go before that one, but ask for something else.</param>
/// <param name="LessSpecific">Routes that would take it, but come after that one.</param>
/// <param name="Pools">The pools it goes to.</param>
internal sealed record ExplainReport(
    string Request,
    string From,
    string Listener,
    string? Note,
    string Host,
    string Path,
    IReadOnlyList<RuleReport> Rules,
    string? Target,
    GivenReport? Given,
    RefusalReport? Refusal,
    RouteReport? Route,
    IReadOnlyList<RouteReport> MoreSpecific,
    IReadOnlyList<RouteReport> LessSpecific,
    IReadOnlyList<PoolReport> Pools);

/// <param name="Place">Whose it is: listener, route, or pool and its name.</param>
/// <param name="When">Its condition; null for none.</param>
/// <param name="What">What it does.</param>
internal sealed record RuleReport(string Place, string? When, string What);

/// <param name="Status">The status.</param>
/// <param name="Location">Where the client is sent; null for nowhere.</param>
/// <param name="File">The file that it gets; null for none.</param>
internal sealed record GivenReport(int Status, string? Location, string? File);

/// <param name="Status">The status; 0 where the connection is closed without.</param>
/// <param name="Reason">A sentence.</param>
internal sealed record RefusalReport(int Status, string Reason);

/// <param name="Place">Its place among the routes of the listener, from 1, every host with every path counted.</param>
/// <param name="LeadsTo">What becomes of its requests.</param>
/// <param name="Conditions">What it asks for.</param>
internal sealed record RouteReport(int Place, string LeadsTo, IReadOnlyList<ConditionReport> Conditions);

/// <param name="What">host, path, method, field, query or condition.</param>
/// <param name="Asked">What is asked for.</param>
/// <param name="Holds">Whether the request has it.</param>
internal sealed record ConditionReport(string What, string Asked, bool Holds);

/// <param name="Name">The pool.</param>
/// <param name="Policy">How it chooses.</param>
/// <param name="ScoreMeaning">What scores count; null where there are none.</param>
/// <param name="Candidates">Its servers, as the first choice saw them, and how many requests went to each.</param>
/// <param name="Chosen">The first choice; null when there was no server.</param>
/// <param name="Reason">Why that one, in a word.</param>
/// <param name="Because">Why that one, in a sentence.</param>
/// <param name="Requests">Requests that reached the pool.</param>
/// <param name="WithoutServer">Requests that found no server.</param>
internal sealed record PoolReport(
    string Name,
    string Policy,
    string? ScoreMeaning,
    IReadOnlyList<CandidateReport> Candidates,
    string? Chosen,
    string Reason,
    string Because,
    int Requests,
    int WithoutServer);

/// <param name="Server">Its address.</param>
/// <param name="State">Whether it could be chosen, in a word.</param>
/// <param name="Because">Why it could not, in a few; null where it could.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="Share">Its share as the policy counts it.</param>
/// <param name="Active">What it had to do.</param>
/// <param name="Limit">How much it might have to do at once; null for any number.</param>
/// <param name="Score">What the policy went by; null for nothing.</param>
/// <param name="Requests">How many of the requests it got.</param>
internal sealed record CandidateReport(string Server, string State, string? Because, int Weight, int Share, int Active, int? Limit, double? Score, int Requests);
