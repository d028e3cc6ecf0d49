using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary>What a monitoring system is told.</summary>
public sealed class MetricsTests : ProgramRun
{
    private string Write(RecordingOrigin origin, string more = "") => Folder.Write("steelyard.yaml", $$"""
        admin: 127.0.0.1:0
        {{more}}
        listen:
          - bind: 127.0.0.1:0
            routes:
              - { name: orders, path: /api/*, to: web }
              - { path: /ping, respond: { status: 200, body: pong } }
              - { path: /dead, to: dead }
        pools:
          web: { servers: [ {{origin.Address}} ] }
          dead: { servers: [ 127.0.0.1:1, 127.0.0.1:2 ] }
        """);

    private static RecordingOrigin Origin() => RecordingOrigin.Start(async connection =>
    {
        connection.Records = false;
        while (await connection.ReadRequestOrEnd() is { } request)
            await connection.Send($"HTTP/1.1 {(request.StartLine.Contains("missing", StringComparison.Ordinal) ? "404 Not Found" : "200 OK")}\r\nContent-Length: 2\r\n\r\nok");
    });

    private static async Task<string> ScrapeAsync(SteelyardProcess up)
    {
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(await up.UrlAsync("admin API on"), "/metrics"), Cancel);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        return await answer.Content.ReadAsStringAsync(Cancel);
    }

    private static double ValueOf(string text, string series) =>
        double.Parse(text.Split('\n').SingleOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal))?[(series.Length + 1)..] ?? "-1", CultureInfo.InvariantCulture);

    private static async Task AskAsync(SteelyardProcess up, params (int Status, string Request)[] requests)
    {
        using var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, (await up.UrlAsync("listening on")).Port));
        foreach (var (status, request) in requests)
            Assert.Equal(status, (await client.Ask($"{request} HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
    }

    [Fact]
    public async Task Requests_are_counted_by_method_route_and_status_and_servers_by_what_they_did()
    {
        await using var origin = Origin();
        await using var up = await UpAsync(Write(origin));
        await AskAsync(up, (200, "GET /api/1"), (200, "GET /api/2"), (404, "DELETE /api/missing"), (200, "GET /ping"), (503, "GET /dead"), (404, "PURGE /nowhere"));

        var text = await ScrapeAsync(up);
        double Count(string method, string route, int status) => ValueOf(text, $$"""http_request_duration_seconds_count{method="{{method}}",route="{{route}}",status="{{status}}"}""");
        Assert.Equal([2, 1, 1, 1, 1], [Count("GET", "orders", 200), Count("DELETE", "orders", 404), Count("GET", "/ping", 200), Count("GET", "/dead", 503), Count("other", "(none)", 404)]);
        Assert.Equal(2, ValueOf(text, """http_request_duration_seconds_bucket{method="GET",route="orders",status="200",le="+Inf"}"""));
        Assert.Equal(
            ["0.1", "0.5", "1", "2", "5", "+Inf"],
            text.Split('\n').Where(line => line.StartsWith("""http_request_duration_seconds_bucket{method="GET",route="orders",status="200",le=""", StringComparison.Ordinal)).Select(line => line.Split("le=\"")[1].Split('"')[0]));

        double OfPool(string pool, string status) => ValueOf(text, $$"""steelyard_pool_requests_total{pool="{{pool}}",status="{{status}}"}""");
        Assert.Equal((2, 1, 1), (OfPool("web", "2xx"), OfPool("web", "4xx"), OfPool("dead", "5xx")));
        var server = $$"""{pool="web",server="{{origin.Address}}"}""";
        Assert.Equal(1, ValueOf(text, "steelyard_server_connections_opened_total" + server));
        Assert.Equal(2, ValueOf(text, "steelyard_server_connections_reused_total" + server));
        Assert.Equal(2, ValueOf(text, $$"""steelyard_server_answers_total{pool="web",server="{{origin.Address}}",status="2xx"}"""));
        Assert.Equal(1, ValueOf(text, $$"""steelyard_server_answers_total{pool="web",server="{{origin.Address}}",status="4xx"}"""));
        Assert.Equal(1, ValueOf(text, """steelyard_server_answers_total{pool="dead",server="127.0.0.1:1",status="none"}"""));
        Assert.Equal(1, ValueOf(text, """steelyard_server_failures_total{pool="dead",server="127.0.0.1:1"}"""));

        Assert.Equal(0, ValueOf(text, """steelyard_server_sent_bytes_total{pool="dead",server="127.0.0.1:1"}"""));

        // The second has the request after the first; after the second nobody has it.
        Assert.Equal((1, 1), (ValueOf(text, """steelyard_route_retries_total{route="/dead"}"""), ValueOf(text, """steelyard_pool_retries_total{pool="dead"}""")));
        Assert.Equal((1, 1), (ValueOf(text, """steelyard_route_redispatches_total{route="/dead"}"""), ValueOf(text, """steelyard_pool_redispatches_total{pool="dead"}""")));
        Assert.Equal(1, Enumerable.Range(1, 2).Sum(port => ValueOf(text, $$"""steelyard_server_redispatches_total{pool="dead",server="127.0.0.1:{{port}}"}""")));
        Assert.Equal(3, ValueOf(text, """steelyard_pool_attempt_seconds_count{pool="web"}"""));
        Assert.Equal(3, ValueOf(text, """steelyard_listener_requests_total{listener="127.0.0.1:0",status="2xx"}"""));
        Assert.Equal(1, ValueOf(text, """steelyard_listener_connections_total{listener="127.0.0.1:0"}"""));

        // Each answer is passed on with a Date.
        var passed = 3 * "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: Sat, 28 Nov 2026 12:00:00 GMT\r\n\r\nok".Length;
        passed += "Not Found".Length - "OK".Length;
        Assert.Equal((passed, passed, passed), (ValueOf(text, "steelyard_server_received_bytes_total" + server), ValueOf(text, """steelyard_pool_received_bytes_total{pool="web"}"""), ValueOf(text, """steelyard_route_sent_bytes_total{route="orders"}""")));
        Assert.Equal((3 * " HTTP/1.1\r\nHost: x\r\n\r\n".Length) + "GET /api/1GET /api/2DELETE /api/missing".Length, ValueOf(text, """steelyard_route_received_bytes_total{route="orders"}"""));
        Assert.Equal(2, ValueOf(text, """steelyard_pool_connections_reused_total{pool="web"}"""));
        Assert.Equal(1, ValueOf(text, """steelyard_pool_weight{pool="web"}"""));
        Assert.InRange(ValueOf(text, "process_resident_memory_bytes"), 1e6, 1e9);
        Assert.InRange(ValueOf(text, "process_start_time_seconds") - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), -120, 1);
    }

    /// <summary>A connection that stands for days must not be counted at its end only.</summary>
    [Theory]
    [InlineData("tcp", "", "")]
    [InlineData("http", "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")]
    public async Task Bytes_of_sessions_and_tunnels_are_counted_as_they_pass(string mode, string request, string switching)
    {
        await using var origin = RecordingOrigin.Start();
        await using var up = await ServeAsync($$"""
            admin: 127.0.0.1:0
            listen: [ { bind: "127.0.0.1:0", mode: {{mode}}, to: raw } ]
            pools: { raw: { servers: [ {{origin.Address}} ] } }
            """);
        using var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, await PortAsync()));
        await client.Send(request);
        using var server = await origin.Accept();
        if (mode == "http")
        {
            await server.ReadRequestHead();
            await server.Send(switching);
            await client.ReadInterim();
        }

        await client.Send("up");
        await server.ReadExactly(2);
        await server.Send("and down");
        await client.ReadExactly(8);
        await Patience.Until(async () => await PassedAsync() == ("2 8", "2 8"), () => "what has passed is not counted");
        var counted = await ScrapeAsync(up);
        Assert.Equal(("2", "8"), (ValueOf(counted, """steelyard_route_received_bytes_total{route="*"}""").ToString(CultureInfo.InvariantCulture), ValueOf(counted, """steelyard_pool_received_bytes_total{pool="raw"}""").ToString(CultureInfo.InvariantCulture)));
        Assert.Equal(mode == "tcp" ? 1 : 0, ValueOf(counted, """steelyard_route_sessions_total{route="*"}"""));

        // At its end the heads of an exchange are counted too, and nothing twice.
        client.FinishSending();
        server.FinishSending();
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        var (dated, last) = (mode == "http" ? "Date: Sat, 28 Nov 2026 12:00:00 GMT\r\n" : "", "");
        await Patience.Until(async () => (last = (await PassedAsync()).Listener) == $"{request.Length + 2} {switching.Length + dated.Length + 8}", () => $"the end is not counted: {last}");

        async Task<int> PortAsync() => int.Parse((await up.LineAsync("listening on")).Split(':')[^1].Split(' ', '/')[0], CultureInfo.InvariantCulture);

        async Task<(string Listener, string Server)> PassedAsync()
        {
            var text = await ScrapeAsync(up);
            var (listener, name) = ("""{listener="127.0.0.1:0"}""", $$"""{pool="raw",server="{{origin.Address}}"}""");
            return (
                $"{ValueOf(text, "steelyard_listener_received_bytes_total" + listener)} {ValueOf(text, "steelyard_listener_sent_bytes_total" + listener)}",
                $"{ValueOf(text, "steelyard_server_sent_bytes_total" + name)} {ValueOf(text, "steelyard_server_received_bytes_total" + name)}");
        }
    }

    [Fact]
    public async Task Handshakes_with_servers_are_counted_done_and_failed()
    {
        var certificates = TestCertificates.Shared;
        var tls = new SslServerAuthenticationOptions { ServerCertificate = certificates.Load(new("site.pem", "site.key")) };
        await using var origin = RecordingOrigin.StartTls(tls, async connection =>
        {
            await connection.ReadRequest();
            await connection.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        });
        await using var up = await ServeAsync($$"""
            admin: 127.0.0.1:0
            listen: [ { bind: 127.0.0.1:0, routes: [ { path: /good, to: good }, { path: /bad, to: bad } ] } ]
            pools:
              good: { servers: [ {{origin.Address}} ], tls: { ca: {{certificates.PathOf("ca.pem")}} } }
              bad: { servers: [ {{origin.Address}} ], tls: true }
            """);
        await AskAsync(up, (200, "GET /good"), (200, "GET /good"), (502, "GET /bad"));

        var text = await ScrapeAsync(up);
        (double Done, double Failed) Of(string kind, string labels) => (ValueOf(text, $"steelyard_{kind}_tls_handshakes_total{{{labels}}}"), ValueOf(text, $"steelyard_{kind}_tls_failures_total{{{labels}}}"));
        Assert.Equal((2, 0), Of("pool", "pool=\"good\""));
        Assert.Equal((0, 1), Of("pool", "pool=\"bad\""));
        Assert.Equal((2, 0), Of("server", $"pool=\"good\",server=\"{origin.Address}\""));
        Assert.Equal((0, 1), Of("server", $"pool=\"bad\",server=\"{origin.Address}\""));
    }

    [Fact]
    public async Task What_is_under_way_is_counted_by_listener_and_by_route_until_it_ends()
    {
        var (came, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            came.SetResult();
            await goOn.Task;
            await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        await using var up = await UpAsync(Write(origin));
        var slow = AskAsync(up, (200, "GET /api/1"));
        await came.Task.WaitAsync(Cancel);

        async Task<(double Listener, double Route)> UnderWayAsync()
        {
            var text = await ScrapeAsync(up);
            return (ValueOf(text, """steelyard_listener_requests_in_flight{listener="127.0.0.1:0"}"""), ValueOf(text, """steelyard_route_requests_in_flight{route="orders"}"""));
        }

        Assert.Equal((1, 1), await UnderWayAsync());
        goOn.SetResult();
        await slow;
        await AskAsync(up, (404, "GET /nowhere"), (200, "GET /ping"));

        // Its end is counted after the client has its answer.
        await Patience.Until(async () => await UnderWayAsync() == (0, 0), () => "one is still under way");
    }

    [Fact]
    public async Task Counting_goes_on_over_a_reload_and_begins_anew_with_other_buckets()
    {
        await using var origin = Origin();
        await using var up = await UpAsync(Write(origin));
        using var admin = AdminClient.Local(Runtime.Path);
        const string Orders = """http_request_duration_seconds_count{method="GET",route="orders",status="200"}""";
        await AskAsync(up, (200, "GET /api/1"));

        Write(origin, "shutdown: 9s");
        Assert.Equal(200, (await admin.Ask("POST", "/api/reload")).Status);
        await AskAsync(up, (200, "GET /api/1"));
        Assert.Equal(2, ValueOf(await ScrapeAsync(up), Orders));

        Write(origin, "metrics: { buckets: [ 5ms, 50ms, 10s ] }");
        Assert.Equal(200, (await admin.Ask("POST", "/api/reload")).Status);
        await AskAsync(up, (200, "GET /api/1"));
        var text = await ScrapeAsync(up);
        Assert.Equal(1, ValueOf(text, Orders));
        Assert.Equal(1, ValueOf(text, """http_request_duration_seconds_bucket{method="GET",route="orders",status="200",le="10"}"""));
        Assert.Contains("le=\"0.005\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prometheus_finds_nothing_to_complain_about()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/promtool"), "promtool is not installed (Debian: prometheus)");
        await using var origin = Origin();
        await using var up = await UpAsync(Write(origin));
        await AskAsync(up, (200, "GET /api/1"), (503, "GET /dead"));

        using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await promtool.StandardInput.WriteAsync((await ScrapeAsync(up)).AsMemory(), Cancel);
        promtool.StandardInput.Close();
        var said = await promtool.StandardOutput.ReadToEndAsync(Cancel) + await promtool.StandardError.ReadToEndAsync(Cancel);
        await promtool.WaitForExitAsync(Cancel);

        Assert.Equal((0, ""), (promtool.ExitCode, said));
    }
}
