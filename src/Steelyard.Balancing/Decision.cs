using Steelyard.Balancing.Sticky;

namespace Steelyard.Balancing;

/// <summary>Which server a pool chose, and why. A value: it costs nothing when nobody reads it.</summary>
/// <param name="Server">The server; null when none could be chosen.</param>
/// <param name="Reason">Why this one, or why none.</param>
public readonly record struct Decision(Server? Server, DecisionReason Reason)
{
    /// <summary>Whether the client got the server it belongs to, and why not.</summary>
    public StickyOutcome Sticky { get; init; }

    /// <summary>The one that is waited for, where no other will do; null for any.</summary>
    public Server? Awaited { get; init; }
}

/// <summary>Why a server was chosen, or none.</summary>
public enum DecisionReason
{
    /// <summary>No server is left: every one with a weight was tried, or there is none.</summary>
    NoneLeft,

    /// <summary>The client belongs to it.</summary>
    Sticky,

    /// <summary>The request's route names it (<see cref="Choice.Named"/>).</summary>
    Named,

    /// <summary>The client has a connection of its own there (<see cref="Choice.Preferred"/>).</summary>
    OwnConnection,

    /// <summary>The client belongs to a server that is not to be had, and is not to get another.</summary>
    StickyRefused,

    /// <summary>Every server that is left has as many requests as it may, beside such as fail, or others wait for one: see <see cref="Pool.Join"/>.</summary>
    AllFull,

    /// <summary>The breaker of the pool lets nothing through, or that of every server that is left. No pool says so itself; whoever asks breakers does.</summary>
    BreakerOpen,

    /// <summary>It was the server's turn.</summary>
    Turn,

    /// <summary>The servers whose turn it was were tried by this request before.</summary>
    TurnAfterTried,

    /// <summary>No other had less to do for its weight.</summary>
    LeastActive,

    /// <summary>Several had as little to do, and it was this one's turn.</summary>
    TurnOfLeastActive,

    /// <summary>The lot fell on it.</summary>
    Lot,

    /// <summary>The lot fell on it and another, which had more to do for its weight.</summary>
    LessActiveOfTwo,

    /// <summary>The lot fell on it and another, which was likely to take longer.</summary>
    LowerCostOfTwo,

    /// <summary>It is the first of the configuration that has room.</summary>
    First,

    /// <summary>A policy that is written elsewhere has chosen it (<see cref="IServerPolicy"/>).</summary>
    Custom,

    /// <summary>The hash of the request's key leads to it.</summary>
    Hash,

    /// <summary>The hash of the request's key leads to others before it, which were left out, tried, or had too much to do.</summary>
    NextOfHash,
}
