using System.Net;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Drafts;

/// <summary>What a dialect has read so far, with the places that the checks across settings need. Null is not given.</summary>
internal sealed record SnapshotDraft(Place Place)
{
    public int? Loops { get; init; }

    public TimeSpan Shutdown { get; init; } = TimeSpan.FromSeconds(10);

    public string? User { get; init; }

    public Located<string?>? Group { get; init; }

    public AdminDraft? Admin { get; init; } = new();

    public MetricsSettings Metrics { get; init; } = new();

    public IReadOnlyList<Located<CounterTableSettings>> Tables { get; init; } = [];

    public IReadOnlyList<Located<PatternListSettings>> Lists { get; init; } = [];

    public Located<AccessLogSettings>? AccessLog { get; init; }

    public string? RequestId { get; init; }

    public TraceSettings? TraceContext { get; init; }

    public ResolverSettings Resolver { get; init; } = new();

    public Located<SharedSettings>? Shared { get; init; }

    /// <summary>Whether there is a <see cref="Shared"/>, also where it could not be read.</summary>
    public bool IsSharedGiven { get; init; }

    public Located<string>? StateFile { get; init; }

    public Timeouts Timeouts { get; init; } = new();

    public Limits Limits { get; init; } = new();

    public IReadOnlyList<ListenerDraft>? Listeners { get; init; }

    public IReadOnlyList<PoolDraft>? Pools { get; init; }

    public IReadOnlyList<Located<Expectation>> Expectations { get; init; } = [];
}

internal sealed record ListenerDraft(Place Place)
{
    public IReadOnlyList<Located<NetworkAddress>>? Bind { get; init; }

    public string? Name { get; init; }

    public Located<ListenerTlsDraft>? Tls { get; init; }

    public ListenerServing Serving { get; init; }

    public Located<ListenerMode>? Mode { get; init; }

    public IReadOnlyList<Located<IPNetwork>> TrustedProxies { get; init; } = [];

    public IReadOnlyList<Located<IPNetwork>> ProxyProtocol { get; init; } = [];

    public IReadOnlyList<Located<IPNetwork>>? ProxyProtocolClients { get; init; }

    public IReadOnlyList<Located<IPNetwork>> Explain { get; init; } = [];

    public int? MaxConnections { get; init; }

    public int? MaxConnectionsPerAddress { get; init; }

    public int? MaxConnectionsPerSecond { get; init; }

    public Located<RateLimitSettings>? RateLimit { get; init; }

    public Located<ConcurrencySettings>? Concurrency { get; init; }

    public Located<ClientFieldSettings>? ClientField { get; init; }

    public bool Connect { get; init; }

    public bool Tolerant { get; init; }

    public bool KeepsSlashes { get; init; }

    public bool AsNginx { get; init; }

    public bool GatewayStatuses { get; init; }

    public CompressionSettings? Compress { get; init; }

    public FieldNames FieldNames { get; init; }

    public ForwardedStyle Forwarded { get; init; }

    public TimeoutOverrides Timeouts { get; init; } = TimeoutOverrides.None;

    public Located<AccessLogSettings>? AccessLog { get; init; }

    public string? RequestId { get; init; }

    public TraceSettings? TraceContext { get; init; }

    public HeaderEdits RequestHeaders { get; init; } = HeaderEdits.None;

    public HeaderEdits ResponseHeaders { get; init; } = HeaderEdits.None;

    public IReadOnlyList<Located<RuleSettings>> Rules { get; init; } = [];

    public IReadOnlyList<Located<RuleSettings>> ResponseRules { get; init; } = [];

    public IReadOnlyList<RouteDraft>? Routes { get; init; }

    /// <summary>The pool of everything, written instead of routes.</summary>
    public Located<string>? To { get; init; }

    /// <summary>Some of it could not be read, so what is missing may be what was meant.</summary>
    public bool IsFaulty { get; init; }
}

/// <summary>What is done with every host with every path.</summary>
internal sealed record RouteDraft(Place Place)
{
    public string? Name { get; init; }

    public IReadOnlyList<Located<string>> Hosts { get; init; } = [];

    public IReadOnlyList<Located<string>> Paths { get; init; } = [];

    /// <summary>The methods, fields and parameters it asks for; nothing else of it is used.</summary>
    public RouteSettings Match { get; init; } = new();

    public IReadOnlyList<Located<RuleSettings>> Rules { get; init; } = [];

    public IReadOnlyList<Located<RuleSettings>> AccessRules { get; init; } = [];

    public Located<string>? To { get; init; }

    public IReadOnlyList<Located<RuleSettings>> ResponseRules { get; init; } = [];

    /// <summary>The server of the pool that takes its requests while it is up.</summary>
    public Located<string>? Server { get; init; }

    public Located<TextTemplate>? ToNamed { get; init; }

    public bool Internal { get; init; }

    public IReadOnlyList<Located<ErrorPageSettings>> ErrorPages { get; init; } = [];

    public bool InterceptErrors { get; init; }

    public bool RecursiveErrors { get; init; }

    public ByteSize? MaxBody { get; init; }

    public Located<IReadOnlyList<KeyValuePair<Located<string>, int>>>? Split { get; init; }

    public Located<RedirectSettings>? Redirect { get; init; }

    public Located<FixedResponse>? Respond { get; init; }

    public Located<FilesSettings>? Files { get; init; }

    public Located<TextTemplate>? Ask { get; init; }

    public Condition? AskWhen { get; init; }

    public Located<MirrorSettings>? Mirror { get; init; }

    public BandwidthSettings? Bandwidth { get; init; }

    public string? SendMethod { get; init; }

    public TextTemplate? SendBody { get; init; }

    public bool DropsBody { get; init; }

    public bool DropsFields { get; init; }

    public IReadOnlyList<Located<RuleSettings>> AskRules { get; init; } = [];

    public Located<StatisticsSettings>? Statistics { get; init; }

    public CompressionSettings? Compress { get; init; }

    public bool Unpack { get; init; }

    public SubstitutionSettings? Substitute { get; init; }

    public Located<AccessLogSettings>? AccessLog { get; init; }

    public Located<RateLimitSettings>? RateLimit { get; init; }

    public Located<ConcurrencySettings>? Concurrency { get; init; }

    public int Priority { get; init; }

    public TimeoutOverrides Timeouts { get; init; } = TimeoutOverrides.None;

    public Located<string>? StripPrefix { get; init; }

    public Located<TextTemplate>? Rewrite { get; init; }

    public Located<TextTemplate>? ServerTarget { get; init; }

    public Located<HeaderEdits>? RequestHeaders { get; init; }

    public HeaderEdits ResponseHeaders { get; init; } = HeaderEdits.None;

    /// <summary>Some of it could not be read, so it is not known what it matches.</summary>
    public bool IsFaulty { get; init; }
}

internal sealed record PoolDraft(Located<string> Name)
{
    public BalanceSettings Balance { get; init; } = new();

    public ProxyProtocolVersion ProxyProtocol { get; init; }

    public ServerTlsDraft? Tls { get; init; }

    public string? Source { get; init; }

    public RetrySettings Retries { get; init; } = new();

    public HealthSettings? Health { get; init; }

    public Located<AgentSettings>? Agent { get; init; }

    public OutlierSettings? Outlier { get; init; } = new();

    public TimeSpan? SlowStart { get; init; }

    public int Panic { get; init; }

    public Located<StickySettings>? Sticky { get; init; }

    public int? MaxConnections { get; init; }

    public int? FullConnections { get; init; }

    public Located<AdaptiveLimitSettings>? AdaptiveLimit { get; init; }

    public Located<QueueSettings>? Queue { get; init; }

    public TimeoutOverrides Timeouts { get; init; } = TimeoutOverrides.None;

    public bool AllBackups { get; init; } = true;

    public bool BackupsWhenFull { get; init; } = true;

    public Located<RateLimitSettings>? RateLimit { get; init; }

    public Located<ConcurrencySettings>? Concurrency { get; init; }

    public Located<BreakerSettings>? Breaker { get; init; }

    public IReadOnlyList<Located<RuleSettings>> Rules { get; init; } = [];

    public IReadOnlyList<Located<RuleSettings>> ResponseRules { get; init; } = [];

    public IReadOnlyList<ServerDraft> Servers { get; init; } = [];

    public IReadOnlyList<DiscoverDraft> Discover { get; init; } = [];

    public ResolverSettings? Resolver { get; init; }

    public AppDraft? App { get; init; }
}

internal sealed record DiscoverDraft(Place Place)
{
    /// <summary>All but what each server is, and how those of Docker are found.</summary>
    public DiscoverSettings Settings { get; init; } = new();

    /// <summary>How those of Docker are found, but for which they are.</summary>
    public DockerSettings Docker { get; init; } = new() { Find = "" };

    /// <summary>The first key that is of Docker alone; null for none.</summary>
    public string? DockerKeys { get; init; }

    /// <summary>How many keys say where servers are found.</summary>
    public int Finders { get; init; }

    public ServerDraft? Server { get; init; }
}

internal sealed record ServerDraft(Place Place)
{
    public Located<NetworkAddress>? Address { get; init; }

    public NetworkAddress? At { get; init; }

    public Located<TextTemplate>? Made { get; init; }

    public int? ClientPort { get; init; }

    public Located<string?>? Name { get; init; }

    public bool Maintenance { get; init; }

    public int Weight { get; init; } = 1;

    public int? MaxConnections { get; init; }

    public int? MinConnections { get; init; }

    public bool CutsWhenDown { get; init; }

    public bool CutsBackups { get; init; }

    public Located<bool>? Backup { get; init; }

    public Located<int>? Priority { get; init; }

    public ProxyProtocolVersion? ProxyProtocol { get; init; }

    public ServerTlsDraft? Tls { get; init; }

    public int? AgentPort { get; init; }

    public string? AgentAddress { get; init; }

    /// <summary>How it is asked for its health; null for what the pool says.</summary>
    public HealthSettings? Health { get; init; }

    public bool Unchecked { get; init; }

    public Located<int>? MaxFails { get; init; }

    public Located<TimeSpan>? FailTimeout { get; init; }

    public string? Cookie { get; init; }
}

internal sealed record AppDraft(Place Place)
{
    public Located<ValueList<string>>? Command { get; init; }

    /// <summary>All but the command.</summary>
    public AppSettings Settings { get; init; } = new() { Command = [] };
}
