using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary>The commands that look at and steer a running program.</summary>
[Trait("Lane", "apps")]
public sealed class AdminCommandTests : ProgramRun
{
    // In a folder without any configuration.
    private Task<(int Status, string Output, string Error)> RunAsync(params string[] arguments) => SteelyardProcess.RunAsync(arguments, Environment, Runtime.Path);

    private Task<SteelyardProcess> StartAsync(string name, string more = "admin: 127.0.0.1:0") => ServeAsync(name, $$"""
        {{more}}
        listen: [ { bind: 127.0.0.1:0, to: web } ]
        pools: { web: { servers: [ 127.0.0.1:1, 127.0.0.1:2 ] } }
        """);

    [Fact]
    public async Task A_server_is_steered_and_shown_by_commands()
    {
        await using var up = await StartAsync("steelyard.yaml");
        var file = Folder.At("steelyard.yaml");

        Assert.Equal((0, "127.0.0.1:2 of web: drain, weight 1, 0 active\n", ""), await RunAsync("drain", "web/2", file));
        Assert.Equal((0, "127.0.0.1:1 of web: up, weight 7 (the file says 1), 0 active\n", ""), await RunAsync("weight", "web/127.0.0.1:1", "7", file));

        var (status, output, error) = await RunAsync("status", file);
        Assert.Equal((0, ""), (status, error));
        Assert.DoesNotContain("\e[", output, StringComparison.Ordinal);
        Assert.Contains("web: least-connections, 1 of 2 usable", output, StringComparison.Ordinal);
        Assert.Contains("not as in the file: web/127.0.0.1:2 has state drain, the file says ready", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), line => Assert.InRange(line.Replace(Folder.Path, "", StringComparison.Ordinal).Length, 0, 80));

        Assert.Equal((0, "127.0.0.1:2 of web: maintenance, weight 1, 0 active\n", ""), await RunAsync("maint", "web/2", file));
        Assert.Equal((0, "127.0.0.1:2 of web: up, weight 1, 0 active\n", ""), await RunAsync("ready", "web/2", file));
        Assert.Equal((0, "127.0.0.1:1 of web: up, weight 1, 0 active\n", ""), await RunAsync("weight", "web/1", "file", "-c", file));

        (status, output, _) = await RunAsync("ready", "web/1", file, "--json");
        Assert.Equal(("up", 0), ((string)System.Text.Json.Nodes.JsonNode.Parse(output)!["state"]!, status));
    }

    [Fact]
    public async Task The_instance_is_found_by_file_by_address_or_because_it_is_the_only_one()
    {
        Assert.Equal(1, (await RunAsync("status")).Status);
        await using var up = await StartAsync("one.yaml");
        var address = (await up.UrlAsync("admin API on")).Authority;

        Assert.Equal(0, (await RunAsync("status")).Status);
        Assert.Equal(0, (await RunAsync("status", Folder.At("one.yaml"))).Status);
        Assert.Equal(0, (await RunAsync("status", "--admin", address)).Status);
        Assert.Contains("no file or folder", (await RunAsync("status", Folder.At("two.yaml"))).Error, StringComparison.Ordinal);

        await using var other = await StartAsync("two.yaml", "admin: unix:" + Folder.At("api"));
        var (status, _, error) = await RunAsync("status");
        Assert.Equal(1, status);
        Assert.Contains("several run: name one of ", error, StringComparison.Ordinal);
        Assert.Contains(Folder.At("two.yaml"), error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("status", "--admin", "unix:" + Folder.At("api"))).Status);
        Assert.Equal((1, "", $"steelyard status: unix:{Folder.At("none")}: there is no such socket\n"), await RunAsync("status", "--admin", "unix:" + Folder.At("none")));
    }

    [Fact]
    public async Task In_theFolder_of_a_configuration_that_nobody_serves_another_one_is_not_meant()
    {
        await using var up = await StartAsync("site.yaml");
        using var elsewhere = new TemporaryFolder();
        elsewhere.Write("steelyard.yaml", "listen: [ { bind: 127.0.0.1:0, status: 200 } ]");

        var (status, _, error) = await SteelyardProcess.RunAsync(["drain", "web/1"], Environment, elsewhere.Path);
        Assert.Equal(1, status);
        Assert.Contains($"no 'steelyard up' of this user serves {elsewhere.At("steelyard.yaml")} with an admin API; name the one that is meant: {Folder.At("site.yaml")}", error, StringComparison.Ordinal);
        Assert.DoesNotContain("drain", (await RunAsync("status")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_TLS_it_is_asked_by_who_believes_its_certificate()
    {
        using var certificates = new TestCertificates();
        var (first, other) = (certificates.Issue("admin", "localhost"), certificates.Issue("other", "elsewhere.example"));
        File.WriteAllText(Folder.At("ca.pem"), certificates.Authority.ExportCertificatePem());
        Copy(first);
        Folder.Write("token", "0123456789abcdef0123\n");
        await using var up = await StartAsync("steelyard.yaml", "admin: { address: localhost:0, token-file: token, tls: { certificate: admin.pem, key: admin.key } }");
        var url = await up.UrlAsync("admin API on");
        Assert.Equal("https", url.Scheme);
        string[] rest = ["--admin", url.GetLeftPart(UriPartial.Authority), "--token-file", Folder.At("token")];

        var (status, _, error) = await RunAsync(["status", .. rest]);
        Assert.Equal(1, status);
        Assert.Contains("no authority that is believed here vouches for it, or its time is over (--ca FILE", error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(["status", .. rest, "--ca", Folder.At("ca.pem")])).Status);
        Assert.Equal(0, (await RunAsync("status", "--admin", url.Authority, "--token-file", Folder.At("token"), "--ca", Folder.At("ca.pem"))).Status);
        Assert.Contains("token", (await RunAsync("status", "--admin", url.Authority, "--ca", Folder.At("ca.pem"))).Error, StringComparison.Ordinal);
        Assert.Contains("may speak TLS", (await RunAsync("status", "--admin", url.Authority)).Error, StringComparison.Ordinal);

        // Another one is taken up while it runs; its name is wrong, but who pins it needs none.
        Copy(other);
        await up.ErrorLineAsync("is used by the admin API from now on");
        (status, _, error) = await RunAsync([.. new[] { "status" }, .. rest, "--ca", Folder.At("ca.pem")]);
        Assert.Equal(1, status);
        Assert.Contains("its certificate is not believed: it is for another name (--ca FILE", error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync([.. new[] { "status" }, .. rest, "--ca", Folder.At("admin.pem")])).Status);

        void Copy(Steelyard.Config.CertificateFiles files)
        {
            File.Copy(certificates.PathOf(files.Certificate), Folder.At("admin.pem"), overwrite: true);
            File.Copy(certificates.PathOf(files.Key!), Folder.At("admin.key"), overwrite: true);
        }
    }

    [Fact]
    public async Task Errors_are_shown_and_what_cannot_be_done_is_said()
    {
        await using var up = await StartAsync("steelyard.yaml");
        var file = Folder.At("steelyard.yaml");
        Assert.Equal("no errors since the engine began to serve\n", (await RunAsync("errors", file)).Output);

        using (var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, (await up.UrlAsync("listening on")).Port)))
            Assert.Equal(503, (await client.Ask("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n")).Status);

        var (status, output, _) = await RunAsync("errors", file);
        Assert.Equal(0, status);
        Assert.Matches("503\\.connect-refused 127\\.0\\.0\\.1 GET x/a +web/127\\.0\\.0\\.1:[12] *\\n +[0-9a-f]{32} *\\n", output);
        Assert.Contains("503.connect-refused: No server of the pool accepted a connection.", output, StringComparison.Ordinal);

        Assert.Equal((1, "", "steelyard drain: the pool 'web' has no server '3'; it has 127.0.0.1:1, 127.0.0.1:2\n"), await RunAsync("drain", "web/3", file));
        Assert.Equal((1, "", "steelyard drain: there is no pool 'api'; there is web\n"), await RunAsync("drain", "api/1", file));

        // Who asks for JSON parses standard output, also then.
        foreach (var (wanted, why, arguments) in new (int, string, string[])[]
        {
            (1, "there is no pool 'api'; there is web", ["drain", "api/1", file]),
            (1, "there is no file or folder /none", ["reload", "/none"]),
            (1, $"no 'steelyard up' of this user serves {Folder.Write("other.yaml", "")}", ["stop", Folder.At("other.yaml")]),
            (1, "steelyard: the configuration has no 'app' whose workers could print anything", ["logs", "-c", file]),
            (2, "'9x' is no weight; expected 0 to 256, or 'file'", ["weight", "web/1", "9x"]),
        })
        {
            (status, output, var said) = await RunAsync([.. arguments, "--json"]);
            Assert.Equal((wanted, why), (status, (string?)System.Text.Json.Nodes.JsonNode.Parse(output)!["detail"]));
            Assert.Contains(why, said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Errors_name_the_server_as_the_configuration_does()
    {
        await using var up = await ServeAsync("""
            admin: 127.0.0.1:0
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { servers: [ { address: 127.0.0.1:1, name: shop-1 } ] } }
            """);
        using (var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, (await up.UrlAsync("listening on")).Port)))
            Assert.Equal(503, (await client.Ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")).Status);

        Assert.Matches("GET x/a +web/shop-1 *\\n", (await RunAsync("errors", Folder.At("steelyard.yaml"))).Output);
        var error = System.Text.Json.Nodes.JsonNode.Parse((await RunAsync("errors", Folder.At("steelyard.yaml"), "--json")).Output)![0]!;
        Assert.Equal(("127.0.0.1:1", "shop-1"), ((string)error["server"]!, (string)error["serverName"]!));
    }

    [Fact]
    public async Task Elsewhere_a_token_is_given_as_a_file()
    {
        Folder.Write("token", "0123456789abcdef0123\n");
        await using var up = await StartAsync("steelyard.yaml", """admin: { address: "127.0.0.1:0", token-file: token }""");
        var address = (await up.UrlAsync("admin API on")).Authority;

        var (status, _, error) = await RunAsync("status", "--admin", address);
        Assert.Equal((1, "steelyard status: a token is needed: Authorization: Bearer TOKEN (--token-file FILE, or STEELYARD_TOKEN in the environment)\n"), (status, error));
        Assert.Equal(0, (await RunAsync("status", "--admin", address, "--token-file", Folder.At("token"))).Status);
        Assert.Contains("may speak plain HTTP", (await RunAsync("status", "--admin", "https://" + address.Replace("http://", "", StringComparison.Ordinal))).Error, StringComparison.Ordinal);
        Assert.Equal(0, (await SteelyardProcess.RunAsync(["status", "--admin", address], new() { ["STEELYARD_TOKEN"] = "0123456789abcdef0123" })).Status);
    }

    [Fact]
    public async Task Servers_come_and_go_and_breakers_are_held_by_commands()
    {
        var file = Folder.Write("steelyard.yaml", """
            admin: 127.0.0.1:0
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { breaker: {}, servers: [ 127.0.0.1:1, 127.0.0.1:2 ] } }
            """);
        await using var up = await UpAsync(file);

        Assert.Equal((0, "127.0.0.1:3 of web: up, weight 1, 0 active\n", ""), await RunAsync("add", "web/127.0.0.1:3", file));
        Assert.Equal((0, "127.0.0.1:2 is not in web any more\n", ""), await RunAsync("remove", "web/2", file));
        Assert.Equal((0, "127.0.0.1:3 of web: up, weight 1, 0 of 7 active\n", ""), await RunAsync("limit", "web/2", "7", file));
        Assert.Equal((0, "the breaker of web is open, held\n", ""), await RunAsync("breaker", "web", "open", file));
        Assert.Equal((0, "the breaker of web is closed\n", ""), await RunAsync("breaker", "web", "auto", file));
        Assert.Equal((0, "no connections\n", ""), await RunAsync("connections", file));
        var (status, output, _) = await RunAsync("status", file);
        Assert.Equal(0, status);
        Assert.Contains("not as in the file: web/127.0.0.1:2 is removed\nnot as in the file: web/127.0.0.1:3 is added\nnot as in the file: web/127.0.0.1:3 has limit 7, the file says none\n", output, StringComparison.Ordinal);
        Assert.Equal((1, "", "steelyard add: web stays as it was\nsteelyard: 127.0.0.1:3 is in web already\n"), await RunAsync("add", "web/127.0.0.1:3", file));
        Assert.Equal(2, (await RunAsync("limit", "web/1", "0", file)).Status);

        // What a shell asks for.
        Assert.Equal((0, "web/127.0.0.1:1\nweb/127.0.0.1:3\n", ""), await CompleteAsync("drain we"));
        Assert.Contains("--now", (await CompleteAsync("stop --")).Output, StringComparison.Ordinal);
        Assert.Equal("503.connect-refused\n", (await CompleteAsync("why 503.connect-ref")).Output);
        Assert.DoesNotContain("\n/", "\n" + (await CompleteAsync("stop ")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_that_the_API_has_is_asked_by_a_command()
    {
        var file = Folder.Write("steelyard.yaml", """
            admin: 127.0.0.1:0
            listen: [ { bind: "unix:/tmp/SOCKET", to: web } ]
            pools: { web: { breaker: {}, servers: [ 127.0.0.1:1, 127.0.0.1:2 ] } }
            """.Replace("/tmp/SOCKET", Folder.At("web.sock"), StringComparison.Ordinal));
        await using var up = await UpAsync(file);

        var (_, document, _) = await RunAsync("api", "/openapi.json", file);
        var paths = System.Text.Json.Nodes.JsonNode.Parse(document)!["paths"]!.AsObject();
        Assert.True(paths.Count > 20, document);
        foreach (var (path, item) in paths)
        {
            if (!item!.AsObject().ContainsKey("get") || path.Contains("/apps/", StringComparison.Ordinal) || path.StartsWith("/metrics/", StringComparison.Ordinal) || path is "/" or "/api/live" || path.Contains("{file}", StringComparison.Ordinal))
                continue;
            var asked = path.Replace("{pool}", "web", StringComparison.Ordinal).Replace("{server}", "1", StringComparison.Ordinal);
            var (status, output, error) = await RunAsync("api", asked, file);
            Assert.Equal((0, ""), (status, error));
            Assert.NotEqual("", output);
        }

        var listener = Uri.EscapeDataString($"unix:{Folder.At("web.sock")}");
        var (changed, answer, _) = await RunAsync("api", $"/api/listeners/{listener}/limit", "-d", "{\"limit\":50}", file);
        Assert.Equal((0, 50), (changed, (int)System.Text.Json.Nodes.JsonNode.Parse(answer)!["maxConnections"]!));
        Assert.Equal((1, "steelyard api: there is no /api/nothing; /openapi.json says what there is\n"), (await RunAsync("api", "/api/nothing", file)) is var (refused, _, why) ? (refused, why) : default);
    }

    private Task<(int Status, string Output, string Error)> CompleteAsync(string line) => RunAsync($"[suggest:{line.Length}]", line);

    [Fact]
    public async Task Bash_completes_addresses_as_it_splits_them()
    {
        await using var up = await StartAsync("steelyard.yaml");
        async Task<string> Complete(string line, string word)
        {
            var script = $$"""
                source <("$0" completion bash)
                steelyard() { :; }
                COMP_LINE='steelyard {{line}}' COMP_POINT={{"steelyard ".Length + line.Length}} COMP_WORDS=("$0" '{{word}}') COMP_CWORD=1
                _steelyard
                printf '%s ' "${COMPREPLY[@]}"
                """;
            await using var bash = SteelyardProcess.StartProgram("bash", ["-c", script, SteelyardProcess.Program], Environment, Folder.Path);
            return await bash.ExitAsync() == 0 ? bash.Output.Trim() : bash.Error;
        }

        Assert.Equal("status", await Complete("stat", "stat"));
        Assert.Equal("1 2", await Complete("drain web/127.0.0.1:", ""));
        Assert.Equal("web/127.0.0.1:1 web/127.0.0.1:2", await Complete("drain web/1", "web/1"));
        Assert.Contains("[suggest:", (await RunAsync("completion", "zsh")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fish_completes_commands_and_servers()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/fish"), "fish is not installed");
        await using var up = await StartAsync("steelyard.yaml");
        var script = $$"""
            function steelyard; {{SteelyardProcess.Program}} $argv; end
            steelyard completion fish | source
            complete -C 'steelyard stat'
            complete -C 'steelyard drain web/'
            """;
        await using var fish = SteelyardProcess.StartProgram("fish", ["--no-config", "-c", script], new(Environment) { ["HOME"] = Folder.Path }, Folder.Path);

        Assert.Equal((0, "status\nweb/127.0.0.1:1\nweb/127.0.0.1:2\n"), (await fish.ExitAsync(), fish.Output));
    }

    [Fact]
    public async Task Stop_waits_for_the_end_and_says_how_it_was()
    {
        await using (var up = await StartAsync("steelyard.yaml"))
        {
            Assert.Equal((0, "stopped\n", ""), await RunAsync("stop", Folder.Path));
            Assert.Equal(0, await up.ExitAsync());
        }

        var (arrived, never) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            arrived.SetResult();
            await never.Task;
        });
        var file = Folder.Write("steelyard.yaml", $$"""
            admin: 127.0.0.1:0
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { servers: [ {{origin.Address}} ] } }
            """);
        await using (var up = await UpAsync(file))
        {
            using var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, (await up.UrlAsync("listening on")).Port));
            await client.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
            await arrived.Task.Patiently();
            Assert.Contains("GET x/slow", (await RunAsync("connections", file)).Output, StringComparison.Ordinal);
            var (status, output, _) = await RunAsync("stop", file, "--now", "--json");
            Assert.Equal((1, "stopped: 1 exchange was cut"), (status, (string)System.Text.Json.Nodes.JsonNode.Parse(output)!["lines"]![0]!));
            Assert.Equal(1, await up.ExitAsync());
            never.SetResult();
        }

        Assert.Contains("no 'steelyard up' of this user serves", (await RunAsync("stop", Folder.Path)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_serves_without_an_admin_API_is_told_from_none()
    {
        var file = Folder.Write("steelyard.yaml", """
            admin: none
            listen: [ { bind: 127.0.0.1:0, routes: [ { respond: 204 } ] } ]
            """);
        await using var up = await UpAsync(file);
        var expected = $"steelyard status: the 'steelyard up' that serves {file} has no admin API (admin: none), which this asks; reload, upgrade, restart, scale, logs and stop reach it";

        await using var here = SteelyardProcess.Start(["status"], Environment, Folder.Path);
        await here.ErrorLineAsync(expected);
        Assert.Equal((1, "", expected + "\n"), await RunAsync("status", file));
        Assert.Equal((1, 0), (await here.ExitAsync(), (await RunAsync("reload", file)).Status));
    }

    /// <summary>Runs a line of sh on a terminal, which script(1) gives it.</summary>
    private System.Diagnostics.Process OnTerminal(string line)
    {
        var start = new System.Diagnostics.ProcessStartInfo("script", ["-qec", line, "/dev/null"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["XDG_RUNTIME_DIR"] = Runtime.Path;
        start.Environment["TERM"] = "xterm";
        start.Environment["NO_COLOR"] = "1";
        return System.Diagnostics.Process.Start(start)!;
    }

    [Fact]
    public async Task Top_shows_once_where_there_is_no_terminal_and_takes_keys_where_there_is_one()
    {
        await using var up = await StartAsync("steelyard.yaml");
        var file = Folder.At("steelyard.yaml");
        var (status, output, error) = await RunAsync("top", file);
        Assert.Equal((0, ""), (status, error));
        Assert.Contains("all 2 servers are well", output, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:2", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);

        using var top = OnTerminal($"'{SteelyardProcess.Program}' top '{file}'");
        var seen = "";
        async Task SeeAsync(string text)
        {
            var buffer = new char[4096];
            while (!seen.Contains(text, StringComparison.Ordinal))
            {
                var count = await top.StandardOutput.ReadAsync(buffer, TestContext.Current.CancellationToken).AsTask().Patiently(text + seen);
                Assert.True(count > 0, seen);
                seen += new string(buffer, 0, count);
            }

            seen = "";
        }

        async Task PressAsync(string keys)
        {
            await top.StandardInput.WriteAsync(keys);
            await top.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        }

        await SeeAsync("127.0.0.1:2");
        await PressAsync("jd");
        await SeeAsync("Drain 127.0.0.1:2 of web? y/n");
        await PressAsync("y");
        await SeeAsync("done");
        await SeeAsync("1 of 2 servers is well, 1 taken out");
        Assert.DoesNotContain("\e[3", seen, StringComparison.Ordinal);
        await PressAsync("q");
        await top.WaitForExitAsync(TestContext.Current.CancellationToken).Patiently();
        Assert.Equal(0, top.ExitCode);
        Assert.Contains("drain", (await RunAsync("status", file)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_of_forty_columns_gets_whole_words_and_nothing_but_them()
    {
        await using var up = await StartAsync("steelyard.yaml");

        // stty(1) says how wide it is.
        using var status = OnTerminal($"stty cols 40 rows 30; '{SteelyardProcess.Program}' status '{Folder.At("steelyard.yaml")}'");
        var shown = await status.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken).Patiently();
        await status.WaitForExitAsync(TestContext.Current.CancellationToken).Patiently();

        Assert.Equal(0, status.ExitCode);
        Assert.DoesNotContain('\e', shown);
        Assert.Contains("\n1 127.0.0.1:1 up", shown, StringComparison.Ordinal);
        Assert.All(shown.Split("\r\n"), line => Assert.InRange(line.Length, 0, 40));
    }
}
