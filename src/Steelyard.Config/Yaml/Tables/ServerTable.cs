using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of a server.</summary>
internal static class ServerTable
{
    public static Form<ProxyProtocolVersion> ProxyProtocol { get; } =
        ScalarForms.OneOf([("none", ProxyProtocolVersion.None, ""), ("v1", ProxyProtocolVersion.V1, ""), ("v2", ProxyProtocolVersion.V2, "")]);

    private static readonly Form<ProxyProtocolVersion?> s_proxyProtocolOfServer = new(
        ProxyProtocol.Accepts,
        (ProblemList problems, YamlNode node, out ProxyProtocolVersion? value) =>
        {
            var read = ProxyProtocol.Read(problems, node, out var version);
            value = read ? version : null;
            return read;
        });

    public static DirectiveTable<ServerDraft> Servers { get; } = new(
        "a server",
        "an address such as 10.0.0.1:3000, or a mapping with 'address'",
        "A server is an address, or a mapping with these keys.",
        [["address"]],
        [
            new Directive<ServerDraft, Located<NetworkAddress>?>(
                "address",
                Form.Located(ScalarForms.ServerAddressOrPort0),
                "Where it listens; `request` where each request says that, see `made`. Behind `#` stands which of several servers at one address it is, as in `10.0.0.1:3000#2`.",
                server => server.Address,
                (server, value) => server with { Address = value }),
            new Directive<ServerDraft, NetworkAddress?>(
                "at",
                ResolverTable.Place,
                "Where connections to it go, whatever the name in `address` resolves to: a number and a port, or `nowhere`, by which it is down. Certificates are still checked for the name. What `address` is when left out.",
                server => server.At,
                (server, value) => server with { At = value }),
            new Directive<ServerDraft, Located<TextTemplate>?>(
                "made",
                Form.Located(AnswerTable.Anywhere),
                "Host and perhaps port of where it is, made of each request, with `address: request`; port 80 where it says none, or 443 with `tls`. Names are looked up as the `resolver` of its pool says, and not at all without one. Whoever can say the host can reach all that this machine can.",
                server => server.Made,
                (server, value) => server with { Made = value }),
            new Directive<ServerDraft, int?>(
                "client-port",
                ScalarForms.OrWord(ScalarForms.Number(-65535, 65535), "none"),
                "Connections go to the port that the client came to, plus this number, and not to that of `address`, which is for checks and may be 0 (HAProxy: a server without a port, or with `+1000`).",
                server => server.ClientPort,
                (server, value) => server with { ClientPort = value }),
            new Directive<ServerDraft, Located<string?>?>(
                "name",
                Form.Located(Form.OrNull(ScalarForms.Name)),
                "What logs and statistics call it, once in a pool; its address when left out.",
                server => server.Name,
                (server, value) => server with { Name = value }),
            new Directive<ServerDraft, bool>(
                "maintenance",
                ScalarForms.Switch,
                "Whether it begins in maintenance and gets nothing, until an operator says otherwise: `steelyard ready`, or `enable server` on a command socket.",
                server => server.Maintenance,
                (server, value) => server with { Maintenance = value }),
            new Directive<ServerDraft, int>(
                "weight",
                ScalarForms.Number(0, 256),
                "Its share against the other servers' weights; 0 takes no new requests.",
                server => server.Weight,
                (server, value) => server with { Weight = value }),
            new Directive<ServerDraft, int?>(
                "max-connections",
                ScalarForms.OrWord(ScalarForms.Number(1, 1_000_000), "pool"),
                "What it has to do at once at most; `pool` is what the pool says.",
                server => server.MaxConnections,
                (server, value) => server with { MaxConnections = value }),
            new Directive<ServerDraft, int?>(
                "min-connections",
                HealthTable.OrNull(ScalarForms.Number(1, 1_000_000)),
                "The same while the pool has little to do: from there the limit grows with that, up to the whole at `full-connections` (HAProxy: `minconn`).",
                server => server.MinConnections,
                (server, value) => server with { MinConnections = value }),
            new Directive<ServerDraft, bool>(
                "cut-when-down",
                ScalarForms.Switch,
                "Whether its requests and sessions are cut when it goes down, or into maintenance (HAProxy: `on-marked-down shutdown-sessions`).",
                server => server.CutsWhenDown,
                (server, value) => server with { CutsWhenDown = value }),
            new Directive<ServerDraft, bool>(
                "cut-backups-when-up",
                ScalarForms.Switch,
                "Whether those of backups are cut when it comes up (HAProxy: `on-marked-up shutdown-backup-sessions`).",
                server => server.CutsBackups,
                (server, value) => server with { CutsBackups = value }),
            new Directive<ServerDraft, Located<bool>?>(
                "backup",
                Form.Located(ScalarForms.Switch),
                "Whether it only serves when no other can.",
                server => server.Backup,
                (server, value) => server with { Backup = value }),
            new Directive<ServerDraft, Located<int>?>(
                "priority",
                Form.Located(ScalarForms.Number(0, 15)),
                "Its tier; `0` when left out. Those of a higher number get what the ones before cannot take, see [balancing.md](balancing.md#backups-and-tiers).",
                server => server.Priority,
                (server, value) => server with { Priority = value }),
            new Directive<ServerDraft, ProxyProtocolVersion?>(
                "proxy-protocol",
                s_proxyProtocolOfServer,
                "The PROXY header it is sent, where it differs from its pool's.",
                server => server.ProxyProtocol,
                (server, value) => server with { ProxyProtocol = value }),
            new Directive<ServerDraft, ServerTlsDraft?>(
                "tls",
                TlsTable.ServersForm,
                "TLS is spoken to this server, see [tls](#pools-tls); instead of what the pool says.",
                server => server.Tls,
                (server, value) => server with { Tls = value }),
            new Directive<ServerDraft, int?>(
                "agent-port",
                AgentTable.PortOfServer,
                "The port of its [agent](#pools-agent), where it differs from its pool's; 0 for a server that has none.",
                server => server.AgentPort,
                (server, value) => server with { AgentPort = value }),
            new Directive<ServerDraft, string?>(
                "agent-address",
                HealthTable.Address,
                "The address of its [agent](#pools-agent), without a port; the server's own when left out.",
                server => server.AgentAddress,
                (server, value) => server with { AgentAddress = value }),
            new Directive<ServerDraft, (HealthSettings? Health, bool None)>(
                "health",
                HealthTable.ServerForm,
                "How this server is asked for its health, see [health](#pools-health), in the place of all that the pool says; `none` for not at all.",
                server => (server.Health, server.Unchecked),
                (server, value) => server with { Health = value.Health, Unchecked = value.None }),
            new Directive<ServerDraft, Located<int>?>(
                "max-fails",
                Form.Located(ScalarForms.Number(0, 10_000)),
                "How many failures are too many by nginx's rule, where it differs from the [outlier](#pools-outlier) of its pool; 0 for any number.",
                server => server.MaxFails,
                (server, value) => server with { MaxFails = value }),
            new Directive<ServerDraft, Located<TimeSpan>?>(
                "fail-timeout",
                Form.Located(ScalarForms.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1))),
                "How long it is left out by that rule, in whole seconds.",
                server => server.FailTimeout,
                (server, value) => server with { FailTimeout = value }),
            new Directive<ServerDraft, string?>(
                "cookie",
                StickyTable.ServerValue,
                "What stands for it in cookies, with `value: server` in [sticky](#pools-sticky). A server without one keeps no clients.",
                server => server.Cookie,
                (server, value) => server with { Cookie = value }),
        ]);

    /// <summary>What is written behind <c>servers</c>.</summary>
    public static Form<IReadOnlyList<ServerDraft>> List { get; } =
        Form.ListOf("a list of servers, such as [ 10.0.0.1:3000, 10.0.0.2:3000 ]", new Form<ServerDraft>(Servers.Accepts, ReadServer));

    /// <summary>A list of servers; one that holds nothing is one too.</summary>
    public static bool ReadServers(ProblemList problems, YamlNode node, out IReadOnlyList<ServerDraft> servers)
    {
        if (node is not YamlList { Items.Count: 0 })
            return List.Read(problems, node, out servers);
        servers = [];
        return true;
    }

    private static bool ReadServer(ProblemList problems, YamlNode node, out ServerDraft server)
    {
        server = new(node.Place);
        if (node is YamlMapping mapping)
        {
            server = Servers.Read(problems, mapping, server);
            return server.Address is not null;
        }

        if (node is not YamlText)
            return Form.RefuseKind(problems, node, Servers.Accepts);
        var read = ScalarForms.ServerAddressOrPort0.Read(problems, node, out var address);
        server = server with { Address = read ? new(address, node.Place) : null };
        return read;
    }
}
