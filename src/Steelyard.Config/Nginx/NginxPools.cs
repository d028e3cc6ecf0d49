using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Nginx;

/// <summary>Makes pools of upstreams, one for each way in which locations use them.</summary>
internal sealed class NginxPools(NginxFile file)
{
    private const int LongestName = 60;

    private static readonly TimeSpan s_failTimeout = TimeSpan.FromSeconds(10);

    // nginx compares their names in any case.
    private readonly Dictionary<string, NginxLevel> _upstreams = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, NginxLevel> _streamUpstreams = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<(string Upstream, string Use), string> _names = [];
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    /// <summary>The pools that are used, and upstreams that are not.</summary>
    public List<PoolDraft> Pools { get; } = [];

    private ProblemList Problems => file.Problems;

    /// <summary>Finds the upstreams of the file.</summary>
    public void Collect()
    {
        foreach (var (top, upstreams) in ((NginxLevel?, Dictionary<string, NginxLevel>)[])[(file.Http, _upstreams), (file.Stream, _streamUpstreams)])
        {
            foreach (var block in top?.Blocks ?? [])
            {
                if (block.Directive!.Name != "upstream")
                    continue;
                var name = block.Directive.Words[1];
                if (!upstreams.TryAdd(name.Text, block))
                    Problems.Error(name.Place, $"duplicate upstream \"{name.Text}\"");
                if (block.Own("server").Count == 0)
                    Problems.Error(block.Place, "no servers are inside upstream");
            }
        }
    }

    /// <summary>Whether an upstream has this name.</summary>
    public bool IsUpstream(string name, bool isStream) => (isStream ? _streamUpstreams : _upstreams).ContainsKey(name);

    /// <summary>The names of all upstreams.</summary>
    public IEnumerable<string> UpstreamNames => _upstreams.Keys;

    /// <summary>The names of those of stream.</summary>
    public IEnumerable<string> StreamUpstreamNames => _streamUpstreams.Keys;

    /// <summary>The pool of an upstream, or of one server, for a location; null, and an error, where there is none.</summary>
    /// <param name="host">The upstream, or an address.</param>
    /// <param name="isSecure">Whether the servers speak TLS.</param>
    /// <param name="level">Where it is used.</param>
    /// <param name="place">Where it is named.</param>
    public string? Of(string host, bool isSecure, NginxLevel level, Place place)
    {
        var isStream = level.Context == 'V';
        var upstream = (isStream ? _streamUpstreams : _upstreams).GetValueOrDefault(host);

        // As the file spells it where it says what is in it.
        host = upstream?.Directive!.Words[1].Text ?? host;
        List<DiscoverDraft> discover = [];
        List<ServerDraft>? servers = upstream is null ? null : Servers(upstream, discover);
        var settings = PoolOf(upstream, isSecure, level, host) with { Outlier = OutlierOf([.. servers ?? [], .. discover.Select(one => one.Server!)], level) };
        var use = $"{(isStream ? "stream " : "")}{(isSecure ? "tls " : "")}{settings.Retries} {settings.Outlier} {settings.Tls} {settings.Health} {settings.ProxyProtocol} {settings.Source}";
        if (_names.TryGetValue((host, use), out var known))
            return known;
        servers ??= OneServer(host, isSecure, isStream, place);
        if (servers is null)
            return null;
        var name = FreeName(host);
        _names[(host, use)] = name;
        Pools.Add(settings with
        {
            Name = new(name, upstream?.Directive!.Words[1].Place ?? place),
            Servers = servers.ConvertAll(server => WithOwnRule(server, settings.Outlier)),
            Discover = discover.ConvertAll(one => one with { Server = WithOwnRule(one.Server!, settings.Outlier) }),

            // Names that do not resolve again are the system's, which knows /etc/hosts.
            Resolver = discover.Count == 0 ? null : NginxResolver.Of(upstream!, Problems),
        });
        return name;
    }

    /// <summary>The pool of a server of which each request says where it is.</summary>
    /// <param name="host">What proxy_pass says, with variables.</param>
    /// <param name="made">The same, as a text.</param>
    /// <param name="isSecure">Whether the servers speak TLS.</param>
    /// <param name="level">Where it is used.</param>
    /// <param name="place">Where it is named.</param>
    public string OfRequest(string host, TextTemplate made, bool isSecure, NginxLevel level, Place place)
    {
        var resolver = NginxResolver.Of(level, Problems);
        if (resolver is null)
            Problems.Warn(place, $"no resolver defined to resolve \"{host}\": it has to be an address, or the name of an upstream", "\"resolver\" with the address of a name server");
        var settings = PoolOf(null, isSecure, level, host) with { Outlier = null, Retries = new() { Attempts = 1, On = RetryConditions.None }, Resolver = resolver };
        var use = $"request {isSecure} {made} {settings.Tls} {settings.Resolver} {settings.Source}";
        if (_names.TryGetValue((host, use), out var known))
            return known;
        var name = FreeName("request");
        _names[(host, use)] = name;
        Pools.Add(settings with { Name = new(name, place), Servers = [new(place) { Address = new(NetworkAddress.OfRequest, place), Made = new(made, place) }] });
        return name;
    }

    /// <summary>The name by which locations of the same settings find the pool of an upstream whatever its name.</summary>
    public static string SuffixOf(string upstream, string pool) => pool.StartsWith(Clean(upstream), StringComparison.OrdinalIgnoreCase) ? pool[Clean(upstream).Length..] : "";

    public static string Clean(string name)
    {
        var letters = name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or ':' ? letter : '_').ToArray();
        return new string(letters, 0, Math.Min(letters.Length, LongestName));
    }

    private string FreeName(string upstream)
    {
        var name = Clean(upstream);
        for (var number = 2; !_taken.Add(name); number++)
            name = $"{Clean(upstream)}.{number.ToString(CultureInfo.InvariantCulture)}";
        return name;
    }

    private List<ServerDraft>? OneServer(string host, bool isSecure, bool isStream, Place place)
    {
        if (NginxListen.TryReadAddress(host, isStream ? 0 : isSecure ? 443 : 80, out var address) && (address.UnixPath is not null || address.Port > 0))
            return [new(place) { Address = new(address, place) }];
        Problems.Error(place, isStream && !host.Contains(':', StringComparison.Ordinal) ? $"no port in upstream \"{host}\"" : $"invalid host or port in \"{host}\"", "the name of an upstream, or host:port", Problems.Names.Nearest(host, UpstreamNames));
        return null;
    }

    private List<ServerDraft> Servers(NginxLevel upstream, List<DiscoverDraft> discover)
    {
        List<ServerDraft> servers = [];
        HashSet<NetworkAddress> seen = [];
        var goesByRoutes = NginxSticky.GoesByRoutes(upstream);
        foreach (var line in upstream.Own("server"))
        {
            var word = line.Words[1];
            if (!NginxListen.TryReadAddress(word.Text, upstream.Context == 'P' ? 0 : 80, out var address) || (address.UnixPath is null && address.Port == 0))
            {
                Problems.Error(word.Place, $"invalid host or port in upstream \"{word.Text}\"", "address:port, such as 10.0.0.1:3000, or unix:/path");
                continue;
            }

            var server = ReadServer(line, new(line.Place) { Address = new(address, word.Place) });
            if (!goesByRoutes)
                server = server with { Cookie = null };
            if (NginxResolver.Discover(line, upstream, server.Maintenance ? server with { Weight = 0 } : server) is { } found)
                discover.Add(found);
            else if (seen.Add(address))
                servers.Add(server);
            else
                Problems.Warn(line.Place, $"the server {word.Text} again: it counts once here", "a larger 'weight'");
        }

        return servers;
    }

    private ServerDraft ReadServer(NginxDirective line, ServerDraft server)
    {
        foreach (var word in line.Words.Skip(2))
        {
            var equals = word.Text.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (word.Text, "") : (word.Text[..equals], word.Text[(equals + 1)..]);
            var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            switch (name)
            {
                case "weight" when isNumber && number > 0:
                    if (number > 256)
                        Problems.Warn(word.Place, $"a weight of {number} counts as 256, the most there is here", "smaller weights in proportion");
                    server = server with { Weight = server.Weight == 0 ? 0 : Math.Min(number, 256) };
                    break;
                case "max_conns" when isNumber:
                    server = server with { MaxConnections = number == 0 ? null : Math.Min(number, 1_000_000) };
                    break;
                case "max_fails" when isNumber:
                    server = server with { MaxFails = new(Math.Min(number, 10_000), word.Place) };
                    break;
                case "fail_timeout" when NginxValues.TryReadTime(value, out var time):
                    server = server with { FailTimeout = new(WholeSeconds(time), word.Place) };
                    break;
                case "slow_start" when NginxValues.TryReadTime(value, out _):
                    break;
                case "route" when value.Length > 0:
                    server = server with { Cookie = value };
                    break;
                case "backup" when equals < 0:
                    server = server with { Backup = new(true, word.Place) };
                    break;
                case "down" when equals < 0:
                    server = server with { Maintenance = true };
                    break;
                case "resolve" when equals < 0:
                case "service" when DiscoverTable.IsName(value) && NginxResolver.Resolves(line):
                    break;
                case "drain" when equals < 0:
                    server = server with { Weight = 0 };
                    break;
                default:
                    Problems.Error(word.Place, $"invalid parameter \"{word.Text}\"", "weight=, max_conns=, max_fails=, fail_timeout=, slow_start=, route=, backup, down, drain, resolve or, beside that, service=");
                    break;
            }
        }

        return server;
    }

    private static T? Of<T>(NginxLevel upstream, string parameter, Func<string, T?> read, Func<IEnumerable<T>, T> pick)
        where T : struct
    {
        var given = upstream.Own("server").SelectMany(line => line.Words.Skip(2)).Where(word => word.Text.StartsWith(parameter, StringComparison.Ordinal)).Select(word => read(word.Text[parameter.Length..])).OfType<T>().ToArray();
        return given.Length == 0 ? null : pick(given);
    }

    private static TimeSpan? TimeOf(NginxLevel upstream, string parameter) => Of<TimeSpan>(upstream, parameter, text => NginxValues.TryReadTime(text, out var time) ? time : null, all => all.Max());

    private PoolDraft PoolOf(NginxLevel? upstream, bool isSecure, NginxLevel level, string host)
    {
        var servers = upstream?.Own("server") ?? [];
        var limited = servers.Any(line => line.Words.Any(word => word.Text.StartsWith("max_conns=", StringComparison.Ordinal) && word.Text != "max_conns=0"));
        var pool = new PoolDraft(default(Located<string>))
        {
            Balance = upstream is null ? BalancePolicy.RoundRobin : BalanceOf(upstream),

            // One line may be many servers.
            Retries = NginxRetries.Of(level, servers.Any(NginxResolver.Resolves) ? NginxRetries.MostTries : Math.Max(servers.Count, 1)),
            Tls = !isSecure ? null : TlsOf(level, host),
            Source = level.Find("proxy_bind")?[1] is { } source and not "off" && System.Net.IPAddress.TryParse(source.Trim('[', ']'), out var from) ? from.ToString() : null,
            Health = upstream is null ? null : NginxHealth.Of(level, file),
            ProxyProtocol = level.Context == 'V' && level.IsOn("proxy_protocol") ? ProxyProtocolVersion.V1 : ProxyProtocolVersion.None,
        };
        if (upstream is null)
            return pool;
        var queue = upstream.Find("queue");
        return pool with
        {
            SlowStart = TimeOf(upstream, "slow_start=") is { } slow && slow > TimeSpan.Zero ? slow : null,
            Sticky = NginxSticky.Of(upstream, Problems),

            // Where all are full nobody waits, unless the file says so.
            Queue = !limited ? null : new(new() { Most = upstream.Number("queue") is { } most ? Math.Min(most, 1_000_000) : 0, Timeout = queue is null ? null : QueueTimeout(queue) }, upstream.Place),
        };
    }

    /// <summary>Checks a queue, also of an upstream whose servers are never full.</summary>
    public static void CheckQueue(NginxUse use)
    {
        if (!int.TryParse(use.Directive[1], NumberStyles.None, CultureInfo.InvariantCulture, out _))
            use.Invalid(1, "a number of requests");
        if (use.Directive.Count == 2 && QueueTimeout(use.Directive) is null)
            use.Invalid(2, "timeout= with a time, such as timeout=5s");
    }

    private static TimeSpan? QueueTimeout(NginxDirective queue) =>
        queue.Count == 1 ? TimeSpan.FromSeconds(60)
            : queue[2].StartsWith("timeout=", StringComparison.Ordinal) && NginxValues.TryReadTime(queue[2]["timeout=".Length..], out var time) && time > TimeSpan.Zero ? time : null;

    private static TimeSpan WholeSeconds(TimeSpan time) => TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(time.TotalSeconds), 1, 86_400));

    /// <summary>What most of the servers say, and nothing where none is ever left out; the others say what they have of their own.</summary>
    private static OutlierSettings? OutlierOf(List<ServerDraft> servers, NginxLevel level)
    {
        var fails = servers.Count == 0 ? [1] : servers.Select(server => server.MaxFails?.Value ?? 1).Where(number => number > 0).ToList();
        if (fails.Count == 0)
            return null;
        var time = servers.Count == 0 ? s_failTimeout : servers.CountBy(server => server.FailTimeout?.Value ?? s_failTimeout).MaxBy(each => each.Value).Key;
        return new() { MaxFails = fails.CountBy(number => number).MaxBy(each => each.Value).Key, FailTimeout = time, On = NginxRetries.FailuresOf(level) };
    }

    // Only where it differs from its pool's.
    private static ServerDraft WithOwnRule(ServerDraft server, OutlierSettings? rule) => rule is null ? server with { MaxFails = null, FailTimeout = null } : server with
    {
        MaxFails = (server.MaxFails?.Value ?? 1) == rule.MaxFails ? null : server.MaxFails ?? new(1, server.Place),
        FailTimeout = (server.FailTimeout?.Value ?? s_failTimeout) == rule.FailTimeout ? null : server.FailTimeout ?? new(s_failTimeout, server.Place),
    };

    // nginx: the name of an upstream is that of all its servers.
    private static string? WithoutPort(string host)
    {
        var name = host.Contains(':', StringComparison.Ordinal) ? host[..host.LastIndexOf(':')] : host;
        return HostText.IsName(name) ? name : null;
    }

    private ServerTlsDraft TlsOf(NginxLevel level, string host)
    {
        var verify = level.IsOn("proxy_ssl_verify");
        var name = level.Find("proxy_ssl_name")?[1] ?? "$proxy_host";
        if (name is "$proxy_host" or "${proxy_host}" || (name.StartsWith('$') && name == host))
            name = !verify && !level.IsOn("proxy_ssl_server_name") ? null : WithoutPort(host);
        else if (name.Contains('$', StringComparison.Ordinal))
            Problems.Error(level.Find("proxy_ssl_name")!.Words[1].Place, "a name for TLS that goes by the request is not done here", "a name, or $proxy_host");
        return new()
        {
            Verify = verify,
            Authorities = verify ? level.Find("proxy_ssl_trusted_certificate")?[1] : null,
            Name = name,
            Certificate = level.Find("proxy_ssl_certificate") is { } certificate ? new(certificate[1], certificate.Place) : null,
            Key = level.Find("proxy_ssl_certificate") is not null && level.Find("proxy_ssl_certificate_key") is { } key ? new(key[1], key.Place) : null,
            Passwords = level.Find("proxy_ssl_certificate") is not null && level.Find("proxy_ssl_password_file") is { } passwords ? new(passwords[1], passwords.Place) : null,
        };
    }

    private BalanceSettings BalanceOf(NginxLevel upstream)
    {
        string[] policies = [.. ((string[])["least_conn", "ip_hash", "hash", "random", "least_time"]).Where(upstream.Has)];
        if (policies.Length > 1)
            Problems.Warn(upstream.Own(policies[1])[0].Place, "load balancing method redefined", "one of them");
        var isStream = upstream.Context == 'P';
        switch (policies is [.., var policy] ? policy : "")
        {
            case "least_conn":
                return BalancePolicy.LeastConnections;
            case "ip_hash":
                RefuseBackups(upstream, "ip_hash");
                return BalanceSettings.IpHash;
            case "random":
                return upstream.Own("random")[0].Count > 0 ? BalancePolicy.TwoChoices : BalancePolicy.Random;
            case "least_time":
                return BalancePolicy.PeakEwma;
            case "hash":
                RefuseBackups(upstream, "hash");
                var hash = upstream.Own("hash")[0];
                if (hash.Count == 2 && hash[2] != "consistent")
                    Problems.Error(hash.Words[2].Place, $"invalid parameter \"{hash[2]}\"", "consistent");
                return KeyOf(hash.Words[1], isStream) is not { } key ? BalancePolicy.RoundRobin
                    : new BalanceSettings { Policy = BalancePolicy.Hash, Hash = new() { Key = key, Placement = hash[2] == "consistent" ? HashPlacement.Ketama : HashPlacement.Modulo } };
            default:
                return BalancePolicy.RoundRobin;
        }
    }

    private void RefuseBackups(NginxLevel upstream, string policy)
    {
        if (upstream.Own("server").FirstOrDefault(line => line.Words.Any(word => word.Text == "backup")) is { } backup)
            Problems.Error(backup.Place, $"invalid parameter \"backup\" under \"{policy}\"", "a server without it, or another policy");
    }

    /// <summary>What a text with variables is as a key.</summary>
    /// <param name="word">The text.</param>
    /// <param name="isStream">Whether of a connection.</param>
    /// <param name="scope">What variables stand for where it counts; null where that is the same everywhere.</param>
    public RequestKey? KeyOf(Word word, bool isStream, NginxScope? scope = null)
    {
        if (isStream)
        {
            if (word.Text == "$binary_remote_addr")
                return RequestKey.Address;
            if (word.Text == "$ssl_preread_server_name")
                return new(RequestKeyKind.ServerName);
            if (!NginxVariables.TryRead(word.Text, new() { File = file, IsStream = true }, word.Place, out var text))
                return null;
            if (!TcpChecks.AsksOfRequests(text))
                return new(RequestKeyKind.Text, text.ToString());
            Problems.Error(word.Place, $"\"{word.Text}\" is no key for connections", "variables of connections, such as $remote_addr, $server_port or $ssl_preread_server_name");
            return null;
        }

        if (word.Text == "$binary_remote_addr")
            return RequestKey.Address;
        foreach (var (prefix, kind) in (ReadOnlySpan<(string, RequestKeyKind)>)[("$http_", RequestKeyKind.Header), ("$cookie_", RequestKeyKind.Cookie), ("$arg_", RequestKeyKind.Query)])
        {
            if (word.Text.StartsWith(prefix, StringComparison.Ordinal) && word.Text.Length > prefix.Length && word.Text.AsSpan(prefix.Length).IndexOfAny("${}") < 0)
                return new(kind, kind == RequestKeyKind.Header ? word.Text[prefix.Length..].Replace('_', '-') : word.Text[prefix.Length..]);
        }

        return NginxVariables.TryRead(word.Text, scope ?? new() { File = file }, word.Place, out var template) ? new(RequestKeyKind.Text, template.ToString()) : null;
    }
}
