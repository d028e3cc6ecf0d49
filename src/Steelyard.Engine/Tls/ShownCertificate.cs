using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Steelyard.Engine.Tls;

/// <summary>What is asked of the certificate that a client has shown, made once for each connection that is asked. Owned by its loop.</summary>
/// <param name="certificate">The certificate, which has been found valid.</param>
internal sealed class ShownCertificate(X509Certificate2 certificate)
{
    private byte[]? _subject;
    private byte[]? _issuer;
    private byte[]? _serial;
    private byte[]? _fingerprint;

    /// <summary>Whose it is (RFC 2253).</summary>
    public ReadOnlySpan<byte> Subject => _subject ??= DistinguishedName.Write(certificate.SubjectName.RawData) ?? [];

    /// <summary>Who has signed it (RFC 2253).</summary>
    public ReadOnlySpan<byte> Issuer => _issuer ??= DistinguishedName.Write(certificate.IssuerName.RawData) ?? [];

    /// <summary>Its number in hexadecimal digits, without the byte that keeps it from being negative.</summary>
    public ReadOnlySpan<byte> Serial => _serial ??= Encoding.ASCII.GetBytes(certificate.SerialNumber is ['0', '0', _, ..] padded ? padded[2..] : certificate.SerialNumber);

    /// <summary>Its SHA-1 in hexadecimal digits: it names a certificate, and proves nothing.</summary>
#pragma warning disable CA5350 // It names a certificate, as nginx's $ssl_client_fingerprint does, and proves nothing.
    public ReadOnlySpan<byte> Fingerprint => _fingerprint ??= Encoding.ASCII.GetBytes(certificate.GetCertHashString(HashAlgorithmName.SHA1).ToLowerInvariant());
#pragma warning restore CA5350
}
