using System.Globalization;
using System.Net;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Nginx;

/// <summary>Makes of the levels of an nginx.conf what every dialect becomes.</summary>
internal sealed class NginxDraft
{
    /// <summary>How large the head of a request may be.</summary>
    public const int LargestHead = 16 * 1024;

    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);

    private readonly NginxFile _file;
    private readonly NginxPools _pools;
    private readonly Dictionary<NginxLevel, NginxServer> _servers = [];

    private NginxDraft(NginxFile file) => (_file, _pools) = (file, new(file));

    private ProblemList Problems => _file.Problems;

    /// <summary>The draft; null, and an error, when there is nothing to listen on.</summary>
    public static SnapshotDraft? Of(NginxFile file) => new NginxDraft(file).Make();

    private SnapshotDraft? Make()
    {
        _pools.Collect();
        NginxCaptures.Declare(_file);
        List<ListenerDraft> listeners = [];
        foreach (var top in (NginxLevel?[])[_file.Http, _file.Stream])
        {
            if (top is not null)
                listeners.AddRange(Listeners(top));
        }

        // What is wrong within a server is told even where its address is wrong.
        foreach (var server in _servers.Values)
        {
            if (server.Level.Context == 'S')
                _ = server.Routes;
        }

        if (listeners.Count == 0 && !Problems.HasErrors)
            Problems.Error(new(_file.Source.Text, 0, 0), "nothing is listened on", "a server in http or stream");
        if (Problems.HasErrors)
            return null;
        UseUpstreams();
        var levels = Levels(_file.Main).ToList();
        return new(new(_file.Source.Text, 0, 0))
        {
            Shutdown = _file.Main.Time("worker_shutdown_timeout") is { } stop && stop < s_longest ? stop : s_longest,
            Timeouts = NginxTimes.OfFile(levels),
            Limits = LimitsOf(levels),
            Listeners = listeners,
            Pools = _pools.Pools,
        };
    }

    /// <summary>Upstreams that no location names are checked all the same.</summary>
    private void UseUpstreams()
    {
        foreach (var name in _pools.UpstreamNames)
        {
            if (!_pools.Pools.Exists(pool => pool.Name.Value == name || pool.Name.Value.StartsWith(name + ".", StringComparison.Ordinal)))
                _ = _pools.Of(name, isSecure: false, _file.Http!, _file.Http!.Place);
        }
    }

    private static IEnumerable<NginxLevel> Levels(NginxLevel level)
    {
        yield return level;
        foreach (var block in level.Blocks.SelectMany(Levels))
            yield return block;
    }

    private IEnumerable<ListenerDraft> Listeners(NginxLevel top)
    {
        Dictionary<NetworkAddress, List<(NginxServer Server, NginxListen Listen)>> byAddress = [];
        List<NetworkAddress> order = [];
        foreach (var block in top.Blocks)
        {
            if (block.Directive!.Name != "server")
                continue;
            var server = _servers[block] = new NginxServer(block, _servers.Count, _file, _pools);
            foreach (var listen in NginxListen.Of(block, Problems))
            {
                if (!byAddress.TryGetValue(listen.Address.Value, out var its))
                {
                    byAddress[listen.Address.Value] = its = [];
                    order.Add(listen.Address.Value);
                }

                if (listen.IsDefault && its.Exists(other => other.Listen.IsDefault))
                    Problems.Error(listen.Address.Place, $"a duplicate default server for {Shown.Cut(listen.Address.Value.ToString())}");
                else if (top.Context == 'T' && its.Count > 0)
                    Problems.Error(listen.Address.Place, $"duplicate \"{listen.Address.Value}\" address and port pair");
                its.Add((server, listen));
            }
        }

        // In nginx one socket takes what comes to all addresses of a port; the servers of one of them have what comes there.
        var within = order.Select(address => (Address: address, Around: AroundOf(address, order))).Where(each => each.Around is not null).ToLookup(each => each.Around!, each => each.Address);
        if (top.Context == 'H')
            FindOwnClients(order.ConvertAll(address => within[address].Prepend(address).SelectMany(each => byAddress[each].Select(one => one.Server)).ToList()));
        foreach (var (around, address) in within.SelectMany(each => each.Select(address => (each.Key, address))))
            CheckWithin(around, address, byAddress);

        // Addresses with the same servers are one listener.
        foreach (var alike in order.Where(address => !within.Any(each => each.Contains(address))).GroupBy(address => (string.Join(' ', byAddress[address].Select(each => each.Server.Ordinal)), DefaultOf(byAddress[address]).Ordinal, byAddress[address].Exists(each => each.Listen.IsSecure), byAddress[address].Exists(each => each.Listen.AcceptProxy))))
        {
            List<Located<NetworkAddress>> bind = [.. alike.Select(address => byAddress[address][0].Listen.Address)];
            var servers = byAddress[alike.First()].ConvertAll(each => each.Server);
            List<NginxSite> sites = [.. alike.SelectMany(address => within[address]).Select(address => new NginxSite(address, byAddress[address].ConvertAll(each => each.Server), DefaultOf(byAddress[address])))];
            if (Listener(top, bind, new(null, servers, DefaultOf(byAddress[alike.First()])), sites, alike.Key.Item3, alike.Key.Item4) is { } listener)
                yield return listener;
        }
    }

    /// <summary>Which servers say themselves who clients are: those of addresses that do not say one thing of it, and all that share another address with one.</summary>
    private static void FindOwnClients(List<List<NginxServer>> addresses)
    {
        for (var more = true; more;)
        {
            more = false;
            foreach (var servers in addresses)
            {
                if (servers.TrueForAll(server => server.KnowsClientsItself) || !(servers.Exists(server => server.KnowsClientsItself) || servers.Exists(server => server.WithLocations.Any(level => NginxClients.Differ(level, servers[0].Level)))))
                    continue;
                servers.ForEach(server => server.KnowsClientsItself = true);
                more = true;
            }
        }
    }

    /// <summary>The address whose socket takes what comes to another one too; null for none.</summary>
    private static NetworkAddress? AroundOf(NetworkAddress address, List<NetworkAddress> addresses) =>
        address is not { UnixPath: null, Host: not ("0.0.0.0" or "::" or "") } ? null
            : addresses.Find(other => other.Port == address.Port && other.UnixPath is null && (other.Host.Length == 0 || other.Host == (address.Host.Contains(':', StringComparison.Ordinal) ? "::" : "0.0.0.0")));

    private void CheckWithin(NetworkAddress around, NetworkAddress address, Dictionary<NetworkAddress, List<(NginxServer Server, NginxListen Listen)>> byAddress)
    {
        var (all, own) = (byAddress[around], byAddress[address]);
        if (own[0].Server.Level.Context == 'V' || !IPAddress.TryParse(address.Host, out _) || all.Concat(own).Any(each => each.Listen.AcceptProxy) || all.Exists(each => each.Listen.IsSecure) != own.Exists(each => each.Listen.IsSecure))
            Problems.Error(own[0].Listen.Address.Place, $"\"listen {address}\" beside one of every address of its port", "both without proxy_protocol in http, with ssl in both or none; or one of the two");
    }

    private static NginxServer DefaultOf(List<(NginxServer Server, NginxListen Listen)> servers) =>
        servers.Find(each => each.Listen.IsDefault).Server ?? servers[0].Server;

    /// <summary>The servers that take what comes to an address.</summary>
    /// <param name="Address">Which one of those that are listened on; null for all but those that have servers of their own.</param>
    /// <param name="Servers">The servers.</param>
    /// <param name="First">The one for what no name takes.</param>
    private sealed record NginxSite(NetworkAddress? Address, List<NginxServer> Servers, NginxServer First)
    {
        /// <summary>That a request has come there.</summary>
        public Condition IsAsked => new AllCondition(
        [
            new TestCondition(new FetchExpression(FetchKind.LocalAddress), TestKind.Is, [Address!.Host]),
            new TestCondition(new FetchExpression(FetchKind.LocalPort), TestKind.Is, [Address.Port.ToString(CultureInfo.InvariantCulture)]),
        ]);
    }

    private ListenerDraft? Listener(NginxLevel top, List<Located<NetworkAddress>> bind, NginxSite site, List<NginxSite> within, bool isSecure, bool acceptProxy)
    {
        List<NginxServer> servers = [.. within.SelectMany(each => each.Servers).Concat(site.Servers).Distinct()];
        var first = site.First;
        if (isSecure && servers.TrueForAll(server => server.Level.IsOn("ssl_reject_handshake") && server.Level.All("ssl_certificate").Count == 0))
        {
            // No name is known, so no handshake comes to its end.
            return new(first.Level.Place)
            {
                Bind = bind,
                Mode = new(ListenerMode.Tcp, first.Level.Place),
                Rules = [new(new() { Action = RuleAction.Close }, first.Level.Place)],
                Routes = [new(first.Level.Place) { Respond = new(new FixedResponse(200), first.Level.Place) }],
            };
        }

        var tls = isSecure ? NginxTls.Of(servers, first, bind[0].Place, Problems) : null;
        Located<IPNetwork>[] proxies = acceptProxy ? [new(IPNetwork.Parse("0.0.0.0/0"), bind[0].Place), new(IPNetwork.Parse("::/0"), bind[0].Place)] : [];
        if (top.Context == 'T')
        {
            var stream = new NginxStream(servers[0], _file, _pools);
            var (level, scope) = (servers[0].Level, stream.Scope);
            var written = NginxLogs.Of(level, scope);
            var routes = stream.Routes(written?.Value);
            return routes.Count == 0 ? null : new(level.Place) { AccessLog = written, Bind = bind, Tls = tls, Mode = new(ListenerMode.Tcp, level.Place), ProxyProtocol = proxies, ProxyProtocolClients = acceptProxy ? NginxClients.OfProxies([servers[0]]) : null, Rules = NginxAccess.OfStream(level, scope), Routes = routes };
        }

        var log = NginxLogs.Of(first.Level, new() { File = _file, ServerName = first.FirstName });
        return new(first.Level.Place)
        {
            Bind = bind,
            Tls = tls,
            Mode = new(ListenerMode.Http, first.Level.Place),
            ProxyProtocol = proxies,
            ProxyProtocolClients = acceptProxy ? NginxClients.OfProxies(servers) : null,
            ClientField = NginxClients.Of(servers, acceptProxy, Problems),
            Forwarded = ForwardedStyle.AsIs,
            Tolerant = true,
            KeepsSlashes = !first.Level.IsOn("merge_slashes", otherwise: true),
            AsNginx = true,
            FieldNames = !first.Level.IsOn("ignore_invalid_headers", otherwise: true) ? FieldNames.Any : first.Level.IsOn("underscores_in_headers") ? FieldNames.Underscores : FieldNames.Hyphens,
            Timeouts = NginxTimes.OfListener(servers),
            GatewayStatuses = true,
            AccessLog = log,

            // What the listener says is not said again.
            Routes = [.. RoutesOf(site, within).Select(route => route.AccessLog?.Value == (log?.Value ?? AccessLogSettings.None) ? route with { AccessLog = null } : route)],
        };
    }

    private IEnumerable<RouteDraft> RoutesOf(NginxSite site, List<NginxSite> within)
    {
        if (within.Count == 0)
            return RoutesOf(site.Servers, site.First);
        var elsewhere = new NotCondition(within is [var one] ? one.IsAsked : new AnyCondition(within.Select(each => each.IsAsked).ToValueList()));
        return within.SelectMany(each => RoutesOf(each.Servers, each.First).Select(route => OnlyWhen(each.IsAsked, route)))
            .Concat(RoutesOf(site.Servers, site.First).Select(route => OnlyWhen(elsewhere, route)))
            .DistinctBy(route => route.Internal ? route.Name : (object)route);
    }

    private static RouteDraft OnlyWhen(Condition condition, RouteDraft route) =>
        route.Internal ? route : route with { Match = route.Match with { When = NginxSteps.Both(condition, route.Match.When) } };

    private IEnumerable<RouteDraft> RoutesOf(List<NginxServer> servers, NginxServer first)
    {
        // nginx: an empty name is that of requests which name no host.
        var unnamed = servers.Find(server => server.IsOfUnnamed);
        if (unnamed is null || unnamed == first)
            return RoutesByName(servers, first);
        Condition names = NginxSteps.Has(new VariableExpression(TemplateVariable.Host));
        return unnamed.Routes.Where(route => !route.Internal).Select(route => OnlyWhen(new NotCondition(names), route))
            .Concat(RoutesByName(servers, first).Select(route => OnlyWhen(names, route)));
    }

    private IEnumerable<RouteDraft> RoutesByName(List<NginxServer> servers, NginxServer first)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var server in servers)
        {
            List<Located<string>> hosts = [];
            foreach (var host in server.Hosts)
            {
                if (names.Add(host.Value))
                    hosts.Add(host);
                else
                    Problems.Warn(host.Place, $"conflicting server name \"{host.Value}\", ignored", "each name in one server of an address");
            }

            foreach (var route in server.Routes)
            {
                if (route.Internal)
                {
                    yield return route;
                    continue;
                }

                if (hosts.Count > 0 && servers.Count > 1)
                    yield return route with { Hosts = hosts };
                if (server == first)
                    yield return route;
            }
        }
    }

    private static Limits LimitsOf(List<NginxLevel> levels)
    {
        var fronts = levels.FindAll(level => level.Context is 'H' or 'S' or 'L');
        var closes = fronts.SelectMany(level => level.Own("keepalive_timeout")).ToList() is { Count: > 0 } all && all.TrueForAll(line => NginxValues.TryReadTime(line[1], out var time) && time == TimeSpan.Zero);
        int[] requests = [.. fronts.SelectMany(level => level.Own("keepalive_requests")).Select(line => int.TryParse(line[1], out var number) ? number : 1000)];
        var lines = fronts.SelectMany(level => level.Own("large_client_header_buffers")).Select(line => NginxValues.TryReadSize(line[2], out var size) ? size : 0).ToList();
        return new()
        {
            // The buffer holds the end of the line too.
            RequestLine = lines.Count == 0 ? new Limits().RequestLine : new ByteSize(Math.Clamp(lines.Max() - 2, 64, LargestHead)),
            HeaderCount = 128,
            RequestRate = null,
            ResponseRate = null,
            RequestsPerConnection = closes ? 1 : requests.Length == 0 ? 1000 : requests.Max(),
        };
    }
}
