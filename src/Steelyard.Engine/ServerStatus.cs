using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Engine;

/// <summary>How a server does, a moment ago.</summary>
/// <param name="Pool">The name of its pool.</param>
/// <param name="Address">Where it is.</param>
/// <param name="Active">Requests, tunnels and sessions in TCP mode it has to do now.</param>
/// <param name="Failures">Requests that failed with it since the start, those repeated elsewhere included.</param>
/// <param name="LastFailure">How the last request with it failed; none when that succeeded.</param>
/// <param name="LastReason">How the last of its failures came about, also when it has succeeded since.</param>
public readonly record struct ServerStatus(string Pool, NetworkAddress Address, int Active, long Failures, ServerFailure LastFailure, ServerFailure LastReason)
{
    /// <summary>Whether it is asked for its health.</summary>
    public bool Asked { get; init; }

    /// <summary>Whether it is up, by what it was asked; also where nobody asks it.</summary>
    public bool Up { get; init; } = true;

    /// <summary>Whether its agent says that it is down.</summary>
    public bool DownByAgent { get; init; }

    /// <summary>What was wrong when it was asked last.</summary>
    public ProbeFault LastCheck { get; init; }

    /// <summary>The status of its answer when it was asked last; 0 for none.</summary>
    public int LastCheckStatus { get; init; }

    /// <summary>Whether it is left out because its requests went wrong.</summary>
    public bool Ejected { get; init; }

    /// <summary>How many times in a row it was left out.</summary>
    public int Ejections { get; init; }

    /// <summary>Whether one request has to show that they go well again.</summary>
    public bool Trying { get; init; }

    /// <summary>What an operator wants of it.</summary>
    public ServerState Wanted { get; init; }

    /// <summary>Whether there is an agent that says how much it can do.</summary>
    public bool HasAgent { get; init; }

    /// <summary>What its agent wants of it; ready where there is none.</summary>
    public ServerState WantedByAgent { get; init; }

    /// <summary>Why its agent wants that, or says that it is down, in the agent's own words; null where it gave no reason.</summary>
    public string? ReasonOfAgent { get; init; }

    /// <summary>What is wanted of it, by an operator or its agent: whoever wants less.</summary>
    public ServerState State => DrainedByCheck && Wanted < ServerState.Drain && WantedByAgent < ServerState.Drain ? ServerState.Drain : WantedByAgent > Wanted ? WantedByAgent : Wanted;

    /// <summary>Whether it says by its check that it wants no new clients.</summary>
    public bool DrainedByCheck { get; init; }

    /// <summary>Its weight, 0 to 256.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>The weight that the configuration gives it.</summary>
    public int ConfiguredWeight { get; init; } = 1;

    /// <summary>The weight that an operator gave it; null for that of the configuration.</summary>
    public int? LiveWeight { get; init; }

    /// <summary>Whether it gets requests only where no other server is well.</summary>
    public bool Backup { get; init; }

    /// <summary>How many requests it may have at once, now; null for any number.</summary>
    public int? Limit { get; init; }

    /// <summary>How much of its share it gets: less than 100 while it comes back slowly.</summary>
    public int SharePercent { get; init; } = 100;

    /// <summary>How its adaptive limit does; null where its pool has none.</summary>
    public AdaptiveLimitStatus? Adaptive { get; init; }
}
