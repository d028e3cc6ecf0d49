namespace Steelyard.Config;

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

    /// <summary>
    /// What is added to the port that the client came to, which connections go to in the place of that of <see cref="Address"/>:
    /// -65535 to 65535. Null, the default, for the port of the address (HAProxy: a server without a port, or with +1000).
    /// </summary>
    public int? ClientPort { get; init; }

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
