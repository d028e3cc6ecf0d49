using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Expressions;

/// <summary>What is known of a client's TLS and of its certificate.</summary>
/// <param name="kind">Which of it.</param>
/// <param name="name">Which part of a name.</param>
internal sealed class TlsValue(FetchKind kind, string name) : CompiledValue
{
    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (scope.Connection is not { Tls: { } stream } connection)
            return false;
        switch (kind)
        {
            case FetchKind.TlsVersion:
                value = TlsWords.VersionOf(stream);
                return !value.IsEmpty;
            case FetchKind.TlsCipher:
                value = TlsWords.CipherOf(stream);
                return true;
            case FetchKind.ClientVerified:
                value = connection.Certificate is null ? "NONE"u8 : "SUCCESS"u8;
                return true;
            default:
                if (connection.Certificate is not { } known)
                    return false;
                value = kind switch
                {
                    FetchKind.ClientSubject => known.Subject,
                    FetchKind.ClientIssuer => known.Issuer,
                    FetchKind.ClientSerial => known.Serial,
                    FetchKind.ClientFingerprint => known.Fingerprint,
                    _ => default,
                };
                return !value.IsEmpty || (stream.RemoteCertificate is X509Certificate2 shown && TryWrite(
                    kind switch
                    {
                        FetchKind.ClientSubjectPart => PartOf(shown.SubjectName),
                        FetchKind.ClientIssuerPart => PartOf(shown.IssuerName),
                        FetchKind.ClientNotBefore => TimeOf(shown.NotBefore),
                        FetchKind.ClientNotAfter => TimeOf(shown.NotAfter),
                        FetchKind.ClientCertificateVersion => shown.Version.ToString(CultureInfo.InvariantCulture),
                        FetchKind.ClientKeyKind => shown.GetKeyAlgorithm() == "1.2.840.113549.1.1.1" ? "rsaEncryption" : "id-ecPublicKey",
                        _ => "",
                    },
                    out value));
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
