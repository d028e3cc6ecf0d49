using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>What is known of a client's TLS and of its certificate. What is asked of a certificate is made anew each time.</summary>
/// <param name="kind">Which of it.</param>
internal sealed class TlsValue(FetchKind kind) : CompiledValue
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
                        FetchKind.ClientSerial => shown.SerialNumber,
#pragma warning disable CA5350 // It names a certificate, and proves nothing.
                        _ => shown.GetCertHashString(HashAlgorithmName.SHA1).ToLowerInvariant(),
#pragma warning restore CA5350
                    },
                    out value);
        }
    }

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
