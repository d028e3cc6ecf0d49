using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Rates and requests at once by client, over real sockets.</summary>
public sealed class RateLimitTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static readonly Rate OneAnHour = new(1, TimeSpan.FromHours(1));

    private static string GetAs(string user) => $"GET / HTTP/1.1\r\nHost: x\r\nX-User: {user}\r\n\r\n";

    [Theory]
    [InlineData("listener")]
    [InlineData("route")]
    [InlineData("pool")]
    public async Task Beyond_the_burst_a_client_is_told_when_to_come_again(string place)
    {
        var limit = new RateLimitSettings { Rate = OneAnHour, Burst = 2 };
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => place switch
        {
            "listener" => snapshot with { Listeners = [snapshot.Listeners[0] with { RateLimit = limit }] },
            "route" => snapshot with { Listeners = [snapshot.Listeners[0] with { Routes = [snapshot.Listeners[0].Routes[0] with { RateLimit = limit }] }] },
            _ => snapshot with { Pools = [snapshot.Pools[0] with { RateLimit = limit }] },
        });
        using var client = await balancer.Connect();
        for (var i = 0; i < 3; i++)
            Assert.Equal(200, (await client.Ask(Get)).Status);
        var refused = await client.Ask(Get);
        Assert.Equal((429, "\"requests\";q=3;w=10801"), (refused.Status, refused["RateLimit-Policy"]));
        Assert.InRange(int.Parse(refused["Retry-After"]!), 3590, 3600);
        Assert.Equal($"\"requests\";r=0;t={refused["Retry-After"]}", refused["RateLimit"]);
        Assert.Equal(429, (await client.Ask(Get)).Status);
        Assert.Equal((3, 2), (origin.Requests, balancer.Counters.LimitRefusals));
    }

    [Fact]
    public async Task Of_several_rates_the_one_that_refuses_is_told_of()
    {
        RateLimitSettings slow = new() { Rate = OneAnHour, Burst = 1, Status = 503 };
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { RateLimit = new() { Key = new(RequestKeyKind.Header, "X-User"), Rate = new(1, TimeSpan.FromMinutes(1)), Status = 420, Also = slow } }],
        });
        using var client = await balancer.Connect();
        Assert.Equal(200, (await client.Ask(Get)).Status);
        Assert.Equal(200, (await client.Ask(GetAs("a"))).Status);

        // By its address for the rest of the hour, by its name for the rest of the minute.
        var refused = await client.Ask(GetAs("a"));
        Assert.Equal((503, "\"requests\";q=2;w=7201"), (refused.Status, refused["RateLimit-Policy"]));
        Assert.InRange(int.Parse(refused["Retry-After"]!), 3590, 3600);
        Assert.Equal($"\"requests\";r=0;t={refused["Retry-After"]}", refused["RateLimit"]);

        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { RateLimit = snapshot.Pools[0].RateLimit! with { Also = slow with { Burst = 100 } } }] });
        refused = await client.Ask(GetAs("a"));
        Assert.Equal((420, "\"requests\";q=1;w=61"), (refused.Status, refused["RateLimit-Policy"]));
        Assert.InRange(int.Parse(refused["Retry-After"]!), 50, 60);
    }

    [Fact]
    public async Task Each_key_is_counted_by_itself_a_missing_one_not_at_all_and_a_reload_forgets_nobody()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { RateLimit = new() { Key = new(RequestKeyKind.Header, "X-User"), Rate = OneAnHour } }],
        });
        using var client = await balancer.Connect();
        Assert.Equal(200, (await client.Ask(GetAs("a"))).Status);
        Assert.Equal(429, (await client.Ask(GetAs("a"))).Status);
        Assert.Equal(200, (await client.Ask(GetAs("b"))).Status);
        Assert.Equal(200, (await client.Ask(Get)).Status);
        Assert.Equal(200, (await client.Ask(Get)).Status);
        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { RateLimit = snapshot.Pools[0].RateLimit! with { Rate = new(2, TimeSpan.FromHours(1)) } }] });
        Assert.Equal(429, (await client.Ask(GetAs("a"))).Status);
        Assert.Equal(200, (await client.Ask(GetAs("c"))).Status);
    }

    [Fact]
    public async Task Those_that_are_to_wait_wait_and_leave_with_their_client()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { RateLimit = new() { Key = new(RequestKeyKind.Header, "X-User"), Rate = new(20, TimeSpan.FromSeconds(1)), Burst = 5, Delay = 0 } }],
        });
        using var client = await balancer.Connect();
        for (var i = 0; i < 4; i++)
            Assert.Equal(200, (await client.Ask(GetAs("a"))).Status);
        Assert.InRange(balancer.Counters.LimitDelays, 1, 3);

        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { RateLimit = snapshot.Pools[0].RateLimit! with { Rate = OneAnHour } }] });
        Assert.Equal(200, (await client.Ask(GetAs("b"))).Status);
        var (before, requests) = (balancer.Counters.LimitDelays, origin.Requests);
        using (var waits = await balancer.Connect())
        {
            await waits.Send(GetAs("b"));
            await Patience.Until(() => balancer.Counters.LimitDelays == before + 1);
        }

        await Patience.Until(() => balancer.Counters.OpenConnections == 1);
        Assert.Equal(requests, origin.Requests);
    }

    [Fact]
    public async Task So_many_requests_of_a_client_may_be_under_way()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Concurrency = new() { Key = new(RequestKeyKind.Header, "X-User"), Most = 1 } }],
        });
        using var first = await balancer.Connect();
        await first.Send(GetAs("a"));
        using var server = await origin.Accept();
        await server.ReadRequest();
        using var second = await balancer.Connect();
        var refused = await second.Ask(GetAs("a"));
        Assert.Equal((429, "1"), (refused.Status, refused["Retry-After"]));
        await server.Send(Hello);
        await first.ReadResponse();
        await second.Send(GetAs("a"));
        await server.Serve(Hello);
        Assert.Equal(200, (await second.ReadResponse()).Status);
    }

    [Fact]
    public async Task Of_several_limits_of_what_is_under_way_the_one_that_refuses_has_the_status()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Concurrency = new() { Key = new(RequestKeyKind.Header, "X-User"), Most = 1, Also = new() { Most = 1, Status = 503 } } }],
        });
        using var first = await balancer.Connect();
        await first.Send(GetAs("a"));
        using var server = await origin.Accept();
        await server.ReadRequest();
        using var second = await balancer.Connect();
        Assert.Equal(503, (await second.Ask(GetAs("b"))).Status);
        Assert.Equal(429, (await second.Ask(GetAs("a"))).Status);
    }

    /// <summary>The same burst against the real nginx: how many pass, and how many pass at once, by counting and not by the clock.</summary>
    [Theory]
    [InlineData("burst=4 nodelay", 4, null, 5)]
    [InlineData("burst=4", 4, 0, 5)]
    [InlineData("burst=4 delay=2", 4, 2, 5)]
    [InlineData("", 0, null, 1)]
    public async Task As_many_pass_as_with_nginx(string words, int burst, int? delay, int passing)
    {
        // One request in ten seconds: none comes back while the test runs. Those that wait are counted as neither passed nor refused.
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { RateLimit = new() { Rate = new(6, TimeSpan.FromMinutes(1)), Burst = burst, Delay = delay } }],
        });
        var ours = await Burst(_ => RawClient.Connect(balancer.Address), 429);
        using var folder = new TemporaryFolder();
        var address = new IPEndPoint(IPAddress.Loopback, RecordingOrigin.Refusing().Port);
        var file = Path.Combine(folder.Path, "nginx.conf");
        await File.WriteAllTextAsync(file, $$"""
            {{(Environment.UserName == "root" ? "user root;" : "")}}
            daemon off; master_process off; pid {{folder.Path}}/pid; error_log stderr emerg; worker_processes 1; events { }
            http {
              access_log off; client_body_temp_path {{folder.Path}}/a; proxy_temp_path {{folder.Path}}/b; fastcgi_temp_path {{folder.Path}}/c; uwsgi_temp_path {{folder.Path}}/d; scgi_temp_path {{folder.Path}}/e;
              limit_req_zone $binary_remote_addr zone=one:1m rate=6r/m;
              server { listen {{address}}; location / { limit_req zone=one {{words}}; limit_req_status 429; proxy_pass http://{{origin.Address}}; } }
            }
            """, TestContext.Current.CancellationToken);
        using var nginx = Process.Start(new ProcessStartInfo(File.Exists("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx", ["-p", folder.Path, "-e", "stderr", "-c", file]) { UseShellExecute = false, RedirectStandardError = true })!;
        var theirs = await Burst(_ => ConnectPatiently(address), 429);
        SteelyardProcess.Signal(nginx.Id, PosixSignal.SIGTERM);
        await nginx.WaitForExitAsync(TestContext.Current.CancellationToken).Patiently();

        Assert.Equal(theirs, ours);
        Assert.Equal((20 - passing, Math.Min(delay ?? burst, burst) + 1), ours);
    }

    /// <returns>How many of twenty requests were refused, and how many were answered at once.</returns>
    private static async Task<(int Refused, int Passed)> Burst(Func<int, Task<RawClient>> connect, int status)
    {
        var clients = new List<RawClient>();
        for (var i = 0; i < 20; i++)
            clients.Add(await connect(i));
        var answers = new List<Task<HttpMessage>>();
        foreach (var client in clients)
        {
            await client.Send(Get);
            answers.Add(client.ReadResponse());
        }

        // Who waits has no answer; the others all have theirs soon, those refused for certain.
        var done = 0;
        for (var quiet = 0; quiet < 100; quiet++)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
            var now = answers.Count(answer => answer.IsCompleted);
            if (now != done)
                (done, quiet) = (now, 0);
        }

        var statuses = answers.Where(answer => answer.IsCompletedSuccessfully).Select(answer => answer.Result.Status).ToList();
        clients.ForEach(client => client.Dispose());
        await Task.WhenAll(answers.Select(answer => answer.ContinueWith(_ => { }, TaskScheduler.Default)));
        return (statuses.Count(s => s == status), statuses.Count(s => s == 200));
    }

    private static async Task<RawClient> ConnectPatiently(IPEndPoint address)
    {
        for (var since = Environment.TickCount64; ;)
        {
            try
            {
                return await RawClient.Connect(address);
            }
            catch (SocketException) when (Environment.TickCount64 - since < Patience.Limit.TotalMilliseconds)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }
        }
    }
}
