namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>timeouts</c>.</summary>
internal static class TimeoutsTable
{
    private static readonly Form<TimeSpan> Duration = ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24));

    public static DirectiveTable<Timeouts> Table { get; } = new(
        "'timeouts'",
        "a mapping of timeouts, as in { connect: 3s }",
        "How long each part of an exchange may take.",
        [],
        [
            new Directive<Timeouts, TimeSpan?>(
                "queue",
                ScalarForms.OrWord(Duration, "connect"),
                "Waiting for a server that has room (`max-connections`); then 503. `connect` is as long as that timeout, as in HAProxy. A pool's `queue` may differ.",
                t => t.Queue,
                (t, value) => t with { Queue = value }),
            Timeout("connect", "Opening a connection to a server; then the next server is tried, in the end 503.", t => t.Connect, (t, value) => t with { Connect = value }),
            Timeout("tls-handshake", "From the acceptance of a connection until its TLS handshake is done; then it is closed.", t => t.TlsHandshake, (t, value) => t with { TlsHandshake = value }),
            Timeout("client-header", "From the first byte of a request until its head is complete; then 408.", t => t.ClientHeader, (t, value) => t with { ClientHeader = value }),
            Timeout("client-body", "Between two reads of a request body, or two writes of a response; then 408, or the connection is cut.", t => t.ClientBody, (t, value) => t with { ClientBody = value }),
            Timeout("client-idle", "Until the first byte of the next request on a connection; then it is closed silently.", t => t.ClientIdle, (t, value) => t with { ClientIdle = value }),
            Timeout("server-response", "From the last byte of the request until the head of the response; then 504.", t => t.ServerResponse, (t, value) => t with { ServerResponse = value }),
            Timeout("server-body", "Between two reads of a response body, or two writes of a request to a server; then both connections are cut.", t => t.ServerBody, (t, value) => t with { ServerBody = value }),
            Timeout("server-idle", "How long an unused connection to a server is kept for the next request; a server's own Keep-Alive hint shortens it.", t => t.ServerIdle, (t, value) => t with { ServerIdle = value }),
            Timeout("tunnel", "How long a connection in TCP mode, or one that went on in another protocol such as WebSocket, may carry nothing either way; then both are closed.", t => t.Tunnel, (t, value) => t with { Tunnel = value }),
            new Directive<Timeouts, TimeSpan?>(
                "client-fin",
                ScalarForms.OrWord(Duration, "tunnel"),
                "In place of `tunnel` once one side of such a connection has ended: how long the client may send nothing when the server has ended, and take nothing when it has ended itself; then both are closed. `tunnel` for as long as before, as in HAProxy.",
                t => t.ClientFin,
                (t, value) => t with { ClientFin = value }),
            new Directive<Timeouts, TimeSpan?>(
                "server-fin",
                ScalarForms.OrWord(Duration, "tunnel"),
                "The same of the server.",
                t => t.ServerFin,
                (t, value) => t with { ServerFin = value }),
            new Directive<Timeouts, TimeSpan?>(
                "request",
                ScalarForms.OrWord(Duration, "none"),
                "From the first byte of a request to the last of its answer, all attempts together; then 504, or the connection is reset where the answer had begun. `none` for no limit: long downloads and event streams are right, and each part of them has a limit of its own. Once a connection has gone on in another protocol, `tunnel` counts instead.",
                t => t.Request,
                (t, value) => t with { Request = value }),
        ]);

    private static Directive<Timeouts, TimeSpan> Timeout(string name, string description, Func<Timeouts, TimeSpan> get, Func<Timeouts, TimeSpan, Timeouts> set) =>
        new(name, Duration, description, get, set);
}
