using System.Globalization;
using System.Net;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>discover</c> in a pool.</summary>
internal static class DiscoverTable
{
    private const string NameAccepts = "a name, or a name and a port, such as app:3000";

    private static readonly Form<(string? Name, int Port)> s_name = Form.OfText(
        NameAccepts,
        (string text, out (string? Name, int Port) value, out Mistake mistake) =>
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            var (name, port) = (colon < 0 ? text : text[..colon], 0);
            mistake = IPAddress.TryParse(name, out _) ? new($"{Shown.Quote(name)} is an address, which nobody has to look up", "'servers' with it, or a name")
                : !IsName(name) ? new($"{Shown.Quote(name)} is no name that DNS can be asked for", NameAccepts)
                : colon >= 0 && (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > 65535) ? new($"{Shown.Quote(text[(colon + 1)..])} is not a port", "a port between 1 and 65535 after the colon")
                : default;
            value = (name.ToLowerInvariant(), port);
            return mistake.Message is null;
        },
        value => value.Port == 0 ? value.Name! : $"{value.Name}:{value.Port.ToString(CultureInfo.InvariantCulture)}");

    private static readonly Form<DnsRecords> s_records = ScalarForms.OneOf(
    [
        ("ipv4-first", DnsRecords.Ipv4First, ""),
        ("ipv6-first", DnsRecords.Ipv6First, ""),
        ("a", DnsRecords.Ipv4, ""),
        ("aaaa", DnsRecords.Ipv6, ""),
        ("both", DnsRecords.Both, ""),
        ("srv", DnsRecords.Srv, ""),
    ]);

    /// <summary>What each server is that is found: the keys of a server but its address and its name.</summary>
    private static readonly DirectiveTable<ServerDraft> s_server = new(
        "'server'",
        "a mapping with keys of a server, as in { weight: 2, max-connections: 100 }",
        "",
        [],
        [.. ServerTable.Servers.Directives.Where(directive => directive.Name is not ("address" or "at" or "name"))]);

    private const string ContainersAccept = "a label and its value, such as steelyard.pool=web, or the name of a container or of a service of Compose";
    private const string ServicesAccept = "the name of a service of Docker Swarm, or a label and its value, such as steelyard.pool=web";

    private static readonly Form<string> s_path = Form.OfText(
        "the path of a Unix socket",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text.StartsWith("unix://", StringComparison.Ordinal) ? text["unix://".Length..] : text;
            mistake = value.Length == 0 || value.Contains('\0', StringComparison.Ordinal) ? new("the path is empty", "the path of a Unix socket")
                : value.Contains("://", StringComparison.Ordinal) ? new($"{Shown.Quote(text)} is no Unix socket, and Docker is asked through one only", "the path of a Unix socket, such as /var/run/docker.sock")
                : default;
            return mistake.Message is null;
        },
        path => path);

    private static Directive<DiscoverDraft, T> OfDocker<T>(string name, Form<T> form, string description, Func<DockerSettings, T> get, Func<DockerSettings, T, DockerSettings> set) => new(
        name,
        form,
        description,
        discover => get(discover.Docker),
        (discover, value) => discover with { Docker = set(discover.Docker, value), DockerKeys = discover.DockerKeys ?? name });

    private static Directive<DiscoverDraft, string> Found(string name, string accepts, string description, bool isSwarm) => new(
        name,
        Form.OfText(
            accepts,
            (string text, out string value, out Mistake mistake) =>
            {
                value = text;
                mistake = IsFound(text, isSwarm) ? default : new($"{Shown.Quote(text)} is neither a label with a value nor a name that Docker gives", accepts);
                return mistake.Message is null;
            }),
        description,
        discover => discover.Docker.Find,
        (discover, value) => discover with { Settings = discover.Settings with { Docker = new() { Find = value, IsSwarm = isSwarm } }, Finders = discover.Finders + 1 });

    // As Docker has it: a label is nearly anything, names are of few letters; that of a service of Compose may have its project before it.
    private static bool IsFound(string text, bool isSwarm)
    {
        if (text.IndexOf('=', StringComparison.Ordinal) is var equals and >= 0)
            return equals > 0 && equals < text.Length - 1 && !text.Any(char.IsControl);
        var parts = text.Split('/');
        return parts.Length <= (isSwarm ? 1 : 2) && Array.TrueForAll(parts, part => part.Length is > 0 and <= 128 && char.IsAsciiLetterOrDigit(part[0]) && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'));
    }

    public static DirectiveTable<DiscoverDraft> Discover { get; } = new(
        "'discover'",
        "a mapping, as in { dns: app:3000 }, { file: servers.yaml }, { docker: steelyard.pool=web } or { service: web }",
        "Servers that come and go while the pool is served, without a reload: from DNS, from a file that is watched, or from Docker. One that comes joins as after a reload; one that goes ends what it has, and gets nothing new. Nothing that is wrong with DNS, the file or Docker stops the start, and the last good answer stays in use. More in [Discovery](discovery.md).",
        [["dns", "file", "docker", "service"]],
        [
            new Directive<DiscoverDraft, (string? Name, int Port)>(
                "dns",
                s_name,
                "The name whose addresses are the servers, with their port; with `type: srv` without. A name with fewer dots than `ndots` in /etc/resolv.conf is looked for in its search list; a dot at the end prevents that.",
                discover => (discover.Settings.Dns, discover.Settings.Port),
                (discover, value) => discover with { Settings = discover.Settings with { Dns = value.Name, Port = value.Port }, Finders = discover.Finders + 1 }),
            new Directive<DiscoverDraft, DnsRecords>(
                "type",
                s_records,
                "What DNS is asked for: `ipv4-first` for A, and AAAA where there is none; `ipv6-first` the other way; `a`, `aaaa` alone; `both`; `srv` for names with ports, weights and priorities, where those of a larger priority number come after the others, as with `priority` of a server.",
                discover => discover.Settings.Records,
                (discover, value) => discover with { Settings = discover.Settings with { Records = value } }),
            new Directive<DiscoverDraft, string>(
                "file",
                Form.OfText(
                    "a file, relative to the folder of this one",
                    (string text, out string value, out Mistake mistake) =>
                    {
                        value = text;
                        mistake = text.Length == 0 || text.Contains('\0', StringComparison.Ordinal) ? new("the name of the file is empty", "a file, relative to the folder of this one") : default;
                        return mistake.Message is null;
                    }),
                "A file with a list of servers as in `servers`, in YAML or JSON; `[]` for none. A change is taken up within two seconds; a mistake in it, or a file that has gone, changes nothing.",
                discover => discover.Settings.File!,
                (discover, value) => discover with { Settings = discover.Settings with { File = value }, Finders = discover.Finders + 1 }),
            Found("docker", ContainersAccept, "The running containers of this machine's Docker that have the label, or that are called so, or that are of the service of Compose, as in `web` or `project/web`. One whose health is starting or unhealthy is no server. The labels `steelyard.port`, `steelyard.weight` and `steelyard.network` of a container say the same as the keys here.", isSwarm: false),
            Found("service", ServicesAccept, "The running tasks of a service of Docker Swarm, or of all services that have the label. This machine has to be a manager.", isSwarm: true),
            OfDocker(
                "port",
                ScalarForms.Number(1, 65535) with { Write = static port => port == 0 ? "" : port.ToString(CultureInfo.InvariantCulture) },
                "The port that they listen on, in their containers; when left out what the label `steelyard.port` says, or else the only port that a container exposes, or that a service publishes on hosts.",
                docker => docker.Port,
                (docker, value) => docker with { Port = value }),
            OfDocker(
                "network",
                Form.OrNull(ScalarForms.Name),
                "The network of Docker on which they are reached at their own addresses. When left out: one that Steelyard's own container shares with them; else the first that a container has, in the order of names, and for tasks the ports that they have on their hosts.",
                docker => docker.Network,
                (docker, value) => docker with { Network = value }),
            OfDocker(
                "socket",
                s_path,
                "Where Docker's engine listens, relative to the folder of this file.",
                docker => docker.Socket,
                (docker, value) => docker with { Socket = value }),
            new Directive<DiscoverDraft, int>(
                "max-servers",
                ScalarForms.Number(1, 10_000),
                "How many servers are taken at most; those that are in the pool already go before new ones.",
                discover => discover.Settings.MostServers,
                (discover, value) => discover with { Settings = discover.Settings with { MostServers = value } }),
            new Directive<DiscoverDraft, string?>(
                "name",
                Form.OrNull(ScalarForms.Name),
                "What the servers are called before a number, as in `web` for web1, web2; their addresses when left out. One that comes back gets its number again, if it is free.",
                discover => discover.Settings.NamePrefix,
                (discover, value) => discover with { Settings = discover.Settings with { NamePrefix = value } }),
            new Directive<DiscoverDraft, int>(
                "first-number",
                ScalarForms.Number(0, 1_000_000),
                "The number of the first of them.",
                discover => discover.Settings.FirstNumber,
                (discover, value) => discover with { Settings = discover.Settings with { FirstNumber = value } }),
            new Directive<DiscoverDraft, ServerDraft?>(
                "server",
                Form.OrNull(Form.Mapping(s_server, mapping => new(mapping.Place))),
                "What each server is that DNS or Docker names: the keys of a [server](#pools-servers) but `address`, `at` and `name`. An answer of `srv` says weight and priority itself.",
                _ => null,
                (discover, value) => discover with { Server = value }),
        ]);

    /// <summary>What is written behind <c>discover</c>.</summary>
    public static Form<IReadOnlyList<DiscoverDraft>> List { get; } =
        Form.ListOf(Discover.Accepts, Form.Mapping(Discover, mapping => new(mapping.Place)), orOne: true);

    /// <summary>Whether DNS can be asked for a name: labels of letters, digits, hyphens and underscores (RFC 1035; RFC 2782).</summary>
    internal static bool IsName(string name)
    {
        var labels = (name.EndsWith('.') ? name[..^1] : name).Split('.');
        return name.Length is > 0 and <= 253 && Array.TrueForAll(labels, label =>
            label.Length is > 0 and <= 63 && label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'));
    }
}
