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
        File.WriteAllText(Path.Combine(_folder, "ca.pem"), certificate.ExportCertificatePem());
        _shown = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
        File.WriteAllText(Path.Combine(_folder, "site.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
    }

    private readonly X509Certificate2 _shown;

    /// <summary>The listener asks for certificates, and the client shows this one.</summary>
    public void ShowIt()
    {
        Listener = Listener with { ClientCertificates = new() { Authorities = "ca.pem" } };
        Client.LocalCertificateSelectionCallback = (_, _, _, _, _) => _shown;
    }

    public TlsFiles Files => new(_folder);

    public ListenerTls Listener { get; private set; } = new() { Certificates = [new("site.pem", null)] };

    public SslClientAuthenticationOptions Client { get; } = new()
    {
        TargetHost = "localhost",
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost",
    };

    public void Dispose()
    {
        _shown.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
