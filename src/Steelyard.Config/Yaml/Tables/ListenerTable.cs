using System.Net;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of an item of <c>listen</c>.</summary>
internal static class ListenerTable
{
    private static readonly IReadOnlyList<(string Word, ListenerMode Value, string Description)> Modes =
    [
        ("http", ListenerMode.Http, ""),
        ("tcp", ListenerMode.Tcp, ""),
    ];

    private static readonly IReadOnlyList<(string Word, ForwardedStyle Value, string Description)> Styles =
    [
        ("x-forwarded", ForwardedStyle.XForwarded, ""),
        ("rfc7239", ForwardedStyle.Rfc7239, ""),
        ("both", ForwardedStyle.Both, ""),
        ("none", ForwardedStyle.None, ""),
        ("as-is", ForwardedStyle.AsIs, ""),
    ];

    public static DirectiveTable<ListenerDraft> Listeners { get; } = new(
        "a listener",
        "a mapping with 'bind', and 'routes' or 'to'",
        "Addresses that are served alike. Each item of the list has `bind`, and either `routes` or `to`.",
        [["bind"], ["routes", "to"]],
        [
            new Directive<ListenerDraft, IReadOnlyList<Located<NetworkAddress>>?>(
                "bind",
                Form.OrNull(Form.LocatedListOf("an address such as \":8080\", 127.0.0.1:8080, \"[::1]:8080\" or unix:/run/web.sock, or a list of them", ScalarForms.BindAddress, orOne: true)),
                "The addresses to bind. Without a host it is every address of the machine, IPv6 and IPv4; port 0 is one that the kernel picks. `app` is where the workers of its one pool call `listen()`, which have to be those of a Node cluster: they are started first.",
                listener => listener.Bind,
                (listener, value) => listener with { Bind = value }),
            new Directive<ListenerDraft, string?>(
                "name",
                Form.OrNull(ScalarForms.Name),
                "What logs and statistics call it; its first address when left out.",
                listener => listener.Name,
                (listener, value) => listener with { Name = value }),
            new Directive<ListenerDraft, Located<ListenerMode>?>(
                "mode",
                Form.Located(ScalarForms.OneOf(Modes)),
                "`http`, or `tcp`: connections are balanced and their bytes pass unread. Routes then know no more of a connection than the name in its TLS hello, as `host`. `http` when left out. See [TCP](tcp.md).",
                listener => listener.Mode,
                (listener, value) => listener with { Mode = value }),
            new Directive<ListenerDraft, Located<ListenerTlsDraft>?>(
                "tls",
                Form.Located(Form.Mapping(TlsTable.Listeners, _ => new())),
                "Clients speak TLS: a mapping with the keys of [tls](#listen-tls).",
                listener => listener.Tls,
                (listener, value) => listener with { Tls = value }),
            new Directive<ListenerDraft, IReadOnlyList<Located<IPNetwork>>>(
                "trusted-proxies",
                Form.LocatedListOf("a list of networks and addresses, such as [ 10.0.0.0/8, 127.0.0.1 ]", ScalarForms.Network),
                "Networks whose `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host` and `Forwarded` are believed and continued; from any other peer they are replaced. Peers on Unix sockets count as 127.0.0.1.",
                listener => listener.TrustedProxies,
                (listener, value) => listener with { TrustedProxies = value }),
            new Directive<ListenerDraft, IReadOnlyList<Located<IPNetwork>>>(
                "proxy-protocol",
                Form.LocatedListOf("a list of networks and addresses of proxies, such as [ 10.0.0.0/8 ]", ScalarForms.Network),
                "Networks of proxies that begin each connection with a PROXY header (version 1 or 2), by which they say whose it is. A connection of theirs without one is refused; from any other peer no header is believed. Peers on Unix sockets count as 127.0.0.1. See [TCP](tcp.md).",
                listener => listener.ProxyProtocol,
                (listener, value) => listener with { ProxyProtocol = value }),
            new Directive<ListenerDraft, IReadOnlyList<Located<IPNetwork>>?>(
                "proxy-protocol-clients",
                Form.LocatedListOf("a list of networks and addresses of proxies, such as [ 10.0.0.0/8 ]", ScalarForms.Network)!,
                "Those proxies whose PROXY header says who the client is, all of them where nothing is said; `0.0.0.0`, from where nobody comes, for none. Others' headers are read, and known by `told-peer` and its kin. Where this is said, what a client has connected to is the address here, whatever headers say.",
                listener => listener.ProxyProtocolClients,
                (listener, value) => listener with { ProxyProtocolClients = value }),
            new Directive<ListenerDraft, IReadOnlyList<Located<IPNetwork>>>(
                "explain",
                Form.LocatedListOf("a list of networks and addresses, such as [ 10.0.0.0/8, 127.0.0.1 ]", ScalarForms.Network),
                "Networks whose requests may ask with a field `Steelyard-Explain` how their server is chosen, see [why this server](explain.md); nobody else is told. Both the peer and the client that trusted proxies name have to be in one of them. Peers on Unix sockets count as 127.0.0.1.",
                listener => listener.Explain,
                (listener, value) => listener with { Explain = value }),
            new Directive<ListenerDraft, Located<ClientFieldSettings>?>(
                "client-field",
                Form.Located(Form.Mapping(ClientFieldTable.Table, _ => new ClientFieldSettings("", default, false))),
                "Where peers of certain networks say who the client is, as nginx's `set_real_ip_from` has it; nothing else that they say is believed. Instead of `trusted-proxies`.",
                listener => listener.ClientField,
                (listener, value) => listener with { ClientField = value }),
            new Directive<ListenerDraft, ListenerServing>(
                "serving",
                ScalarForms.OneOf([("open", ListenerServing.Open, "it is listened on"), ("paused", ListenerServing.Paused, "not for now"), ("closed", ListenerServing.Closed, "no more")]),
                "Whether it is listened on: `open`, or, as operators have it who stop a listener for a while or for good, `paused` and `closed`.",
                listener => listener.Serving,
                (listener, value) => listener with { Serving = value }),
            new Directive<ListenerDraft, int?>(
                "max-connections",
                ScalarForms.OrWord(ScalarForms.Number(1, 10_000_000), "none"),
                "Connections open at once; further ones wait in the kernel's queue until one of them has ended.",
                listener => listener.MaxConnections,
                (listener, value) => listener with { MaxConnections = value }),
            new Directive<ListenerDraft, int?>(
                "max-connections-per-second",
                ScalarForms.OrWord(ScalarForms.Number(1, 1_000_000), "none"),
                "Connections accepted in the last second; further ones wait in the kernel's queue. Listeners of one name count together (HAProxy: `rate-limit sessions`).",
                listener => listener.MaxConnectionsPerSecond,
                (listener, value) => listener with { MaxConnectionsPerSecond = value }),
            new Directive<ListenerDraft, int?>(
                "max-connections-per-address",
                ScalarForms.OrWord(ScalarForms.Number(1, 1_000_000), "none"),
                "Connections open at once of one client address, an IPv6 address being its first 64 bits; further ones are closed at once. Peers in `trusted-proxies` or `proxy-protocol` and on Unix sockets are not counted, for behind them are many clients.",
                listener => listener.MaxConnectionsPerAddress,
                (listener, value) => listener with { MaxConnectionsPerAddress = value }),
            new Directive<ListenerDraft, Located<RateLimitSettings>?>(
                "rate-limit",
                Form.Located(Form.Mapping(RateLimitTable.Rates, _ => new RateLimitSettings { Rate = new(1, TimeSpan.FromSeconds(1)) })),
                "How many requests of each client are let through, see [rate-limit](#rate-limit). HTTP only.",
                target => target.RateLimit,
                (target, value) => target with { RateLimit = value }),
            new Directive<ListenerDraft, Located<ConcurrencySettings>?>(
                "concurrency",
                Form.Located(Form.Mapping(RateLimitTable.Concurrency, _ => new ConcurrencySettings { Most = 1 })),
                "How many requests of each client may be under way at once, see [concurrency](#concurrency). HTTP only.",
                target => target.Concurrency,
                (target, value) => target with { Concurrency = value }),
            new Directive<ListenerDraft, bool>(
                "connect",
                ScalarForms.OneOf([("true", true, ""), ("false", false, "")]),
                "Whether `CONNECT` is passed on to the servers, and a tunnel opened when one agrees; else it is refused with 501. See [TCP](tcp.md).",
                listener => listener.Connect,
                (listener, value) => listener with { Connect = value }),
            new Directive<ListenerDraft, bool>(
                "tolerant",
                ScalarForms.OneOf([("true", true, ""), ("false", false, "")]),
                "Whether requests are read as nginx reads them from old clients: a bare LF ends a line, a request line may have more blanks than it needs, empty lines may come first. The servers get strict HTTP all the same. Not behind another proxy, which may see other requests in the same bytes. See [HTTP](http.md#tolerant-listeners).",
                listener => listener.Tolerant,
                (listener, value) => listener with { Tolerant = value }),
            new Directive<ListenerDraft, bool>(
                "keep-slashes",
                ScalarForms.Switch,
                "Whether slashes that follow each other stay what they are when routes are compared with a path, so that `//admin` is none of `/admin`; else they are one.",
                listener => listener.KeepsSlashes,
                (listener, value) => listener with { KeepsSlashes = value }),
            new Directive<ListenerDraft, bool>(
                "as-nginx",
                ScalarForms.Switch,
                "Whether requests are read as nginx reads them. `TRACE` is 405; `OPTIONS *`, an empty Host, a method with small letters, and a path that climbs out of the root or cannot be decoded are 400. Paths are decoded as a whole before routes are compared with them, slashes too (`clean-path` is nginx's `$uri`); slashes that rules double stay two, unlike those of clients; cookies are found in any case, with the quotes of their values; and errors say nothing of who may keep them.",
                listener => listener.AsNginx,
                (listener, value) => listener with { AsNginx = value }),
            new Directive<ListenerDraft, FieldNames>(
                "field-names",
                ScalarForms.OneOf([("any", FieldNames.Any, ""), ("underscores", FieldNames.Underscores, ""), ("hyphens", FieldNames.Hyphens, "")]),
                "Which fields of requests are seen: `any`; those of letters, digits and hyphens, `hyphens`, or `underscores` with these too, as nginx has it. Others are dropped, as if they had not come.",
                listener => listener.FieldNames,
                (listener, value) => listener with { FieldNames = value }),
            new Directive<ListenerDraft, bool>(
                "gateway-statuses",
                ScalarForms.OneOf([("true", true, ""), ("false", false, "")]),
                "Whether clients are told 502 where no server takes their request, and 504 where none does in time, as nginx has it; else 503.",
                listener => listener.GatewayStatuses,
                (listener, value) => listener with { GatewayStatuses = value }),
            new Directive<ListenerDraft, CompressionSettings?>(
                "compress",
                CompressionTable.Setting,
                "Whether and how answers are compressed for clients that take them so, see [compress](#compress). HTTP only.",
                listener => null,
                (listener, value) => listener with { Compress = value }),
            new Directive<ListenerDraft, ForwardedStyle>(
                "forwarded",
                ScalarForms.OneOf(Styles),
                "How the servers are told of the client: `X-Forwarded-For`, `-Proto`, `-Host` and `X-Real-IP`, or `Forwarded` (RFC 7239), or both, or not at all. What an untrusted client sends of them itself is never passed on, unless they are left `as-is`: then nothing is written, and what a client says of itself reaches the servers, as with HAProxy and nginx.",
                listener => listener.Forwarded,
                (listener, value) => listener with { Forwarded = value }),
            new Directive<ListenerDraft, TimeoutOverrides>(
                "timeouts",
                Form.Mapping(TimeoutOverridesTable.Listeners, _ => TimeoutOverrides.None),
                "Where its timeouts differ from those of the file, see [timeouts of a listener](#listen-timeouts).",
                listener => listener.Timeouts,
                (listener, value) => listener with { Timeouts = value }),
            new Directive<ListenerDraft, Located<AccessLogSettings>?>(
                "access-log",
                AccessLogTable.LocatedForm,
                "What is written down of every request of this listener, instead of what the file says for all: `none`, `stdout`, `syslog`, a file, or a mapping with the keys of [access-log](#access-log).",
                listener => listener.AccessLog,
                (listener, value) => listener with { AccessLog = value }),
            new Directive<ListenerDraft, string?>(
                "request-id",
                TraceTable.RequestIdForm,
                "A field that gives each request of this listener, instead of what the file says for all a name, such as `X-Request-Id`: that of peers in `trusted-proxies` is passed on, everybody else gets one. See [Logging](logging.md#request-ids). `none` when left out.",
                listener => null,
                (listener, value) => listener with { RequestId = value }),
            new Directive<ListenerDraft, TraceSettings?>(
                "trace-context",
                TraceTable.FileForm,
                "Whether requests of this listener, instead of what the file says for all get a W3C trace context: `true`, `none`, or a mapping with the keys of [trace-context](#trace-context). `none` when left out.",
                listener => null,
                (listener, value) => listener with { TraceContext = value }),
            new Directive<ListenerDraft, HeaderEdits>(
                "request-headers",
                Form.Mapping(HeaderTable.Requests, _ => new HeaderEdits()),
                "Changes of the fields of every request for a server, see [headers](#request-headers-and-response-headers).",
                listener => listener.RequestHeaders,
                (listener, value) => listener with { RequestHeaders = value }),
            new Directive<ListenerDraft, HeaderEdits>(
                "response-headers",
                Form.Mapping(HeaderTable.Responses, _ => new HeaderEdits()),
                "Changes of the fields of every response: of a server, a redirect, a fixed answer, and an error of the proxy's own.",
                listener => listener.ResponseHeaders,
                (listener, value) => listener with { ResponseHeaders = value }),
            new Directive<ListenerDraft, IReadOnlyList<Located<RuleSettings>>>(
                "rules",
                RuleTable.RequestList,
                "What is done with every request before a route is looked for, see [rules](#rules). In TCP mode `close`, `stop` and `track` alone, of connections.",
                listener => [],
                (listener, value) => listener with { Rules = value }),
            new Directive<ListenerDraft, IReadOnlyList<Located<RuleSettings>>>(
                "response-rules",
                RuleTable.ResponseList,
                "What is done with every response of a server, see [rules for responses](#response-rules). HTTP only.",
                listener => [],
                (listener, value) => listener with { ResponseRules = value }),
            new Directive<ListenerDraft, IReadOnlyList<RouteDraft>?>(
                "routes",
                Form.OrNull(Form.ListOf("a list of routes, each as in '- { path: /v1/*, to: api }'", Form.Mapping(RouteTable.Routes, mapping => new(mapping.Place), route => route with { IsFaulty = true }))),
                "Which requests go to which pool.",
                listener => listener.Routes,
                (listener, value) => listener with { Routes = value }),
            new Directive<ListenerDraft, Located<string>?>(
                "to",
                Form.Located(ScalarForms.PoolReference),
                "The pool that serves every request; short for one route without host and path.",
                listener => listener.To,
                (listener, value) => listener with { To = value }),
        ]);
}
