using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Node;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>The sample of sessions as a program: how it ends, what it tells its supervisor, and behind Steelyard.</summary>
[Trait("Lane", "apps")]
public sealed class SampleTests : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false });
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Sample => Path.Combine(Repository(), "samples/sessions/dotnet/bin/Release/net10.0/SessionsSample.dll");

    [Fact]
    public async Task It_says_that_it_ends_finishes_what_is_in_flight_closes_its_resources_and_ends_with_0()
    {
        await using var app = Start(("SHUTDOWN_DELAY", "1"));
        var url = await app.UrlAsync("Now listening on");
        var slow = _http.GetStringAsync(new Uri(url, "/slow?delay=1500"), Cancel);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(new Uri(url, "/health"), Cancel)).StatusCode);

        app.Signal(PosixSignal.SIGTERM);
        await app.LineAsync("Told to end");
        using var ending = await _http.GetAsync(new Uri(url, "/health"), Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ending.StatusCode);
        Assert.Contains("\"message\":\"ENDING\"", await ending.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal("done", await slow);
        Assert.Equal(0, await app.ExitAsync());
        Assert.Contains("Closed the ledger", app.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_end_in_time_is_ended_with_1()
    {
        await using var app = Start(("SHUTDOWN_TIMEOUT", "1"));
        var url = await app.UrlAsync("Now listening on");
        var slow = _http.GetStringAsync(new Uri(url, "/slow?delay=60000"), Cancel);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(new Uri(url, "/health"), Cancel)).StatusCode);

        app.Signal(PosixSignal.SIGTERM);

        Assert.Equal(1, await app.ExitAsync());
        await Assert.ThrowsAsync<HttpRequestException>(() => slow);
    }

    [Fact]
    public async Task A_supervisor_is_told_when_it_is_ready_and_when_it_ends()
    {
        using var supervisor = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        supervisor.Bind(new UnixDomainSocketEndPoint(_folder.At("notify")));
        await using var app = Start(("NOTIFY_SOCKET", _folder.At("notify")));
        Assert.Equal("READY=1", await ReceiveAsync(supervisor));
        app.Signal(PosixSignal.SIGTERM);
        Assert.Equal("STOPPING=1", await ReceiveAsync(supervisor));
        Assert.Equal(0, await app.ExitAsync());
    }

    [Fact]
    public async Task An_app_that_starts_before_its_Redis_serves_at_once_and_has_sessions_when_that_is_there()
    {
        await using var app = Start(("REDIS", "!" + _folder.At("redis.sock")));
        var url = await app.UrlAsync("Now listening on");
        foreach (var path in (string[])["/health", "/health/live", "/metrics", "/slow?delay=0", "/"])
            Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(new Uri(url, path), Cancel)).StatusCode);

        await using var redis = await RedisServer.StartAsync(_folder);
        var cookie = "";
        await Patience.Until(async () =>
        {
            using var answer = await _http.GetAsync(url, Cancel);
            cookie = answer.Headers.TryGetValues("Set-Cookie", out var set) ? set.Single().Split(';')[0] : "";
            return cookie.Length > 0;
        }, () => $"a session\n{app.Output}");
        using var again = new HttpRequestMessage(HttpMethod.Get, url);
        again.Headers.Add("Cookie", cookie);
        using var visit = await _http.SendAsync(again, Cancel);
        Assert.StartsWith("2 ", await visit.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        app.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await app.ExitAsync());
    }

    /// <remarks>With keys of their own the workers lose sessions under the same requests and kills: so the count would show it.</remarks>
    [Theory]
    [InlineData(false, 10_000)]
    [InlineData(true, 2_500)]
    public async Task No_session_is_lost_in_10000_requests_while_a_worker_is_killed_each_second_but_with_keys_of_their_own(bool ownKeys, int requests)
    {
        const int Clients = 11;
        const int PerSecond = 500;
        await using var redis = await RedisServer.StartAsync(_folder);
        _folder.Write("steelyard.yaml", $$"""
            admin: none
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools:
              web:
                balance: round-robin
                app:
                  command: dotnet {{Sample}}
                  instances: 4
                  # Redis is never away here, however long an answer takes on a busy machine; and with keys of their own they would write of nothing but those.
                  env: { REDIS: "!{{redis.Path}},connectTimeout=30000,syncTimeout=30000,asyncTimeout=30000", OWN_KEYS: "{{(ownKeys ? 1 : 0)}}", Logging__LogLevel__Default: {{(ownKeys ? "None" : "Warning")}}, DOTNET_gcServer: "0" }
                  ready: { on: notify }
                  restart: { most-delay: 100ms }
            """);
        await using var up = SteelyardProcess.Start(["up", _folder.At("steelyard.yaml")], new() { ["XDG_RUNTIME_DIR"] = _folder.Path });
        await up.LineAsync("ready");
        var visitors = new Visitors(_http, await up.UrlAsync("listening on"), Clients, PerSecond);
        await visitors.UntilAnsweredByAsync(workers: 4);

        var (killed, pauses) = (0, 0);
        var asked = visitors.UntilAskedAsync(visitors.Asked + requests);
        while (!asked.IsFaulted && (!asked.IsCompleted || killed < requests / PerSecond))
        {
            // Of only two the one stays that has compiled what it runs: on a machine that is too slow to start as many as are killed, it alone would serve.
            var second = Task.Delay(1000, Cancel);
            while (visitors.Workers.Length < 2 && !second.IsCompleted)
                await Task.Delay(2, Cancel);
            if (visitors.Workers is [var older, var newer, .. var more])
            {
                visitors.Kill(more is [] ? newer : older);
                killed++;
            }
            else
            {
                pauses++;
            }

            await second;
            Assert.InRange(pauses, 0, 4 * requests / PerSecond);
        }

        await visitors.EndAsync();
        await asked;
        TestContext.Current.TestOutputHelper!.WriteLine($"{killed} killed, {pauses} seconds without a kill, {visitors.Asked} answers, {visitors.Lost} lost, {visitors.Cut} cut");

        // As many as there are seconds in which so many requests are due; a busy machine, on which workers take longer to start, goes on for longer.
        Assert.InRange(killed, requests / PerSecond, int.MaxValue);
        Assert.InRange(visitors.Cut, 0, killed * Clients);
        if (ownKeys)
            Assert.InRange(visitors.Lost, visitors.Asked / 4, visitors.Asked);
        else
            Assert.Equal(0, visitors.Lost);
    }

    private static SteelyardProcess Start(params (string Name, string Value)[] environment) => SteelyardProcess.StartProgram(
        "dotnet",
        [Sample],
        new(environment.Append(("ASPNETCORE_URLS", "http://127.0.0.1:0")).Select(one => KeyValuePair.Create(one.Item1, one.Item2))));

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[1000];
        var length = await socket.ReceiveAsync(buffer, Cancel).AsTask().Patiently();
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Steelyard.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The tests do not stand in the repository.");
    }
}
