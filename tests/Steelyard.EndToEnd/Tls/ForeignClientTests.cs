using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Tls;

/// <summary>TLS with clients that share no code with us: openssl and curl.</summary>
public sealed class ForeignClientTests : IDisposable
{
    private const string Get = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("-tls1_2", "TLSv1.2")]
    [InlineData("-tls1_3", "TLSv1.3")]
    public async Task A_session_is_resumed(string version, string name)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin);
        var session = _certificates.PathOf("session");

        var (_, first) = await OpenSsl(balancer, Get, version, "-sess_out", session);
        var (_, second) = await OpenSsl(balancer, Get, version, "-sess_in", session);

        Assert.Contains($"New, {name}", first, StringComparison.Ordinal);
        Assert.Contains($"Reused, {name}", second, StringComparison.Ordinal);
        Assert.Contains("hello", second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_is_resumed_over_a_reload()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin);
        var session = _certificates.PathOf("session");
        await OpenSsl(balancer, Get, "-tls1_3", "-sess_out", session);

        await balancer.Apply(snapshot => snapshot with { Timeouts = new() { ClientIdle = TimeSpan.FromSeconds(7) } });

        Assert.Contains("Reused, TLSv1.3", (await OpenSsl(balancer, Get, "-tls1_3", "-sess_in", session)).Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1_2", "none", "required")]
    [InlineData("-tls1_3", "none", "required")]
    [InlineData("-tls1_2", "required", "none")]
    [InlineData("-tls1_3", "required", "none")]
    [InlineData("-tls1_3", "optional", "required")]
    [InlineData("-tls1_2", "optional", "none")]
    public async Task A_session_is_not_taken_over_to_other_rules_about_the_certificates_of_clients(string version, string before, string after)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin, ClientsOf(before));
        _certificates.Issue("alice");
        string[] shown = [version, "-cert", _certificates.PathOf("alice.pem"), "-key", _certificates.PathOf("alice.key")];
        var session = _certificates.PathOf("session");

        // Where it may come without one, it does.
        var (_, first) = await OpenSsl(balancer, Get, [.. before == "required" ? shown : [version], "-sess_out", session]);
        await balancer.Apply(snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Tls = snapshot.Listeners[0].Tls! with { ClientCertificates = ClientsOf(after) } }] });
        var (_, second) = await OpenSsl(balancer, Get, [.. shown, "-sess_in", session, "-sess_out", session]);
        var (_, third) = await OpenSsl(balancer, Get, [.. shown, "-sess_in", session]);

        Assert.Contains("hello", first, StringComparison.Ordinal);
        Assert.Contains("New, ", second, StringComparison.Ordinal);
        Assert.Contains("hello", second, StringComparison.Ordinal);
        Assert.Contains("Reused, ", third, StringComparison.Ordinal);
        Assert.Contains("hello", third, StringComparison.Ordinal);
    }

    private static ClientCertificates? ClientsOf(string rules) => rules == "none" ? null : new() { Authorities = "ca.pem", Optional = rules == "optional" };

    [Theory]
    [InlineData("-tls1")]
    [InlineData("-tls1_1")]
    public async Task Old_versions_are_refused(string version)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin);

        var (status, said) = await OpenSsl(balancer, Get, version, "-cipher", "DEFAULT@SECLEVEL=0");

        Assert.NotEqual(0, status);
        Assert.Contains("alert protocol version", said, StringComparison.Ordinal);
        Assert.Equal(0, origin.Requests);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task The_chain_is_valid_for_who_believes_the_authority(string version)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin);

        var (_, said) = await OpenSsl(balancer, Get, version, "-verify_return_error", "-verify_hostname", "localhost");

        Assert.Contains("Verify return code: 0 (ok)", said, StringComparison.Ordinal);
        Assert.Contains("hello", said, StringComparison.Ordinal);
    }

    // After 'K' both sides have new keys (RFC 8446, 4.6.3): a record that holds nothing for us.
    [Fact]
    public async Task A_client_may_change_its_keys()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin);
        using var client = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            "openssl",
            ["s_client", "-connect", balancer.Address.ToString()!, "-tls1_3", "-CAfile", _certificates.PathOf("ca.pem")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var changes = 0;
        client.ErrorDataReceived += (_, line) => changes += line.Data == "KEYUPDATE" ? 1 : 0;
        client.BeginErrorReadLine();
        client.BeginOutputReadLine();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                // It takes for a command what comes alone.
                await client.StandardInput.WriteAsync("K\n");
                await client.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
                await Patience.Until(() => Volatile.Read(ref changes) == i + 1);
                await client.StandardInput.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
                await client.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
                await Patience.Until(() => origin.Requests == i + 1);
            }
        }
        finally
        {
            client.Kill();
        }

        Assert.Equal(1, balancer.Counters.TlsHandshakes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(1_048_576)]
    public async Task Curl_gets_what_it_posts(int size)
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {request.Body.Length}\r\n\r\n");
                await connection.Send(request.Body);
            }
        });
        await using var balancer = Balancer(origin);
        var body = RandomNumberGenerator.GetBytes(size);
        await File.WriteAllBytesAsync(_certificates.PathOf("body"), body, TestContext.Current.CancellationToken);

        var (status, said) = await ShortProgram.Run(
            "curl", "", "-sS", "--cacert", _certificates.PathOf("ca.pem"), "-H", "Expect:", "--data-binary", "@" + _certificates.PathOf("body"), "-o", _certificates.PathOf("back"), Url(balancer));

        Assert.Equal((0, ""), (status, said));
        Assert.Equal(body, size == 0 ? [] : await File.ReadAllBytesAsync(_certificates.PathOf("back"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_client_with_a_certificate_is_known_to_the_servers()
    {
        var mine = _certificates.Issue("alice");
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Balancer(origin, new() { Authorities = "ca.pem" });
        using var client = await balancer.Connect(_certificates.Client(certificate: mine));
        await client.Send("GET / HTTP/1.1\r\nHost: a\r\nX-Client-Cert-Subject: CN=root\r\nX_Client_Cert_Verified: yes\r\nClient-Cert: :AAAA:\r\nClient-Cert-Chain: :AAAA:\r\n\r\n");

        using var server = await origin.Accept();
        var request = await server.Serve(Hello);
        await client.ReadResponse();

        using var certificate = _certificates.Load(mine);
        Assert.Equal("CN=alice", request["X-Client-Cert-Subject"]);
        Assert.Equal(certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(), request["X-Client-Cert-Fingerprint"]);
        Assert.Equal("yes", request["X-Client-Cert-Verified"]);
        Assert.Equal($":{Convert.ToBase64String(certificate.RawData)}:", request["Client-Cert"]);
        Assert.Null(request["Client-Cert-Chain"]);
        Assert.Null(request["X_Client_Cert_Verified"]);
    }

    [Fact]
    public async Task Without_client_certificates_nobody_can_pretend_to_have_one()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Balancer(origin);
        using var client = await balancer.Connect();
        await client.Send("GET / HTTP/1.1\r\nHost: a\r\nX-Client-Cert-Verified: yes\r\nClient-Cert: :AAAA:\r\n\r\n");

        using var server = await origin.Accept();
        var request = await server.Serve(Hello);
        await client.ReadResponse();

        Assert.Null(request["X-Client-Cert-Verified"]);
        Assert.Null(request["Client-Cert"]);
    }

    // Of a proxy before this one, its word is believed, unless this one asks for certificates itself.
    [Theory]
    [InlineData(false, "CN=bob", "yes")]
    [InlineData(true, null, "no")]
    public async Task A_trusted_proxy_speaks_for_its_clients_where_nobody_else_knows(bool asked, string? subject, string verified)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Balancer(origin, asked ? new() { Authorities = "ca.pem", Optional = true } : null, trusted: true);
        using var client = await balancer.Connect();
        await client.Send("GET / HTTP/1.1\r\nHost: a\r\nX-Client-Cert-Verified: yes\r\nX-Client-Cert-Subject: CN=bob\r\n\r\n");

        using var server = await origin.Accept();
        var request = await server.Serve(Hello);
        await client.ReadResponse();

        Assert.Equal((subject, verified), (request["X-Client-Cert-Subject"], request["X-Client-Cert-Verified"]));
    }

    [Fact]
    public async Task An_optional_certificate_may_be_missing_but_not_wrong()
    {
        using var strangers = new TestCertificates("A stranger");
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {request["X-Client-Cert-Verified"]!.Length}\r\n\r\n{request["X-Client-Cert-Verified"]}");
        });
        await using var balancer = Balancer(origin, new() { Authorities = "ca.pem", Optional = true });

        Assert.Equal("no", (await balancer.Ask(Get)).Text);
        using var known = await balancer.Connect(_certificates.Client(certificate: _certificates.Issue("alice")));
        Assert.Equal("yes", (await known.Ask(Get)).Text);

        // A session keeps what was shown in it.
        var session = _certificates.PathOf("session");
        string[] shown = ["-cert", _certificates.PathOf("alice.pem"), "-key", _certificates.PathOf("alice.key"), "-tls1_2"];
        await OpenSsl(balancer, Get, [.. shown, "-sess_out", session]);
        var (_, resumed) = await OpenSsl(balancer, Get, [.. shown, "-sess_in", session]);
        Assert.EndsWith("yes", BodyIn(resumed), StringComparison.Ordinal);

        var wrong = strangers.Issue("mallory");
        var (_, refused) = await OpenSsl(balancer, Get, "-cert", strangers.PathOf(wrong.Certificate), "-key", strangers.PathOf(wrong.Key!), "-tls1_2");
        Assert.DoesNotContain("200 OK", refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_required_certificate_may_not_be_missing(SslProtocols version)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Balancer(origin, new() { Authorities = "ca.pem" });

        // With TLS 1.3 a client has done its part before the server has looked at it.
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var client = await balancer.Connect(_certificates.Client(versions: version));
            await client.Ask(Get);
        });

        Assert.Equal(0, origin.Requests);
        await Patience.Until(() => balancer.Counters.TlsFailures == 1);
    }

    private static string BodyIn(string said)
    {
        var start = said.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        return said[start..(start + 3)];
    }

    private TestBalancer Balancer(RecordingOrigin origin, ClientCertificates? clients = null, bool trusted = false)
    {
        _certificates.Issue("site", "localhost", "127.0.0.1");
        return TestBalancer.Start(
            [origin.Address],
            snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Tls = snapshot.Listeners[0].Tls! with { ClientCertificates = clients }, TrustedProxies = trusted ? [IPNetwork.Parse("127.0.0.0/8")] : [] }] },
            tls: true,
            _certificates);
    }

    private Task<(int Status, string Said)> OpenSsl(TestBalancer balancer, string request, params string[] arguments) =>
        ShortProgram.Run("openssl", request, ["s_client", "-connect", balancer.Address.ToString()!, "-servername", "localhost", "-CAfile", _certificates.PathOf("ca.pem"), "-ign_eof", .. arguments]);

    private static string Url(TestBalancer balancer) => $"https://127.0.0.1:{((IPEndPoint)balancer.Address).Port}/";
}
