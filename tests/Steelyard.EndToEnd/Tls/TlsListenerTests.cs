using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Tls;

/// <summary>TLS towards clients, over real sockets.</summary>
public sealed class TlsListenerTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static readonly TestCertificates Certificates = TestCertificates.Shared;

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Requests_are_served_inside_of_TLS(SslProtocols version)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.StartTls(origin.Address);
        using var client = await balancer.Connect(Certificates.Client(versions: version));

        for (var i = 0; i < 3; i++)
            Assert.Equal("hello", (await client.Ask(Get)).Text);

        Assert.Equal(version, client.Tls!.SslProtocol);
        Assert.Equal(SslApplicationProtocol.Http11, client.Tls.NegotiatedApplicationProtocol);
        Assert.Equal(1, balancer.Counters.TlsHandshakes);
        Assert.Equal(0, balancer.Counters.TlsFailures);
    }

    [Fact]
    public async Task The_servers_hear_of_https()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Forwarded = ForwardedStyle.Both }] }, tls: true);
        using var client = await balancer.Connect();
        await client.Send(Get);

        using var server = await origin.Accept();
        var request = await server.Serve(Hello);

        Assert.Equal("https", request["X-Forwarded-Proto"]);
        Assert.Contains("proto=https", request["Forwarded"], StringComparison.Ordinal);
        await client.ReadResponse();
    }

    [Theory]
    [InlineData(TlsVersions.Tls12, SslProtocols.Tls13)]
    [InlineData(TlsVersions.Tls13, SslProtocols.Tls12)]
    public async Task A_version_that_is_not_configured_is_refused(TlsVersions spoken, SslProtocols asked)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], WithTls(tls => tls with { Versions = spoken }), tls: true);

        await Assert.ThrowsAnyAsync<AuthenticationException>(() => balancer.Connect(Certificates.Client(versions: asked)));

        await Patience.Until(() => balancer.Counters.TlsFailures == 1);
    }

    [Theory]
    [InlineData("a.example.org", "a")]
    [InlineData("A.Example.ORG", "a")]
    [InlineData("x.example.org", "wild")]
    [InlineData("x.y.example.org", "first")]
    [InlineData("example.org", "first")]
    [InlineData("elsewhere.test", "first")]
    public async Task The_name_that_is_asked_for_chooses_the_certificate(string asked, string expected)
    {
        using var certificates = new TestCertificates();
        certificates.Issue("first", "first.test");
        certificates.Issue("a", "a.example.org", "b.example.org");
        certificates.Issue("wild", "*.example.org");
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], WithTls(_ => TestBalancer.Tls("first", "a", "wild")), tls: true, certificates);

        Assert.Equal("CN=" + expected, await SubjectShownTo(balancer, certificates.Client(asked)));
    }

    [Fact]
    public async Task A_strict_listener_refuses_hosts_without_a_certificate()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], WithTls(tls => tls with { StrictSni = true }), tls: true);

        var refused = await Assert.ThrowsAnyAsync<AuthenticationException>(() => balancer.Connect(Certificates.Client("elsewhere.test")));
        Assert.Contains("unrecognized name", refused.ToString(), StringComparison.OrdinalIgnoreCase);
        using var client = await balancer.Connect(Certificates.Client("example.com"));
        Assert.Equal(200, (await client.Ask(Get)).Status);
    }

    [Fact]
    public async Task Browsers_are_told_to_stay_with_TLS()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], WithTls(tls => tls with { StrictTransportSecurity = TimeSpan.FromDays(365) }), tls: true);

        Assert.Equal("max-age=31536000", (await balancer.Ask(Get))["Strict-Transport-Security"]);
        var refused = await balancer.Ask("GET / HTTP/1.1\r\n\r\n");
        Assert.Equal((400, "max-age=31536000"), (refused.Status, refused["Strict-Transport-Security"]));
    }

    [Fact]
    public async Task Plain_HTTP_to_a_TLS_port_is_told_so()
    {
        await using var balancer = TestBalancer.StartTls(RecordingOrigin.Refusing());
        using var client = await RawClient.Connect(balancer.Address);

        var answer = await client.Ask(Get);

        Assert.Equal(400, answer.Status);
        Assert.Contains("HTTPS", answer.Text, StringComparison.Ordinal);
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        await Patience.Until(() => balancer.Counters.TlsFailures == 1);
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001")]
    [InlineData("\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0000")]
    [InlineData("\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007")]
    [InlineData("\u0016\u0003\u0003\u00ff\u00ff")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u0028")]
    [InlineData("")]
    public async Task A_client_that_goes_in_the_middle_of_a_handshake_leaves_nothing_behind(string sent)
    {
        await using var balancer = TestBalancer.StartTls(RecordingOrigin.Refusing());
        using var client = await RawClient.Connect(balancer.Address);
        if (sent.Length > 0)
            await client.Send(sent);
        client.Close();

        await Patience.Until(() => balancer.Counters.TlsFailures == 1);
        await balancer.CheckAtRest();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\u0016\u0003\u0001\u0000\u00aa")]
    public async Task A_handshake_that_takes_too_long_is_ended(string sent)
    {
        await using var balancer = TestBalancer.Start([RecordingOrigin.Refusing()], snapshot => snapshot with { Timeouts = new() { TlsHandshake = TimeSpan.FromMilliseconds(50) } }, tls: true);
        using var client = await RawClient.Connect(balancer.Address);
        if (sent.Length > 0)
            await client.Send(sent);

        Assert.Equal(Ending.Closed, await client.ReadEnding());
        await Patience.Until(() => balancer.Counters.TlsFailures == 1);
    }

    [Fact]
    public async Task Bytes_in_drops_do_not_move_the_deadline_of_a_request_head()
    {
        await using var balancer = TestBalancer.Start([RecordingOrigin.Refusing()], snapshot => snapshot with { Timeouts = new() { ClientHeader = TimeSpan.FromMilliseconds(300) } }, tls: true);
        using var client = await balancer.Connect();
        await client.Send("GET / HTTP/1.1\r\n");

        // The beginning of a record whose end never comes.
        var answer = client.ReadResponse();
        client.Socket.Send([23, 3, 3, 64, 0]);
        while (!answer.IsCompleted)
        {
            client.Socket.Send([0]);
            await Task.WhenAny(answer, Task.Delay(20, TestContext.Current.CancellationToken));
        }

        Assert.Equal(408, (await answer).Status);
    }

    [Fact]
    public async Task Handshakes_beyond_the_limit_wait_for_their_turn()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(
            [origin.Address],
            snapshot => snapshot with { Limits = new() { TlsHandshakes = 1 }, Timeouts = new() { TlsHandshake = Patience.Limit } },
            tls: true);
        using var stalled = await RawClient.Connect(balancer.Address);
        await stalled.Send(await ClientHello());
        await stalled.ReadSome();
        using var waiting = await RawClient.Connect(balancer.Address);
        await waiting.Send(await ClientHello());
        await Patience.Until(() => balancer.Counters.OpenConnections == 2);
        var asking = balancer.Ask(Get);

        stalled.Reset();
        Assert.False((await waiting.ReadSome()).IsEmpty);
        Assert.False(asking.IsCompleted, "A handshake began beyond the limit.");
        waiting.Reset();

        Assert.Equal("hello", (await asking.Patiently()).Text);
        Assert.Equal((2, 1), (balancer.Counters.TlsFailures, balancer.Counters.TlsHandshakes));
    }

    // OpenSSL refuses to say goodbye after any of them.
    [Theory]
    [InlineData("change of ciphers in clear", "140303000101")]
    [InlineData("record nobody could have made", "17030300204141414141414141414141414141414141414141414141414141414141414141")]
    [InlineData("no record at all", "99999999999999")]
    [InlineData("handshake in clear", "16030300040e000000")]
    public async Task A_broken_record_costs_its_connection_and_nothing_else(string what, string record)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.StartTls(origin.Address);
        using var other = await balancer.Connect();
        for (var request = 0; request < 2; request++)
        {
            using var client = await balancer.Connect();
            if (request > 0)
                await client.Ask(Get);
            client.Socket.Send(Convert.FromHexString(record));
            await client.Drain();
        }

        Assert.True((await other.Ask(Get)).Text == "hello", what);
    }

    [Fact]
    public async Task A_crowd_of_handshakes_is_served_whole()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.StartTls(origin.Address);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => balancer.Ask(Get))).Patiently();

        Assert.All(answers, answer => Assert.Equal("hello", answer.Text));
        Assert.Equal(100, balancer.Counters.TlsHandshakes);
    }

    // A deadline that stays in the wheel keeps all of its connection, for as long as nobody needs it.
    [Fact]
    public async Task Connections_that_have_ended_leave_no_deadline_behind()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.StartTls(origin.Address);
        await balancer.Ask(Get);
        await balancer.CheckAtRest();
        var before = await balancer.Deadlines();

        for (var i = 0; i < 20; i++)
            await balancer.Ask(Get);
        await balancer.CheckAtRest();

        Assert.InRange(await balancer.Deadlines(), 0, before + 5);
    }

    [Fact]
    public async Task The_end_of_a_connection_is_said_before_it_comes()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.StartTls(origin.Address);
        using var client = await balancer.Connect();

        await client.Ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\n12345")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n")]
    public async Task A_body_cut_short_never_looks_complete_to_the_server(string rest)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.StartTls(origin.Address);
        using var client = await balancer.Connect();
        await client.Send("POST / HTTP/1.1\r\nHost: a\r\n" + rest);
        using var server = await origin.Accept();
        await server.ReadRequestHead();

        client.Truncate();

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            var (bytes, ending) = await server.ReadToEnding();
            Assert.DoesNotContain("0\r\n\r\n", RawSocket.Latin1.GetString(bytes), StringComparison.Ordinal);
            throw new EndOfStreamException(ending.ToString());
        });
    }

    [Fact]
    public async Task Bodies_of_all_sizes_pass_both_ways()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {request.Body.Length}\r\n\r\n");
                await connection.Send(request.Body);
            }
        });
        await using var balancer = TestBalancer.StartTls(origin.Address);
        using var client = await balancer.Connect();
        foreach (var size in new[] { 0, 1, 100, 4_096, 16_383, 16_384, 16_385, 32_736, 32_768, 65_536, 100_000, 1_048_576 })
        {
            var body = RandomNumberGenerator.GetBytes(size);
            await client.Send($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n");
            await client.Send(body);
            Assert.Equal(body, (await client.ReadResponse()).Body);
        }
    }

    [Fact]
    public async Task Requests_in_one_record_are_answered_in_their_order()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {request.Target.Length}\r\n\r\n{request.Target}");
        });
        await using var balancer = TestBalancer.StartTls(origin.Address);
        using var client = await balancer.Connect();

        await client.Send(string.Concat(Enumerable.Range(0, 500).Select(i => $"GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n")));

        for (var i = 0; i < 500; i++)
            Assert.Equal($"/{i}", (await client.ReadResponse()).Text);
    }

    [Fact]
    public async Task Another_certificate_is_taken_up_without_losing_a_request()
    {
        using var certificates = new TestCertificates();
        certificates.Issue("site", "localhost");
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], WithTls(tls => tls), tls: true, certificates);
        var serials = new ConcurrentDictionary<string, bool>();
        using var done = new CancellationTokenSource();

        // About 500 requests a second on connections that stay, and new connections beside them.
        Task[] load = [.. Enumerable.Range(0, 32).Select(_ => Stay()), .. Enumerable.Range(0, 4).Select(_ => ComeAndGo())];

        for (var i = 0; i < 30; i++)
        {
            var (handshakes, requests) = (balancer.Counters.TlsHandshakes, origin.Requests);
            certificates.Issue("site", "localhost");
            Assert.Contains(balancer.LookAtCertificates(), line => line.Contains("new connections get the new certificate", StringComparison.Ordinal));
            await Patience.Until(() => load.Any(task => task.IsFaulted) || (balancer.Counters.TlsHandshakes > handshakes + 8 && origin.Requests > requests + 32));
        }

        await done.CancelAsync();
        await Task.WhenAll(load).Patiently();
        Assert.Equal(0, balancer.Counters.TlsFailures);
        Assert.InRange(serials.Count, 30, 31);

        async Task Stay()
        {
            using var client = await balancer.Connect();
            while (!done.IsCancellationRequested)
            {
                Assert.Equal("hello", (await client.Ask(Get)).Text);
                await Task.Delay(64, TestContext.Current.CancellationToken);
            }
        }

        async Task ComeAndGo()
        {
            while (!done.IsCancellationRequested)
            {
                using var client = await balancer.Connect();
                serials[client.Tls!.RemoteCertificate!.GetSerialNumberString()] = true;
                for (var i = 0; i < 3; i++)
                    Assert.Equal("hello", (await client.Ask(Get)).Text);
            }
        }
    }

    [Fact]
    public async Task A_broken_new_certificate_changes_nothing()
    {
        using var certificates = new TestCertificates();
        certificates.Issue("site", "localhost");
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], WithTls(tls => tls), tls: true, certificates);
        using var old = await balancer.Connect();

        certificates.Write("site.pem", "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n");

        Assert.Equal(["site.pem: there is no certificate in the file; expected PEM that begins with -----BEGIN CERTIFICATE-----; the certificate stays as it was"], balancer.LookAtCertificates());
        Assert.Equal([], balancer.LookAtCertificates());
        Assert.Equal("hello", (await balancer.Ask(Get)).Text);
        Assert.Equal("hello", (await old.Ask(Get)).Text);
    }

    private static async Task<byte[]> ClientHello()
    {
        using var hello = new MemoryStream();
        try
        {
            await using var tls = new SslStream(new OneWay(hello));
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" });
        }
        catch (IOException)
        {
            // There is no server; the hello is all that is wanted.
        }

        return hello.ToArray();
    }

    private static async Task<string> SubjectShownTo(TestBalancer balancer, SslClientAuthenticationOptions options)
    {
        options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        using var client = await balancer.Connect(options);
        return client.Tls!.RemoteCertificate!.Subject;
    }

    private static Func<Snapshot, Snapshot> WithTls(Func<ListenerTls, ListenerTls> change) => snapshot => snapshot with
    {
        Listeners = [snapshot.Listeners[0] with { Tls = change(snapshot.Listeners[0].Tls!) }],
    };

    /// <summary>Takes what is written; nothing comes back.</summary>
    private sealed class OneWay(Stream written) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => written.Write(buffer, offset, count);
    }
}
