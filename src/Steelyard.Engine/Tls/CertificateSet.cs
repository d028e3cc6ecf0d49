using System.Buffers.Binary;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Config;

namespace Steelyard.Engine.Tls;

/// <summary>The certificates of a listener, ready for handshakes. Immutable, shared by all loops.</summary>
internal sealed class CertificateSet
{
    // As nginx: curl --http1.0 offers nothing else, and who finds no common protocol has to give up (RFC 7301, 3.2).
    private static readonly SslApplicationProtocol s_http10 = new("http/1.0");

    // The bits of versions are the 14 below.
    private const int BehindVersions = 16;

    private readonly Dictionary<string, SslServerAuthenticationOptions> _exact = new(StringComparer.OrdinalIgnoreCase);

    // "*.example.com" as "example.com".
    private readonly Dictionary<string, SslServerAuthenticationOptions> _wildcard = new(StringComparer.OrdinalIgnoreCase);
    private readonly SslServerAuthenticationOptions? _default;
    private readonly List<UsedCertificate> _used = [];

    private CertificateSet(TlsFiles files, ListenerTls settings, ListenerMode mode, RefusedClients refused)
    {
        var authorities = settings.ClientCertificates is { } clients ? PemCertificate.ReadAuthorities(files, clients.Authorities) : null;
        foreach (var names in settings.Certificates)
        {
            var certificate = PemCertificate.Read(files, names);
            _used.Add(new(names.Certificate, certificate.Leaf, [.. certificate.Intermediates]));
            var options = OptionsFor(certificate, settings, mode, authorities, refused);
            _default ??= options;
            foreach (var name in PemCertificate.NamesOf(certificate.Leaf))
            {
                if (name.StartsWith("*.", StringComparison.Ordinal))
                    _wildcard.TryAdd(name[2..], options);
                else
                    _exact.TryAdd(name, options);
            }
        }
    }

    /// <summary>The certificates, in the order of the configuration.</summary>
    public IReadOnlyList<UsedCertificate> Used => _used;

    /// <summary>Reads the files of a listener.</summary>
    /// <exception cref="TlsFileException">One of them is of no use.</exception>
    public static CertificateSet Read(TlsFiles files, ListenerTls settings, ListenerMode mode, RefusedClients refused) => new(files, settings, mode, refused);

    /// <summary>What a client gets that asks for a host.</summary>
    /// <param name="host">The name; empty when it did not say one.</param>
    /// <param name="strict">Whether there is nothing for a host that no certificate names.</param>
    public SslServerAuthenticationOptions? For(string host, bool strict)
    {
        if (host.Length > 0)
        {
            if (_exact.TryGetValue(host, out var options))
                return options;
            var dot = host.IndexOf('.');
            if (dot > 0 && _wildcard.TryGetValue(host[(dot + 1)..], out options))
                return options;
        }

        return strict ? null : _default;
    }

    private static SslServerAuthenticationOptions OptionsFor(PemCertificate certificate, ListenerTls settings, ListenerMode mode, X509Certificate2Collection? authorities, RefusedClients refused)
    {
        var options = new SslServerAuthenticationOptions
        {
            // Offline: what a chain or a revocation needs is never fetched from the network.
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate.Leaf, certificate.Intermediates, offline: true),
            EnabledSslProtocols = Protocols(settings.Versions) | MarkOf(settings.ClientCertificates, authorities),
            // What is inside of a connection in TCP mode, only its two ends know.
            ApplicationProtocols = mode == ListenerMode.Http ? [SslApplicationProtocol.Http11, s_http10] : null,
            AllowRenegotiation = false,
        };
        if (settings.ClientCertificates is not { } clients)
            return options;
        options.ClientCertificateRequired = true;
        options.CertificateChainPolicy = ChainPolicy(authorities);
        options.RemoteCertificateValidationCallback = (_, certificate, _, errors) => refused.Judge(certificate is not null, errors, clients.Optional);
        return options;
    }

    /// <summary>
    /// Keeps sessions to the rules about certificates of clients that they began under: one that is resumed is not asked for
    /// a certificate again, and shows what it showed then. The runtime keeps the keys of tickets by the versions and the
    /// certificate of a server, for the whole process; so the rules are told as versions that there are not, which it does
    /// not look at otherwise. Two that share a mark by chance are no less safe, for who is resumed is judged again.
    /// </summary>
    private static SslProtocols MarkOf(ClientCertificates? clients, X509Certificate2Collection? authorities)
    {
        if (clients is null)
            return SslProtocols.None;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([clients.Optional ? (byte)1 : (byte)0]);
        foreach (var authority in authorities ?? [])
            hash.AppendData(authority.RawData);
        var mark = BinaryPrimitives.ReadUInt16LittleEndian(hash.GetHashAndReset()) >> 1;
#pragma warning disable CA5397 // These bits name no version, old or new: they are the mark alone, and which versions are spoken stands beside them.
        return (SslProtocols)((mark == 0 ? 1 : mark) << BehindVersions);
#pragma warning restore CA5397
    }

    /// <summary>How a chain is built on a loop: from memory.</summary>
    /// <param name="authorities">Who is believed; null for the authorities of the system.</param>
    public static X509ChainPolicy ChainPolicy(X509Certificate2Collection? authorities)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (authorities is null)
            return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

#pragma warning disable CA5398 // The configuration says which versions are spoken.
    public static SslProtocols Protocols(TlsVersions versions) =>
        (versions.HasFlag(TlsVersions.Tls12) ? SslProtocols.Tls12 : SslProtocols.None) | (versions.HasFlag(TlsVersions.Tls13) ? SslProtocols.Tls13 : SslProtocols.None);
#pragma warning restore CA5398
}
