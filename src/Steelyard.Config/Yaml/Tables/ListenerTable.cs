using System.Net;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of an item of <c>listen</c>, and of its routes.</summary>
internal static class ListenerTable
{
    public static DirectiveTable<RouteDraft> Routes { get; } = new(
        "a route",
        "a mapping with 'to', as in { host: api.example.com, path: /v1/*, to: api }",
        "Which requests go to which pool. The most specific route wins, not the first: an exact host before a wildcard before any, then an exact path before the longest start before any.",
        [["to"]],
        [
            new Directive<RouteDraft, IReadOnlyList<Located<string>>>(
                "host",
                Form.LocatedListOf("a host such as api.example.com or *.example.com, or a list of them", ScalarForms.Host, orOne: true),
                "Hosts of the requests, without port, in any case; `*.example.com` is every name below `example.com`. Any host when left out.",
                route => route.Hosts,
                (route, value) => route with { Hosts = value }),
            new Directive<RouteDraft, IReadOnlyList<Located<string>>>(
                "path",
                Form.LocatedListOf("a path such as /login or /v1/*, or a list of them", ScalarForms.Path, orOne: true),
                "Paths of the requests, compared byte for byte; `/v1/*` is every path that starts with `/v1/`. Any path when left out.",
                route => route.Paths,
                (route, value) => route with { Paths = value }),
            new Directive<RouteDraft, Located<string>?>(
                "to",
                Form.Located(ScalarForms.PoolReference),
                "The pool that serves them.",
                route => route.To,
                (route, value) => route with { To = value }),
        ]);

    public static DirectiveTable<ListenerDraft> Listeners { get; } = new(
        "a listener",
        "a mapping with 'bind', and 'routes' or 'to'",
        "Addresses that are served alike. Each item of the list has `bind`, and either `routes` or `to`.",
        [["bind"], ["routes", "to"]],
        [
            new Directive<ListenerDraft, IReadOnlyList<Located<NetworkAddress>>?>(
                "bind",
                Form.OrNull(Form.LocatedListOf("an address such as \":8080\", 127.0.0.1:8080, \"[::1]:8080\" or unix:/run/web.sock, or a list of them", ScalarForms.BindAddress, orOne: true)),
                "The addresses to bind. Without a host it is every address of the machine, IPv6 and IPv4; port 0 is one that the kernel picks.",
                listener => listener.Bind,
                (listener, value) => listener with { Bind = value }),
            new Directive<ListenerDraft, IReadOnlyList<Located<IPNetwork>>>(
                "trusted-proxies",
                Form.LocatedListOf("a list of networks and addresses, such as [ 10.0.0.0/8, 127.0.0.1 ]", ScalarForms.Network),
                "Networks whose `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` are believed and continued; from any other peer they are replaced. Peers on Unix sockets count as 127.0.0.1.",
                listener => listener.TrustedProxies,
                (listener, value) => listener with { TrustedProxies = value }),
            new Directive<ListenerDraft, IReadOnlyList<RouteDraft>?>(
                "routes",
                Form.OrNull(Form.ListOf("a list of routes, each as in '- { path: /v1/*, to: api }'", Form.Mapping(Routes, mapping => new(mapping.Place), route => route with { IsFaulty = true }))),
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
