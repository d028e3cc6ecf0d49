using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>What stands in the certificates of clients is told as the real nginx tells it: people let others in by it.</summary>
public sealed class NginxCertificateNames : IDisposable
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";
    private const string Unit = "2.5.4.11";

    private const int Printable = 19;
    private const int Teletex = 20;
    private const int Ia5 = 22;
    private const int Universal = 28;
    private const int Bmp = 30;
    private const int Utf8 = 12;

    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _authority;

    public NginxCertificateNames()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(NameOf([[(Organization, Utf8, Bytes("Ünïon, \"AG\""))], [(CommonName, Printable, Bytes("root")), (Unit, Utf8, Bytes("b"))]]), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(100));
        _folder.Write("ca.pem", _authority.ExportCertificatePem());
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    /// <summary>Subjects: parts, of which each has one value or several.</summary>
    private static readonly (string Type, int Tag, byte[] Value)[][][] s_subjects =
    [
        [[(Organization, Printable, Bytes("Example"))], [(CommonName, Printable, Bytes("joe"))]],
        [[(CommonName, Utf8, Bytes("a")), (Unit, Utf8, Bytes("b")), (Unit, Utf8, Bytes("c"))], [(Organization, Utf8, Bytes("x"))]],
        [[(Organization, Utf8, Bytes("Foo, Inc."))], [(CommonName, Utf8, Bytes("a+OU=b"))]],
        [[(Organization, Utf8, Bytes("Foo,  Inc., O=Bar"))], [(CommonName, Utf8, Bytes("Jürgen Groß 日本 😀"))]],
        [[(CommonName, Teletex, [0x6A, 0xFC, 0x72])], [(Organization, Bmp, Encoding.BigEndianUnicode.GetBytes("Ω, é"))], [(Unit, Universal, Encoding.GetEncoding("utf-32BE").GetBytes("x日"))]],
        [[("1.2.840.113549.1.9.1", Ia5, Bytes("joe+x@example.com"))], [(CommonName, Utf8, Bytes("#1"))], [(Unit, Utf8, Bytes("#"))], [(Unit, Utf8, Bytes("a#"))]],
        [[(CommonName, Utf8, Bytes(" in front"))], [(Unit, Utf8, Bytes("behind "))], [(Unit, Utf8, Bytes("  both  "))], [(Unit, Utf8, Bytes(" "))], [(Unit, Utf8, [])]],
        [[(CommonName, Utf8, Bytes("\"q\" \\ ; < > = / , +"))]],
        [[(CommonName, Utf8, Bytes("line\nCN=root\r\n\0\t\x7f"))]],
        [[("1.2.3.4.5", Utf8, Bytes("secret"))], [("2.5.4.9999", Printable, Bytes("b"))], [(CommonName, Utf8, Bytes("c"))]],
        [[("0.9.2342.19200300.100.1.25", Ia5, Bytes("com"))], [("0.9.2342.19200300.100.1.25", Ia5, Bytes("example"))], [("0.9.2342.19200300.100.1.1", Utf8, Bytes("joe"))]],
        [.. ((string[])["2.5.4.4", "2.5.4.5", "2.5.4.7", "2.5.4.8", "2.5.4.9", "2.5.4.12", "2.5.4.13", "2.5.4.15", "2.5.4.17", "2.5.4.41", "2.5.4.42", "2.5.4.43", "2.5.4.44", "2.5.4.45", "2.5.4.46", "2.5.4.65", "2.5.4.72", "2.5.4.97", "1.3.6.1.4.1.311.60.2.1.3", "1.2.840.113549.1.9.2", "0.9.2342.19200300.100.1.3"]).Select(type => new[] { (type, Utf8, Bytes("x")) }), [("2.5.4.6", Printable, Bytes("DE"))]],
        [],
    ];

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static X500DistinguishedName NameOf((string Type, int Tag, byte[] Value)[][] parts)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var part in parts)
            {
                using var values = writer.PushSetOf();
                foreach (var (type, tag, value) in part)
                {
                    using var pair = writer.PushSequence();
                    writer.WriteObjectIdentifier(type);
                    writer.WriteEncodedValue([(byte)tag, (byte)value.Length, .. value]);
                }
            }
        }

        return new(writer.Encode());
    }

    private X509Certificate2 Issue(X500DistinguishedName subject, byte[] serial)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);

        // A certificate without a subject has to say otherwise whose it is.
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build(critical: true));
        using var certificate = request.Create(_authority.SubjectName, X509SignatureGenerator.CreateForECDsa(_authority.GetECDsaPrivateKey()!), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(9), serial);
        using var whole = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null);
    }

    [Fact]
    public async Task Names_numbers_and_fingerprints_are_the_same()
    {
        using var site = Issue(new("CN=localhost"), [1]);
        _folder.Write("site.pem", site.ExportCertificatePem() + "\n" + site.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var configuration = $$"""
            events { }
            http {
              server {
                listen ADDRESS ssl;
                ssl_certificate {{_folder.At("site.pem")}};
                ssl_certificate_key {{_folder.At("site.pem")}};
                ssl_client_certificate {{_folder.At("ca.pem")}};
                ssl_verify_client on;
                location / { return 200 "$ssl_client_s_dn|$ssl_client_i_dn|$ssl_client_serial|$ssl_client_fingerprint|$ssl_client_verify|$ssl_client_escaped_cert|$ssl_alpn_protocol"; }
              }
            }
            """;
        List<X509Certificate2> shown = [];
        foreach (var subject in s_subjects)
            shown.Add(Issue(NameOf(subject), shown.Count == 0 ? [0xFE, 0x01] : [0x0A, (byte)shown.Count]));
        var (theirs, ours) = await SideBySide.Nginx(configuration, async connect =>
        {
            List<string> answers = [];
            foreach (var certificate in shown)
                answers.Add(await Ask(connect, certificate));
            return answers;
        });
        foreach (var certificate in shown)
            certificate.Dispose();
        Assert.Equal(theirs, ours);
    }

    private static async Task<string> Ask(Func<Task<RawClient>> connect, X509Certificate2 certificate)
    {
        using var client = await connect();
        await client.Secure(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject == "CN=localhost",
            ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
        });
        return (await client.Ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")).Text;
    }
}
