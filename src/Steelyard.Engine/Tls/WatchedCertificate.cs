using System.Net.Security;
using Steelyard.Config;

namespace Steelyard.Engine.Tls;

/// <summary>
/// A certificate for a server beside the loops, such as the admin API: read from its files, and read again when they change.
/// Looked at by one thread at a time; what it gives may be taken from any.
/// </summary>
public sealed class WatchedCertificate
{
    private readonly TlsFiles _files;
    private readonly FileWatch _watch;
    private volatile SslServerAuthenticationOptions _options;

    /// <param name="files">Where files are read.</param>
    /// <param name="names">The certificate and its key.</param>
    /// <exception cref="TlsFileException">A file is of no use.</exception>
    public WatchedCertificate(TlsFiles files, CertificateFiles names)
    {
        (_files, Names, _watch) = (files, names, new FileWatch(files));
        _watch.Add(names.Certificate);
        _watch.Add(names.Key);
        _watch.Add(names.Passwords);
        _options = Read();
    }

    /// <summary>The files.</summary>
    public CertificateFiles Names { get; }

    /// <summary>What the next handshake goes by.</summary>
    public SslServerAuthenticationOptions Options => _options;

    /// <summary>Takes files up that have changed; one that is of no use changes nothing.</summary>
    /// <param name="atOnce">Whether a change counts that may still go on; else it counts once it has stayed for two looks.</param>
    /// <returns>What has happened, for people; null for nothing.</returns>
    public string? Look(bool atOnce)
    {
        if (_watch.Look(atOnce) is not { } changed)
            return null;
        try
        {
            _options = Read();
            return $"{changed} has changed and is used by the admin API from now on";
        }
        catch (TlsFileException fault)
        {
            return $"{fault.Message}; the admin API goes on with the certificate it has";
        }
    }

    private SslServerAuthenticationOptions Read()
    {
        var certificate = PemCertificate.Read(_files, Names);
        return new()
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate.Leaf, certificate.Intermediates, offline: true),
            EnabledSslProtocols = CertificateSet.Protocols(TlsVersions.All),
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            AllowRenegotiation = false,
        };
    }
}
