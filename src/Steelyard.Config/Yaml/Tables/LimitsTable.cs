namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>limits</c>.</summary>
internal static class LimitsTable
{
    private static readonly Form<ByteSize?> Rate = ScalarForms.OrWord(ScalarForms.Size(new(1), ByteSize.FromKibibytes(1 << 20)), "none");

    public static DirectiveTable<Limits> Table { get; } = new(
        "'limits'",
        "a mapping of limits, as in { body: 8MiB }",
        "How much of each thing is accepted.",
        [],
        [
            new Directive<Limits, ByteSize>(
                "header",
                ScalarForms.Size(ByteSize.FromKibibytes(1), ByteSize.FromKibibytes(16)),
                "A whole request head, and a whole response head; beyond it 431 or 414, for a response 502.",
                limits => limits.Header,
                (limits, value) => limits with { Header = value }),
            new Directive<Limits, int>(
                "header-count",
                ScalarForms.Number(8, 128),
                "Fields of one head; beyond it 431, for a response 502.",
                limits => limits.HeaderCount,
                (limits, value) => limits with { HeaderCount = value }),
            new Directive<Limits, int>(
                "tls-handshakes",
                ScalarForms.Number(1, 100_000),
                "TLS handshakes with clients under way at once on each loop; further ones wait until one of them has ended.",
                limits => limits.TlsHandshakes,
                (limits, value) => limits with { TlsHandshakes = value }),
            new Directive<Limits, ByteSize>(
                "request-line",
                ScalarForms.Size(new(64), ByteSize.FromKibibytes(16)),
                "The first line of a request; beyond it 414.",
                limits => limits.RequestLine,
                (limits, value) => limits with { RequestLine = value }),
            new Directive<Limits, int?>(
                "connections",
                ScalarForms.OrWord(ScalarForms.Number(1, 10_000_000), "auto"),
                "Client connections open at once in the whole process; further ones wait in the kernel's queues until one of them has ended. `auto` is half of the descriptors that the process may open (`ulimit -n`), for each client may need a connection to a server.",
                limits => limits.Connections,
                (limits, value) => limits with { Connections = value }),
            new Directive<Limits, int?>(
                "connections-per-second",
                ScalarForms.OrWord(ScalarForms.Number(1, 1_000_000), "none"),
                "Client connections accepted in the last second, of all listeners together; further ones wait in the kernel's queue (HAProxy: `maxconnrate`).",
                limits => limits.ConnectionsPerSecond,
                (limits, value) => limits with { ConnectionsPerSecond = value }),
            new Directive<Limits, ByteSize?>(
                "memory",
                ScalarForms.OrWord(ScalarForms.Size(ByteSize.FromKibibytes(1 << 10), ByteSize.FromKibibytes(1L << 30)), "none"),
                "What the buffers of all connections may hold together; beyond it further connections wait in the kernel's queues until an eighth of it is free again. A connection holds 32 KiB of them while bytes of its are held here, and none while it is idle. See [limits](limits.md#limits).",
                limits => limits.Memory,
                (limits, value) => limits with { Memory = value }),
            new Directive<Limits, int?>(
                "requests-per-connection",
                ScalarForms.OrWord(ScalarForms.Number(1, 1_000_000_000), "none"),
                "Requests of one client connection; the answer to the last one says `Connection: close`.",
                limits => limits.RequestsPerConnection,
                (limits, value) => limits with { RequestsPerConnection = value }),
            new Directive<Limits, ByteSize?>(
                "request-rate",
                Rate,
                "The least rate of a request body in bytes per second, on average over the body; below it 408. Only time that is spent waiting for the client counts. `none` where clients send bodies in which little happens for long.",
                limits => limits.RequestRate,
                (limits, value) => limits with { RequestRate = value }),
            new Directive<Limits, ByteSize?>(
                "response-rate",
                Rate,
                "The least rate in bytes per second at which a client takes a response, on average; below it the connection is reset. Only time that is spent waiting for the client counts.",
                limits => limits.ResponseRate,
                (limits, value) => limits with { ResponseRate = value }),
            new Directive<Limits, TimeSpan>(
                "rate-grace",
                ScalarForms.Duration(TimeSpan.Zero, TimeSpan.FromHours(24)),
                "How long each body may be waited for before its rate matters.",
                limits => limits.RateGrace,
                (limits, value) => limits with { RateGrace = value }),
            new Directive<Limits, ByteSize?>(
                "body",
                ScalarForms.OrWord(ScalarForms.Size(new(0), ByteSize.FromKibibytes(1L << 30)), "none"),
                "A request body; beyond it 413. `none` for no limit: bodies are streamed and never stored.",
                limits => limits.Body,
                (limits, value) => limits with { Body = value }),
        ]);
}
