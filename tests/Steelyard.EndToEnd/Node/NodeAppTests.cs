using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Node;

/// <summary>Apps of Node as people write them, the programs of the guide to the letter among them, several workers each, started by the program.</summary>
[Trait("Lane", "apps")]
public sealed class NodeAppTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 64 });

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    private async Task<(SteelyardProcess Steelyard, Uri Url)> UpAsync(string command, string more = "", int instances = 2, Dictionary<string, string>? environment = null)
    {
        var file = _folder.Write("steelyard.yaml", Configuration(command, more, instances));
        var steelyard = SteelyardProcess.Start(["up", file], environment ?? []);
        var url = await steelyard.UrlAsync("listening on");
        await steelyard.LineAsync("ready");
        return (steelyard, url);
    }

    private static string Configuration(string command, string more, int instances) => $$"""
        admin: 127.0.0.1:0
        listen:
          - { bind: "127.0.0.1:0", routes: [ { to: web } ] }
        pools:
          web:
            app: { command: {{command}}, instances: {{instances}}{{more}} }
        """;

    private async Task<string[]> AskAsync(Uri url, int times)
    {
        var answers = new List<string>();
        for (var i = 0; i < times; i++)
            answers.Add(await _http.GetStringAsync(url).Patiently());
        return [.. answers];
    }

    [Fact]
    public async Task An_app_with_a_cluster_of_its_own_runs_in_ours()
    {
        var (steelyard, url) = await UpAsync($"node {await NodePackages.GuideAsync("01-cluster", _folder)}", instances: 3);
        await using var _ = steelyard;

        var answers = await AskAsync(url, 6);

        Assert.Equal(3, answers.Distinct().Count());
        Assert.All(answers, answer => Assert.Matches(@"^Worker \d+ handled the request\n$", answer));
        Assert.DoesNotContain("Master", steelyard.Output);
    }

    [Theory]
    [InlineData("01-cluster.js", "84cc67c4c180800b63a4e6093b3f201db9266c6bf21d65997c991759c0791c37")]
    [InlineData("06-health-check.js", "fef51442edd07b8187c19602db7de71f193ad5d358c58050edd05e7f6cea044c")]
    [InlineData("07-session.js", "42b45b17ae3d686f492a9c9484d5cbc70db2ffd916edb63c8131ec12a90c046e")]
    [InlineData("08-prometheus.js", "5d110b2ee70e5ef87d2d9d6881d8a3647a01f3ef717a12c30f6f8a61d7677e4c")]
    [InlineData("09-graceful-shutdown.js", "d5e9bfecbd1eb56bf82dae3c89058f7fa767c740dacd3f45d5906a37699954a6")]
    [InlineData("10-circuit-breaker.js", "62d8eb8c585b931e0d7de115884271cdc88c24f5cc3799c68110f9edfb29b01c")]
    [InlineData("app.js", "8a331178880800e8c7e645cb7ba5dfba9eef717a195cf77b26ae04f2864b84b0")]
    [InlineData("ecosystem.config.js", "81467f419ff50456eb5a0b00b3ddf3d7ae0f38205671d9e1d541be8644c7a7fd")]
    public async Task A_file_of_the_guide_is_as_the_guide_has_it(string name, string sha256) =>
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(await NodePackages.InstallAsync("node"), "guide", name), TestContext.Current.CancellationToken))));

    [Fact]
    public async Task An_app_made_for_PM2_is_ready_when_it_says_so_and_is_replaced_without_losing_a_request()
    {
        var command = $"node {await NodePackages.AppAsync("ready.js")}";
        var (steelyard, url) = await UpAsync(command, ", ready: { on: signal, within: 10s }, stop: { grace: 5s }, rolling: { monitor: 0s }");
        await using var _ = steelyard;
        var before = (await AskAsync(url, 4)).Distinct().ToArray();
        Assert.Equal(2, before.Length);

        using var over = new CancellationTokenSource();
        var load = Enumerable.Range(0, 4).Select(_ => LoadAsync(url, over.Token)).ToArray();
        _folder.Write("steelyard.yaml", Configuration(command, ", env: { VERSION: two }, ready: { on: signal, within: 10s }, stop: { grace: 5s }, rolling: { monitor: 0s }", 2));
        steelyard.Signal(PosixSignal.SIGHUP);
        await steelyard.LineAsync("reloaded");
        await over.CancelAsync();

        Assert.All(await Task.WhenAll(load).Patiently(), Assert.True);
        Assert.Empty((await AskAsync(url, 4)).Intersect(before));
    }

    private async Task<bool> LoadAsync(Uri url, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            using var answer = await _http.GetAsync(url, CancellationToken.None);
            if (answer.StatusCode != HttpStatusCode.OK)
                return false;
        }

        return true;
    }

    [Fact]
    public async Task Health_that_the_app_tells_is_asked_for()
    {
        var file = _folder.Write("steelyard.yaml", $$"""
            listen:
              - { bind: "127.0.0.1:0", routes: [ { to: web } ] }
            pools:
              web:
                health: { http: /health/detailed, interval: 200ms }
                app: { command: node {{await NodePackages.GuideAsync("06-health-check", _folder)}}, instances: 2, ready: { on: http, path: /health } }
            """);
        await using var steelyard = SteelyardProcess.Start("up", file);
        var url = await steelyard.UrlAsync("listening on");
        await steelyard.LineAsync("ready");

        Assert.Contains("\"status\":\"UP\"", await _http.GetStringAsync(new Uri(url, "/health/detailed"), TestContext.Current.CancellationToken));
        Assert.Equal(2, (await AskAsync(new(url, "/health"), 4)).Select(text => JsonDocument.Parse(text).RootElement.GetProperty("pid").GetInt32()).Distinct().Count());
    }

    [Fact]
    public async Task Sessions_in_Redis_are_the_same_for_all_workers_and_the_client_is_known()
    {
        await using var redis = await RedisServer.StartAsync(_folder);
        var (steelyard, url) = await UpAsync($"node {await NodePackages.GuideAsync("07-session", _folder)}", environment: new() { ["REDIS"] = redis.Path });
        await using var _ = steelyard;
        using var http = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer(), ConnectCallback = FromAnotherAddressAsync });

        var answers = new List<JsonElement>();
        for (var i = 0; i < 4; i++)
            answers.Add(JsonDocument.Parse(await http.GetStringAsync(url, TestContext.Current.CancellationToken)).RootElement);

        Assert.Equal([1, 2, 3, 4], answers.Select(answer => answer.GetProperty("views").GetInt32()));
        Assert.Equal(2, answers.Select(answer => answer.GetProperty("pid").GetInt32()).Distinct().Count());
        Assert.All(answers, answer => Assert.Equal("127.0.0.5", answer.GetProperty("ip").GetString()));
    }

    private static async ValueTask<Stream> FromAnotherAddressAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.5"), 0));
        await socket.ConnectAsync(context.DnsEndPoint, cancel);
        return new NetworkStream(socket, ownsSocket: true);
    }

    [Fact]
    public async Task A_worker_tells_its_metrics()
    {
        var (steelyard, url) = await UpAsync($"node {await NodePackages.GuideAsync("08-prometheus", _folder)}");
        await using var _ = steelyard;
        await AskAsync(url, 4);

        var metrics = await _http.GetStringAsync(new Uri(url, "/metrics"), TestContext.Current.CancellationToken);

        Assert.Contains("http_request_duration_seconds_count{method=\"GET\",route=\"/\",status=\"200\"} 2", metrics);
        Assert.Contains("nodejs_version_info", metrics);
    }

    [Fact]
    public async Task What_all_workers_count_is_one_page_and_a_restart_is_no_step_back()
    {
        var (steelyard, url) = await UpAsync($"node {await NodePackages.GuideAsync("08-prometheus", _folder)}", ", metrics: /metrics, rolling: { monitor: 0s }");
        await using var _ = steelyard;
        var admin = await steelyard.UrlAsync("admin API on");
        await AskAsync(url, 6);

        var before = await _http.GetStringAsync(new Uri(admin, "/metrics/web"), TestContext.Current.CancellationToken);
        Assert.Contains("""http_request_duration_seconds_count{method="GET",route="/",status="200"} 6""" + "\n", before, StringComparison.Ordinal);
        Assert.Matches("""\nnodejs_eventloop_lag_seconds\{worker="web/1"\} [0-9.e-]+\nnodejs_eventloop_lag_seconds\{worker="web/2"\} """, before);
        Assert.Equal(0, (await SteelyardProcess.RunAsync("restart", "-c", _folder.At("steelyard.yaml"))).Status);
        await AskAsync(url, 4);
        var after = await _http.GetStringAsync(new Uri(admin, "/metrics/web"), TestContext.Current.CancellationToken);
        Assert.Contains("""http_request_duration_seconds_count{method="GET",route="/",status="200"} 10""" + "\n", after, StringComparison.Ordinal);

        var (status, output, error) = await SteelyardProcess.RunAsync("status", _folder.At("steelyard.yaml"));
        Assert.True(status == 0, error);
        Assert.Matches(@"web/1 +serving +\d+ +\d+s +0 +\d+% +\d+ MiB +[0-9.]+ ms", output);
        var own = await _http.GetStringAsync(new Uri(admin, "/metrics"), TestContext.Current.CancellationToken);
        Assert.Matches("""\nsteelyard_worker_cpu_seconds_total\{pool="web",worker="2"\} 0\.[0-9]+\n""", own);
        Assert.Contains("""steelyard_worker_serving{pool="web",worker="1"} 1""" + "\n", own, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prom_client_in_workers_answers_as_it_does_to_a_primary_of_its_own()
    {
        var (steelyard, url) = await UpAsync($"node {await NodePackages.AppAsync("aggregated.js")}", ", metrics: cluster");
        await using var _ = steelyard;
        var admin = await steelyard.UrlAsync("admin API on");
        await AskAsync(url, 5);

        var page = await _http.GetStringAsync(new Uri(admin, "/metrics/web"), TestContext.Current.CancellationToken);

        Assert.Contains("answers_total 5\n", page, StringComparison.Ordinal);
        Assert.Contains("""steelyard_worker_metrics_read{worker="web/2"} 1""" + "\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_in_flight_ends_before_an_app_that_ends_gracefully_itself_is_told_to()
    {
        var (steelyard, url) = await UpAsync($"node {await NodePackages.GuideAsync("09-graceful-shutdown", _folder)}");
        await using var _ = steelyard;
        var late = Enumerable.Range(0, 6).Select(_ => _http.GetStringAsync(new Uri(url, "/?after=800"))).ToArray();
        await AskAsync(url, 2);

        steelyard.Signal(PosixSignal.SIGTERM);

        Assert.Equal(2, (await Task.WhenAll(late).Patiently()).Distinct().Count());
        Assert.Equal(0, await steelyard.ExitAsync());
        Assert.Equal(2, steelyard.Output.Split("Server closed").Length - 1);
    }

    [Fact]
    public async Task A_circuit_breaker_in_the_app_opens_in_each_worker()
    {
        var (steelyard, url) = await UpAsync($"node {await NodePackages.GuideAsync("10-circuit-breaker", _folder)}");
        await using var _ = steelyard;

        var answers = (await AskAsync(url, 8)).Select(text => JsonDocument.Parse(text).RootElement).ToArray();

        Assert.All(answers, answer => Assert.Equal("fallback data", answer.GetProperty("data").GetString()));
        Assert.All(answers[2..], answer => Assert.True(answer.GetProperty("open").GetBoolean()));
    }

    [Fact]
    public async Task A_worker_that_is_killed_costs_no_get_and_is_there_again()
    {
        var (steelyard, url) = await UpAsync($"node {await NodePackages.AppAsync("ready.js")}", ", ready: signal");
        await using var _ = steelyard;
        using var over = new CancellationTokenSource();
        var load = Enumerable.Range(0, 4).Select(_ => LoadAsync(url, over.Token)).ToArray();
        var first = await _http.GetStringAsync(url, TestContext.Current.CancellationToken);

        SteelyardProcess.Kill(int.Parse(first.Split(' ')[^1]));
        await steelyard.ErrorLineAsync("ended");
        await Patience.Until(() => steelyard.Output.Split("started").Length == 4);
        await over.CancelAsync();

        Assert.All(await Task.WhenAll(load).Patiently(), Assert.True);
    }

    [Fact]
    public async Task An_app_that_never_listens_fails_and_the_message_says_what_to_do()
    {
        var script = _folder.Write("never.js", "setInterval(() => {}, 1000);");
        var file = _folder.Write("steelyard.yaml", Configuration($"node {script}", ", ready: { within: 1s }", 1));

        var (status, _, error) = await SteelyardProcess.RunAsync("up", file);

        Assert.Equal(1, status);
        Assert.Contains("web/1 did not accept connections as a worker of a Node cluster", error);
        Assert.Contains("listen: port", error);
    }

    [Fact]
    public async Task An_app_may_be_told_its_port_instead()
    {
        var script = _folder.Write("port.js", "require('http').createServer((req, res) => res.end(String(require('cluster').isPrimary))).listen(process.env.PORT);");
        var (steelyard, url) = await UpAsync($"node {script}", ", listen: port");
        await using var _ = steelyard;

        Assert.Equal("true", await _http.GetStringAsync(url, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Shutdown_by_message_is_told_by_message()
    {
        var script = _folder.Write("told.js", "require('http').createServer((req, res) => res.end('ok')).listen(3000); process.on('message', text => { console.log('told ' + text); process.exit(0); });");
        var (steelyard, url) = await UpAsync($"node {script}", ", stop: { message: shutdown }");
        await using var _ = steelyard;
        Assert.Equal("ok", await _http.GetStringAsync(url, TestContext.Current.CancellationToken));

        steelyard.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await steelyard.ExitAsync());
        Assert.Equal(2, steelyard.Output.Split("told shutdown").Length - 1);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 2)]
    public async Task The_handler_of_an_app_that_nothing_keeps_is_called_where_the_signal_comes_at_once(bool disconnect, int times)
    {
        var script = _folder.Write("handles.js", "const server = require('http').createServer((req, res) => res.end('ok')).listen(3000); process.on('SIGTERM', () => server.close(error => { console.log('closed, ' + error); process.exit(0); }));");
        var (steelyard, url) = await UpAsync($"node {script}", $", stop: {{ disconnect: {(disconnect ? "true" : "false")} }}");
        await using var _ = steelyard;
        Assert.Equal("ok", await _http.GetStringAsync(url, TestContext.Current.CancellationToken));

        steelyard.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await steelyard.ExitAsync());
        Assert.Equal(times, steelyard.Output.Split("closed, undefined").Length - 1);
    }

    [Fact]
    public async Task Run_without_a_file_serves_a_node_app_on_the_port_that_it_names()
    {
        var port = Ports.Free();
        var script = _folder.Write("app.js", $"require('http').createServer((req, res) => res.end(String(process.pid))).listen({port});");
        await using var steelyard = SteelyardProcess.Start(["run", "-i", "2", script], [], _folder.Path);
        await steelyard.LineAsync("ready");

        Assert.Equal(2, (await AskAsync(new($"http://127.0.0.1:{port}"), 4)).Distinct().Count());
        steelyard.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await steelyard.ExitAsync());
    }
}
