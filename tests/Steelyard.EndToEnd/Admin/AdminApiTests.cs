using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary>The admin API of the running program: what it tells, what it changes, and whom it refuses.</summary>
public sealed class AdminApiTests : ProgramRun
{
    private string Write(string text) => Folder.Write("steelyard.yaml", text);

    private static string Two(RecordingOrigin first, RecordingOrigin second, string more = "admin: 127.0.0.1:0") => $$"""
        {{more}}
        listen:
          - { bind: 127.0.0.1:0, routes: [ { path: /api/*, to: web }, { path: /ping, respond: 204 } ] }
        pools:
          web: { balance: least-connections, servers: [ {{first.Address}}, { address: {{second.Address}}, weight: 3 } ] }
        """;

    private static RecordingOrigin Origin(string name) => RecordingOrigin.Start(async connection =>
    {
        connection.Records = false;
        while (await connection.ReadRequestOrEnd() is not null)
            await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}");
    });

    /// <summary>Who answers so many requests in a row.</summary>
    private static async Task<string> AnswersAsync(SteelyardProcess up, int count)
    {
        var url = await up.UrlAsync("listening on");
        using var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, url.Port));
        var answers = "";
        for (var i = 0; i < count; i++)
            answers += (await client.Ask("GET /api/x HTTP/1.1\r\nHost: x\r\n\r\n")).Text;
        return answers;
    }

    [Fact]
    public async Task It_tells_what_runs_and_what_is_served()
    {
        await using var first = Origin("a");
        await using var second = Origin("b");
        var file = Write(Two(first, second));
        await using var up = await UpAsync(file);
        using var admin = AdminClient.Open(await up.UrlAsync("admin API on"));

        var version = await admin.Get("/api/version");
        Assert.NotEqual(up.Id, (int)version["enginePid"]!);
        Assert.Matches(@"^\d+\.\d+\.\d+", (string)version["version"]!);

        var configuration = await admin.Get("/api/configuration");
        Assert.Equal(file, (string)configuration["file"]!);
        Assert.Equal(1, (int)configuration["generation"]!);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file))), (string)configuration["hash"]!);
        Assert.InRange((double)configuration["ageSeconds"]!, 0, 60);
        Assert.Empty(configuration["differences"]!.AsArray());

        var listener = Assert.Single((await admin.Get("/api/listeners")).AsArray())!;
        Assert.Equal((await up.UrlAsync("listening on")).Authority, (string)listener["addresses"]![0]!);

        var routes = (await admin.Get("/api/routes")).AsArray();
        Assert.Equal(["/api/* to web", "/ping respond 204"], routes.Select(route => $"{route!["path"]} {route["action"]} {route["target"]}"));

        var pool = Assert.Single((await admin.Get("/api/pools")).AsArray())!;
        Assert.Equal(("web", "least-connections", 2), ((string)pool["name"]!, (string)pool["balance"]!, (int)pool["usable"]!));
        Assert.Equal((3, "up", "ready"), ((int)pool["members"]![1]!["weight"]!, (string)pool["members"]![1]!["state"]!, (string)pool["members"]![1]!["wanted"]!));

        var document = await admin.Get("/openapi.json");
        Assert.Equal("3.1.1", (string)document["openapi"]!);
        Assert.Equal("#/components/schemas/WeightBody", (string)document["paths"]!["/api/pools/{pool}/servers/{server}/weight"]!["put"]!["requestBody"]!["content"]!["application/json"]!["schema"]!["$ref"]!);
        Assert.NotNull(document["components"]!["schemas"]!["WeightBody"]!["properties"]!["weight"]);
        var operations = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).Select(operation => operation.Value!).ToList();
        Assert.Equal(operations.Count, operations.Select(operation => (string)operation["operationId"]!).Distinct().Count());
        Assert.All(operations, operation => Assert.NotNull(operation["responses"]!["200"]!["content"]));
        Assert.All(ReferencesIn(document), reference => Assert.True(Leads(document, reference), reference));

        await AnswersAsync(up, 5);
        Assert.Equal(5, (long)(await admin.Get("/api/counters"))["requests"]!);
    }

    /// <summary>All that a document refers to within itself (RFC 6901).</summary>
    private static IEnumerable<string> ReferencesIn(JsonNode? node) => node switch
    {
        JsonObject some => some.SelectMany(pair => pair.Key == "$ref" ? [(string)pair.Value!] : ReferencesIn(pair.Value)),
        JsonArray some => some.SelectMany(ReferencesIn),
        _ => [],
    };

    private static bool Leads(JsonNode document, string reference)
    {
        JsonNode? at = document;
        foreach (var part in reference.Split('/').Skip(1))
            at = at is JsonArray items ? items[int.Parse(part, System.Globalization.CultureInfo.InvariantCulture)] : at?[part];
        return at is not null;
    }

    [Fact]
    public async Task A_drained_server_gets_nothing_until_it_is_ready_again()
    {
        await using var first = Origin("a");
        await using var second = Origin("b");
        await using var up = await UpAsync(Write(Two(first, second)));
        using var admin = AdminClient.Local(Runtime.Path);

        var (status, server) = await admin.Ask("PUT", $"/api/pools/web/servers/{second.Address}/state", """{"state":"drain"}""");
        Assert.Equal((200, "drain", "drain"), (status, (string)server!["state"]!, (string)server["wanted"]!));
        Assert.Equal("aaaaaaaa", await AnswersAsync(up, 8));

        var difference = Assert.Single((await admin.Get("/api/configuration"))["differences"]!.AsArray())!;
        Assert.Equal(("state", "ready", "drain"), ((string)difference["setting"]!, (string)difference["file"]!, (string)difference["live"]!));

        await admin.Ask("PUT", "/api/pools/web/servers/1/state", """{"state":"maintenance"}""");
        await admin.Ask("PUT", "/api/pools/web/servers/2/state", """{"state":"ready"}""");
        Assert.Equal("bbbbbbbb", await AnswersAsync(up, 8));
    }

    [Fact]
    public async Task A_weight_is_set_and_given_back_to_the_file()
    {
        await using var first = Origin("a");
        await using var second = Origin("b");
        await using var up = await UpAsync(Write(Two(first, second).Replace("least-connections", "round-robin", StringComparison.Ordinal)));
        using var admin = AdminClient.Local(Runtime.Path);
        Assert.Equal(6, (await AnswersAsync(up, 8)).Count(who => who == 'b'));

        var (_, server) = await admin.Ask("PUT", "/api/pools/web/servers/2/weight", """{"weight":1}""");
        Assert.Equal((1, 3, 1), ((int)server!["weight"]!, (int)server["configuredWeight"]!, (int)server["liveWeight"]!));
        Assert.Equal(4, (await AnswersAsync(up, 8)).Count(who => who == 'b'));

        (_, server) = await admin.Ask("PUT", "/api/pools/web/servers/2/weight", """{"weight":null}""");
        Assert.Equal(3, (int)server!["weight"]!);
        Assert.Null(server["liveWeight"]);
        Assert.Empty((await admin.Get("/api/configuration"))["differences"]!.AsArray());
    }

    // The keeper knows what operators want; engines come and go.
    [Fact]
    public async Task What_an_operator_wants_outlives_reloads_crashes_and_upgrades()
    {
        await using var first = Origin("a");
        await using var second = Origin("b");
        var file = Write(Two(first, second));
        await using var up = await UpAsync(file);
        using var admin = AdminClient.Local(Runtime.Path);
        await admin.Ask("PUT", "/api/pools/web/servers/1/state", """{"state":"drain"}""");
        await admin.Ask("PUT", "/api/pools/web/servers/2/weight", """{"weight":9}""");
        Task<JsonNode> Differences() => DifferencesAsync(admin);
        var wanted = (await Differences()).ToJsonString();

        Write(Two(first, second) + "# changed\n");
        up.Signal(PosixSignal.SIGHUP);
        await up.LineAsync("reloaded: ");
        Assert.Equal((wanted, 2), ((await Differences()).ToJsonString(), (int)(await admin.Get("/api/configuration"))["generation"]!));

        var engine = (int)(await admin.Get("/api/version"))["enginePid"]!;
        SteelyardProcess.Kill(engine);
        await up.ErrorLineAsync("the engine has died");
        var next = await NextEngineAsync(admin, engine);
        Assert.Equal(wanted, (await Differences()).ToJsonString());
        Assert.Equal("bbbb", await AnswersAsync(up, 4));

        up.Signal((PosixSignal)12);
        await up.LineAsync("upgraded: ");
        await NextEngineAsync(admin, next);
        Assert.Equal(wanted, (await Differences()).ToJsonString());
        Assert.Equal("bbbb", await AnswersAsync(up, 4));

        // A server that leaves the file and comes back is as the file says.
        Write(Two(first, first).Replace($", {{ address: {first.Address}, weight: 3 }}", "", StringComparison.Ordinal));
        Assert.Equal(200, (await admin.Ask("POST", "/api/reload")).Status);
        Write(Two(first, second));
        Assert.Equal(200, (await admin.Ask("POST", "/api/reload")).Status);
        Assert.Equal("drain", (string)Assert.Single((await Differences()).AsArray())!["live"]!);
    }

    private static async Task<JsonNode> DifferencesAsync(AdminClient admin) => (await admin.Get("/api/configuration"))["differences"]!;

    /// <summary>Asks until another engine answers.</summary>
    private static async Task<int> NextEngineAsync(AdminClient admin, int before)
    {
        while (true)
        {
            try
            {
                var pid = (int)(await admin.Get("/api/version"))["enginePid"]!;
                if (pid != before)
                    return pid;
            }
            catch (HttpRequestException)
            {
                // The one that was asked is the one that has gone.
            }
        }
    }

    // Servers in and out, limits and breakers: what is beside the file, as long as the keeper lives.
    [Fact]
    public async Task What_is_served_is_changed_beside_its_file()
    {
        await using var first = Origin("a");
        await using var second = Origin("b");
        await using var third = Origin("c");
        await using var up = await UpAsync(Write(Two(first, second).Replace("balance: least", "breaker: {}, balance: least", StringComparison.Ordinal)));
        using var admin = AdminClient.Local(Runtime.Path);

        var (status, server) = await admin.Ask("POST", "/api/pools/web/servers", $$"""{"address":"{{third.Address}}","weight":5}""");
        Assert.Equal((200, 3, 5), (status, (int)server!["number"]!, (int)server["weight"]!));
        Assert.Equal(200, (await admin.Ask("DELETE", "/api/pools/web/servers/1")).Status);
        Assert.Equal(200, (await admin.Ask("DELETE", $"/api/pools/web/servers/{second.Address}")).Status);
        Assert.Equal("cccc", await AnswersAsync(up, 4));
        (status, var refused) = await admin.Ask("DELETE", "/api/pools/web/servers/1");
        Assert.Equal((409, $"steelyard: {third.Address} is the only server of web"), (status, (string)refused!["lines"]![0]!));

        (_, server) = await admin.Ask("PUT", "/api/pools/web/servers/1/limit", """{"limit":7}""");
        Assert.Equal(7, (int)server!["limit"]!);
        var listener = (string)(await admin.Get("/api/routes"))[0]!["configured"]!;
        (_, var limited) = await admin.Ask("PUT", $"/api/listeners/{Uri.EscapeDataString(listener)}/limit", """{"limit":99}""");
        Assert.Equal(99, (int)limited!["maxConnections"]!);
        (_, var breakers) = await admin.Ask("PUT", "/api/pools/web/breaker", """{"hold":"open"}""");
        Assert.Equal(("open", "open"), ((string)breakers![0]!["state"]!, (string)breakers[0]!["hold"]!));

        var engine = (int)(await admin.Get("/api/version"))["enginePid"]!;
        var wanted = (await DifferencesAsync(admin)).ToJsonString();
        Assert.Equal(7, (await DifferencesAsync(admin)).AsArray().Count);
        Assert.Equal(200, (await admin.Ask("POST", "/api/reload")).Status);
        SteelyardProcess.Kill(engine);
        await NextEngineAsync(admin, engine);
        Assert.Equal(wanted, (await DifferencesAsync(admin)).ToJsonString());
        Assert.Equal("open", (string)(await admin.Get("/api/breakers"))[0]!["state"]!);

        await admin.Ask("PUT", "/api/pools/web/breaker", """{"hold":"none"}""");
        Assert.Equal("cccc", await AnswersAsync(up, 4));
        await admin.Ask("POST", "/api/pools/web/servers", $$"""{"address":"{{first.Address}}"}""");
        await admin.Ask("POST", "/api/pools/web/servers", $$"""{"address":"{{second.Address}}"}""");
        await admin.Ask("PUT", $"/api/listeners/{Uri.EscapeDataString(listener)}/limit", """{"limit":null}""");
        await admin.Ask("DELETE", $"/api/pools/web/servers/{third.Address}");
        Assert.Empty((await DifferencesAsync(admin)).AsArray());
    }

    [Fact]
    public async Task Connections_are_told_with_the_request_under_way()
    {
        var (arrived, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            arrived.SetResult();
            await answer.Task;
            await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
        await using var up = await UpAsync(Write(Two(origin, origin).Replace($", {{ address: {origin.Address}, weight: 3 }}", "", StringComparison.Ordinal)));
        var url = await up.UrlAsync("listening on");
        using var idle = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, url.Port));
        Assert.Equal(204, (await idle.Ask("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
        using var busy = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, url.Port));
        var asked = busy.Ask("GET /api/slow?secret HTTP/1.1\r\nHost: x\r\n\r\n");
        await arrived.Task.Patiently();

        using var admin = AdminClient.Local(Runtime.Path);
        var connections = (await admin.Get("/api/connections")).AsArray();
        Assert.Equal(["idle", "request"], connections.Select(one => (string)one!["state"]!).Order());
        var request = connections.Single(one => (string)one!["state"]! == "request")!;
        Assert.Equal(("GET x/api/slow", "web", origin.Address.ToString(), "127.0.0.1", 1), ((string)request["request"]!, (string)request["pool"]!, (string)request["server"]!, (string)request["client"]!, (int)request["requests"]!));
        answer.SetResult();
        Assert.Equal(200, (await asked).Status);
    }

    [Fact]
    public async Task A_reload_says_what_came_of_it_also_when_the_api_moves()
    {
        await using var first = Origin("a");
        await using var second = Origin("b");
        var file = Write(Two(first, second));
        await using var up = await UpAsync(file);
        using var admin = AdminClient.Open(await up.UrlAsync("admin API on"));

        Write("listen: 3\n");
        var (status, body) = await admin.Ask("POST", "/api/reload");
        Assert.Equal(409, status);
        Assert.Contains(body!["lines"]!.AsArray(), line => ((string)line!).Contains($"{file}:1:9: error: ", StringComparison.Ordinal));
        Assert.Equal("aa", (await AnswersAsync(up, 2)).Replace('b', 'a'));

        // The answer comes on a socket that is listened on no more.
        Write(Two(first, second, "admin: none"));
        (status, body) = await admin.Ask("POST", "/api/reload");
        Assert.Equal((200, true), (status, (bool)body!["done"]!));
        await RefusesAsync(await up.UrlAsync("admin API on"));
        Assert.Empty(Directory.GetFiles(Runtime.Path, "*.admin.sock"));

        Write(Two(first, second));
        up.Signal(PosixSignal.SIGHUP);
        await Patience.Until(() => up.Output.Split("admin API on").Length == 3);
        using var local = AdminClient.Local(Runtime.Path);
        Assert.Equal(3, (int)(await local.Get("/api/configuration"))["generation"]!);
    }

    /// <summary>Connects until nobody listens.</summary>
    private static async Task RefusesAsync(Uri url)
    {
        while (true)
        {
            using var socket = new System.Net.Sockets.TcpClient();
            try
            {
                await socket.ConnectAsync(url.Host, url.Port, TestContext.Current.CancellationToken);
            }
            catch (System.Net.Sockets.SocketException)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task Mistakes_are_told_as_problems()
    {
        await using var first = Origin("a");
        await using var second = Origin("b");
        await using var up = await UpAsync(Write(Two(first, second)));
        using var admin = AdminClient.Local(Runtime.Path);

        async Task Refused(int expected, string detail, string method, string path, string? json = null)
        {
            var (status, body) = await admin.Ask(method, path, json);
            Assert.Equal((expected, expected), (status, (int)body!["status"]!));
            Assert.Contains(detail, (string)body["detail"]!, StringComparison.Ordinal);
        }

        await Refused(404, "there is no /api/nothing", "GET", "/api/nothing");
        await Refused(404, "there is no pool 'wob'; there is web", "GET", "/api/pools/wob");
        await Refused(404, $"it has {first.Address}, {second.Address}", "GET", "/api/pools/web/servers/3");
        await Refused(405, "takes GET, HEAD, not POST", "POST", "/api/pools");
        await Refused(400, "'nonsense' is no sort; it is file, state, active or failures", "GET", "/api/live?sort=nonsense");
        await Refused(404, "no pool has an 'app'", "PUT", "/api/apps/web/scale", """{"workers":2}""");
        await Refused(404, "no pool has an 'app'", "POST", "/api/apps/web/restart");
        await Refused(400, "'gone' is no state", "PUT", "/api/pools/web/servers/1/state", """{"state":"gone"}""");
        await Refused(400, "'1' is no state", "PUT", "/api/pools/web/servers/1/state", """{"state":"1"}""");
        await Refused(400, "257 is no weight", "PUT", "/api/pools/web/servers/1/weight", """{"weight":257}""");
        await Refused(400, "not the JSON that is expected", "PUT", "/api/pools/web/servers/1/weight", """{"wait":1}""");
        await Refused(400, "not the JSON that is expected here: {\"weight\": ...}; /openapi.json", "PUT", "/api/pools/web/servers/1/weight", "");
        await Refused(400, "{\"address\": ..., \"weight\": ...}, where weight may be left out;", "POST", "/api/pools/web/servers", "{}");
        await Refused(400, "not the JSON that is expected", "PUT", "/api/pools/web/servers/1/state", """{"state":"ready","state":"drain"}""");
        await Refused(400, "not the JSON that is expected here, at $.weight: {\"weight\": ...}; /openapi.json", "PUT", "/api/pools/web/servers/1/weight", """{"weight":"heavy"}""");
    }

    [Fact]
    public async Task Errors_of_requests_are_listed_with_their_cause()
    {
        await using var first = RecordingOrigin.Start(connection => Task.CompletedTask);
        await using var up = await UpAsync(Write(Two(first, first).Replace($", {{ address: {first.Address}, weight: 3 }}", "", StringComparison.Ordinal)));
        var url = await up.UrlAsync("listening on");
        using var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, url.Port));
        Assert.Equal(502, (await client.Ask("GET /api/x?secret=1 HTTP/1.1\r\nHost: example\r\n\r\n")).Status);
        var page = await client.Ask("GET /elsewhere HTTP/1.1\r\nHost: example\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n");
        Assert.Equal(404, page.Status);

        using var admin = AdminClient.Local(Runtime.Path);
        var errors = (await admin.Get("/api/errors")).AsArray();
        Assert.Contains($"\nrequest {(string)errors[0]!["requestId"]!}\ntrace {(string)errors[0]!["traceId"]!}\n", page.Text, StringComparison.Ordinal);
        Assert.Equal(("4bf92f3577b34da6a3ce929d0e0e4736", null), ((string)errors[0]!["traceId"]!, (string?)errors[1]!["traceId"]));
        Assert.Equal(["404.no-route", "502.server-closed"], errors.Select(error => (string)error!["cause"]!));
        Assert.Equal(("GET example/api/x", "web", first.Address.ToString(), "127.0.0.1"), ((string)errors[1]!["request"]!, (string)errors[1]!["pool"]!, (string)errors[1]!["server"]!, (string)errors[1]!["client"]!));
    }

    /// <summary>Who is refused before its head is whole is the one that an operator looks for.</summary>
    [Theory]
    [InlineData("GET /shop?token=1 HTTP/1.1\r\nHost: a b\r\n\r\n", "GET /shop")]
    [InlineData("GET /shop HTTP/1.1\r\nNo colon\r\n\r\n", "GET /shop")]
    [InlineData("GET\t/shop\u001b[2J HTTP/1.1\r\n\r\n", @"GET\x09/shop\x1B[2J")]
    [InlineData("\u0016\u0003\u0001\u0002", @"\x16\x03\x01\x02")]
    public async Task Requests_that_could_not_be_read_are_listed_with_what_came(string request, string shown)
    {
        await using var first = Origin("a");
        await using var up = await UpAsync(Write(Two(first, first).Replace($", {{ address: {first.Address}, weight: 3 }}", "", StringComparison.Ordinal)));
        using var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, (await up.UrlAsync("listening on")).Port));
        Assert.Equal(400, (await client.Ask(request)).Status);
        using var admin = AdminClient.Local(Runtime.Path);
        var error = (await admin.Get("/api/errors")).AsArray()[0]!;
        Assert.StartsWith("400.", (string)error["cause"]!, StringComparison.Ordinal);
        Assert.Equal(shown, (string?)error["request"]);
    }

    [Fact]
    public async Task Pages_of_other_sites_and_other_names_are_refused()
    {
        await using var first = Origin("a");
        await using var up = await UpAsync(Write(Two(first, first).Replace($", {{ address: {first.Address}, weight: 3 }}", "", StringComparison.Ordinal)));
        var url = await up.UrlAsync("admin API on");
        using var admin = AdminClient.Open(url);

        async Task<int> Status(params (string, string)[] fields) => (await admin.Ask("GET", "/api/version", null, fields)).Status;
        Assert.Equal(200, await Status());
        Assert.Equal(200, await Status(("Host", $"localhost:{url.Port}")));
        Assert.Equal(200, await Status(("Sec-Fetch-Site", "same-origin"), ("Origin", $"http://127.0.0.1:{url.Port}")));
        Assert.Equal(200, await Status(("Sec-Fetch-Site", "none")));
        Assert.Equal(421, await Status(("Host", "rebound.example.com")));
        Assert.Equal(403, await Status(("Sec-Fetch-Site", "cross-site")));
        Assert.Equal(403, await Status(("Sec-Fetch-Site", "same-site")));
        Assert.Equal(403, await Status(("Origin", "http://evil.example.com")));
        Assert.Equal(403, await Status(("Origin", "null")));
        Assert.Equal(403, await Status(("Origin", $"http://127.0.0.1:{url.Port + 1}")));

        using (var whole = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, url.Port)))
            Assert.Equal(200, (await whole.Ask($"GET {url.GetLeftPart(UriPartial.Authority)}/api/version HTTP/1.1\r\nHost: {url.Authority}\r\n\r\n")).Status);

        // What is refused before it is a request is told in the same way.
        foreach (var (bad, status) in new[] { ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400), ("nothing\r\n\r\n", 400), ("GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 405), ($"GET / HTTP/1.1\r\nHost: x\r\nA: {new string('a', 40_000)}\r\n\r\n", 431) })
        {
            using var client = await RawClient.Connect(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, url.Port));
            var answer = await client.Ask(bad);
            Assert.Equal((status, "application/problem+json"), (answer.Status, answer["Content-Type"]));
            var problem = System.Text.Json.Nodes.JsonNode.Parse(answer.Text)!;
            Assert.Equal(status, (int)problem["status"]!);
            Assert.NotEqual("", (string)problem["detail"]!);

            // RFC 9110, 15.5.6.
            Assert.Equal(status == 405, answer["Allow"] is not null);
        }
    }

    [Fact]
    public async Task A_token_is_asked_for_over_tcp_and_not_on_the_local_socket()
    {
        await using var first = Origin("a");
        Folder.Write("token", "0123456789abcdef0123\n");
        await using var up = await UpAsync(Write(Two(first, first, """admin: { address: ":0", token-file: token }""").Replace($", {{ address: {first.Address}, weight: 3 }}", "", StringComparison.Ordinal)));
        var url = await up.UrlAsync("admin API on");
        using var admin = AdminClient.Open(url);
        using var local = AdminClient.Local(Runtime.Path);

        async Task<int> Status(params (string, string)[] fields) => (await admin.Ask("GET", "/api/version", null, fields)).Status;
        Assert.Equal(401, await Status());
        Assert.Equal(401, await Status(("Authorization", "Bearer 0123456789abcdef0124")));
        Assert.Equal(401, await Status(("Authorization", "Basic 0123456789abcdef0123")));
        Assert.Equal(200, await Status(("Authorization", "Bearer 0123456789abcdef0123")));
        Assert.Equal(200, await Status(("Authorization", "Bearer 0123456789abcdef0123"), ("Host", "steelyard.example.com")));
        Assert.Equal(403, await Status(("Authorization", "Bearer 0123456789abcdef0123"), ("Sec-Fetch-Site", "cross-site")));
        await local.Get("/api/version");

        // What is wrong with the file is shown where it is named.
        Folder.Write("token", "short\n");
        var (status, output, _) = await SteelyardProcess.RunAsync("check", Folder.At("steelyard.yaml"));
        Assert.Equal(1, status);
        Assert.Contains("token: its first line is no token", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_one_process_it_is_the_same()
    {
        await using var first = Origin("a");
        await using var second = Origin("b");
        await using var up = await UpAsync(Write(Two(first, second)), "--single");
        using var admin = AdminClient.Open(await up.UrlAsync("admin API on"));
        Assert.Equal(up.Id, (int)(await admin.Get("/api/version"))["enginePid"]!);
        await admin.Ask("PUT", "/api/pools/web/servers/1/state", """{"state":"drain"}""");
        Assert.Equal("bbbb", await AnswersAsync(up, 4));
        Assert.Equal(200, (await admin.Ask("POST", "/api/reload")).Status);
        Assert.Equal("bbbb", await AnswersAsync(up, 4));
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }
}
