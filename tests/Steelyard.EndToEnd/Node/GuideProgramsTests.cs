using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Shared;

namespace Steelyard.EndToEnd.Node;

/// <summary>
/// The programs of the guide and what Steelyard.AspNetCore makes of them, from outside: the same questions, and the same
/// answers where the guide says what they are.
/// </summary>
[Trait("Lane", "apps")]
public sealed class GuideProgramsTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<SteelyardProcess> _apps = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false });
    private readonly RecordingOrigin _api;
    private volatile string _answer = "200 OK";
    private int _calls;

    public GuideProgramsTests() => _api = RecordingOrigin.Start(async connection =>
    {
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            if (request.Target == "/data")
                Interlocked.Increment(ref _calls);

            // Who waits for nothing goes away in the end.
            if (_answer.Length == 0 && await connection.ReadRequestOrEnd() is null)
                return;
            await connection.Send($"HTTP/1.1 {_answer}\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{{\"data\":\"real\"}}");
        }
    });

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var app in _apps)
            await app.DisposeAsync();
        await _api.DisposeAsync();
        _folder.Dispose();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Sample([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../samples/guide/bin/Release/net10.0/GuideSample.dll"));

    private async Task<(SteelyardProcess Process, Uri Url)> StartAsync(string kind, LocalRedis? redis = null, string environment = "test")
    {
        var settings = new Dictionary<string, string>
        {
            ["PORT"] = "0",
            ["API"] = $"http://{_api.Address}",
            ["REDIS"] = $"127.0.0.1:{redis?.Port ?? 1}",
            ["NODE_ENV"] = environment,
            ["ASPNETCORE_ENVIRONMENT"] = environment == "production" ? "Production" : "Test",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
        };
        if (kind == "node")
            settings["REDIS"] = $"redis://127.0.0.1:{redis?.Port ?? 1}";
        string[] words = kind == "node" ? [await NodePackages.AppAsync("guide.js")] : [Sample()];
        var app = SteelyardProcess.StartProgram(kind == "node" ? "node" : "dotnet", words, settings);
        _apps.Add(app);
        return (app, await app.UrlAsync("http://127.0.0.1"));
    }

    private async Task<(int Status, JsonElement Body)> AskAsync(Uri url)
    {
        using var answer = await _http.GetAsync(url, Cancel);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        return ((int)answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement);
    }

    [Theory]
    [InlineData("node")]
    [InlineData("dotnet")]
    public async Task Health_says_how_the_process_does_and_what_it_needs(string kind)
    {
        await using var redis = await LocalRedis.StartAsync();
        var (process, url) = await StartAsync(kind, redis);

        var (status, body) = await AskAsync(new(url, "/health"));
        Assert.Equal((200, "OK", process.Id), (status, body.GetProperty("message").GetString(), body.GetProperty("pid").GetInt32()));
        Assert.Equal(["uptime", "message", "timestamp", "cpuLoad", "memoryUsage", "pid"], body.EnumerateObject().Select(one => one.Name));
        Assert.InRange(body.GetProperty("uptime").GetDouble(), 0.01, 600);
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - body.GetProperty("timestamp").GetDouble(), -1000, 60_000);
        Assert.Equal(3, body.GetProperty("cpuLoad").GetArrayLength());
        Assert.All(["rss", "heapTotal", "heapUsed"], name => Assert.True(body.GetProperty("memoryUsage").GetProperty(name).GetInt64() > 1_000_000));

        (status, body) = await AskAsync(new(url, "/health/detailed"));
        Assert.Equal((200, "UP"), (status, body.GetProperty("status").GetString()));
        Assert.Equal(["cache", "database", "diskSpace"], body.GetProperty("components").EnumerateObject().Select(one => one.Name).Order(StringComparer.Ordinal));
        _answer = "500 Broken";
        (status, body) = await AskAsync(new(url, "/health/detailed"));
        Assert.Equal((503, "DOWN", "database: 500"), (status, body.GetProperty("status").GetString(), body.GetProperty("error").GetString()));

        // The process itself is well all the same.
        Assert.Equal(200, (await AskAsync(new(url, "/health"))).Status);
    }

    [Theory]
    [InlineData("node")]
    [InlineData("dotnet")]
    public async Task A_session_is_the_clients_in_every_process_and_its_cookie_is_kept_from_others(string kind)
    {
        await using var redis = await LocalRedis.StartAsync();
        var (_, one) = await StartAsync(kind, redis);
        var (_, other) = await StartAsync(kind, redis);
        using (var before = await _http.GetAsync(new Uri(one, "/health"), Cancel))
            Assert.False(before.Headers.Contains("Set-Cookie"));
        var cookie = await CookieAsync(one);
        Assert.Contains("; httponly", cookie.ToLowerInvariant(), StringComparison.Ordinal);
        Assert.Contains("; path=/", cookie.ToLowerInvariant(), StringComparison.Ordinal);
        Assert.DoesNotContain("; secure", cookie.ToLowerInvariant(), StringComparison.Ordinal);

        for (var views = 2; views < 8; views++)
            Assert.Equal(views, await ViewsAsync(views % 2 == 0 ? other : one, cookie.Split(';')[0]));
        Assert.Equal(1, await ViewsAsync(one, "unknown=1"));

        // A client that comes again and again is not forgotten a day after it came first.
        using (var again = new HttpRequestMessage(HttpMethod.Get, other) { Headers = { { "Cookie", cookie.Split(';')[0] } } })
        {
            using var answer = await _http.SendAsync(again, Cancel);
            var renewed = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
            Assert.Equal(cookie.Split(';')[0], renewed.Split(';')[0]);
            Assert.Matches("(?i); (max-age=86400|expires=)", renewed);
            Assert.Contains("; httponly", renewed.ToLowerInvariant(), StringComparison.Ordinal);
        }

        // In production it is for TLS alone, which the balancer in front says of a request.
        var (_, production) = await StartAsync(kind, redis, "production");
        Assert.Contains("; secure", (await CookieAsync(production, "https")).ToLowerInvariant(), StringComparison.Ordinal);
    }

    private async Task<string> CookieAsync(Uri url, string scheme = "http")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { { "X-Forwarded-Proto", scheme } } };
        using var answer = await _http.SendAsync(request, Cancel);
        Assert.Equal("""{"views":1}""", await answer.Content.ReadAsStringAsync(Cancel));
        return Assert.Single(answer.Headers.GetValues("Set-Cookie"));
    }

    private async Task<int> ViewsAsync(Uri url, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { { "Cookie", cookie } } };
        using var answer = await _http.SendAsync(request, Cancel);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("views").GetInt32();
    }

    [Theory]
    [InlineData("node")]
    [InlineData("dotnet")]
    public async Task Metrics_count_requests_by_method_route_and_status(string kind)
    {
        await using var redis = await LocalRedis.StartAsync();
        var (_, url) = await StartAsync(kind, redis);
        for (var i = 0; i < 3; i++)
            await _http.GetStringAsync(new Uri(url, "/slow?after=1"), Cancel);
        await _http.GetStringAsync(new Uri(url, "/slow?after=1500"), Cancel);

        using var page = await _http.GetAsync(new Uri(url, "/metrics"), Cancel);
        var lines = (await page.Content.ReadAsStringAsync(Cancel)).Split('\n');

        Assert.Equal(("text/plain", "0.0.4"), (page.Content.Headers.ContentType!.MediaType, page.Content.Headers.ContentType.Parameters.Single(one => one.Name == "version").Value));
        Assert.Contains("# TYPE http_request_duration_seconds histogram", lines);
        const string Labels = "method=\"GET\",route=\"/slow\",status=\"200\"";
        Assert.Contains($$"""http_request_duration_seconds_count{{{Labels}}} 4""", lines);
        var buckets = lines.Where(line => line.StartsWith("http_request_duration_seconds_bucket{", StringComparison.Ordinal) && Array.TrueForAll(Labels.Split(','), label => line.Contains(label, StringComparison.Ordinal)))
            .Select(line => (Bound: line.Split("le=\"")[1].Split('"')[0], Count: line.Split(' ')[^1]));
        Assert.Equal(["0.1", "0.5", "1", "2", "5", "+Inf"], buckets.Select(bucket => bucket.Bound));
        Assert.Equal(["3", "4", "4", "4"], buckets.Skip(2).Select(bucket => bucket.Count));
        Assert.Contains(lines, line => line.StartsWith("process_cpu_seconds_total ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("node")]
    [InlineData("dotnet")]
    public async Task Told_to_end_it_ends_what_it_does_and_takes_nothing_new(string kind)
    {
        await using var redis = await LocalRedis.StartAsync();
        var (process, url) = await StartAsync(kind, redis);
        var (slow, _) = (_http.GetStringAsync(new Uri(url, "/slow?after=1500"), Cancel), await AskAsync(new(url, "/health")));
        process.Signal(PosixSignal.SIGTERM);
        await Patience.Until(async () => !await AcceptsAsync(url), () => "an end of listening");

        Assert.Equal("done", await slow);
        Assert.Equal(0, await process.ExitAsync());

        // What takes too long is ended by force, after the ten seconds of the guide.
        var (stuck, again) = await StartAsync(kind, redis);
        slow = _http.GetStringAsync(new Uri(again, "/slow?after=60000"), Cancel);
        await AskAsync(new(again, "/health"));
        var begun = Stopwatch.GetTimestamp();
        stuck.Signal(PosixSignal.SIGTERM);
        await Assert.ThrowsAsync<HttpRequestException>(() => slow);
        Assert.Equal(1, await stuck.ExitAsync());
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 9, 14);
    }

    private static async Task<bool> AcceptsAsync(Uri url)
    {
        try
        {
            using var client = await RawClient.Connect(new IPEndPoint(IPAddress.Loopback, url.Port));
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    [Theory]
    [InlineData("node")]
    [InlineData("dotnet")]
    public async Task A_call_that_fails_is_answered_by_the_fallback_and_then_not_made_any_more(string kind)
    {
        await using var redis = await LocalRedis.StartAsync();
        var (_, url) = await StartAsync(kind, redis);
        var call = new Uri(url, "/call");
        Assert.Equal("""{"data":"real"}""", await _http.GetStringAsync(call, Cancel));

        // One that hangs has three seconds.
        _answer = "";
        var begun = Stopwatch.GetTimestamp();
        Assert.Equal("""{"data":"fallback data"}""", await _http.GetStringAsync(call, Cancel));
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 2.9, 5);
        _answer = "500 Broken";
        for (var i = 0; i < 5; i++)
            Assert.Equal("""{"data":"fallback data"}""", await _http.GetStringAsync(call, Cancel));

        // More than half have failed: nobody is asked any more, however well it is.
        var calls = Volatile.Read(ref _calls);
        Assert.InRange(calls, 2, 4);
        _answer = "200 OK";
        for (var i = 0; i < 5; i++)
            Assert.Equal("""{"data":"fallback data"}""", await _http.GetStringAsync(call, Cancel));
        Assert.Equal(calls, Volatile.Read(ref _calls));
    }
}
