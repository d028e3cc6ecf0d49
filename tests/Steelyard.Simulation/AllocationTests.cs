using System.Text;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Simulation;
using Steelyard.Simulation.Machinery;

namespace Steelyard.Simulation;

/// <summary>The gate of the design's budget: nothing is allocated per request, at any number of connections.</summary>
public sealed class AllocationTests
{
    private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\n\r\nhello"u8.ToArray();

    private const string SmallRequest = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";

    private const string Offer = "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";

    private const string Agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\n\r\n";

    private const string BrowserRequest =
        "GET /assets/app.js?v=17 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n" +
        "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\n" +
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
        "Accept: */*\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n" +
        "Referer: http://www.example.com/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n" +
        "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n\r\n";

    [Theory]
    [InlineData(1, SmallRequest, false)]
    [InlineData(64, SmallRequest, false)]
    [InlineData(64, BrowserRequest, false)]
    [InlineData(1000, SmallRequest, false)]
    [InlineData(1, SmallRequest, true)]
    [InlineData(64, BrowserRequest, true)]
    [InlineData(500, SmallRequest, true)]
    public void A_request_allocates_nothing(int connections, string request, bool tls)
    {
        using var certificate = new OneCertificate();
        using var proxy = Start(certificate, listener => listener with { Tls = tls ? certificate.Listener : null });
        Assert.Equal(AssertNothingIsAllocated(proxy, connections, request, tls ? certificate : null), proxy.Loop.Counters.Requests);
    }

    [Fact]
    public void What_servers_are_told_of_a_certificate_allocates_nothing()
    {
        using var certificate = new OneCertificate();
        certificate.ShowIt();
        using var proxy = Start(certificate, listener => listener with
        {
            Tls = certificate.Listener,
            RequestHeaders = new() { Set = [new("X-Certificate", TextTemplate.Parse("{client-subject} {client-issuer} {client-serial} {client-fingerprint} {client-verified} {tls-version} {tls-cipher}"))] },
        });
        Assert.Equal(AssertNothingIsAllocated(proxy, 64, SmallRequest, certificate), proxy.Loop.Counters.Requests);
    }

    [Theory]
    [InlineData(ContentCoding.Gzip)]
    [InlineData(ContentCoding.Deflate)]
    public void An_answer_that_is_compressed_allocates_nothing(ContentCoding coding)
    {
        using var certificate = new OneCertificate();
        using var proxy = Start(certificate, listener => listener with { Compress = new() { MinSize = new(0), Codings = [coding] } });
        var answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/html\r\nETag: \"1\"\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\n\r\nhello"u8.ToArray();
        var head = $"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\nETag: W/\"1\"\r\nVary: Accept-Encoding\r\nContent-Encoding: {(coding == ContentCoding.Gzip ? "gzip" : "deflate")}\r\nTransfer-Encoding: chunked\r\n\r\n";

        // Every body is as long as the first: of one before nothing is left.
        var (blocks, body) = (proxy.Events.Blocks, new PackedBody(proxy.Loop.Deflaters));
        var (input, output) = (blocks.Rent(), blocks.Rent());
        body.Begin(proxy.Loop.Deflaters.Rent(new CompressionSettings().Level)!, coding);
        "hello"u8.CopyTo(input.Span);
        body.Feed(input.Slice(0, 5), Flush.End);
        Assert.True(body.TryWrite(output.Slice(0, Block.Size), out var chunk) && body.IsDry);
        body.End();
        blocks.Return(input);
        blocks.Return(output);
        AssertNothingIsAllocated(proxy, 64, BrowserRequest, answer: answer, length: head.Length + chunk.Length);
    }

    [Fact]
    public void A_request_that_is_forgiven_its_line_ends_allocates_nothing()
    {
        using var certificate = new OneCertificate();
        using var proxy = Start(certificate, listener => listener with { Tolerant = true });
        Assert.Equal(AssertNothingIsAllocated(proxy, 64, "\nGET  / HTTP/1.1\nHost: example.com\nTE: trailers\n\n"), proxy.Loop.Counters.Requests);
    }

    [Theory]
    [InlineData(false, StickyKind.Insert)]
    [InlineData(true, StickyKind.Insert)]
    [InlineData(false, StickyKind.Prefix)]
    [InlineData(false, StickyKind.Rewrite)]
    public void A_sticky_request_allocates_nothing(bool dated, StickyKind kind)
    {
        // The simulation begins at the first second of Unix; of clocks that are a day ahead nothing is believed.
        const long Time = 80_000;
        var sticky = new StickySettings { Cookie = "SRV", Kind = kind, MaxIdle = dated ? TimeSpan.FromHours(1) : null };
        using var proxy = new SimulatedProxy(
            seed: 1,
            SimulatedConditions.Clean with { Capacity = 8192 },
            adjust: snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Sticky = sticky }] });
        var cookies = proxy.Loop.Plan.Pools["origin"].Cookies!;
        Span<byte> value = stackalloc byte[StickyCookies.LongestValue];
        var cookie = Encoding.ASCII.GetString(value[..cookies.Write(1, 0, Time, value)]) + (kind == StickyKind.Prefix ? "~own" : "");

        // Every answer of the server has the cookie; of a client of its own the answer is as long as the server's.
        AssertNothingIsAllocated(proxy, 64, $"GET / HTTP/1.1\r\nHost: example.com\r\nCookie: a=b; SRV={cookie}; c=d\r\n\r\n");
        Assert.Equal([false, true, false], proxy.Loop.Plan.Pools["origin"].Servers.Select(server => proxy.Loop.Present.Idle[server.Ordinal].Count > 0));
    }

    [Theory]
    [InlineData("sid", null)]
    [InlineData(null, "host")]
    public void A_request_of_a_client_that_is_remembered_allocates_nothing(string? learn, string? on)
    {
        using var proxy = new SimulatedProxy(
            seed: 1,
            SimulatedConditions.Clean with { Capacity = 8192 },
            adjust: snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Sticky = new() { Learn = learn, On = on is null ? null : new(RequestKeyKind.Header, on) } }] });
        var (pool, table) = (proxy.Loop.Plan.Pools["origin"], proxy.Loop.Plan.Pools["origin"].Clients!.Table);
        table.Set(table.KeyOf(learn is null ? "example.com"u8 : "7"u8), pool.Servers[2].Id, proxy.Events.Now);
        AssertNothingIsAllocated(proxy, 64, "GET / HTTP/1.1\r\nHost: example.com\r\nCookie: sid=7\r\n\r\n");
        Assert.Equal([false, false, true], pool.Servers.Select(server => proxy.Loop.Present.Idle[server.Ordinal].Count > 0));
    }

    [Fact]
    public void Running_rules_and_counting_in_tables_allocates_nothing()
    {
        Assert.True(TextTemplate.TryParse("{client}", out var client, out _));
        Assert.True(TextTemplate.TryParse("{lower(header('Host'))}-{tracked('0 request-rate')}-{table-counter(client, 't', 'increment general-0')}", out var value, out _));
        Assert.True(Condition.TryParse("tracked('0 requests') in-range '1:' and path starts-with ['/', '/a'] and not header('X-None')", out var when, out _));
        using var proxy = new SimulatedProxy(
            seed: 1,
            SimulatedConditions.Clean with { Capacity = 8192 },
            adjust: snapshot => snapshot with
            {
                Tables = [new() { Name = "t", Expire = TimeSpan.FromMinutes(1), Store = [new(CounterKind.General0), new(CounterKind.Requests), new(CounterKind.RequestRate, TimeSpan.FromSeconds(10)), new(CounterKind.BytesOut)] }],
                Listeners =
                [
                    snapshot.Listeners[0] with
                    {
                        Rules =
                        [
                            new() { Action = RuleAction.Track, Value = client, Track = new(0, "t", OfConnection: true) },
                            new() { Action = RuleAction.Track, Value = client, Track = new(1, "t", OfConnection: false) },
                            new() { Action = RuleAction.SetVariable, Name = "txn.a", Value = value, When = when },
                            new() { Action = RuleAction.SetHeader, Name = "X-A", Value = value, When = when },
                            new() { Action = RuleAction.Deny, Status = 429, When = new NotCondition(when) },
                        ],
                    },
                ],
            });
        AssertNothingIsAllocated(proxy, 64, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
        var entry = Assert.Single(proxy.Loop.Plan.Tables!["t"].Entries(proxy.Events.Now));
        Assert.True(entry.Values[1] >= 64, "requests are counted");
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(64, false)]
    [InlineData(1000, false)]
    [InlineData(64, true)]
    public void A_piece_of_a_TCP_session_allocates_nothing(int connections, bool tls)
    {
        using var certificate = new OneCertificate();
        using var proxy = Start(certificate, listener => listener with { Mode = ListenerMode.Tcp, Tls = tls ? certificate.Listener : null });
        AssertNothingIsAllocated(proxy, connections, SmallRequest, tls ? certificate : null);
        Assert.Equal(connections, proxy.Loop.Counters.Sessions);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void A_piece_of_a_tunnel_allocates_nothing(int connections)
    {
        using var certificate = new OneCertificate();
        using var proxy = Start(certificate, listener => listener);
        AssertNothingIsAllocated(proxy, connections, SmallRequest, upgraded: true);
        Assert.Equal((connections, connections), (proxy.Loop.Counters.Tunnels, proxy.Loop.Counters.Requests));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(256)]
    public void Who_waits_for_a_server_and_is_counted_allocates_nothing(int connections)
    {
        using var proxy = new SimulatedProxy(
            seed: 1,
            SimulatedConditions.Clean with { Capacity = 8192 },
            adjust: snapshot => snapshot with
            {
                Listeners = [snapshot.Listeners[0] with { RateLimit = new() { Rate = new(1_000_000, TimeSpan.FromSeconds(1)), Burst = 1_000_000 }, Concurrency = new() { Most = 1_000_000 } }],
                Pools = [snapshot.Pools[0] with { MaxConnections = 1, AdaptiveLimit = new() { Start = 1, Least = 1 }, Breaker = new(), Queue = new() { Timeout = TimeSpan.FromHours(1) } }],
            });
        AssertNothingIsAllocated(proxy, connections, SmallRequest);
        Assert.True(proxy.Loop.Counters.QueueWaits > connections);
        Assert.Equal((0, 0, 0), (proxy.Loop.Counters.QueueFull, proxy.Loop.Counters.BreakerRejects, proxy.Loop.Counters.LimitRefusals));
        Assert.Equal(0, proxy.Loop.Plan.Pools["origin"].Waiting);
    }

    [Theory]
    [InlineData(AccessLogFormat.HttpLog)]
    [InlineData(AccessLogFormat.Combined)]
    [InlineData(AccessLogFormat.Json)]
    public void A_request_that_is_named_traced_and_written_down_allocates_nothing(AccessLogFormat format)
    {
        var settings = new AccessLogSettings { To = new(LogTargetKind.File, "log"), Format = format, Buffer = new(64 * 1024 * 1024), HiddenParameters = ["v"] };
        if (format != AccessLogFormat.Combined)
            settings = settings with { RequestFields = [new("User-Agent", 64)], ResponseFields = [new("Date", 64)], Cookie = new("session", 40) };
        var log = new MemoryLog();
        using var proxy = new SimulatedProxy(
            seed: 1,
            SimulatedConditions.Clean with { Capacity = 8192 },
            adjust: snapshot => snapshot with { AccessLog = settings, RequestId = "X-Request-Id", TraceContext = new() { Sampled = 50 } },
            logs: log.Book);

        AssertNothingIsAllocated(proxy, 64, BrowserRequest);

        var lines = log.Lines(settings);
        Assert.Equal(proxy.Loop.Counters.Requests, lines.Length);
        Assert.All(lines, line => Assert.Contains("/assets/app.js?v=***", line, StringComparison.Ordinal));
        if (format == AccessLogFormat.Json)
            Assert.Equal(lines.Length, lines.Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("request_id").GetString()).Distinct().Count());
    }

    [Fact]
    public void A_line_of_the_configurations_own_allocates_nothing()
    {
        var settings = new AccessLogSettings
        {
            To = new(LogTargetKind.File, "log"),
            Format = AccessLogFormat.Custom,
            Buffer = new(64 * 1024 * 1024),
            Line =
            [
                .. Enum.GetValues<LogField>().SelectMany(field => new[] { new LogPart(field + "="), new LogPart(null, field) }),
                new(null, default, new FetchExpression(FetchKind.Header, "User-Agent"), LogForm.Quoted),
                new(null, default, new CallExpression(FunctionKind.Upper, new FetchExpression(FetchKind.ResponseHeader, "Date"))),
            ],
            RequestFields = [new("User-Agent", 64)],
            ResponseFields = [new("Date", 64)],
            Cookie = new("session", 40),
            When = new NotCondition(new TestCondition(new FetchExpression(FetchKind.Status), TestKind.Is, ["404"])),
        };
        var log = new MemoryLog();
        using var proxy = new SimulatedProxy(
            seed: 1,
            SimulatedConditions.Clean with { Capacity = 8192 },
            adjust: snapshot => snapshot with { AccessLog = settings },
            logs: log.Book);

        // Nobody knows how many rounds it takes, and the buffer holds the lines of some twenty.
        AssertNothingIsAllocated(proxy, 64, BrowserRequest, afterRound: () => log.Drain(settings));

        Assert.Equal(proxy.Loop.Counters.Requests, log.Lines(settings).Length);
    }

    private static SimulatedProxy Start(OneCertificate certificate, Func<ListenerSettings, ListenerSettings> change) => new(
        seed: 1,
        SimulatedConditions.Clean with { Capacity = 8192 },
        adjust: snapshot => snapshot with { Listeners = [change(snapshot.Listeners[0])] },
        files: certificate.Files);

    /// <returns>How many answers there were.</returns>
    private static long AssertNothingIsAllocated(SimulatedProxy proxy, int connections, string request, OneCertificate? certificate = null, bool upgraded = false, Action? afterRound = null, byte[]? answer = null, int? length = null)
    {
#if DEBUG
        Assert.Skip("The compiler makes state machines objects in Debug.");
#endif
        var agreed = Encoding.ASCII.GetBytes(Agreed);
        (byte[], int)? opening = upgraded ? (Encoding.ASCII.GetBytes(Offer), agreed.Length) : null;
        for (var port = SimulatedProxy.FirstServerPort; port < SimulatedProxy.FirstServerPort + 3; port++)
            proxy.Driver.Listen(port, new CannedServer(proxy.Events, answer ?? Answer, upgraded ? agreed : null));
        var clients = new CannedClient[connections];
        for (var i = 0; i < connections; i++)
        {
            clients[i] = new CannedClient(proxy.Events, Encoding.ASCII.GetBytes(request), length ?? Answer.Length, opening);
            if (certificate is not null)
                clients[i].Start(proxy.Connect(), proxy.Loop.Tls, certificate.Client);
            else
                clients[i].Start(proxy.Connect());
        }

        while (certificate is not null && Array.Exists(clients, client => !client.Secured))
            proxy.Events.Turn(proxy.Events.Timers.Delay(proxy.Events.Now));

        var answers = 0L;
        var perRound = Math.Max(20, 2000 / connections);
        var allocated = 0L;

        // Several rounds, each from rest: connections meet in different phases, and the last round must be free.
        // A round with a collection in it, which another thread may cause, counts what was left of a buffer as allocated.
        for (var round = 1; round <= 6 || (allocated > 0 && round < 50); round++)
        {
            foreach (var client in clients)
                client.Goal = round * perRound;
            foreach (var client in clients)
                client.Kick();
            var before = GC.GetAllocatedBytesForCurrentThread();
            while (Array.Exists(clients, client => client.Answers < client.Goal))
                proxy.Events.Turn(proxy.Events.Timers.Delay(proxy.Events.Now));
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            answers += perRound * connections;
            afterRound?.Invoke();
        }

        Assert.Equal(0, allocated);
        return answers;
    }
}
