using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Expressions;

/// <summary>What is known of a client's TLS and of its certificate.</summary>
/// <param name="kind">Which of it.</param>
/// <param name="name">Which part of a name, and behind a blank which of several.</param>
internal sealed class TlsValue(FetchKind kind, string name) : CompiledValue
{
    private readonly string _type = name.Split(' ')[0];
    private readonly int _number = name.IndexOf(' ', StringComparison.Ordinal) is var blank and > 0 && int.TryParse(name.AsSpan(blank + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number != 0 ? number : 1;

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
            case FetchKind.TlsProtocol:
                value = stream.NegotiatedApplicationProtocol.Protocol.Span;
                return !value.IsEmpty;
            case FetchKind.ClientCertificate:
                value = stream.RemoteCertificate is X509Certificate2 whole ? whole.RawDataMemory.Span : default;
                return !value.IsEmpty;
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

    // Of several parts of a type the one of the number, from the end where that is below 0; or all in the order of the certificate.
    private string PartOf(X500DistinguishedName subject)
    {
        var all = new System.Text.StringBuilder();
        List<string?> found = [];
        foreach (var part in subject.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
                continue;
            var type = part.GetSingleElementType();
            var known = TypeOf(type);
            if (_type == "*")
                all.Append('/').Append(known).Append('=').Append(part.GetSingleElementValue());
            else if (known == _type || type.Value == _type)
                found.Add(part.GetSingleElementValue());
        }

        if (_type == "*")
            return all.ToString();
        var at = _number > 0 ? _number - 1 : found.Count + _number;
        return at >= 0 && at < found.Count ? found[at] ?? "" : "";
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
