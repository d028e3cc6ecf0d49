namespace Steelyard.Balancing;

/// <summary>One server as a choice saw it, the moment before it was made.</summary>
/// <param name="Server">The server.</param>
/// <param name="State">Whether it could be chosen, and if not, why.</param>
/// <param name="Share">Its share against the others', as the policy counts it: the weight, times how far a slow start has come; 0 for those left out.</param>
/// <param name="Active">The requests it had to do.</param>
/// <param name="Score">What the policy went by, see <see cref="Pool.ScoreMeaning"/>; not a number where the policy has no such thing, or the server was left out.</param>
public readonly record struct Candidate(Server Server, CandidateState State, int Share, int Active, double Score)
{
    /// <summary>How much it might have to do at once; null for any number.</summary>
    public int? Limit { get; init; }
}

/// <summary>Whether a server could be chosen, and if not, why.</summary>
public enum CandidateState
{
    /// <summary>It could.</summary>
    Eligible,

    /// <summary>It could, by one request at a time: after it was left out for its failures, that one has to show that it is well.</summary>
    OnTrial,

    /// <summary>This request has been tried on it.</summary>
    Tried,

    /// <summary>It has as much to do as it may.</summary>
    Full,

    /// <summary>Its breaker lets nothing through: whoever it falls to chooses again.</summary>
    BreakerOpen,

    /// <summary>Others go before it, and one of them is left.</summary>
    InReserve,

    /// <summary>Its weight is 0.</summary>
    WithoutWeight,

    /// <summary>An operator drains it: no new requests.</summary>
    Draining,

    /// <summary>An operator has taken it out for maintenance.</summary>
    Maintenance,

    /// <summary>It has failed its health checks.</summary>
    Down,

    /// <summary>It is left out for a while, because its requests went wrong.</summary>
    Ejected,
}
