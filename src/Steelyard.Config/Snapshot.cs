using System.Net;

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

/// <summary>Whether a listener is listened on.</summary>
public enum ListenerServing
{
    /// <summary>It is.</summary>
    Open,

    /// <summary>Not for now: who connects is refused, and what is in flight ends (HAProxy: disable frontend).</summary>
    Paused,

    /// <summary>No more (HAProxy: shutdown frontend).</summary>
    Closed,
}

/// <summary>A set of addresses served alike: accepted connections are routed by the same table.</summary>
public sealed record ListenerSettings
{
    /// <summary>The addresses to bind; at least one. An empty host means every address, IPv6 and IPv4.</summary>
    public required ValueList<NetworkAddress> Bind { get; init; }

    /// <summary>What logs and statistics call it: 1 to 64 letters, digits and <c>- _ . :</c> of ASCII; null for its first address (HAProxy: the name of a frontend).</summary>
    public string? Name { get; init; }

    /// <summary>How TLS is spoken to clients; null for plain connections.</summary>
    public ListenerTls? Tls { get; init; }

    /// <summary>What is spoken. In TCP mode routes lead to a pool or a split, and ask for nothing but a host, the name in a TLS hello, and conditions of what is known of a connection. Default HTTP.</summary>
    public ListenerMode Mode { get; init; }

    /// <summary>The routes, in the order of the file; the most specific match wins, not the first.</summary>
    public required ValueList<RouteSettings> Routes { get; init; }

    /// <summary>
    /// Networks whose X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host and Forwarded are believed and continued.
    /// From any other peer these fields are replaced. Peers on Unix sockets count as 127.0.0.1.
    /// </summary>
    public ValueList<IPNetwork> TrustedProxies { get; init; }

    /// <summary>Where peers of certain networks say who the client is, beside or instead of <see cref="TrustedProxies"/>; null for nowhere (nginx: set_real_ip_from).</summary>
    public ClientFieldSettings? ClientField { get; init; }

    /// <summary>
    /// Networks of proxies that begin each connection with a PROXY header, version 1 or 2, by which they say whose it is.
    /// Without one such a connection is refused; from any other peer it is not believed but taken for the client's own bytes.
    /// Peers on Unix sockets count as 127.0.0.1.
    /// </summary>
    public ValueList<IPNetwork> ProxyProtocol { get; init; }

    /// <summary>
    /// Those of them whose header says who the client is; of others it is known by <c>told-peer</c> and its kin alone. Where
    /// this is said, what a client has connected to is the address here, whatever headers say. Null for all of them
    /// (nginx: set_real_ip_from).
    /// </summary>
    public ValueList<IPNetwork>? ProxyProtocolClients { get; init; }

    /// <summary>Whether it is listened on. Default yes (HAProxy: disable frontend, shutdown frontend).</summary>
    public ListenerServing Serving { get; init; }

    /// <summary>Connections open at once: 1 to 10,000,000; further ones wait in the kernel's queue. Null for no limit but <see cref="Limits.Connections"/> (HAProxy: maxconn of a frontend).</summary>
    public int? MaxConnections { get; init; }

    /// <summary>
    /// Connections open at once of one client address, an IPv6 address being its first 64 bits: 1 to 1,000,000; further
    /// ones are closed at once. Peers in <see cref="TrustedProxies"/> or <see cref="ProxyProtocol"/> and on Unix sockets are not counted. Null for no
    /// limit (nginx: limit_conn).
    /// </summary>
    public int? MaxConnectionsPerAddress { get; init; }

    /// <summary>
    /// Networks whose requests may ask, by a field Steelyard-Explain, how their server is chosen; the answer is in a field of
    /// that name. Both the peer and the client that trusted proxies name have to be in one of them. Default nobody.
    /// </summary>
    public ValueList<IPNetwork> Explain { get; init; }

    /// <summary>How many requests of each client are let through; null for any number.</summary>
    public RateLimitSettings? RateLimit { get; init; }

    /// <summary>How many requests of each client may be under way at once; null for any number.</summary>
    public ConcurrencySettings? Concurrency { get; init; }

    /// <summary>Whether CONNECT is passed on to the servers, and a tunnel opened when one agrees. Default not: it is refused with 501.</summary>
    public bool Connect { get; init; }

    /// <summary>How answers are compressed, by routes that say nothing else; null for not at all.</summary>
    public CompressionSettings? Compress { get; init; }

    /// <summary>Whether clients are told 502 where no server takes their request, and 504 where none does in time, as nginx has it. Default not: 503.</summary>
    public bool GatewayStatuses { get; init; }

    /// <summary>Whether requests may be written as nginx takes them from old clients: a bare LF ends a line. Default not. What goes to the servers is strict all the same.</summary>
    public bool Tolerant { get; init; }

    /// <summary>Whether slashes that follow each other stay what they are when routes are compared with a path. Default they are one (nginx: merge_slashes off).</summary>
    public bool KeepsSlashes { get; init; }

    /// <summary>
    /// Whether requests are read as nginx reads them. TRACE is 405; <c>OPTIONS *</c>, an empty Host, a method with small letters and a path that climbs
    /// out of the root or cannot be decoded are 400. Paths are decoded as a whole before routes are compared with them, slashes too, and slashes that
    /// rules double stay two, unlike those of clients. Cookies are found in any case, with the quotes of their values. Default not.
    /// </summary>
    public bool AsNginx { get; init; }

    /// <summary>Which fields of requests are seen at all; others are dropped, as if they had not come. Default any.</summary>
    public FieldNames FieldNames { get; init; }

    /// <summary>How the servers are told of the client. Default <see cref="ForwardedStyle.XForwarded"/>.</summary>
    public ForwardedStyle Forwarded { get; init; }

    /// <summary>What is done with every request before a route is looked for (HAProxy: http-request of a frontend).</summary>
    public ValueList<RuleSettings> Rules { get; init; }

    /// <summary>What is done with every response of a server, after the rules of its pool (HAProxy: http-response of a frontend).</summary>
    public ValueList<RuleSettings> ResponseRules { get; init; }

    /// <summary>Its timeouts where they differ from the snapshot's. Default nowhere.</summary>
    public TimeoutOverrides Timeouts { get; init; } = TimeoutOverrides.None;

    /// <summary>What is written down of its requests; null for what the snapshot says.</summary>
    public AccessLogSettings? AccessLog { get; init; }

    /// <summary>
    /// The field that gives each request a name: what peers among <see cref="TrustedProxies"/> say in it is passed on,
    /// everybody else's is replaced. Empty for none, null for what the snapshot says.
    /// </summary>
    public string? RequestId { get; init; }

    /// <summary>The trace context of requests; null for what the snapshot says.</summary>
    public TraceSettings? TraceContext { get; init; }

    /// <summary>What is changed in every head for a server.</summary>
    public HeaderEdits RequestHeaders { get; init; } = HeaderEdits.None;

    /// <summary>What is changed in every head for a client.</summary>
    public HeaderEdits ResponseHeaders { get; init; } = HeaderEdits.None;
}

/// <summary>Where peers say who the client is. Nothing else that they say is believed.</summary>
/// <param name="Name">The field; the last line of it counts.</param>
/// <param name="From">The networks whose word is believed; peers on Unix sockets count as 127.0.0.1.</param>
/// <param name="Recursive">Whether addresses between commas that are of these networks themselves are passed over, from the last on.</param>
public sealed record ClientFieldSettings(string Name, ValueList<IPNetwork> From, bool Recursive);

/// <summary>What a listener speaks.</summary>
public enum ListenerMode
{
    /// <summary>HTTP/1.1: requests are balanced.</summary>
    Http,

    /// <summary>Anything: connections are balanced, and their bytes pass unread.</summary>
    Tcp,
}

/// <summary>Which names of fields are taken.</summary>
public enum FieldNames
{
    /// <summary>Any that HTTP has.</summary>
    Any,

    /// <summary>Letters, digits, hyphens and underscores (nginx: underscores_in_headers on).</summary>
    Underscores,

    /// <summary>Letters, digits and hyphens: to CGI and WSGI an underscore is the same as a hyphen (nginx's default).</summary>
    Hyphens,
}

/// <summary>The fields that tell the servers of the client. What a client sends of any of them itself is never passed on, unless it is trusted.</summary>
public enum ForwardedStyle
{
    /// <summary>X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host and X-Real-IP.</summary>
    XForwarded,

    /// <summary>Forwarded (RFC 7239).</summary>
    Rfc7239,

    /// <summary>All five.</summary>
    Both,

    /// <summary>None.</summary>
    None,

    /// <summary>None, and what clients send of them passes like any other field, for whoever believes it (HAProxy without option forwardfor; nginx).</summary>
    AsIs,
}

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

/// <summary>One server of a pool.</summary>
public sealed record ServerSettings
{
    /// <summary>What logs and statistics call it, unique in its pool: 1 to 64 letters, digits and <c>- _ . :</c> of ASCII; null for its address (HAProxy: the name of a server).</summary>
    public string? Name { get; init; }

    /// <summary>Where it listens: host and port, or a Unix socket.</summary>
    public required NetworkAddress Address { get; init; }

    /// <summary>
    /// Where connections to it go, whatever its name resolves to: a literal address with a port, or <see cref="NetworkAddress.Nowhere"/>,
    /// by which it is down. Null, the default, for what <see cref="Address"/> is. Names go on to be those that certificates are checked for.
    /// </summary>
    public NetworkAddress? At { get; init; }

    /// <summary>
    /// Host and perhaps port of where it is, made of each request; null, the default, for <see cref="Address"/>, which is
    /// <see cref="NetworkAddress.OfRequest"/> else. Names are looked up as <see cref="PoolSettings.Resolver"/> says, and not at all
    /// where it says nothing (nginx: proxy_pass with variables).
    /// </summary>
    public TextTemplate? Made { get; init; }

    /// <summary>Whether nobody knows where it is, so that it is down.</summary>
    public bool IsNowhere => At is { IsNowhere: true };

    /// <summary>How TLS is spoken to this one; null for what the pool says.</summary>
    public ServerTls? Tls { get; init; }

    /// <summary>Its share against the other servers' weights: 0 to 256, 0 takes no new requests. Default 1.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Whether it is in maintenance at first, until an operator says otherwise (HAProxy: disabled).</summary>
    public bool Maintenance { get; init; }

    /// <summary>What it has to do at once at most: 1 to 1,000,000; null for what the pool says (HAProxy: maxconn).</summary>
    public int? MaxConnections { get; init; }

    /// <summary>The same while the pool has little to do: it grows with that up to <see cref="MaxConnections"/>; null for what that says (HAProxy: minconn).</summary>
    public int? MinConnections { get; init; }

    /// <summary>Whether its requests and sessions are cut when it goes down. Default not (HAProxy: on-marked-down shutdown-sessions).</summary>
    public bool CutsWhenDown { get; init; }

    /// <summary>Whether those of backups are cut when it comes up. Default not (HAProxy: on-marked-up shutdown-backup-sessions).</summary>
    public bool CutsBackups { get; init; }

    /// <summary>Whether it only serves when no other can. Default not (HAProxy, nginx: backup).</summary>
    public bool Backup { get; init; }

    /// <summary>Its tier: 0 to 15; those of a higher number get what the ones before cannot take. Default 0 (Envoy: priority).</summary>
    public int Priority { get; init; }

    /// <summary>The PROXY header it is sent; null for what its pool says.</summary>
    public ProxyProtocolVersion? ProxyProtocol { get; init; }

    /// <summary>The port of its agent, 1 to 65535; 0 for a server that has none, null for what the pool says (HAProxy: agent-check, agent-port).</summary>
    public int? AgentPort { get; init; }

    /// <summary>The address of its agent, of IPv4 or IPv6; null for the server's own (HAProxy: agent-addr).</summary>
    public string? AgentAddress { get; init; }

    /// <summary>How it is asked for its health, where that is not as its pool says; null for what that says.</summary>
    public HealthSettings? Health { get; init; }

    /// <summary>Whether it is not asked, whatever its pool says. Default not (HAProxy: a server without check).</summary>
    public bool Unchecked { get; init; }

    /// <summary>How many failures are too many by nginx's rule, where that is not as its pool's outlier says: 0 to 10,000, 0 for any number; null for what that says (nginx: max_fails).</summary>
    public int? MaxFails { get; init; }

    /// <summary>How long it is left out by that rule, whole seconds from 1 s to 24 h; null for what its pool's outlier says (nginx: fail_timeout).</summary>
    public TimeSpan? FailTimeout { get; init; }

    /// <summary>What stands for it in cookies of <see cref="StickyValue.Server"/>; null for a server that keeps no clients (HAProxy: cookie).</summary>
    public string? Cookie { get; init; }
}

/// <summary>How long each part of an exchange may take. Each is between 1 ms and 24 h.</summary>
public sealed record Timeouts
{
    /// <summary>Waiting for a server that has room; then 503. Null, the default, for as long as <see cref="Connect"/>, as in HAProxy (timeout queue). A pool may differ.</summary>
    public TimeSpan? Queue { get; init; }

    /// <summary>Opening a connection to a server; then the next server is tried, in the end 503. Default 3 s (HAProxy: timeout connect).</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>From the acceptance of a connection until its TLS handshake is done; then it is closed. Default 10 s (nginx has 60 s).</summary>
    public TimeSpan TlsHandshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the first byte of a request until its head is complete; then 408. Default 10 s (HAProxy: timeout http-request).</summary>
    public TimeSpan ClientHeader { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two reads of a request body, or two writes of a response; then 408 or the connection is cut. Default 30 s (nginx: client_body_timeout, send_timeout).</summary>
    public TimeSpan ClientBody { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Until the first byte of the next request on a connection; then it is closed silently. Default 60 s (HAProxy: timeout http-keep-alive).</summary>
    public TimeSpan ClientIdle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From the last byte of the request until the head of the response; then 504. Default 60 s (HAProxy: timeout server).</summary>
    public TimeSpan ServerResponse { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two reads of a response body, or two writes of a request to a server; then both connections are cut. Default 60 s (nginx: proxy_read_timeout, proxy_send_timeout).</summary>
    public TimeSpan ServerBody { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an unused connection to a server is kept for the next request; a server's own Keep-Alive hint shortens it. Default 30 s (nginx: keepalive_timeout in an upstream).</summary>
    public TimeSpan ServerIdle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection in TCP mode, or one that went on in another protocol, may carry nothing either way; then both are closed. Default 1 h (HAProxy: timeout tunnel).</summary>
    public TimeSpan Tunnel { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// From the first byte of a request to the last of its response, all attempts together; then 504, or the client's
    /// connection is reset where the response had begun. Null for no limit, which is the default: long downloads and event
    /// streams are right, and every part of an exchange has its own limit (Envoy: the route's timeout).
    /// </summary>
    public TimeSpan? Request { get; init; }
}

/// <summary>How much of each thing is accepted.</summary>
public sealed record Limits
{
    /// <summary>A whole request head, and a whole response head: 1 KiB to 16 KiB; beyond 431 or 414, 502 for a response. Default and most 16 KiB (HAProxy: tune.bufsize).</summary>
    public ByteSize Header { get; init; } = ByteSize.FromKibibytes(16);

    /// <summary>Fields of one head: 8 to 128; beyond 431, 502 for a response. Default 100 (HAProxy: tune.http.maxhdr, 101).</summary>
    public int HeaderCount { get; init; } = 100;

    /// <summary>TLS handshakes under way at once on each loop: 1 to 100,000; further ones wait for their turn. Default 2,000 (HAProxy: maxsslconn).</summary>
    public int TlsHandshakes { get; init; } = 2000;

    /// <summary>The first line of a request: 64 B to 16 KiB; beyond 414. Default 8 KiB (nginx: large_client_header_buffers; Apache: LimitRequestLine).</summary>
    public ByteSize RequestLine { get; init; } = ByteSize.FromKibibytes(8);

    /// <summary>
    /// Client connections open at once in the whole process: 1 to 10,000,000; further ones wait in the kernel's queues.
    /// Null, the default, for as many as its descriptors suffice for (HAProxy: maxconn in global).
    /// </summary>
    public int? Connections { get; init; }

    /// <summary>
    /// What the buffers of all connections may hold together: 1 MiB to 1 TiB; beyond it nobody is accepted until an
    /// eighth of it is free again, and further connections wait in the kernel's queues. Null, the default, for no limit
    /// but that of <see cref="Connections"/>. What OpenSSL and the kernel hold is not counted.
    /// </summary>
    public ByteSize? Memory { get; init; }

    /// <summary>Requests of one connection: 1 to 1,000,000,000; the last answer says <c>Connection: close</c>. Null for no limit, which is the default, for a kept connection holds no memory that grows (nginx: keepalive_requests).</summary>
    public int? RequestsPerConnection { get; init; }

    /// <summary>
    /// The least average rate of a request body, in bytes per second: 1 B to 1 GiB; then 408. Only time that is spent
    /// waiting for the client counts, not that for a slow server. Default 240 B, null for none (Kestrel:
    /// MinRequestBodyDataRate).
    /// </summary>
    public ByteSize? RequestRate { get; init; } = new(240);

    /// <summary>The same for a client that takes a response; then its connection is reset. Default 240 B, null for none (Kestrel: MinResponseDataRate).</summary>
    public ByteSize? ResponseRate { get; init; } = new(240);

    /// <summary>How long a client may be waited for at any rate: 0 to 24 h. Default 5 s (Kestrel: GracePeriod).</summary>
    public TimeSpan RateGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A request body; beyond 413. Null for no limit, which is the default, for bodies are streamed and never stored (nginx: client_max_body_size).</summary>
    public ByteSize? Body { get; init; }
}
