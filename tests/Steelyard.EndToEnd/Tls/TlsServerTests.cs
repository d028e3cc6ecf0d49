using System.Net.Security;
using System.Security.Authentication;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Tls;

/// <summary>TLS towards servers, over real sockets.</summary>
public sealed class TlsServerTests : IDisposable
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Requests_go_to_the_server_inside_of_TLS(SslProtocols version)
    {
        await using var origin = Origin(Server("127.0.0.1", versions: version));
        await using var balancer = Balancer(origin);
        using var client = await balancer.Connect();

        for (var i = 0; i < 3; i++)
            Assert.Equal("hello", (await client.Ask(Get)).Text);

        Assert.Equal(version, Assert.Single(origin.Connections).Tls!.SslProtocol);
    }

    [Fact]
    public async Task A_session_is_resumed_on_the_next_connection()
    {
        var server = Server("inside.example.com");
        server.ServerCertificateContext = SslStreamCertificateContext.Create((System.Security.Cryptography.X509Certificates.X509Certificate2)server.ServerCertificate!, null, offline: true);
        await using var origin = RecordingOrigin.StartTls(server, connection => connection.Serve(Hello.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal)));
        await using var balancer = Balancer(origin, tls => tls with { Name = "inside.example.com" });
        var sizes = new List<long>();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("hello", (await balancer.Ask(Get)).Text);
            sizes.Add(origin.Connections[i].HandshakeBytes);
        }

        // A resumed handshake has no certificate in it.
        Assert.True(sizes[2] < sizes[0] - 300, $"The server sent {string.Join(", ", sizes)} bytes in its handshakes.");
    }

    [Fact]
    public async Task The_server_is_asked_for_by_the_name_of_its_certificate()
    {
        string? asked = null;
        var server = Server("inside.example.com");
        var certificate = server.ServerCertificate;
        server.ServerCertificate = null;
        server.ServerCertificateSelectionCallback = (_, name) =>
        {
            asked = name;
            return certificate!;
        };
        await using var origin = Origin(server);
        await using var balancer = Balancer(origin, tls => tls with { Name = "inside.example.com" });

        Assert.Equal("hello", (await balancer.Ask(Get)).Text);
        Assert.Equal("inside.example.com", asked);
    }

    [Fact]
    public async Task A_connection_serves_requests_of_the_name_that_it_was_opened_for_alone()
    {
        await using var origin = RecordingOrigin.StartTls(Server("*.example.com"), async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
            {
                var name = connection.Tls!.TargetHostName;
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}");
            }
        });
        await using var balancer = Balancer(origin, tls => tls with { NameOfRequest = TextTemplate.Parse("{header('Host')}") });
        using var client = await balancer.Connect();
        foreach (var host in (string[])["a.example.com", "b.example.com", "a.example.com:8443", "b.example.com", "a.example.com"])
            Assert.Equal(host[..13], (await client.Ask($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).Text);
        Assert.Equal(2, origin.Connections.Count);

        // For this one the certificate is not.
        Assert.Equal(502, (await client.Ask("GET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n")).Status);
    }

    [Theory]
    [InlineData("inside.test", 200)]
    [InlineData("other.test", 502)]
    public async Task Where_a_name_is_said_beside_that_of_each_request_the_certificate_has_to_have_that(string name, int status)
    {
        await using var origin = Origin(Server("inside.test"));
        await using var balancer = Balancer(origin, tls => tls with { Name = name, NameOfRequest = TextTemplate.Parse("{header('Host')}") });
        Assert.Equal(status, (await balancer.Ask("GET / HTTP/1.1\r\nHost: a.example.com\r\n\r\n")).Status);
        Assert.All(origin.Connections, connection => Assert.Equal("a.example.com", connection.Tls!.TargetHostName));
    }

    [Theory]
    [InlineData("other name", ServerFailure.CertificateForOther, "it is for another name")]
    [InlineData("expired", ServerFailure.CertificateExpired, "it has expired")]
    [InlineData("of a stranger", ServerFailure.CertificateUntrusted, "no authority")]
    [InlineData("system", ServerFailure.CertificateUntrusted, "no authority")]
    public async Task A_certificate_that_is_not_valid_is_refused(string what, ServerFailure failure, string said)
    {
        using var strangers = new TestCertificates("A stranger");
        var server = what switch
        {
            "other name" => Server("elsewhere.test"),
            "expired" => Server("127.0.0.1", DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(-1)),
            "of a stranger" => new() { ServerCertificate = strangers.Load(strangers.Issue("server", "127.0.0.1")) },
            _ => Server("127.0.0.1"),
        };
        await using var origin = Origin(server);
        await using var balancer = Balancer(origin, tls => what == "system" ? tls with { Authorities = null } : tls);

        var answer = await balancer.Ask(Get);

        Assert.Equal(502, answer.Status);
        Assert.Contains(said, answer.Text, StringComparison.Ordinal);
        Assert.Equal(failure, Assert.Single(balancer.Servers).LastFailure);
        Assert.Equal(0, origin.Requests);
    }

    [Fact]
    public async Task Without_verification_any_certificate_will_do()
    {
        await using var origin = Origin(Server("elsewhere.test", DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(-1)));
        await using var balancer = Balancer(origin, _ => new() { Verify = false });

        Assert.Equal("hello", (await balancer.Ask(Get)).Text);
    }

    [Theory]
    [InlineData(1, 200)]
    [InlineData(-1, 502)]
    public async Task Where_any_name_will_do_a_certificate_has_to_be_valid_still(int until, int status)
    {
        await using var origin = Origin(Server("elsewhere.test", DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(until)));
        await using var balancer = Balancer(origin, tls => tls with { AnyName = true });

        Assert.Equal(status, (await balancer.Ask(Get)).Status);
    }

    // Of traffic that is passed through as it is nobody says how its TLS is spoken.
    [Theory]
    [InlineData(false, ProbeFault.None)]
    [InlineData(true, ProbeFault.Certificate)]
    public async Task Checks_speak_TLS_in_a_way_of_their_own(bool verify, ProbeFault fault)
    {
        await using var origin = Origin(Server("elsewhere.test"));
        var health = new HealthSettings { Tls = true, TlsSettings = new() { Verify = verify, Authorities = verify ? "ca.pem" : null }, Interval = TimeSpan.FromMilliseconds(10), Start = HealthStart.Down, Rise = 2, Fall = 1 };
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Health = health }] }, certificates: _certificates);

        await Patience.Until(() => balancer.Servers[0].Up == (fault == ProbeFault.None) && origin.Connections.Count >= 2);

        Assert.Equal(fault, balancer.Servers[0].LastCheck);
    }

    [Fact]
    public async Task A_server_that_fails_its_handshake_costs_no_request()
    {
        await using var bad = Origin(Server("elsewhere.test"));
        await using var good = Origin(Server("127.0.0.1"));
        await using var balancer = TestBalancer.Start([bad.Address, good.Address], WithTls(tls => tls), certificates: _certificates);

        for (var i = 0; i < 4; i++)
            Assert.Equal("hello", (await balancer.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")).Text);

        Assert.Equal(4, good.Requests);
        Assert.Equal(0, bad.Requests);
    }

    [Fact]
    public async Task A_server_that_does_not_speak_TLS_is_named_for_it()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadSome();
            await connection.Send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            await connection.Drain();
        });
        await using var balancer = Balancer(origin);

        var answer = await balancer.Ask(Get);

        Assert.Equal(502, answer.Status);
        Assert.Contains("The TLS handshake with the server failed.", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_that_stalls_is_a_connection_that_does_not_open_in_time()
    {
        await using var origin = RecordingOrigin.Start(connection => connection.Drain());
        await using var balancer = TestBalancer.Start(
            [origin.Address],
            snapshot => WithTls(tls => tls)(snapshot) with { Timeouts = new() { Connect = TimeSpan.FromMilliseconds(100) } },
            certificates: _certificates);

        Assert.Equal(503, (await balancer.Ask(Get)).Status);
        Assert.Equal(ServerFailure.ConnectTimeout, Assert.Single(balancer.Servers).LastFailure);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_asks_for_a_certificate_gets_ours(bool shown)
    {
        var server = Server("127.0.0.1");
        server.ClientCertificateRequired = true;
        server.EnabledSslProtocols = SslProtocols.Tls12;
        server.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=balancer";
        await using var origin = Origin(server);
        await using var balancer = Balancer(origin, tls => shown ? tls with { Certificate = _certificates.Issue("balancer") } : tls);

        Assert.Equal(shown ? 200 : 502, (await balancer.Ask(Get)).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_without_a_length_is_whole_only_with_close_notify(bool orderly)
    {
        await using var origin = RecordingOrigin.StartTls(Server("127.0.0.1"), async connection =>
        {
            await connection.ReadRequest();
            await connection.Send("HTTP/1.1 200 OK\r\n\r\nthe beginning");
            if (orderly)
                connection.FinishSending();
            else
                connection.Truncate();
            await connection.Drain();
        });
        await using var balancer = Balancer(origin);
        using var client = await balancer.Connect();

        await client.Send(Get);
        await client.ReadHead();
        var (bytes, ending) = orderly ? ((await client.ReadChunks()).Body, Ending.Closed) : await client.ReadToEnding();

        Assert.Contains("the beginning", RawSocket.Latin1.GetString(bytes), StringComparison.Ordinal);
        Assert.Equal(Ending.Closed, ending);
        Assert.Equal(orderly, client.Received.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bodies_of_all_sizes_pass_both_ways_with_TLS_on_both_sides()
    {
        await using var origin = RecordingOrigin.StartTls(Server("127.0.0.1"), async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {request.Body.Length}\r\n\r\n");
                await connection.Send(request.Body);
            }
        });
        _certificates.Issue("site", "localhost");
        await using var balancer = TestBalancer.Start([origin.Address], WithTls(tls => tls), tls: true, certificates: _certificates);
        using var client = await balancer.Connect();
        foreach (var size in new[] { 0, 1, 16_384, 32_736, 100_000, 1_048_576 })
        {
            var body = System.Security.Cryptography.RandomNumberGenerator.GetBytes(size);
            await client.Send($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n");
            await client.Send(body);
            Assert.Equal(body, (await client.ReadResponse()).Body);
        }
    }

    [Fact]
    public async Task Connections_to_a_server_are_not_kept_over_a_change_of_its_TLS()
    {
        await using var origin = Origin(Server("127.0.0.1"));
        await using var balancer = Balancer(origin);
        Assert.Equal("hello", (await balancer.Ask(Get)).Text);

        await balancer.Apply(WithTls(_ => new() { Authorities = "ca.pem", Name = "elsewhere.test" }));

        Assert.Equal(502, (await balancer.Ask(Get)).Status);
    }

    private static RecordingOrigin Origin(SslServerAuthenticationOptions tls) => RecordingOrigin.StartTls(tls, RecordingOrigin.Always(Hello));

    private SslServerAuthenticationOptions Server(string name, DateTimeOffset? from = null, DateTimeOffset? to = null, SslProtocols versions = SslProtocols.None) => new()
    {
        ServerCertificate = _certificates.Load(_certificates.Issue("server", from ?? DateTimeOffset.UtcNow.AddDays(-1), to ?? DateTimeOffset.UtcNow.AddDays(1), rsa: false, name)),
        EnabledSslProtocols = versions,
    };

    private TestBalancer Balancer(RecordingOrigin origin, Func<ServerTls, ServerTls>? change = null) =>
        TestBalancer.Start([origin.Address], WithTls(change ?? (tls => tls)), certificates: _certificates);

    private static Func<Snapshot, Snapshot> WithTls(Func<ServerTls, ServerTls> change) => snapshot => snapshot with
    {
        Pools = [snapshot.Pools[0] with { Tls = change(new() { Authorities = "ca.pem" }) }],
    };
}
