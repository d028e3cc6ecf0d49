using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>What the real HAProxy tells of a TLS connection and of a client's certificate Steelyard tells too, and of several certificates a client is shown the same.</summary>
public sealed class HaproxyCertificates : IDisposable
{
    private static readonly string[] s_fetches =
    [
        "ssl_fc", "ssl_fc_sni", "ssl_fc_protocol", "ssl_fc_cipher", "ssl_fc_has_sni", "ssl_fc_has_crt", "ssl_c_used", "ssl_c_verify", "ssl_c_sha1,hex", "ssl_c_serial,hex", "ssl_c_s_dn", "ssl_c_s_dn(CN)", "ssl_c_s_dn(O)", "ssl_c_s_dn(OU)",
        "ssl_c_s_dn(OU,2)", "ssl_c_s_dn(OU,-1)", "ssl_c_s_dn(L)", "ssl_c_i_dn", "ssl_c_i_dn(CN)", "ssl_c_notbefore", "ssl_c_notafter", "ssl_c_version", "ssl_c_key_alg", "ssl_fc_alpn", "ssl_c_der,sha1,hex", "ssl_c_err",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _authority;

    public HaproxyCertificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=root, O=Authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(100));
        _folder.Write("ca.pem", _authority.ExportCertificatePem());
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    private X509Certificate2 Issue(string subject, AsymmetricAlgorithm key, byte[] serial, params string[] hosts)
    {
        var request = key is ECDsa curve ? new CertificateRequest(subject, curve, HashAlgorithmName.SHA256) : new(subject, (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
            names.AddDnsName(host);
        if (hosts.Length > 0)
            request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(_authority.SubjectName, X509SignatureGenerator.CreateForECDsa(_authority.GetECDsaPrivateKey()!), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(9), serial);
        using var whole = key is ECDsa own ? certificate.CopyWithPrivateKey(own) : certificate.CopyWithPrivateKey((RSA)key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null);
    }

    private string WriteSite(string name, string subject, byte serial, params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var site = Issue(subject, key, [serial], hosts);
        return _folder.Write(name, site.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static async Task<(List<string> Theirs, List<string> Ours)> AskBoth(string bind, IReadOnlyList<(string? Host, X509Certificate2? Certificate)> clients)
    {
        var configuration = $"""
            defaults
             mode http
             timeout client 5s
             timeout server 5s
             timeout connect 2s
            frontend front
             bind ADDRESS {bind}
             http-request return status 200 content-type text/plain lf-string "{string.Join('|', s_fetches.Select(fetch => $"%[{fetch}]"))}"

            """;
        return await SideBySide.Haproxy(configuration, async connect =>
        {
            List<string> answers = [];
            foreach (var (host, certificate) in clients)
                answers.Add(await Ask(connect, host, certificate));
            return answers;
        });
    }

    private static async Task<string> Ask(Func<Task<RawClient>> connect, string? host, X509Certificate2? certificate)
    {
        using var client = await connect();
        var shown = "";
        await client.Secure(new SslClientAuthenticationOptions
        {
            TargetHost = host ?? "",
            RemoteCertificateValidationCallback = (_, theirs, _, _) => (shown = theirs!.Subject).Length > 0,
            ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
        });
        return $"{shown}: {(await client.Ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")).Text}";
    }

    [Fact]
    public async Task What_is_told_of_a_client_and_its_connection_is_the_same()
    {
        var site = WriteSite("site.pem", "CN=localhost", 1, "localhost");
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        using var joe = Issue("CN=joe, O=Example", curve, [0x0A, 0xFF]);
        using var ann = Issue("CN=ann, OU=one, OU=two, O=\"Foo, Inc.\"", rsa, [0x7F]);
        var (theirs, ours) = await AskBoth($"ssl crt {site} ca-file {_folder.At("ca.pem")} verify optional", [("localhost", joe), ("localhost", ann), ("localhost", null), (null, joe)]);
        Assert.Equal(theirs, ours);
        Assert.Contains("|joe|", theirs[0], StringComparison.Ordinal);
    }

    [Theory, InlineData("crt"), InlineData("crt-list")]
    public async Task Certificates_of_a_folder_and_of_a_list_are_shown(string keyword)
    {
        var folder = Directory.CreateDirectory(_folder.At("sites")).FullName;
        WriteSite("sites/a.pem", "CN=first.example", 1, "first.example");
        WriteSite("sites/b.pem", "CN=second.example", 2, "second.example");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var third = Issue("CN=third.example", key, [3], "third.example");
        _folder.Write("sites/c.pem", third.ExportCertificatePem());
        _folder.Write("sites/c.pem.key", key.ExportPkcs8PrivateKeyPem());
        var list = _folder.Write("list", $"# certificates\n{folder}/b.pem [alpn http/1.1] second.example\n\n{folder}/a.pem\n{folder}/c.pem *.example third.example\n");
        var (theirs, ours) = await AskBoth(keyword == "crt" ? $"ssl crt {folder}" : $"ssl crt-list {list}", [.. ((string?[])["first.example", "second.example", "third.example", "nobody.at.all", null]).Select(host => (host, (X509Certificate2?)null))]);
        Assert.Equal(theirs, ours);
        Assert.Contains("CN=third.example", theirs[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_certificates_the_one_for_the_name_is_shown()
    {
        string[] sites =
        [
            WriteSite("first.pem", "CN=first.example", 1, "first.example"),
            WriteSite("many.pem", "CN=many.example", 2, "many.example", "also.example", "*.wild.example"),
            WriteSite("plain.pem", "CN=plain.example", 3),
            WriteSite("exact.pem", "CN=exact", 4, "one.wild.example"),
        ];
        string?[] hosts = ["first.example", "many.example", "also.example", "a.wild.example", "one.wild.example", "a.b.wild.example", "wild.example", "plain.example", "FIRST.example", "nobody.example", null];
        var (theirs, ours) = await AskBoth($"ssl {string.Join(' ', sites.Select(site => $"crt {site}"))}", [.. hosts.Select(host => (host, (X509Certificate2?)null))]);
        Assert.Equal(theirs, ours);
    }
}
