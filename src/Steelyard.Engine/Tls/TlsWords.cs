using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;

namespace Steelyard.Engine.Tls;

/// <summary>What a connection's TLS is called, found without allocating.</summary>
internal static class TlsWords
{
    private static readonly ConcurrentDictionary<TlsCipherSuite, byte[]> s_ciphers = new();

    /// <summary>The version, as OpenSSL has it; empty before it is agreed on.</summary>
    public static ReadOnlySpan<byte> VersionOf(SslStream stream) => stream.SslProtocol switch
    {
        SslProtocols.Tls12 => "TLSv1.2"u8,
        SslProtocols.Tls13 => "TLSv1.3"u8,
        _ => default,
    };

    /// <summary>The cipher suite by its registered name.</summary>
    public static ReadOnlySpan<byte> CipherOf(SslStream stream) => s_ciphers.GetOrAdd(stream.NegotiatedCipherSuite, static suite => Encoding.ASCII.GetBytes(suite.ToString()));
}
