namespace Steelyard.Config;

/// <summary>How long each part of an exchange may take. Each is between 1 ms and 24 h.</summary>
public sealed record Timeouts
{
    /// <summary>Waiting for a server that has room; then 503. Null, the default, for as long as <see cref="Connect"/>, as in HAProxy (timeout queue). A pool may differ.</summary>
    public TimeSpan? Queue { get; init; }

    /// <summary>Opening a connection to a server; then the next server is tried, in the end 503. Default 3 s (HAProxy: timeout connect).</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>From the acceptance of a connection until its TLS handshake is done; then it is closed. Default 10 s (nginx has 60 s).</summary>
    public TimeSpan TlsHandshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the first byte of a request until its head is complete; then 408. Default 10 s (HAProxy: timeout http-request).</summary>
    public TimeSpan ClientHeader { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two reads of a request body, or two writes of a response; then 408 or the connection is cut. Default 30 s (nginx: client_body_timeout, send_timeout).</summary>
    public TimeSpan ClientBody { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Until the first byte of the next request on a connection; then it is closed silently. Default 60 s (HAProxy: timeout http-keep-alive).</summary>
    public TimeSpan ClientIdle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From the last byte of the request until the head of the response; then 504. Default 60 s (HAProxy: timeout server).</summary>
    public TimeSpan ServerResponse { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two reads of a response body, or two writes of a request to a server; then both connections are cut. Default 60 s (nginx: proxy_read_timeout, proxy_send_timeout).</summary>
    public TimeSpan ServerBody { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an unused connection to a server is kept for the next request; a server's own Keep-Alive hint shortens it. Default 30 s (nginx: keepalive_timeout in an upstream).</summary>
    public TimeSpan ServerIdle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection in TCP mode, or one that went on in another protocol, may carry nothing either way; then both are closed. Default 1 h (HAProxy: timeout tunnel).</summary>
    public TimeSpan Tunnel { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// In place of <see cref="Tunnel"/> once one side of a connection has ended: how long the client may send nothing when
    /// the server has ended, or take nothing when it has itself. Null, the default, for that one (HAProxy: timeout client-fin).
    /// </summary>
    public TimeSpan? ClientFin { get; init; }

    /// <summary>The same of the server (HAProxy: timeout server-fin).</summary>
    public TimeSpan? ServerFin { get; init; }

    /// <summary>
    /// From the first byte of a request to the last of its response, all attempts together; then 504, or the client's
    /// connection is reset where the response had begun. Null for no limit, which is the default: long downloads and event
    /// streams are right, and every part of an exchange has its own limit (Envoy: the route's timeout).
    /// </summary>
    public TimeSpan? Request { get; init; }
}
