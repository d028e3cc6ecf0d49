using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Engine.Explain;

/// <summary>The way of a request.</summary>
/// <param name="Listener">The listener it comes to.</param>
/// <param name="Path">Its path in the form that routes are compared with; empty in TCP mode.</param>
/// <param name="Host">The host that routes are compared with; empty for none.</param>
/// <param name="Routes">Every route of the listener, the most specific first, with what speaks against it.</param>
public sealed record Answer(ListenerSettings Listener, string Host, string Path, IReadOnlyList<RouteVerdict> Routes)
{
    /// <summary>Something that was assumed of the listener; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>Why the request is refused before any server is asked; null when it is not.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>The route it takes; null for none.</summary>
    public RouteVerdict? Route { get; init; }

    /// <summary>The rules that were done, in their order.</summary>
    public IReadOnlyList<RuleStep> Rules { get; init; } = [];

    /// <summary>Path and query as rules and the route have left them for who answers; null where they are as they were asked for.</summary>
    public string? Target { get; init; }

    /// <summary>What is answered without a server; null where a server is asked, or the request refused.</summary>
    public GivenAnswer? Given { get; init; }

    /// <summary>The pools it goes to, in the order in which they were first chosen; none where the route gives the answer itself.</summary>
    public IReadOnlyList<PoolAnswer> Pools { get; init; } = [];
}

/// <summary>A rule that was done.</summary>
/// <param name="Place">Whose it is: <c>listener</c>, <c>route</c> or <c>pool NAME</c>.</param>
/// <param name="Rule">The rule.</param>
public sealed record RuleStep(string Place, RuleSettings Rule);

/// <summary>An answer that a rule, a route or an error page gives.</summary>
/// <param name="Status">The status a client is told.</param>
public sealed record GivenAnswer(int Status)
{
    /// <summary>Where the client is sent; null for nowhere.</summary>
    public string? Location { get; init; }

    /// <summary>The file that it gets; null for none.</summary>
    public string? File { get; init; }
}

/// <summary>An answer of the proxy's own.</summary>
/// <param name="Status">The status a client is told.</param>
/// <param name="Reason">Why, in a sentence.</param>
public sealed record Refusal(int Status, string Reason);

/// <summary>What becomes of the requests that reach one pool.</summary>
/// <param name="Pool">The pool, as it was before the first of them.</param>
/// <param name="ScoreMeaning">What the candidates' scores count; null where the policy has none.</param>
/// <param name="Candidates">The servers in the order of the configuration, as the first choice saw them.</param>
/// <param name="First">The first choice.</param>
public sealed record PoolAnswer(PoolSettings Pool, string? ScoreMeaning, IReadOnlyList<Candidate> Candidates, Decision First)
{
    /// <summary>How many requests reached the pool.</summary>
    public int Requests { get; internal set; }

    /// <summary>How many found no server.</summary>
    public int WithoutServer { get; internal set; }

    /// <summary>How many went to each server, by its position.</summary>
    public IReadOnlyList<int> Counts => CountsByServer;

    internal int[] CountsByServer { get; init; } = [];
}

/// <summary>What a question lacks.</summary>
/// <param name="message">What is wrong, and what would be accepted.</param>
public sealed class QuestionException(string message) : Exception(message);
