using System.Globalization;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Servers that are asked whether they are well, over real sockets.</summary>
public sealed class HealthTests
{
    private static readonly HealthSettings s_http = new()
    {
        Kind = ProbeKind.Http,
        Path = "/health",
        Interval = TimeSpan.FromMilliseconds(20),
        Timeout = TimeSpan.FromSeconds(10),
    };

    private static readonly HealthSettings s_tcp = s_http with { Kind = ProbeKind.Tcp, Path = "/" };

    [Fact]
    public async Task A_server_that_says_it_is_ill_gets_no_requests_until_it_is_well()
    {
        await using var first = new Patient("first");
        await using var second = new Patient("second");
        await using var balancer = Start(s_http, first, second);
        Assert.Equal(["first", "second"], (await Ask(balancer, 2)).Order());

        first.Health = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
        await Patience.Until(() => !balancer.Servers[0].Up);
        Assert.Equal((ProbeFault.Status, 503), (balancer.Servers[0].LastCheck, balancer.Servers[0].LastCheckStatus));
        Assert.Equal(["second", "second", "second"], await Ask(balancer, 3));

        second.Health = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
        await Patience.Until(() => !balancer.Servers[1].Up);
        Assert.Equal(503, (await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).Status);

        first.Health = Patient.Well;
        await Patience.Until(() => balancer.Servers[0].Up);
        Assert.Equal(["first", "first"], await Ask(balancer, 2));
    }

    [Fact]
    public async Task The_request_is_as_the_settings_say()
    {
        await using var server = new Patient("a");
        var settings = s_http with { Path = "/h?x=1", Method = "OPTIONS", Host = "app.example.com", Fields = [new("X-Probe", "yes"), new("user-agent", "me/1")] };
        await using var balancer = Start(settings, server);
        var request = await server.Asked("/h?x=1");
        Assert.Equal("OPTIONS /h?x=1 HTTP/1.1\r\nHost: app.example.com\r\nX-Probe: yes\r\nuser-agent: me/1\r\nConnection: close\r\n\r\n", request.Head);
    }

    [Fact]
    public async Task Left_to_itself_the_request_names_the_server_and_who_asks()
    {
        await using var server = new Patient("a");
        await using var balancer = Start(s_http, server);
        var request = await server.Asked("/health");
        Assert.Equal($"GET /health HTTP/1.1\r\nHost: {server.Address}\r\nUser-Agent: Steelyard health check\r\nConnection: close\r\n\r\n", request.Head);
    }

    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", ProbeFault.Status, 204)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nDOWN", ProbeFault.Body, 200)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ProbeFault.Body, 200)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nDO\r\n0\r\n\r\n", ProbeFault.Body, 200)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n3\r\n\"U\"\r\n0\r\n\r\n", ProbeFault.Body, 200)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nUP", ProbeFault.None, 200)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nall is UP here", ProbeFault.None, 200)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nU\r\n1\r\nP\r\n0\r\n\r\n", ProbeFault.None, 200)]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nUP", ProbeFault.None, 200)]
    [InlineData("hello", ProbeFault.NotHttp, 0)]
    [InlineData("", ProbeFault.Closed, 0)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-", ProbeFault.Closed, 0)]
    public async Task An_answer_is_judged_by_its_status_and_body(string answer, ProbeFault fault, int status)
    {
        await using var server = new Patient("a") { Health = answer };
        await using var balancer = Start(s_http with { Statuses = [new(200, 200)], Body = "UP", Start = HealthStart.Down }, server);
        await server.Asked("/health");
        await server.Asked("/health");
        await Patience.Until(() => balancer.Servers[0].LastCheck == fault && balancer.Servers[0].Up == (fault == ProbeFault.None));
        Assert.Equal(status, balancer.Servers[0].LastCheckStatus);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok 7", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n2\r\n 7\r\n0\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nok 7", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok 7!", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok 7", false)]
    public async Task An_answer_may_have_to_match(string answer, bool passes)
    {
        await using var server = new Patient("a") { Health = answer };
        await using var balancer = Start(s_http with { BodyPattern = "^ok [0-9]+$", Start = HealthStart.Down }, server);
        await server.Asked("/health");
        await server.Asked("/health");
        await Patience.Until(() => balancer.Servers[0].Up == passes && balancer.Servers[0].LastCheck == (passes ? ProbeFault.None : ProbeFault.Body));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "UP")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\nUP\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\n", "UP")]
    public async Task A_server_that_says_its_body_after_its_head_is_let_do_so(string head, string body)
    {
        var heard = 0;
        await using var server = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.Send(head);

            // Who closes now would be noticed here.
            var ending = connection.ReadEnding();
            await Task.WhenAny(ending, Task.Delay(20, TestContext.Current.CancellationToken));
            if (ending.IsCompleted)
                return;
            await connection.Send(body);
            Interlocked.Increment(ref heard);
            connection.Close();
        });
        await using var balancer = Start(s_http with { Start = HealthStart.Down }, server.Address);
        await Patience.Until(() => heard > 0 && balancer.Servers[0].Up);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n")]
    public async Task A_body_that_never_comes_ends_no_check_that_has_passed(string head)
    {
        var never = new TaskCompletionSource();
        await using var server = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.Send(head);
            await never.Task;
        });
        await using var balancer = Start(s_http with { Start = HealthStart.Down }, server.Address);
        await Patience.Until(() => balancer.Servers[0].Up);
        never.SetResult();
    }

    [Fact]
    public async Task A_server_that_does_not_answer_in_time_is_down()
    {
        await using var silent = RecordingOrigin.Start();
        await using var balancer = Start(s_http with { Timeout = TimeSpan.FromMilliseconds(50) }, silent.Address);
        await Patience.Until(() => balancer.Servers[0].LastCheck == ProbeFault.Timeout);
        Assert.False(balancer.Servers[0].Up);
    }

    [Fact]
    public async Task A_connection_is_enough_where_nothing_is_asked()
    {
        await using var silent = RecordingOrigin.Start();
        var refusing = RecordingOrigin.Refusing();
        await using var balancer = Start(s_tcp with { Start = HealthStart.Down }, silent.Address, refusing);
        await Patience.Until(() => balancer.Servers[0].Up && balancer.Servers[1].LastCheck == ProbeFault.Refused);
        Assert.False(balancer.Servers[1].Up);

        // No byte is sent, and no connection is left behind. Where we are quick enough the server does not hear of it at all.
        foreach (var probe in silent.Connections)
            Assert.Equal("", probe.Received + await probe.ReadEnding() switch { Ending.Reset => "", var other => other.ToString() });
    }

    [Fact]
    public async Task Another_port_may_be_asked()
    {
        await using var silent = RecordingOrigin.Start();
        await using var other = new Patient("other");
        await using var balancer = Start(s_http with { Port = other.Address.Port, Start = HealthStart.Down }, silent.Address);
        await Patience.Until(() => balancer.Servers[0].Up);
        Assert.Empty(silent.Connections);
    }

    [Theory]
    [InlineData(ProxyProtocolVersion.V1, "PROXY UNKNOWN\r\n")]
    [InlineData(ProxyProtocolVersion.V2, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")]
    public async Task A_PROXY_header_says_that_nobody_is_behind_it(ProxyProtocolVersion version, string expected)
    {
        await using var silent = RecordingOrigin.Start();
        await using var balancer = Start([silent.Address], s_http with { Timeout = TimeSpan.FromMilliseconds(200) }, pool => pool with { ProxyProtocol = version });
        using var probe = await silent.Accept();
        var header = RawSocket.Latin1.GetString(await probe.ReadExactly(expected.Length));
        Assert.Equal(expected, header);
        Assert.StartsWith("GET /health", (await probe.ReadRequestHead()).Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_two_pools_is_asked_once_for_both()
    {
        await using var server = new Patient("a");
        await using var balancer = Start([server.Address], s_http with { Interval = TimeSpan.FromMinutes(10), Start = HealthStart.Down }, pool => pool, second: true);
        await Patience.Until(() => balancer.Servers.Count == 2 && balancer.Servers.All(one => one.Up));
        Assert.Equal(1, server.Checks);
    }

    [Fact]
    public async Task What_is_known_of_a_server_outlives_a_reload_and_who_joins_has_to_be_asked_first()
    {
        await using var ill = new Patient("ill") { Health = "HTTP/1.1 503 Ill\r\nContent-Length: 0\r\n\r\n" };
        await using var well = new Patient("well");
        await using var joining = new Patient("joining") { Health = "HTTP/1.1 503 Ill\r\nContent-Length: 0\r\n\r\n" };
        await using var balancer = Start(s_http, ill, well);
        await Patience.Until(() => !balancer.Servers[0].Up && balancer.Servers[1].Asked);
        var (checks, seen) = (ill.Checks, joining.Checks);

        await balancer.Apply(snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { Servers = [.. snapshot.Pools[0].Servers, new ServerSettings { Address = joining.Address }] }],
        });
        Assert.Equal((false, true, false), (balancer.Servers[0].Up, balancer.Servers[1].Up, balancer.Servers[2].Up));
        Assert.Equal(["well", "well"], await Ask(balancer, 2));
        await Patience.Until(() => ill.Checks > checks && joining.Checks > seen);
        joining.Health = Patient.Well;
        await Patience.Until(() => balancer.Servers[2].Up);

        // Nobody asks any more, so nobody is down.
        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Health = null }] });
        Assert.All(balancer.Servers, server => Assert.True(server is { Up: true, Asked: false }));
        Assert.Equal(["ill", "joining", "well"], (await Ask(balancer, 3)).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TLS_is_spoken_as_for_requests(bool trusted)
    {
        var certificates = TestCertificates.Shared;
        var files = certificates.Issue("health-" + (trusted ? "good" : "other"), trusted ? "127.0.0.1" : "elsewhere.example.com");
        await using var server = RecordingOrigin.StartTls(
            new() { ServerCertificate = certificates.Load(files) },
            RecordingOrigin.Always(Patient.Well));
        await using var balancer = Start([server.Address], s_http with { Start = HealthStart.Down }, pool => pool with { Tls = new() { Authorities = "ca.pem" } });
        await Patience.Until(() => trusted ? balancer.Servers[0].Up : balancer.Servers[0].LastCheck == ProbeFault.Certificate);
        Assert.Equal(trusted, balancer.Servers[0].Up);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_checks()
    {
        await using var silent = RecordingOrigin.Start();
        await using var balancer = Start(s_http with { Timeout = TimeSpan.FromHours(1) }, silent.Address);
        using var probe = await silent.Accept();
        await probe.ReadRequestHead();
        Assert.Equal(0, await balancer.Stop(TimeSpan.FromHours(1)));
    }

    private static TestBalancer Start(HealthSettings health, params Patient[] servers) =>
        Start([.. servers.Select(server => server.Address)], health, pool => pool);

    private static TestBalancer Start(HealthSettings health, params NetworkAddress[] servers) => Start(servers, health, pool => pool);

    private static TestBalancer Start(NetworkAddress[] servers, HealthSettings health, Func<PoolSettings, PoolSettings> change, bool second = false) => TestBalancer.Start(
        servers,
        snapshot => snapshot with
        {
            Loops = 2,
            Pools = second
                ? [change(snapshot.Pools[0] with { Health = health }), change(snapshot.Pools[0] with { Health = health, Name = "second" })]
                : [change(snapshot.Pools[0] with { Health = health })],
        });

    private static async Task<string[]> Ask(TestBalancer balancer, int times)
    {
        var answers = new string[times];
        for (var i = 0; i < times; i++)
            answers[i] = (await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).Text;
        return answers;
    }

    /// <summary>A server that answers with its name, and to checks what it is told to.</summary>
    private sealed class Patient : IAsyncDisposable
    {
        public const string Well = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nUP";

        private readonly RecordingOrigin _origin;
        private readonly System.Threading.Channels.Channel<HttpMessage> _asked = System.Threading.Channels.Channel.CreateUnbounded<HttpMessage>();
        private volatile string _health = Well;
        private int _checks;

        public Patient(string name) => _origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                if (request.Head.StartsWith("GET / ", StringComparison.Ordinal))
                {
                    await connection.Send(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}"));
                    continue;
                }

                Interlocked.Increment(ref _checks);
                _asked.Writer.TryWrite(request);
                await connection.Send(_health);
                break;
            }

            connection.Close();
        });

        public NetworkAddress Address => _origin.Address;

        public int Checks => Volatile.Read(ref _checks);

        public string Health
        {
            set => _health = value;
        }

        /// <summary>The next check of a path.</summary>
        public async Task<HttpMessage> Asked(string path)
        {
            while (true)
            {
                var request = await _asked.Reader.ReadAsync().AsTask().Patiently("a check");
                if (request.Head.Contains($" {path} ", StringComparison.Ordinal))
                    return request;
            }
        }

        public ValueTask DisposeAsync() => _origin.DisposeAsync();
    }
}
