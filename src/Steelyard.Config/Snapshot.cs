namespace Steelyard.Config;

/// <summary>
/// One whole configuration, immutable: what every dialect reads into and the engine runs from.
/// A snapshot that exists has passed all its checks.
/// </summary>
public sealed record Snapshot
{
    /// <summary>What is listened on; at least one.</summary>
    public required ValueList<ListenerSettings> Listeners { get; init; }

    /// <summary>The pools that routes name, in the order of the file.</summary>
    public required ValueList<PoolSettings> Pools { get; init; }

    /// <summary>Event loops, one thread each: 1 to 64; null for one per core.</summary>
    public int? Loops { get; init; }

    /// <summary>How long a graceful stop waits for what is in flight before it forces the end: 0 to 24 h. Default 10 s.</summary>
    public TimeSpan Shutdown { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The user the engine becomes once it has its sockets; null for the one who started it. nginx: user, HAProxy: user and group.</summary>
    public string? User { get; init; }

    /// <summary>The group the engine becomes beside <see cref="User"/>; null for that user's own.</summary>
    public string? Group { get; init; }

    /// <summary>The tables of what clients do, in the order of the file.</summary>
    public ValueList<CounterTableSettings> Tables { get; init; }

    /// <summary>The lists of patterns that are changed while they are used, in the order of the file.</summary>
    public ValueList<PatternListSettings> Lists { get; init; }

    /// <summary>Where the admin API is served; null for nowhere.</summary>
    public AdminSettings? Admin { get; init; } = new();

    /// <summary>How what happens is counted for monitoring.</summary>
    public MetricsSettings Metrics { get; init; } = new();

    /// <summary>What listeners write down that say nothing else; null for nothing.</summary>
    public AccessLogSettings? AccessLog { get; init; }

    /// <summary>The field that gives requests a name, on listeners that say nothing else; null or empty for none.</summary>
    public string? RequestId { get; init; }

    /// <summary>The trace context of requests, on listeners that say nothing else; null for what they bring.</summary>
    public TraceSettings? TraceContext { get; init; }

    /// <summary>How names of servers are looked up, for pools that say nothing else.</summary>
    public ResolverSettings Resolver { get; init; } = new();

    /// <summary>Where several balancers share what they know of clients; null for nowhere.</summary>
    public SharedSettings? Shared { get; init; }

    /// <summary>The file in which clients are kept that pools remember, and what limits have let through, relative to the folder of the configuration; null for none (HAProxy has none for stick-tables).</summary>
    public string? StateFile { get; init; }

    /// <summary>How long each part of an exchange may take.</summary>
    public Timeouts Timeouts { get; init; } = new();

    /// <summary>How much of each thing is accepted.</summary>
    public Limits Limits { get; init; } = new();

    /// <summary>The services that Docker Swarm is to run, whose tasks pools then discover.</summary>
    public ValueList<SwarmServiceSettings> Services { get; init; }

    /// <summary>What requests have to come to; whoever loads the configuration asks (see steelyard check).</summary>
    public ValueList<Expectation> Expectations { get; init; }
}
