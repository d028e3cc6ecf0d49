using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Checks that go over one connection, <c>keep-alive</c> of <c>health</c>.</summary>
public sealed class HealthConnectionTests
{
    private const string Well = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nUP";

    private static readonly HealthSettings s_kept = new()
    {
        Kind = ProbeKind.Http,
        Path = "/health",
        Interval = TimeSpan.FromMilliseconds(10),
        Timeout = TimeSpan.FromSeconds(10),
        KeepAlive = TimeSpan.FromHours(1),
        Start = HealthStart.Down,
        Fall = 1,
    };

    // Down once is down for the rest of the test; the first check alone decides at the start.
    private static readonly HealthSettings s_unforgiving = s_kept with { Rise = 100 };

    [Fact]
    public async Task One_connection_serves_check_after_check()
    {
        string? head = null;
        await using var server = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                head = request.Head;
                await connection.Send(Well);
            }
        });
        await using var balancer = Start(s_kept with { Body = "UP" }, server);
        await Patience.Until(() => server.Requests >= 5);
        Assert.True(balancer.Servers[0].Up);
        Assert.Single(server.Connections);
        Assert.Equal($"GET /health HTTP/1.1\r\nHost: {server.Address}\r\nUser-Agent: Steelyard health check\r\n\r\n", head);
    }

    [Fact]
    public async Task So_does_one_of_TLS()
    {
        var certificates = TestCertificates.Shared;
        var files = certificates.Issue("health-kept", "127.0.0.1");
        await using var server = RecordingOrigin.StartTls(new() { ServerCertificate = certificates.Load(files) }, RecordingOrigin.Always(Well));
        await using var balancer = Start(s_kept, server, pool => pool with { Tls = new() { Authorities = "ca.pem" } });
        await Patience.Until(() => server.Requests >= 5 && balancer.Servers[0].Up);
        Assert.Single(server.Connections);
    }

    [Fact]
    public async Task A_script_keeps_its_connection_too()
    {
        await using var server = RecordingOrigin.Answering(Well);
        ProbeStep[] steps = [new() { Do = ProbeStepKind.Request, Text = "GET /health" }, new() { Do = ProbeStepKind.ExpectStatus, Statuses = [new(200, 200)] }];
        await using var balancer = Start(s_kept with { Kind = ProbeKind.Script, Script = [.. steps], Path = "/" }, server);
        await Patience.Until(() => server.Requests >= 5 && balancer.Servers[0].Up);
        Assert.Single(server.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nUP", true)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nUP", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nUP and more", true)]
    [InlineData("HTTP/1.1 503 Ill\r\nContent-Length: 2\r\n\r\nno", false)]
    public async Task An_answer_that_ends_its_connection_ends_it(string answer, bool well)
    {
        await using var server = RecordingOrigin.Answering(answer);
        await using var balancer = Start(s_kept, server);
        await Patience.Until(() => server.Requests >= 3 && balancer.Servers[0].Up == well);
        Assert.All(server.Connections.SkipLast(1), connection => Assert.Equal(1, connection.Received.Split("GET /health").Length - 1));
    }

    [Fact]
    public async Task A_connection_that_the_server_closes_meanwhile_is_no_failed_check()
    {
        // Every second request on a connection finds it closed, which is not known before it is sent.
        await using var server = RecordingOrigin.Start(async connection =>
        {
            await connection.Serve(Well);
            await connection.ReadRequest();
            connection.Close();
        });
        await using var balancer = Start(s_unforgiving, server);
        await Patience.Until(() => server.Requests >= 12);
        Assert.True(balancer.Servers[0].Up);
    }

    [Fact]
    public async Task A_server_that_answers_on_no_connection_is_down()
    {
        var ill = false;
        await using var server = RecordingOrigin.Start(async connection =>
        {
            while (!Volatile.Read(ref ill) && await connection.ReadRequestOrEnd() is not null)
                await connection.Send(Well);
        });
        await using var balancer = Start(s_kept, server);
        await Patience.Until(() => server.Requests >= 3 && balancer.Servers[0].Up);
        Volatile.Write(ref ill, true);
        await Patience.Until(() => !balancer.Servers[0].Up);
        Assert.Equal(ProbeFault.Closed, balancer.Servers[0].LastCheck);
    }

    [Fact]
    public async Task What_nobody_asked_for_is_taken_for_no_answer()
    {
        var told = new TaskCompletionSource();
        await using var server = RecordingOrigin.Start(async connection =>
        {
            await connection.Serve(Well);
            if (told.Task.IsCompleted)
                return;
            await connection.Send("HTTP/1.1 503 Gone\r\nContent-Length: 0\r\n\r\n");
            told.SetResult();
            await connection.ReadEnding();
        });
        await using var balancer = Start(s_unforgiving with { Interval = TimeSpan.FromMilliseconds(200) }, server);
        await told.Task.Patiently("the answer that nobody asked for");
        await Patience.Until(() => server.Requests >= 3);
        Assert.True(balancer.Servers[0].Up);
    }

    // Each check takes longer than a connection is kept, so that none is kept beyond its check.
    [Fact]
    public async Task Another_connection_is_opened_after_a_time()
    {
        await using var server = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
                await connection.Send(Well);
            }
        });
        await using var balancer = Start(s_kept with { KeepAlive = TimeSpan.FromMilliseconds(1) }, server);
        await Patience.Until(() => server.Connections.Count >= 3 && balancer.Servers[0].Up);
        Assert.Equal(Ending.Reset, await server.Connections[0].ReadEnding());
    }

    [Fact]
    public async Task A_server_that_leaves_sees_its_connection_closed()
    {
        var ended = new TaskCompletionSource();
        await using var server = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send(Well);
            ended.TrySetResult();
        });
        await using var other = RecordingOrigin.Answering(Well);
        await using var balancer = Start(s_kept, server);
        await Patience.Until(() => server.Requests >= 2);
        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Servers = [new ServerSettings { Address = other.Address }] }] });
        await ended.Task.Patiently("the end of the connection");
    }

    private static TestBalancer Start(HealthSettings health, RecordingOrigin server, Func<PoolSettings, PoolSettings>? change = null) => TestBalancer.Start(
        [server.Address],
        snapshot => snapshot with { Pools = [(change ?? (pool => pool))(snapshot.Pools[0] with { Health = health })] });
}
