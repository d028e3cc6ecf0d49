using System.Globalization;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>What is known of a client's TLS and of its certificate. What is asked of a certificate is made anew each time.</summary>
/// <param name="kind">Which of it.</param>
/// <param name="name">Which part of a name.</param>
internal sealed class TlsValue(FetchKind kind, string name) : CompiledValue
{
    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (scope.Connection?.Tls is not { } stream)
            return false;
        switch (kind)
        {
            case FetchKind.TlsVersion:
                value = stream.SslProtocol == SslProtocols.Tls12 ? "TLSv1.2"u8 : "TLSv1.3"u8;
                return true;
            case FetchKind.TlsCipher:
                return TryWrite(stream.NegotiatedCipherSuite.ToString(), out value);
            case FetchKind.ClientVerified:
                value = stream.RemoteCertificate is null ? "NONE"u8 : "SUCCESS"u8;
                return true;
            default:
                return stream.RemoteCertificate is X509Certificate2 shown && TryWrite(
                    kind switch
                    {
                        FetchKind.ClientSubject => NameOf(shown.SubjectName),
                        FetchKind.ClientIssuer => NameOf(shown.IssuerName),
                        FetchKind.ClientSubjectPart => PartOf(shown.SubjectName),
                        FetchKind.ClientIssuerPart => PartOf(shown.IssuerName),
                        FetchKind.ClientNotBefore => TimeOf(shown.NotBefore),
                        FetchKind.ClientNotAfter => TimeOf(shown.NotAfter),
                        FetchKind.ClientCertificateVersion => shown.Version.ToString(CultureInfo.InvariantCulture),
                        FetchKind.ClientKeyKind => shown.GetKeyAlgorithm() == "1.2.840.113549.1.1.1" ? "rsaEncryption" : "id-ecPublicKey",
                        FetchKind.ClientSerial => shown.SerialNumber,
#pragma warning disable CA5350 // It names a certificate, and proves nothing.
                        _ => shown.GetCertHashString(HashAlgorithmName.SHA1).ToLowerInvariant(),
#pragma warning restore CA5350
                    },
                    out value);
        }
    }

    private static string TimeOf(DateTime time) => time.ToUniversalTime().ToString("yyMMddHHmmss'Z'", CultureInfo.InvariantCulture);

    // The last part of a type, as HAProxy finds it, or all of them in the order of the certificate.
    private string PartOf(X500DistinguishedName subject)
    {
        var found = new System.Text.StringBuilder();
        foreach (var part in subject.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
                continue;
            var type = part.GetSingleElementType();
            var known = TypeOf(type);
            if (name == "*")
                found.Append('/').Append(known).Append('=').Append(part.GetSingleElementValue());
            else if (known == name || type.Value == name)
                found.Clear().Append(part.GetSingleElementValue());
        }

        return found.ToString();
    }

    private static string TypeOf(Oid type) => type.Value switch
    {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        var other => other ?? "",
    };

    // RFC 2253 has no blanks between its parts.
    private static string NameOf(X500DistinguishedName name) => name.Decode(X500DistinguishedNameFlags.UseCommas | X500DistinguishedNameFlags.Reversed | X500DistinguishedNameFlags.DoNotUsePlusSign).Replace(", ", ",", StringComparison.Ordinal);

    // A field holds ASCII, and a line break in a name would end it.
    private static bool TryWrite(string text, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!ExpressionRoom.OfThread.TryTake(text.Length, out var written))
            return false;
        for (var i = 0; i < text.Length; i++)
            written[i] = text[i] is >= ' ' and <= '~' ? (byte)text[i] : (byte)'?';
        value = written;
        return true;
    }
}
