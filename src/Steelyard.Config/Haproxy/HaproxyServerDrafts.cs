using Steelyard.Config.Drafts;

namespace Steelyard.Config.Haproxy;

/// <summary>Makes of servers what every dialect becomes.</summary>
internal static class HaproxyServerDrafts
{
    /// <summary>A server of a pool.</summary>
    public static ServerDraft Of(HaproxyServer server, bool withCookie) => new(server.Name.Place)
    {
        Address = server.Address,
        ClientPort = server.ClientPort,
        Name = new(server.Name.Value, server.Name.Place),
        Weight = server.Weight,
        Maintenance = server.Disabled,
        MaxConnections = server.MinConnections is { } least ? Math.Max(least, server.MaxConnections ?? least) : server.MaxConnections,
        MinConnections = server.MinConnections,
        CutsWhenDown = server.CutsWhenDown,
        CutsBackups = server.CutsBackups,
        Backup = server.Backup ? new(true, server.Name.Place) : null,
        ProxyProtocol = server.ProxyProtocol,
        Cookie = withCookie ? server.Cookie : null,
        Tls = server.Tls ? TlsOf(server) : null,
    };

    /// <summary>How TLS is spoken to a server, by those who do.</summary>
    public static ServerTlsDraft TlsOf(HaproxyServer server) => new()
    {
        Verify = server.Verify != false,
        AnyName = server is { Verify: not false, ServerName: null, NameOfRequest: null, CertificateName: null },
        Authorities = server.Verify != false ? server.Authorities : null,
        Name = server.CertificateName ?? server.ServerName,
        NameOfRequest = server.NameOfRequest ?? (server.CertificateName is not null && server.ServerName is { } name ? TextTemplate.Literal(name) : null),
        Certificate = server.Certificate is { } certificate ? new(certificate, server.Name.Place) : null,
    };

    /// <summary>The agents of a backend's servers; null for none.</summary>
    public static Located<AgentSettings>? AgentOf(HaproxySection backend) =>
        backend.Servers.Find(server => server.AgentCheck) is not { } first ? null
            : new(new() { Send = first.AgentSend?.Replace("\n", "\\n", StringComparison.Ordinal) ?? "", Interval = first.AgentInterval ?? first.Interval ?? TimeSpan.FromSeconds(2), Timeout = first.AgentInterval ?? first.Interval ?? TimeSpan.FromSeconds(2) }, first.Name.Place);
}
