namespace Steelyard.Config;

/// <summary>Servers that answer the same requests, and how one is chosen.</summary>
public sealed record PoolSettings
{
    /// <summary>The name routes refer to, unique among the pools: 1 to 64 letters, digits and <c>- _ . :</c> of ASCII; case matters.</summary>
    public required string Name { get; init; }

    /// <summary>How a server is chosen. Default round robin.</summary>
    public BalanceSettings Balance { get; init; } = new();

    /// <summary>How TLS is spoken to the servers that say nothing else; null for plain connections.</summary>
    public ServerTls? Tls { get; init; }

    /// <summary>Whether and how servers are told whose connection they get, before its first byte. Default not; a server may differ.</summary>
    public ProxyProtocolVersion ProxyProtocol { get; init; }

    /// <summary>The address of this machine that connections and checks come from, of IPv4 or IPv6; null, the default, for the one that the kernel chooses (HAProxy: source; nginx: proxy_bind).</summary>
    public string? Source { get; init; }

    /// <summary>When a request is sent again, to another server.</summary>
    public RetrySettings Retries { get; init; } = new();

    /// <summary>How the servers are asked whether they are well; null for not at all (HAProxy: check).</summary>
    public HealthSettings? Health { get; init; }

    /// <summary>How one of its servers is asked; null where it is not.</summary>
    public HealthSettings? HealthOf(ServerSettings server) => server.Unchecked ? null : server.Health ?? Health;

    /// <summary>What tells how much each server can do; null for nobody (HAProxy: agent-check).</summary>
    public AgentSettings? Agent { get; init; }

    /// <summary>When a server whose requests go wrong is left out for a while; null for never.</summary>
    public OutlierSettings? Outlier { get; init; } = new();

    /// <summary>The same of one of its servers.</summary>
    public OutlierSettings? OutlierOf(ServerSettings server) =>
        Outlier is not { MaxFails: { } fails } outlier ? Outlier
        : (server.MaxFails ?? fails) == 0 ? null
        : server is { MaxFails: null, FailTimeout: null } ? outlier
        : outlier with { MaxFails = server.MaxFails ?? fails, FailTimeout = server.FailTimeout ?? outlier.FailTimeout };

    /// <summary>How long a server that comes back, or joins by a reload, takes to get its whole share: 100 ms to 24 h; null for no time (HAProxy: slowstart; nginx: slow_start).</summary>
    public TimeSpan? SlowStart { get; init; }

    /// <summary>
    /// Requests, tunnels and sessions in TCP mode that each server has to do at once at most, where the server says nothing
    /// else: 1 to 1,000,000; further ones wait in the pool's queue. Null for no limit (HAProxy: maxconn of a server; nginx:
    /// max_conns).
    /// </summary>
    public int? MaxConnections { get; init; }

    /// <summary>How much the pool has to do when the whole limit of servers with a <see cref="ServerSettings.MinConnections"/> counts: 1 to 1,000,000; null for always (HAProxy: fullconn).</summary>
    public int? FullConnections { get; init; }

    /// <summary>How it is found out how much each server may have to do at once; null for not at all (Envoy: adaptive concurrency). HTTP only.</summary>
    public AdaptiveLimitSettings? AdaptiveLimit { get; init; }

    /// <summary>Its timeouts where they differ from the snapshot's and the listener's. Default nowhere.</summary>
    public TimeoutOverrides Timeouts { get; init; } = TimeoutOverrides.None;

    /// <summary>Who waits for a server, and how long. Without a limit of servers nobody waits.</summary>
    public QueueSettings Queue { get; init; } = new();

    /// <summary>How many requests of each client are let through; null for any number.</summary>
    public RateLimitSettings? RateLimit { get; init; }

    /// <summary>How many requests of each client may be under way at once; null for any number.</summary>
    public ConcurrencySettings? Concurrency { get; init; }

    /// <summary>When requests are refused at once because those before them failed; null for never.</summary>
    public BreakerSettings? Breaker { get; init; }

    /// <summary>Below which share of usable servers, in percent, their health is ignored: 0 to 100. Default 0, never (Envoy: healthy_panic_threshold, 50).</summary>
    public int Panic { get; init; }

    /// <summary>What is done with every request that comes to it (HAProxy: http-request of a backend).</summary>
    public ValueList<RuleSettings> Rules { get; init; }

    /// <summary>What is done with every response of its servers (HAProxy: http-response of a backend).</summary>
    public ValueList<RuleSettings> ResponseRules { get; init; }

    /// <summary>How a client stays with the server it had before; null for not at all.</summary>
    public StickySettings? Sticky { get; init; }

    /// <summary>Whether all backups serve when it comes to that, as with nginx and HAProxy's option allbackups, or only the first that can. Default all.</summary>
    public bool AllBackups { get; init; } = true;

    /// <summary>Whether backups serve too when all others have as many requests as they may, as with nginx; else who comes waits, as with HAProxy. Default true.</summary>
    public bool BackupsWhenFull { get; init; } = true;

    /// <summary>The servers in the order of the file; may be empty when <see cref="App"/> or <see cref="Discover"/> is set.</summary>
    public required ValueList<ServerSettings> Servers { get; init; }

    /// <summary>Where further servers are found while the pool is served, in the order of the file.</summary>
    public ValueList<DiscoverSettings> Discover { get; init; }

    /// <summary>How its names are looked up; null for what the snapshot says (HAProxy: resolvers of a server; nginx: resolver of an upstream).</summary>
    public ResolverSettings? Resolver { get; init; }

    /// <summary>Workers of an application that are started with the balancer and join the pool; null for none.</summary>
    public AppSettings? App { get; init; }

    /// <summary>Whether requests can come here: not to workers alone that are only looked after, or get clients' own connections.</summary>
    public bool TakesRequests => App is not { TakesRequests: false } || Servers.Count > 0 || Discover.Count > 0;
}

/// <summary>The PROXY header a server is sent (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).</summary>
public enum ProxyProtocolVersion
{
    /// <summary>None.</summary>
    None,

    /// <summary>One line of text.</summary>
    V1,

    /// <summary>The binary form.</summary>
    V2,
}

/// <summary>How a pool chooses a server.</summary>
public enum BalancePolicy
{
    /// <summary>Smooth weighted round robin in nginx's order, exact over all loops.</summary>
    RoundRobin,

    /// <summary>The server with the fewest active requests for its weight, among equals in turn; exact over all loops, and two choices above 128 servers. nginx: least_conn, HAProxy: leastconn.</summary>
    LeastConnections,

    /// <summary>By lot, as likely as the weight. nginx: random.</summary>
    Random,

    /// <summary>Of two different servers by lot the one with fewer active requests for its weight. nginx: random two least_conn.</summary>
    TwoChoices,

    /// <summary>Round robin in the order of HAProxy's static-rr.</summary>
    StaticRoundRobin,

    /// <summary>Round robin in the order of HAProxy's roundrobin.</summary>
    HaproxyRoundRobin,

    /// <summary>
    /// The server with the lowest score of HAProxy's leastconn, by the requests under way and the one to come for its weight; among equals the one
    /// whose requests have not changed for longest. Two choices above 128 servers. HAProxy: leastconn.
    /// </summary>
    HaproxyLeastConnections,

    /// <summary>The first server of the configuration that has room. HAProxy: first.</summary>
    First,

    /// <summary>Of two different servers by lot the one that is likely to answer sooner, by what it took lately and what it has to do. Finagle, Linkerd: peak EWMA.</summary>
    PeakEwma,

    /// <summary>By the hash of something of the request, see <see cref="HashSettings"/>.</summary>
    Hash,
}
