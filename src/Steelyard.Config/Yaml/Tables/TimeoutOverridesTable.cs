namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>timeouts</c> in a listener, a route and a pool.</summary>
internal static class TimeoutOverridesTable
{
    private static readonly Form<TimeSpan?> s_duration = ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24)), "default");

    private static readonly Directive<TimeoutOverrides, TimeSpan?>[] s_ofServers =
    [
        Timeout("queue", t => t.Queue, (t, value) => t with { Queue = value }),
        Timeout("connect", t => t.Connect, (t, value) => t with { Connect = value }),
        Timeout("server-response", t => t.ServerResponse, (t, value) => t with { ServerResponse = value }),
        Timeout("server-body", t => t.ServerBody, (t, value) => t with { ServerBody = value }),
        Timeout("server-idle", t => t.ServerIdle, (t, value) => t with { ServerIdle = value }),
        Timeout("tunnel", t => t.Tunnel, (t, value) => t with { Tunnel = value }),
        Timeout("server-fin", t => t.ServerFin, (t, value) => t with { ServerFin = value }),
    ];

    private static readonly Directive<TimeoutOverrides, TimeSpan?> s_clientBody = Timeout("client-body", t => t.ClientBody, (t, value) => t with { ClientBody = value });

    private static readonly Directive<TimeoutOverrides, TimeSpan?> s_clientFin = Timeout("client-fin", t => t.ClientFin, (t, value) => t with { ClientFin = value });

    public static DirectiveTable<TimeoutOverrides> Pools { get; } = new(
        "'timeouts' of a pool",
        "a mapping of timeouts, as in { server-response: 5s }",
        "What differs from the [timeouts](#timeouts) of the file and of the listener, for requests to this pool.",
        [],
        s_ofServers);

    public static DirectiveTable<TimeoutOverrides> Routes { get; } = new(
        "'timeouts' of a route",
        "a mapping of timeouts, as in { server-response: 5s }",
        "What differs from the [timeouts](#timeouts) of the file, of the listener and of the pool, for requests of this route.",
        [],
        [.. s_ofServers, s_clientBody, s_clientFin]);

    public static DirectiveTable<TimeoutOverrides> Listeners { get; } = new(
        "'timeouts' of a listener",
        "a mapping of timeouts, as in { client-header: 5s }",
        "What differs from the [timeouts](#timeouts) of the file, for connections to this listener.",
        [],
        [
            .. s_ofServers,
            Timeout("tls-handshake", t => t.TlsHandshake, (t, value) => t with { TlsHandshake = value }),
            Timeout("client-header", t => t.ClientHeader, (t, value) => t with { ClientHeader = value }),
            s_clientBody,
            s_clientFin,
            Timeout("client-idle", t => t.ClientIdle, (t, value) => t with { ClientIdle = value }),
            Timeout("request", t => t.Request, (t, value) => t with { Request = value }),
        ]);

    private static Directive<TimeoutOverrides, TimeSpan?> Timeout(string name, Func<TimeoutOverrides, TimeSpan?> get, Func<TimeoutOverrides, TimeSpan?, TimeoutOverrides> set) =>
        new(name, s_duration, $"As `{name}` in [timeouts](#timeouts).", get, set);
}
