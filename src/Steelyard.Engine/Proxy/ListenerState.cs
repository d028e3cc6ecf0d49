using System.Net;
using Steelyard.Config;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Network;
using Steelyard.Engine.Rules;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Proxy;

/// <summary>What a listener gives the connections it accepts. Immutable, shared by all loops.</summary>
internal sealed class ListenerState(RouteTable routes, IPNetwork[] trustedProxies, ForwardedStyle forwarded = ForwardedStyle.XForwarded)
{
    /// <summary>Its position in the configuration.</summary>
    public int Ordinal { get; init; }

    /// <summary>What its connections carry.</summary>
    public ListenerMode Mode { get; init; }

    /// <summary>The proxies that begin each connection with a PROXY header; nobody else's is believed.</summary>
    public TrustedNetworks ProxyProtocol { get; init; } = TrustedNetworks.None;

    /// <summary>Those of them whose header says who the client is; null for all of them, who then say where it has connected to as well.</summary>
    public TrustedNetworks? ProxyProtocolClients { get; init; }

    /// <summary>Those who may ask how a server is chosen; null for nobody, and nobody looks then.</summary>
    public TrustedNetworks? Explain { get; init; }

    /// <summary>Whether CONNECT is passed on.</summary>
    public bool Connect { get; init; }

    /// <summary>Whether requests are read as tolerantly as nginx does.</summary>
    public bool Tolerant { get; init; }

    /// <summary>Whether slashes that follow each other stay what they are in paths.</summary>
    public bool KeepsSlashes { get; init; }

    /// <summary>Whether requests are refused that nginx refuses, and slashes that rules double stay.</summary>
    public bool AsNginx { get; init; }

    /// <summary>Whether requests that come without TLS, where it is spoken, have a page (nginx: error_page 497).</summary>
    public bool HasPlainPage { get; init; }

    /// <summary>Which fields of requests are seen.</summary>
    public FieldNames FieldNames { get; init; }

    /// <summary>How long each part of an exchange may take, where neither route nor pool say.</summary>
    public MillisecondTimeouts Timeouts { get; init; } = MillisecondTimeouts.Default;
    /// <summary>Where certain peers say who the client is; null for nowhere.</summary>
    public ClientField? ClientField { get; init; }

    /// <summary>Whether clients are told of servers by the statuses that nginx has for that.</summary>
    public bool GatewayStatuses { get; init; }

    /// <summary>What is written down of its requests; null for nothing.</summary>
    public AccessLog? Log { get; init; }

    /// <summary>The field that gives requests a name; null for none.</summary>
    public byte[]? RequestId { get; init; }

    /// <summary>The trace context of requests; null for what they bring.</summary>
    public TraceSettings? Trace { get; init; }

    /// <summary>Whether servers are told by what a request is known.</summary>
    public bool Identifies => RequestId is not null || Trace is not null;

    public RouteTable Routes { get; } = routes;

    /// <summary>Those whose word about the client before them is believed.</summary>
    public TrustedNetworks TrustedProxies { get; } = new(trustedProxies);

    /// <summary>What each client may do; null for anything.</summary>
    public PlaceLimits? Limits { get; init; }

    /// <summary>What is done with its requests; null for nothing.</summary>
    public RuleSet? Rules { get; init; }

    /// <summary>Whether they look at the name in a TLS hello, in TCP mode: they are asked once it is there.</summary>
    public bool RulesAskName { get; init; }

    /// <summary>What waits for the first bytes that rules or routes look at, in TCP mode; null where none do.</summary>
    public StartBytes? Start { get; init; }

    /// <summary>What is done with responses to them; null for nothing.</summary>
    public RuleSet? ResponseRules { get; init; }

    /// <summary>Those of them that are done with answers of the proxy's own; null for none.</summary>
    public RuleSet? OwnRules { get; init; }

    /// <summary>Its connections that are open now.</summary>
    public ConnectionCount Connections { get; init; } = new();

    /// <summary>How many may be open.</summary>
    public int MostConnections { get; init; } = int.MaxValue;

    /// <summary>How many connections it has accepted in the last second; null where that has no limit.</summary>
    public ConnectionPace? Pace { get; init; }

    /// <summary>How many those may be.</summary>
    public int MostPerSecond { get; init; }

    /// <summary>Its connections that are open now, by client.</summary>
    public AddressCounts ByAddress { get; init; } = new();

    /// <summary>How many may be open of one client; null for no limit, and nothing is counted then.</summary>
    public int? MostPerAddress { get; init; }

    /// <summary>How it speaks TLS; null for plain connections.</summary>
    public TlsListener? Tls { get; init; }

    /// <summary>Whether a connection that another configuration's listener has accepted on the same socket may be served by this one.</summary>
    public bool Continues(ListenerState before) =>
        this == before || (Mode == before.Mode && Tls is null == before.Tls is null && Tls?.Settings.ClientCertificates == before.Tls?.Settings.ClientCertificates);

    /// <summary>How the servers are told of a client.</summary>
    public ForwardedStyle Forwarded { get; } = forwarded;
}
