using System.Net;

namespace Steelyard.Config;

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

    /// <summary>Connections accepted in a second: 1 to 1,000,000; further ones wait in the kernel's queue. Null for no limit (HAProxy: rate-limit sessions).</summary>
    public int? MaxConnectionsPerSecond { get; init; }

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
