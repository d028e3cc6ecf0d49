using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Expressions;

/// <summary>What is known of a client's TLS and of its certificate.</summary>
/// <param name="kind">Which of it.</param>
internal sealed class TlsValue(FetchKind kind) : CompiledValue
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
                if (connection.Certificate is not { } shown)
                    return false;
                value = kind switch
                {
                    FetchKind.ClientSubject => shown.Subject,
                    FetchKind.ClientIssuer => shown.Issuer,
                    FetchKind.ClientSerial => shown.Serial,
                    _ => shown.Fingerprint,
                };
                return true;
        }
    }
}
