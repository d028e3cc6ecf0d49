namespace Steelyard.Config;

/// <summary>How much of each thing is accepted.</summary>
public sealed record Limits
{
    /// <summary>A whole request head, and a whole response head: 1 KiB to 16 KiB; beyond 431 or 414, 502 for a response. Default and most 16 KiB (HAProxy: tune.bufsize).</summary>
    public ByteSize Header { get; init; } = ByteSize.FromKibibytes(16);

    /// <summary>Fields of one head: 8 to 128; beyond 431, 502 for a response. Default 100 (HAProxy: tune.http.maxhdr, 101).</summary>
    public int HeaderCount { get; init; } = 100;

    /// <summary>TLS handshakes under way at once on each loop: 1 to 100,000; further ones wait for their turn. Default 2,000 (HAProxy: maxsslconn).</summary>
    public int TlsHandshakes { get; init; } = 2000;

    /// <summary>The first line of a request: 64 B to 16 KiB; beyond 414. Default 8 KiB (nginx: large_client_header_buffers; Apache: LimitRequestLine).</summary>
    public ByteSize RequestLine { get; init; } = ByteSize.FromKibibytes(8);

    /// <summary>
    /// Client connections open at once in the whole process: 1 to 10,000,000; further ones wait in the kernel's queues.
    /// Null, the default, for as many as its descriptors suffice for (HAProxy: maxconn in global).
    /// </summary>
    public int? Connections { get; init; }

    /// <summary>Client connections accepted in a second, of all listeners: 1 to 1,000,000; further ones wait in the kernel's queue. Null, the default, for no limit (HAProxy: maxconnrate).</summary>
    public int? ConnectionsPerSecond { get; init; }

    /// <summary>
    /// What the buffers of all connections may hold together: 1 MiB to 1 TiB; beyond it nobody is accepted until an
    /// eighth of it is free again, and further connections wait in the kernel's queues. Null, the default, for no limit
    /// but that of <see cref="Connections"/>. What OpenSSL and the kernel hold is not counted.
    /// </summary>
    public ByteSize? Memory { get; init; }

    /// <summary>Requests of one connection: 1 to 1,000,000,000; the last answer says <c>Connection: close</c>. Null for no limit, which is the default, for a kept connection holds no memory that grows (nginx: keepalive_requests).</summary>
    public int? RequestsPerConnection { get; init; }

    /// <summary>
    /// The least average rate of a request body, in bytes per second: 1 B to 1 GiB; then 408. Only time that is spent
    /// waiting for the client counts, not that for a slow server. Default 240 B, null for none (Kestrel:
    /// MinRequestBodyDataRate).
    /// </summary>
    public ByteSize? RequestRate { get; init; } = new(240);

    /// <summary>The same for a client that takes a response; then its connection is reset. Default 240 B, null for none (Kestrel: MinResponseDataRate).</summary>
    public ByteSize? ResponseRate { get; init; } = new(240);

    /// <summary>How long a client may be waited for at any rate: 0 to 24 h. Default 5 s (Kestrel: GracePeriod).</summary>
    public TimeSpan RateGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A request body; beyond 413. Null for no limit, which is the default, for bodies are streamed and never stored (nginx: client_max_body_size).</summary>
    public ByteSize? Body { get; init; }
}
