using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Config;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>An authority of the tests' own, and what it vouches for. Files lie in a folder that is removed with it.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _authority;
    private int _serial;

    public TestCertificates(string name = "Test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(3650));
        Write("ca.pem", _authority.ExportCertificatePem());
    }

    /// <summary>Made once for all tests that only want some TLS; names localhost, 127.0.0.1 and example.com.</summary>
    public static TestCertificates Shared { get; } = MakeShared();

    public string Folder => _folder.Path;

    public X509Certificate2 Authority => _authority;

    private static TestCertificates MakeShared()
    {
        var shared = new TestCertificates();
        shared.Issue("site", "localhost", "127.0.0.1", "example.com");
        return shared;
    }

    /// <summary>Makes a certificate and its key, as NAME.pem and NAME.key.</summary>
    /// <param name="name">The name of the files; also the common name.</param>
    /// <param name="hosts">What it is for: host names and addresses.</param>
    public CertificateFiles Issue(string name, params string[] hosts) => Issue(name, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(90), rsa: false, hosts);

    public CertificateFiles Issue(string name, DateTimeOffset from, DateTimeOffset to, bool rsa, params string[] hosts)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsaKey
            ? new CertificateRequest($"CN={name}", rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest($"CN={name}", (ECDsa)key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        if (hosts.Length > 0)
            request.CertificateExtensions.Add(names.Build());
        var serial = BitConverter.GetBytes(IPAddress.HostToNetworkOrder(Interlocked.Increment(ref _serial)));
        using var certificate = request.Create(_authority.SubjectName, X509SignatureGenerator.CreateForECDsa(_authority.GetECDsaPrivateKey()!), from, to, serial);
        Write(name + ".pem", certificate.ExportCertificatePem());
        Write(name + ".key", key.ExportPkcs8PrivateKeyPem());
        return new(name + ".pem", name + ".key");
    }

    /// <summary>A certificate with its key, for a peer of the balancer's.</summary>
    public X509Certificate2 Load(CertificateFiles files)
    {
        using var pem = X509Certificate2.CreateFromPem(File.ReadAllText(PathOf(files.Certificate)), File.ReadAllText(PathOf(files.Key!)));
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
    }

    public string PathOf(string file) => System.IO.Path.Combine(Folder, file);

    /// <summary>Writes a file as a careful program does: whole, and then in its place.</summary>
    public void Write(string file, string text)
    {
        var draft = PathOf(file + ".new");
        File.WriteAllText(draft, text);
        File.Move(draft, PathOf(file), overwrite: true);
    }

    /// <summary>A client that believes this authority.</summary>
    public SslClientAuthenticationOptions Client(string host = "localhost", SslProtocols versions = SslProtocols.None, CertificateFiles? certificate = null) => new()
    {
        TargetHost = host,
        EnabledSslProtocols = versions,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { _authority }, RevocationMode = X509RevocationMode.NoCheck },
        ClientCertificates = certificate is null ? null : [Load(certificate)],
    };

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }
}
