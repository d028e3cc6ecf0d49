using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Admin;

/// <summary>What is shipped for Prometheus and Grafana, with Debian's Prometheus.</summary>
[Trait("Lane", "apps")]
public sealed class PrometheusTests : ProgramRun
{
    private static string Packaging([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "packaging"));

    private static async Task<(int Status, string Said)> PromtoolAsync(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/promtool"), "promtool is not installed (Debian: prometheus)");
        using var promtool = Process.Start(new ProcessStartInfo("promtool", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.Combine(Packaging(), "prometheus") })!;
        var said = await promtool.StandardOutput.ReadToEndAsync(Cancel) + await promtool.StandardError.ReadToEndAsync(Cancel);
        await promtool.WaitForExitAsync(Cancel);
        return (promtool.ExitCode, said);
    }

    [Fact]
    public async Task Alerts_are_raised_when_they_should_be()
    {
        var (status, said) = await PromtoolAsync("test", "rules", "steelyard.rules.test.yml");
        Assert.True(status == 0, said);

        // Each of them.
        var rules = File.ReadLines(Path.Combine(Packaging(), "prometheus", "steelyard.rules.yml")).Where(line => line.Contains("- alert:", StringComparison.Ordinal)).Select(line => line.Split(':')[1].Trim());
        var tests = await File.ReadAllTextAsync(Path.Combine(Packaging(), "prometheus", "steelyard.rules.test.yml"), Cancel);
        Assert.All(rules, rule => Assert.Matches($"alertname: {rule}\\n        exp_alerts:", tests));
    }

    [Fact]
    public async Task Prometheus_scrapes_and_every_query_of_the_board_and_of_the_alerts_finds_data()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/prometheus"), "Prometheus is not installed (Debian: prometheus)");
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            connection.Records = false;

            // Connections are opened now and then, as well as reused.
            for (var left = 5; left > 0 && await connection.ReadRequestOrEnd() is not null; left--)
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{(left == 1 ? "Connection: close\r\n" : "")}\r\nok");
        });
        Folder.Write("app.js", Workers.WorkerApps.Node);
        Folder.Write("found.yaml", "[ 127.0.0.1:3 ]");
        await using var up = SteelyardProcess.Start(["up", Folder.Write("steelyard.yaml", $$"""
            admin: 127.0.0.1:0
            shared: { redis: "127.0.0.1:1", key: "0123456789abcdef0123456789abcdef" }
            listen: [ { bind: 127.0.0.1:0, routes: [ { to: web, rate-limit: { rate: 100000/s, burst: 1000, zone: clients, shared: true } }, { path: /dead, to: dead }, { path: /none, respond: 503 }, { path: /app, to: app } ] } ]
            pools:
              web: { breaker: {}, max-connections: 1, servers: [ {{origin.Address}} ] }
              dead: { servers: [ 127.0.0.1:1, 127.0.0.1:2 ] }
              app: { app: { command: node app.js, instances: 1 } }
              found: { discover: { file: found.yaml } }
            """)], Environment, Folder.Path);
        await up.LineAsync("ready");
        var url = await up.UrlAsync("listening on");
        var admin = await up.UrlAsync("admin API on");

        await using var prometheus = await StartPrometheusAsync(admin);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var traffic = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => TrafficAsync(url, ended.Token)));
        var wanted = Queries().Concat(AlertParts()).Distinct().ToList();
        Assert.True(wanted.Count > 60, $"{wanted.Count} queries");
        using var client = new HttpClient { BaseAddress = prometheus.Url };
        await Patience.Until(async () =>
        {
            var missing = new List<string>();
            foreach (var query in wanted)
            {
                if (!await FindsAsync(client, query))
                    missing.Add(query);
            }

            wanted = missing;
            return missing.Count == 0;
        }, () => string.Join('\n', wanted));
        await ended.CancelAsync();
        await traffic;
    }

    private static async Task TrafficAsync(Uri url, CancellationToken end)
    {
        using var client = new HttpClient { BaseAddress = url };
        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri(i % 10 == 0 ? "/dead" : i % 10 == 1 ? "/none" : "/", UriKind.Relative), end);
                await Task.Delay(5, end);
            }
            catch (OperationCanceledException)
            {
                // It is over.
            }
        }
    }

    /// <summary>What the panels of the board ask, with what Grafana puts in for its variables.</summary>
    private static IEnumerable<string> Queries()
    {
        var board = JsonNode.Parse(File.ReadAllText(Path.Combine(Packaging(), "grafana", "steelyard.json")))!;
        foreach (var panel in board["panels"]!.AsArray())
        {
            foreach (var target in panel!["targets"]?.AsArray() ?? [])
                yield return PutIn((string)target!["expr"]!);
        }

        yield return PutIn((string)board["annotations"]!["list"]![0]!["expr"]!).Split(" > ")[0];
    }

    private static string PutIn(string query) => query
        .Replace("$__rate_interval", "10s", StringComparison.Ordinal)
        .Replace("$job", "steelyard", StringComparison.Ordinal)
        .Replace("$instance", ".*", StringComparison.Ordinal)
        .Replace("$route", ".*", StringComparison.Ordinal)
        .Replace("$pool", ".*", StringComparison.Ordinal);

    /// <summary>The metrics that alerts are about; what they compare is not so while all is well.</summary>
    private static IEnumerable<string> AlertParts()
    {
        var rules = File.ReadAllText(Path.Combine(Packaging(), "prometheus", "steelyard.rules.yml"));
        return rules.Split('\n').Where(line => line.Contains("expr:", StringComparison.Ordinal) || line.StartsWith("          ", StringComparison.Ordinal))
            .SelectMany(line => System.Text.RegularExpressions.Regex.Matches(line, "\\b(up|steelyard_[a-z_]+|process_[a-z_]+|http_request_[a-z_]+)\\b", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)).Select(match => match.Value))
            .Where(name => !name.StartsWith("steelyard_server_failures", StringComparison.Ordinal));
    }

    /// <summary>Whether a query has an answer that is a number.</summary>
    private static async Task<bool> FindsAsync(HttpClient client, string query)
    {
        using var answer = await client.GetAsync(new Uri($"/api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative), Cancel);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
        Assert.True((string)body["status"]! == "success", $"{query}: {body}");
        return body["data"]!["result"]!.AsArray().Any(one => one!["value"] is { } value && (string)value[1]! != "NaN");
    }

    private async Task<Prometheus> StartPrometheusAsync(Uri admin)
    {
        var file = Folder.Write("prometheus.yml", $$"""
            global: { scrape_interval: 1s }
            rule_files: [ {{Path.Combine(Packaging(), "prometheus", "steelyard.rules.yml")}} ]
            scrape_configs: [ { job_name: steelyard, static_configs: [ { targets: [ "{{admin.Authority}}" ] } ] } ]
            """);

        // It does not say which port it got: one that was free a moment ago, and another where somebody was faster.
        while (true)
        {
            var prometheus = Prometheus.Start(file, Folder.At("data"));
            if (await prometheus.IsReadyAsync())
                return prometheus;
            await prometheus.DisposeAsync();
        }
    }

    private sealed class Prometheus : IAsyncDisposable
    {
        private readonly Process _process;

        private Prometheus(Process process, int port) => (_process, Url) = (process, new($"http://127.0.0.1:{port}"));

        public Uri Url { get; }

        public static Prometheus Start(string file, string data)
        {
            var port = Ports.Free();
            var start = new ProcessStartInfo("prometheus", [$"--config.file={file}", $"--storage.tsdb.path={data}", $"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
            return new(Process.Start(start)!, port);
        }

        /// <summary>Waits until it answers; false where it has ended.</summary>
        public async Task<bool> IsReadyAsync()
        {
            using var client = new HttpClient { BaseAddress = Url };
            while (!_process.HasExited)
            {
                try
                {
                    using var answer = await client.GetAsync(new Uri("/-/ready", UriKind.Relative), Cancel);
                    if (answer.IsSuccessStatusCode)
                        return true;
                }
                catch (HttpRequestException)
                {
                    // Not yet.
                }

                await Task.Delay(20, Cancel);
            }

            return false;
        }

        public async ValueTask DisposeAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
            _process.Dispose();
        }
    }
}
