using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Simulation.Machinery;

/// <summary>A certificate for a proxy, and a client that believes it.</summary>
internal sealed class OneCertificate : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("steelyard-test-").FullName;

    public OneCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(_folder, "site.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
    }

    public TlsFiles Files => new(_folder);

    public ListenerTls Listener { get; } = new() { Certificates = [new("site.pem", null)] };

    public SslClientAuthenticationOptions Client { get; } = new()
    {
        TargetHost = "localhost",
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost",
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
