using System.Net;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>How the servers of backends are asked for their health: as most of them, or each as its line says.</summary>
internal sealed class HaproxyHealth(HaproxyFile file, ProblemList problems)
{
    /// <summary>How the servers of a backend are asked; null where none is.</summary>
    public HealthSettings? Of(HaproxySection backend) => First(backend) is { } first ? Settings(backend, first) : null;

    /// <summary>How a server is asked, where that is not as its backend says.</summary>
    public HealthSettings? OfServer(HaproxySection backend, HaproxyServer server) =>
        (server.Track is not null ? Tracked(backend, server) : server.Check ? Settings(backend, server) : null) is { } own && own != Of(backend) ? own : null;

    /// <summary>Whether a server is not asked, and others of its backend are.</summary>
    public static bool IsUnchecked(HaproxySection backend, HaproxyServer server) => !server.Check && server.Track is null && First(backend) is not null;

    private static HaproxyServer? First(HaproxySection backend) => backend.Servers.Find(server => server.Check);

    /// <summary>A server that tracks another one is asked what that one is asked, where that one is.</summary>
    private HealthSettings? Tracked(HaproxySection backend, HaproxyServer server)
    {
        var (name, place) = server.Track!.Value;
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var its = slash < 0 ? backend : file.Proxies.Find(proxy => proxy.IsBackend && proxy.Name.Value == name[..slash]);
        if (its?.Servers.Find(other => other.Template is null && other.Name.Value == name[(slash + 1)..]) is not { } tracked || tracked == server)
        {
            problems.Error(place, $"no server is called {Shown.Quote(name)}", "a server of this backend, or <backend>/<server>");
            return null;
        }

        if (!tracked.Check)
        {
            problems.Error(place, $"the server {Shown.Quote(name)} has no 'check' itself", "a server with 'check'");
            return null;
        }

        var settings = Settings(its, tracked);
        var (here, there) = (server.Address.Value, tracked.Address.Value);
        var elsewhere = settings.Address ?? (here.Host == there.Host ? null : there.Host);
        if (there.UnixPath is not null || (elsewhere is not null && !IPAddress.TryParse(elsewhere, out _)))
        {
            problems.Error(place, $"the server {Shown.Quote(name)} is tracked from another host, and has no address of IPv4 or IPv6", "'check' on the server itself");
            return null;
        }

        // Over TLS or not is a matter of the one that is asked.
        var how = settings.Tls is null && tracked.Tls ? TlsChecks.Servers(HaproxyServerDrafts.TlsOf(tracked), [], problems) : settings.TlsSettings;
        return settings with { Address = elsewhere, Port = settings.Port ?? there.Port, Tls = settings.Tls ?? tracked.Tls, TlsSettings = how };
    }

    private HealthSettings Settings(HaproxySection backend, HaproxyServer server)
    {
        var script = backend.ServiceCheck ?? (backend.ChecksByTcp ? backend.TcpCheck : []);
        var health = OfHttp(backend.HttpCheck) ?? (script.Count == 0 ? new() : Scripted(script));
        var interval = server.Interval ?? TimeSpan.FromSeconds(2);
        var timeout = HaproxyTimeouts.Of(backend, "check") is { } check ? (HaproxyTimeouts.Of(backend, "connect") is { } connect && connect < interval ? connect : interval) + check : interval;
        var least = TimeSpan.FromMilliseconds(10);
        if (server is { ClientPort: not null, CheckPort: null } && health.Port is null && health.Script.AsEnumerable().FirstOrDefault() is not { Do: ProbeStepKind.Connect, Port: not null })
            problems.Error(server.Name.Place, $"nobody knows the port that checks of {Shown.Quote(server.Name.Value)} go to: connections to it go to that which clients come to", "'port' with a number");
        bool? secured = health.Kind != ProbeKind.Script && health.Tls is { } said ? said == server.Tls ? null : said : server is { CheckTls: true, Tls: false } ? true : server.Tls ? null : health.Tls;
        return health with
        {
            Address = server.CheckAddress,
            DrainStatuses = backend.HttpCheck is { Option: not null, DrainsOn404: true } ? [new(404, 404)] : default,
            Port = health.Port ?? server.CheckPort,
            Tls = secured,
            TlsSettings = secured == true && !server.Tls ? TlsChecks.Servers(HaproxyServerDrafts.TlsOf(server), [], problems) : null,
            Interval = interval < least ? least : interval,
            FastInterval = server.FastInterval,
            DownInterval = server.DownInterval,
            Jitter = file.SpreadChecks ?? 0,
            Timeout = timeout > HaproxyTimeouts.Longest ? HaproxyTimeouts.Longest : timeout,
            Rise = server.Rise ?? 2,
            Fall = server.Fall ?? 3,
            Start = HealthStart.Up,
            Observe = server.Observe,
            ErrorLimit = server.ErrorLimit ?? 10,
            OnError = server.OnError,
        };
    }

    private static HealthSettings Scripted(ValueList<ProbeStep> script) =>
        new() { Kind = ProbeKind.Script, Script = script, Tls = script.AsEnumerable().Any(step => step.Tls == true) ? true : null };

    /// <summary>One request, whose answer is to have a status or a text, is said shorter than by a script.</summary>
    private static HealthSettings? OfHttp(HaproxyHttpCheck check)
    {
        if (check.Option is not { } option)
            return null;
        var steps = check.Steps.ToList();
        var connect = steps is [{ Do: ProbeStepKind.Connect } first, ..] ? first : null;
        var begin = connect is null ? 0 : 1;
        if (steps.Count == begin || steps[begin].Do != ProbeStepKind.Request)
            steps.Insert(begin, new() { Do = ProbeStepKind.Request, Text = option.ToString() });
        if (steps[^1].Do == ProbeStepKind.Request)
            steps.Add(new() { Do = ProbeStepKind.ExpectStatus, Statuses = new HealthSettings().Statuses });
        var isPlain = steps.Count == begin + 2 && steps[^1] is { Not: false } && connect is null or { ProxyProtocol: null or false, Address: null };
        var request = ProbeRequest.Parse(steps[begin].Text);
        if (!isPlain || request.Body.Length > 0)
            return Scripted(steps.ToValueList());
        var (expected, pattern) = (steps[^1], steps[^1].Do == ProbeStepKind.ExpectPattern);
        return new()
        {
            Kind = ProbeKind.Http,
            Method = request.Method,
            Path = request.Path,
            Host = request.Host,
            Fields = request.Fields,
            Port = connect?.Port,
            Tls = connect?.Tls,
            Statuses = expected.Statuses.Count > 0 ? expected.Statuses : [new(100, 599)],
            Body = expected.Do == ProbeStepKind.Expect ? expected.Text : null,
            BodyPattern = pattern ? expected.Text : null,
        };
    }
}
