using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Steelyard.Config;
using Steelyard.EndToEnd.Admin;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Workers;

namespace Steelyard.EndToEnd.Discovery;

/// <summary>Servers come and go as DNS and files say, and no request is lost by it.</summary>
[Trait("Lane", "files")]
public sealed class DiscoveryTests : DiscoveringRun
{
    private Task<SteelyardProcess> StartAsync(DnsServer dns, string discover, string more = "") => ServeAsync($$"""
        admin: 127.0.0.1:0
        resolver: { servers: [ "127.0.0.1:{{dns.Port}}" ], timeout: 300ms, attempts: 1, min-ttl: 100ms, max-ttl: 200ms }
        listen: [ { bind: 127.0.0.1:0, to: web } ]
        pools:
          web: { {{discover}}{{more}} }
        """);

    private static async Task<JsonNode> SourceAsync(AdminClient admin, string source) =>
        (await admin.Get("/api/discovery")).AsArray().Single(one => ((string)one!["source"]!).Contains(source, StringComparison.Ordinal))!;

    private static Task UntilAsync(AdminClient admin, string source, Func<JsonNode, bool> holds) =>
        Patience.Until(async () => holds(await SourceAsync(admin, source)), () => source);

    [Fact]
    public async Task Servers_join_and_leave_as_dns_says_and_no_request_is_lost()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", one.Address.Port, "two");
        await using var three = Origin("127.0.0.4", one.Address.Port, "three");
        await using var dns = DnsServer.Start();
        dns.Set("web.test", "127.0.0.2");
        await using var up = await StartAsync(dns, $"discover: {{ dns: web.test:{one.Address.Port} }}");
        var load = new WorkerLoad(await up.UrlAsync("listening on"));

        await load.AnsweredByAsync("one");
        dns.Set("web.test", "127.0.0.3", "127.0.0.2", "127.0.0.4");
        await load.AnsweredByAsync("two");
        await load.AnsweredByAsync("three");
        for (var round = 0; round < 5; round++)
        {
            dns.Set("web.test", "127.0.0.4");
            await dns.AskedAsync(3);
            dns.Set("web.test", "127.0.0.2", "127.0.0.3");
            await load.AnsweredByAsync("two");
            await load.AnsweredByAsync("one");
        }

        await load.EndAsync();
        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task All_servers_are_others_at_once_and_no_request_is_lost_before_the_first_check_of_the_new_ones()
    {
        var asked = new TaskCompletionSource();
        var answers = new TaskCompletionSource();
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = RecordingOrigin.Listen(NetworkAddress.ForHost("127.0.0.3", one.Address.Port), async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                if (request.StartLine.Contains("/health", StringComparison.Ordinal))
                {
                    asked.TrySetResult();
                    await answers.Task;
                }

                await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
            }
        });
        await using var dns = DnsServer.Start();
        dns.Set("web.test", "127.0.0.2");
        await using var up = await StartAsync(dns, $"discover: {{ dns: web.test:{one.Address.Port} }}", ", health: { http: /health, timeout: 1m, interval: 1m }");
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");

        dns.Set("web.test", "127.0.0.3");
        await asked.Task.Patiently();
        await load.AnsweredByAsync("two", more: 100);
        Assert.Equal("down", (string?)(await admin.Get("/api/pools/web"))["members"]![0]!["state"]);
        answers.SetResult();
        await load.AnsweredByAsync("two");
        await load.EndAsync();
        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task A_request_that_began_before_all_servers_left_is_served_however_often_others_came_since()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", one.Address.Port, "two");
        await using var dns = DnsServer.Start();
        dns.Set("web.test", "127.0.0.2");
        await using var up = await StartAsync(dns, $"discover: {{ dns: web.test:{one.Address.Port} }}");
        var url = await up.UrlAsync("listening on");
        using var slow = await RawClient.Connect(new IPEndPoint(IPAddress.Loopback, url.Port));
        await slow.Send("GET / HTTP/1.1\r\nHost: x\r\n");
        var load = new WorkerLoad(url);
        await load.AnsweredByAsync("one");

        dns.Set("web.test", "127.0.0.3");
        await load.AnsweredByAsync("two");
        dns.Set("web.test", "127.0.0.2");
        await load.AnsweredByAsync("one");
        await load.EndAsync();

        Assert.Equal(200, (await slow.Ask("\r\n")).Status);
        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task What_dns_said_last_outlives_it_and_the_engine()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", one.Address.Port, "two");
        var dns = DnsServer.Start();
        var port = dns.Port;
        dns.Set("web.test", "127.0.0.2");
        await using var up = await StartAsync(dns, $"discover: {{ dns: web.test:{one.Address.Port} }}");
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");

        await dns.DisposeAsync();
        await up.ErrorLineAsync("web, dns web.test");
        await UntilAsync(admin, "web.test", source => (string?)source["error"] is { } error && error.Contains("nobody answers", StringComparison.Ordinal));
        await load.AnsweredByAsync("one");
        await load.EndAsync();
        Assert.Empty(load.Failures);

        var engine = (int)(await admin.Get("/api/version"))["enginePid"]!;
        SteelyardProcess.Kill(engine);
        await up.ErrorLineAsync("the engine has died");
        load = new(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");

        await using var again = DnsServer.Start(port);
        again.Set("web.test", "127.0.0.2", "127.0.0.3");
        await load.AnsweredByAsync("two");
        await load.EndAsync();
        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task Lies_are_passed_over_for_the_truth_that_comes_after_them()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var dns = DnsServer.Start();
        dns.Set("web.test", "127.0.0.2");
        dns.Lie = answer =>
        [
            [],
            [.. answer[..11]],
            [(byte)(answer[0] ^ 1), .. answer[1..]],
            [.. answer[..13], (byte)(answer[13] ^ 1), .. answer[14..]],
            [.. answer[..2], (byte)(answer[2] & 0x7F), .. answer[3..]],
            answer,
        ];
        await using var up = await StartAsync(dns, $"discover: {{ dns: web.test:{one.Address.Port} }}");
        using var admin = AdminClient.Local(Runtime.Path);

        var source = await SourceAsync(admin, "web.test");
        Assert.Equal(one.Address.ToString(), (string?)source["servers"]![0]);
        Assert.Equal(0, (long)source["failures"]!);
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("loop")]
    [InlineData("failure")]
    [InlineData("silence")]
    [InlineData("blocked")]
    [InlineData("cut")]
    public async Task Lies_alone_change_nothing(string kind)
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var dns = DnsServer.Start();
        dns.Set("web.test", "127.0.0.2");
        await using var up = await StartAsync(dns, $"discover: {{ dns: web.test:{one.Address.Port} }}");
        using var admin = AdminClient.Local(Runtime.Path);

        if (kind == "blocked")
            dns.Set("web.test", "0.0.0.0", "224.0.0.1", "255.255.255.255");
        if (kind == "cut")
        {
            // It does not fit, and where it would nobody answers.
            dns.RefuseStreams();
            dns.MostOfDatagram = 20;
        }

        dns.Silent = kind == "silence";
        dns.Code = kind == "failure" ? 2 : 0;
        dns.Lie = kind switch
        {
            "garbage" => static answer => [[.. answer[..28], .. Enumerable.Repeat((byte)0xA5, 60)]],

            // The owner of the record points to itself.
            "loop" => static answer => [[.. answer[..^16], 0xC0, (byte)(answer.Length - 16), .. answer[^14..]]],
            _ => null,
        };
        await UntilAsync(admin, "web.test", source => (string?)source["error"] is not null && (long)source["failures"]! > 1);

        Assert.Equal([one.Address.ToString()], (await SourceAsync(admin, "web.test"))["servers"]!.AsArray().Select(server => (string)server!));
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");
        await load.EndAsync();
        Assert.Empty(load.Failures);
    }

    [Theory]
    [InlineData(1232)]
    [InlineData(DnsServer.LargestDatagram)]
    public async Task A_thousand_addresses_join_at_once_and_half_of_them_leave(int datagram)
    {
        await using var all = Origin("0.0.0.0", 0, "all");
        await using var dns = DnsServer.Start();
        dns.MostOfDatagram = datagram;
        string[] addresses = [.. Enumerable.Range(0, 1000).Select(i => $"127.1.{i / 250}.{(i % 250) + 1}")];
        dns.Set("web.test", addresses[0]);
        await using var up = await StartAsync(dns, $"discover: {{ dns: web.test:{all.Address.Port} }}");
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("all");

        dns.Set("web.test", addresses);
        await UntilAsync(admin, "web.test", source => source["servers"]!.AsArray().Count == 1000);
        await load.AnsweredByAsync("all", more: 1500);
        Assert.Equal(datagram == 1232, dns.ByStream > 0);
        Assert.Equal(1000, (int)(await admin.Get("/api/pools/web"))["servers"]!);

        dns.Set("web.test", addresses.Where((_, i) => i % 2 == 0));
        await UntilAsync(admin, "web.test", source => source["servers"]!.AsArray().Count == 500);
        await load.AnsweredByAsync("all", more: 100);
        await load.EndAsync();
        Assert.Empty(load.Failures);
        Assert.True(all.Connections.Count >= 500, $"{all.Connections.Count} connections");
    }

    [Fact]
    public async Task A_thousand_services_join_whose_addresses_came_along()
    {
        await using var all = Origin("0.0.0.0", 0, "all");
        await using var dns = DnsServer.Start();
        var services = Enumerable.Range(0, 1000).Select(i => ($"s{i}.test", all.Address.Port, 1 + (i % 3), i)).ToArray();
        for (var i = 0; i < services.Length; i++)
            dns.Set(services[i].Item1, $"127.1.{i / 250}.{(i % 250) + 1}");
        dns.Offer("_http._tcp.web.test", services);
        await using var up = await StartAsync(dns, "discover: { dns: _http._tcp.web.test, type: srv }");
        using var admin = AdminClient.Local(Runtime.Path);

        await UntilAsync(admin, "web.test", source => source["servers"]!.AsArray().Count == 1000);
        Assert.True(dns.ByStream > 0);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("all", more: 500);
        await load.EndAsync();
        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_does_not_stop_the_start()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var dns = DnsServer.Start();
        dns.Silent = true;
        await using var up = await StartAsync(dns, $"servers: [ app.test:{one.Address.Port} ]");
        var url = await up.UrlAsync("listening on");
        using (var client = await RawClient.Connect(new IPEndPoint(IPAddress.Loopback, url.Port)))
            Assert.Equal(503, (await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
        var (_, status, _) = await SteelyardProcess.RunAsync(["status", Folder.At("steelyard.yaml")], new() { ["XDG_RUNTIME_DIR"] = Runtime.Path });
        Assert.Contains("dns app.test: never answered", status, StringComparison.Ordinal);
        Assert.Contains("unresolved", status, StringComparison.Ordinal);

        dns.Set("app.test", "127.0.0.2");
        dns.Silent = false;
        await up.LineAsync("dns app.test: 127.0.0.2 joins");
        var load = new WorkerLoad(url);
        await load.AnsweredByAsync("one");
        await load.EndAsync();
        Assert.Empty(load.Failures);
    }

    /// <summary>Who mistypes a name sees it where the reload was asked for, not only in the log.</summary>
    [Fact]
    public async Task A_reload_says_which_names_it_found_nothing_for()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var dns = DnsServer.Start();
        dns.Set("app.test", "127.0.0.2");
        await using var up = await StartAsync(dns, $"servers: [ app.test:{one.Address.Port} ]");
        var file = Folder.At("steelyard.yaml");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Replace("app.test:", "ap.test:", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var (status, output, error) = await SteelyardProcess.RunAsync(["reload", file], new() { ["XDG_RUNTIME_DIR"] = Runtime.Path });

        Assert.Equal((0, "steelyard: dns ap.test: DNS knows no name ap.test\n"), (status, error));
        Assert.StartsWith("reloaded: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_first_answer_that_comes_after_the_start_is_taken_up()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var dns = DnsServer.Start();
        dns.Set("web.test", "127.0.0.2");
        dns.Silent = true;
        await using var up = await ServeAsync($$"""
            admin: 127.0.0.1:0
            resolver: { servers: [ "127.0.0.1:{{dns.Port}}" ], timeout: 3s, attempts: 2 }
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { discover: { dns: "web.test:{{one.Address.Port}}" } } }
            """);
        dns.Silent = false;
        await up.LineAsync($"{one.Address} joins");

        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");
        await load.EndAsync();
        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task A_server_of_a_file_moves_where_its_name_goes_and_stays_the_same_server()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", one.Address.Port, "two");
        await using var dns = DnsServer.Start();
        dns.Alias("app.test", "real.test");
        dns.Set("real.test", "127.0.0.2");
        await using var up = await StartAsync(dns, $"servers: [ app.test:{one.Address.Port} ]");
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");

        // Both are there, in another order: no reason to move.
        dns.Set("real.test", "127.0.0.3", "127.0.0.2");
        await dns.AskedAsync(3);
        Assert.DoesNotContain("two", load.Answers.Keys);
        dns.Set("real.test", "127.0.0.3");
        await load.AnsweredByAsync("two");
        await load.EndAsync();

        Assert.Empty(load.Failures);
        Assert.Equal($"app.test:{one.Address.Port}", (string?)(await admin.Get("/api/pools/web"))["members"]![0]!["address"]);
    }

    [Fact]
    public async Task Services_say_ports_weights_and_priorities()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", 0, "two");
        await using var dns = DnsServer.Start();
        dns.Offer("_http._tcp.web.test", ("a.web.test", one.Address.Port, 10, 600), ("b.web.test", two.Address.Port, 20, 1));
        dns.Set("a.web.test", "127.0.0.2");
        dns.Set("b.web.test", "127.0.0.3");
        await using var up = await StartAsync(dns, "discover: { dns: _http._tcp.web.test, type: srv, name: s }", ", health: { interval: 50ms, fall: 1, timeout: 100ms }");
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");
        Assert.DoesNotContain("two", load.Answers.Keys);

        await one.DisposeAsync();
        await load.AnsweredByAsync("two");
        await load.EndAsync();
        Assert.Equal(["256", "1"], (await admin.Get("/api/pools/web"))["members"]!.AsArray().Select(server => server!["weight"]!.ToString()));
    }

    [Theory]
    [InlineData("ipv4-first", "127.0.0.2:3000", "[::2]:3000")]
    [InlineData("ipv6-first", "[::1]:3000", "[::2]:3000")]
    [InlineData("a", "127.0.0.2:3000", "")]
    [InlineData("aaaa", "[::1]:3000", "[::2]:3000")]
    [InlineData("both", "127.0.0.2:3000 [::1]:3000", "[::2]:3000")]
    public async Task A_name_has_addresses_of_the_kinds_that_are_wanted(string type, string ofBoth, string ofIpv6)
    {
        await using var dns = DnsServer.Start();
        dns.Set("both.test", "127.0.0.2", "::1");
        dns.Set("six.test", "::2");
        await using var up = await StartAsync(dns, $"discover: {{ dns: both.test:3000, type: {type} }}", $" }}\n  six: {{ discover: {{ dns: six.test:3000, type: {type} }}");
        using var admin = AdminClient.Local(Runtime.Path);

        foreach (var (pool, addresses) in new[] { ("web", ofBoth), ("six", ofIpv6) })
        {
            await Patience.Until(
                async () => string.Join(' ', (await admin.Get($"/api/pools/{pool}"))["members"]!.AsArray().Select(server => (string)server!["address"]!).Order(StringComparer.Ordinal)) == addresses,
                () => $"{addresses} in {pool}");
        }
    }

    [Theory]
    [InlineData("haproxy.cfg")]
    [InlineData("nginx.conf")]
    public async Task Files_of_other_programs_find_servers_as_theirs_do(string name)
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", one.Address.Port, "two");
        await using var dns = DnsServer.Start();
        dns.Set("web.test", "127.0.0.2");
        var file = name == "haproxy.cfg"
            ? $"""
            resolvers mine
                nameserver one 127.0.0.1:{dns.Port}
                hold valid 200ms
                timeout resolve 100ms
            defaults
                mode http
                timeout client 10s
                timeout connect 1s
                timeout server 10s
            listen web
                bind 127.0.0.1:0
                server-template s 1-5 web.test:{one.Address.Port} resolvers mine resolve-prefer ipv4
            """
            : $$"""
            events {}
            http {
                resolver 127.0.0.1:{{dns.Port}} valid=200ms ipv6=off;
                upstream web { zone web 64k; server web.test:{{one.Address.Port}} resolve; }
                server { listen 127.0.0.1:0; location / { proxy_pass http://web; } }
            }
            """;
        await using var up = await ServeAsync(name, file);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");

        dns.Set("web.test", "127.0.0.2", "127.0.0.3");
        await load.AnsweredByAsync("two");
        dns.Set("web.test", "127.0.0.3");
        await up.LineAsync($"{one.Address} leaves");
        await load.AnsweredByAsync("two");
        await load.EndAsync();
        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task A_watched_file_is_taken_up_and_a_mistake_in_it_changes_nothing()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", 0, "two");
        Folder.Write("servers.yaml", $"- {one.Address}\n");
        await using var up = await ServeAsync("""
            admin: 127.0.0.1:0
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { discover: { file: servers.yaml } } }
            """);
        using var admin = AdminClient.Local(Runtime.Path);
        var load = new WorkerLoad(await up.UrlAsync("listening on"));
        await load.AnsweredByAsync("one");

        Folder.Write("servers.yaml", $$"""[ "{{one.Address}}", { "address": "{{two.Address}}", "weight": 3 } ]""");
        await load.AnsweredByAsync("two");
        Folder.Write("servers.yaml", "- 10.0.0.1:3000\n- nonsense\n");
        await up.ErrorLineAsync("servers.yaml:2: ");
        File.Delete(Folder.At("servers.yaml"));
        await UntilAsync(admin, "servers.yaml", source => (string?)source["error"] == "there is no file servers.yaml");
        Assert.Equal(2, (int)(await admin.Get("/api/pools/web"))["servers"]!);
        Folder.Write("servers.yaml", $"- {two.Address}\n");
        await UntilAsync(admin, "servers.yaml", source => source["servers"]!.AsArray().Count == 1);
        await load.EndAsync();

        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task A_server_that_returns_keeps_what_an_operator_wants_of_it_and_its_past()
    {
        await using var one = Origin("127.0.0.2", 0, "one");
        await using var two = Origin("127.0.0.3", one.Address.Port, "two");
        await using var dns = DnsServer.Start();
        dns.Set("web.test", "127.0.0.2", "127.0.0.3");
        await using var up = await StartAsync(dns, $"discover: {{ dns: web.test:{one.Address.Port} }}");
        using var admin = AdminClient.Local(Runtime.Path);
        var path = $"/api/pools/web/servers/{two.Address}";
        Assert.Equal(200, (await admin.Ask("PUT", $"{path}/state", """{ "state": "drain" }""")).Status);
        Assert.Equal(200, (await admin.Ask("PUT", $"{path}/weight", """{ "weight": 7 }""")).Status);

        dns.Set("web.test", "127.0.0.2");
        await up.LineAsync($"{two.Address} leaves");
        await Patience.Until(async () => (await admin.Get("/api/history")).AsArray().Count == 1, () => "one server");
        dns.Set("web.test", "127.0.0.2", "127.0.0.3");
        await Patience.Until(async () => (int)(await admin.Get("/api/pools/web"))["servers"]! == 2, () => "two servers");

        var server = await admin.Get(path);
        Assert.Equal(("drain", 7), ((string)server["wanted"]!, (int)server["weight"]!));
        Assert.Equal(409, (await admin.Ask("DELETE", path)).Status);
        up.Signal(PosixSignal.SIGHUP);
        await up.LineAsync("reloaded");
        Assert.Equal("drain", (string)(await admin.Get(path))["wanted"]!);
    }
}
