using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Steelyard.Engine.Tls;

/// <summary>What the servers are told of a client's certificate: Client-Cert (RFC 9440), and three fields that need no parser.</summary>
internal static class ClientCertificateFields
{
    /// <summary>The lines.</summary>
    /// <param name="certificate">The certificate, which has been found valid; null when the client has shown none.</param>
    public static byte[] Of(X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 shown)
            return "X-Client-Cert-Verified: no\r\n"u8.ToArray();
        return Encoding.Latin1.GetBytes(
            $"Client-Cert: :{Convert.ToBase64String(shown.RawDataMemory.Span)}:\r\n" +
            $"X-Client-Cert-Subject: {Printable(shown.Subject)}\r\n" +
            $"X-Client-Cert-Fingerprint: {shown.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant()}\r\n" +
            "X-Client-Cert-Verified: yes\r\n");
    }

    // A field holds ASCII, and a line break in a name would end it.
    private static string Printable(string name) => string.Create(name.Length, name, static (text, name) =>
    {
        for (var i = 0; i < text.Length; i++)
            text[i] = name[i] is >= ' ' and <= '~' ? name[i] : '?';
    });
}
