using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Tls;

/// <summary>The files of certificates, as <c>check</c> and <c>up</c> see them.</summary>
public sealed class CertificateFileTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    private string Configuration(string tls, string pool = "servers: [ 127.0.0.1:1 ]")
    {
        _certificates.Write("steelyard.yaml", $$"""
            listen:
              - bind: 127.0.0.1:0
                tls: {{tls}}
                routes: [ { path: /a, respond: { status: 200, body: here } }, { to: web } ]
            pools: { web: { {{pool}} } }
            """);
        return _certificates.PathOf("steelyard.yaml");
    }

    [Fact]
    public async Task Good_files_are_fine()
    {
        _certificates.Issue("rsa", DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(90), rsa: true, "localhost");
        _certificates.Issue("site", "localhost");
        _certificates.Write("both.pem", $"{await ReadAsync("site.pem")}\n{await ReadAsync("ca.pem")}\n{await ReadAsync("site.key")}\n");
        var file = Configuration("{ certificates: [ both.pem, { certificate: rsa.pem, key: rsa.key } ], client-certificates: { ca: ca.pem } }");

        Assert.Equal((0, $"{file} is fine: 1 listener, 1 pool\n", ""), await SteelyardProcess.RunAsync("check", file));
    }

    [Theory]
    [InlineData("missing.pem", "site.key", "3:25: error: missing.pem: there is no such file")]
    [InlineData("site.pem", "other.key", "3:40: error: other.key: the key does not belong to the certificate")]
    [InlineData("site.pem", "rsa.key", "3:40: error: rsa.key: the key cannot be understood as an ECDSA key, which the certificate asks for")]
    [InlineData("pss.pem", "pss.key", "3:25: error: pss.pem: the certificate is for a key of the kind RSA-PSS")]
    [InlineData("ed.pem", "ed.key", "3:25: error: ed.pem: the certificate is for a key of the kind Ed25519")]
    [InlineData("site.pem", "locked.key", "3:40: error: locked.key: the key has a passphrase, and nobody is there to type it")]
    [InlineData("site.pem", "ca.pem", "3:40: error: ca.pem: there is no key in the file")]
    [InlineData("site.key", "site.key", "3:25: error: site.key: there is no certificate in the file")]
    [InlineData("old.pem", "old.key", "3:25: warning: old.pem: the certificate has expired on ")]
    [InlineData("young.pem", "young.key", "3:25: warning: young.pem: the certificate is not valid before ")]
    [InlineData(".", "site.key", "3:25: error: .: this is a directory")]
    public async Task A_bad_file_is_named_in_its_place(string certificate, string key, string expected)
    {
        var now = DateTimeOffset.UtcNow;
        _certificates.Issue("site", "localhost");
        _certificates.Issue("other", "localhost");
        _certificates.Issue("rsa", now.AddDays(-1), now.AddDays(1), rsa: true, "localhost");
        _certificates.Issue("old", now.AddDays(-9), now.AddDays(-1), rsa: false, "localhost");
        _certificates.Issue("young", now.AddDays(1), now.AddDays(90), rsa: false, "localhost");
        using (var locked = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            _certificates.Write("locked.key", locked.ExportEncryptedPkcs8PrivateKeyPem("secret", new(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000)));
        if (certificate is "pss.pem" or "ed.pem")
            await SelfSign(certificate[..^4], certificate == "ed.pem" ? "ed25519" : "rsa-pss");
        var file = Configuration($"{{ certificate: {certificate}, key: {key} }}");

        var (status, output, _) = await SteelyardProcess.RunAsync("check", file);

        Assert.Contains($"{file}:{expected}", output, StringComparison.Ordinal);
        Assert.Equal(expected.Contains("warning", StringComparison.Ordinal) ? 0 : 1, status);
    }

    [Theory]
    [InlineData("wrong\nsecret\n", 0, " is fine: 1 listener, 1 pool\n")]
    [InlineData("wrong\r\nsecret\r\n", 0, " is fine: 1 listener, 1 pool\n")]
    [InlineData("wrong\n", 1, ": error: locked.key: none of the passwords opens the key")]
    public async Task A_password_of_a_file_opens_a_key(string passwords, int status, string expected)
    {
        _certificates.Issue("site", "localhost");
        using (var key = ECDsa.Create())
        {
            key.ImportFromPem(await ReadAsync("site.key"));
            _certificates.Write("locked.key", key.ExportEncryptedPkcs8PrivateKeyPem("secret", new(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000)));
        }

        _certificates.Write("passwords", passwords);
        _certificates.Write("nginx.conf", "events { }\nhttp { server { listen 127.0.0.1:8443 ssl; ssl_certificate site.pem; ssl_certificate_key locked.key; ssl_password_file passwords; location / { proxy_pass http://127.0.0.1:1; } } }\n");
        var file = Configuration("{ certificates: [ { certificate: site.pem, key: locked.key, passwords: passwords } ] }");

        var (told, output, _) = await SteelyardProcess.RunAsync("check", file);
        var (toldOfNginx, ofNginx, _) = await SteelyardProcess.RunAsync("check", _certificates.PathOf("nginx.conf"));

        Assert.Equal((status, status), (told, toldOfNginx));
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.Contains(expected, ofNginx, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_that_are_refused_for_their_certificates_are_told_of()
    {
        _certificates.Issue("site", "localhost");
        await using var up = SteelyardProcess.Start("up", Configuration("{ certificate: site.pem, key: site.key, client-certificates: { ca: ca.pem } }"));
        await up.LineAsync("ready");
        var address = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, (await up.UrlAsync("listening on")).Port);

        // With TLS 1.3 the client is through with its handshake before the server has judged.
        await Record.ExceptionAsync(async () =>
        {
            using var client = await RawClient.Connect(address, tls: _certificates.Client());
            await client.ReadEnding();
        });

        await Patience.Until(() => up.Error.Contains("site.pem refused: 1, without a certificate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Files_for_servers_are_looked_at_too()
    {
        _certificates.Issue("site", "localhost");
        var file = Configuration("{ certificate: site.pem, key: site.key }", "tls: { ca: none.pem }, servers: [ 127.0.0.1:1 ]");

        var (status, output, _) = await SteelyardProcess.RunAsync("check", file);

        Assert.Equal(1, status);
        Assert.Contains("none.pem: there is no such file", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renewed_certificate_is_taken_up_without_a_signal()
    {
        _certificates.Issue("site", "localhost", "127.0.0.1");
        await using var up = SteelyardProcess.Start("up", Configuration("{ certificate: site.pem, key: site.key }"));
        await up.LineAsync("ready");
        var url = await up.UrlAsync("listening on https://");
        Assert.Equal((0, "here"), await Curl(url));

        _certificates.Write("site.key", "nothing yet");
        await up.ErrorLineAsync("site.key: there is no key in the file");
        Assert.Equal((0, "here"), await Curl(url));
        _certificates.Issue("site", "localhost", "127.0.0.1");
        await up.ErrorLineAsync("new connections get the new certificate");

        Assert.Equal((0, "here"), await Curl(url));
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    [Fact]
    public async Task The_sample_leads_from_http_to_https()
    {
        _certificates.Issue("site", "localhost");
        var sample = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "samples", "https", "steelyard.yaml"), TestContext.Current.CancellationToken);
        _certificates.Write("steelyard.yaml", sample.Replace("\":8080\"", "127.0.0.1:0", StringComparison.Ordinal).Replace("\":8443\"", "127.0.0.1:0", StringComparison.Ordinal));
        await using var up = SteelyardProcess.Start("up", _certificates.PathOf("steelyard.yaml"));
        var http = await up.UrlAsync("listening on http://");
        var https = await up.UrlAsync("listening on https://");
        await up.LineAsync("ready");

        var (status, said) = await ShortProgram.Run(
            "curl", "", "-sSL", "-D", "-", "--cacert", _certificates.PathOf("ca.pem"),
            "--connect-to", $"localhost:8080:{http.Authority}", "--connect-to", $"localhost:8443:{https.Authority}", "http://localhost:8080/a?b=c");

        Assert.True(status == 0, said);
        Assert.Contains("308 Permanent Redirect", said, StringComparison.Ordinal);
        Assert.Contains("Location: https://localhost:8443/a?b=c", said, StringComparison.Ordinal);
        Assert.Contains("Strict-Transport-Security: max-age=300", said, StringComparison.Ordinal);
        Assert.Contains("web-", said, StringComparison.Ordinal);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    // certbot: live/site.pem is a link to archive/siteN.pem.
    [Fact]
    public async Task A_link_that_is_pointed_elsewhere_is_a_renewal()
    {
        _certificates.Issue("site1", "localhost", "127.0.0.1");
        Link("site.pem", "site1.pem");
        Link("site.key", "site1.key");
        await RenewAndSee(() =>
        {
            _certificates.Issue("site2", "localhost", "127.0.0.1");
            Link("site.key", "site2.key");
            Link("site.pem", "site2.pem");
        });
    }

    [Fact]
    public async Task A_file_behind_a_link_that_is_written_anew_is_a_renewal()
    {
        _certificates.Issue("real", "localhost", "127.0.0.1");
        Link("site.pem", "real.pem");
        Link("site.key", "real.key");
        await RenewAndSee(() => _certificates.Issue("real", "localhost", "127.0.0.1"));
    }

    // Kubernetes: site.pem is a link to ..data/site.pem, and ..data one to the folder of the moment.
    [Fact]
    public async Task A_folder_that_is_pointed_elsewhere_is_a_renewal()
    {
        Folder("first");
        Link("..data", "first");
        Link("site.pem", "..data/site.pem");
        Link("site.key", "..data/site.key");
        await RenewAndSee(() =>
        {
            Folder("second");
            Link("..data", "second");
        });

        void Folder(string name)
        {
            Directory.CreateDirectory(_certificates.PathOf(name));
            _certificates.Issue(name + "/site", "localhost", "127.0.0.1");
        }
    }

    private void Link(string name, string target)
    {
        File.Delete(_certificates.PathOf(name));
        File.CreateSymbolicLink(_certificates.PathOf(name), target);
    }

    private async Task RenewAndSee(Action renew)
    {
        await using var balancer = TestBalancer.Start([RecordingOrigin.Refusing()], snapshot => snapshot, tls: true, _certificates);
        var before = await Serial();
        Assert.Empty(balancer.LookAtCertificates());

        renew();

        Assert.Single(balancer.LookAtCertificates());
        Assert.NotEqual(before, await Serial());

        async Task<string> Serial()
        {
            using var client = await balancer.Connect();
            return client.Tls!.RemoteCertificate!.GetSerialNumberString();
        }
    }

    private async Task SelfSign(string name, string algorithm)
    {
        var (status, said) = await ShortProgram.Run(
            "openssl", "", "req", "-x509", "-newkey", algorithm, "-nodes", "-subj", "/CN=localhost", "-keyout", _certificates.PathOf(name + ".key"), "-out", _certificates.PathOf(name + ".pem"));
        Assert.True(status == 0, said);
    }

    private Task<(int Status, string Said)> Curl(Uri url) =>
        ShortProgram.Run("curl", "", "-sS", "--cacert", _certificates.PathOf("ca.pem"), url + "a");

    private Task<string> ReadAsync(string name) => File.ReadAllTextAsync(_certificates.PathOf(name), TestContext.Current.CancellationToken);
}
