using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Config;

namespace Steelyard.Engine.Tls;

/// <summary>How TLS is spoken to some servers: the settings, and the certificates of the moment. Shared by all loops; written as <see cref="TlsListener"/> is.</summary>
internal sealed class TlsClient : IWatchedTls
{
    private readonly TlsFiles _files;
    private readonly FileWatch _watch;
    private volatile Material _material;

    private sealed record Material(X509ChainPolicy? Policy, SslStreamCertificateContext? Certificate);

    /// <exception cref="TlsFileException">A file is of no use.</exception>
    public TlsClient(ServerTls settings, TlsFiles files)
    {
        (Settings, _files, _watch) = (settings, files, new(files));
        _watch.Add(settings.Certificate?.Certificate);
        _watch.Add(settings.Certificate?.Key);
        _watch.Add(settings.Certificate?.Passwords);
        _watch.Add(settings.Authorities);
        _material = Read();
    }

    public ServerTls Settings { get; }

    private Material Read()
    {
        var authorities = Settings.Authorities is { } name ? PemCertificate.ReadAuthorities(_files, name) : null;
        var policy = Settings.Verify ? CertificateSet.ChainPolicy(authorities) : null;
        if (policy is not null && authorities is null)
            WarmUp(policy);
        if (Settings.Certificate is not { } names)
            return new(policy, null);
        var certificate = PemCertificate.Read(_files, names);
        return new(policy, SslStreamCertificateContext.Create(certificate.Leaf, certificate.Intermediates, offline: true));
    }

    // The authorities of the system are read from a hundred files at the first use, which must not be a loop's.
    private static void WarmUp(X509ChainPolicy policy)
    {
        using var store = new X509Store(StoreName.Root, StoreLocation.LocalMachine);
        store.Open(OpenFlags.ReadOnly);
        if (store.Certificates is not [var any, ..])
            return;
        using var chain = new X509Chain { ChainPolicy = policy.Clone() };
        chain.Build(any);
    }

    /// <summary>What a handshake with a server goes by.</summary>
    /// <param name="host">The host of its address; empty for a Unix socket.</param>
    /// <param name="verdict">Told what is wrong with its certificate.</param>
    /// <param name="asked">The name that a request asks for, empty for none; null where requests say nothing of it.</param>
    public SslClientAuthenticationOptions OptionsFor(string host, CertificateVerdict verdict, string? asked = null)
    {
        var material = _material;
        return new()
        {
            TargetHost = asked ?? Settings.Name ?? host,
            CertificateChainPolicy = material.Policy,
            ClientCertificateContext = material.Certificate,
            EnabledSslProtocols = CertificateSet.Protocols(TlsVersions.All),
            RemoteCertificateValidationCallback = verdict.Judge,
            AllowRenegotiation = false,
        };
    }

    public string? Look(bool atOnce)
    {
        if (_watch.Look(atOnce) is not { } changed)
            return null;
        try
        {
            _material = Read();
            return $"{changed} has changed: new connections to servers go by it";
        }
        catch (TlsFileException fault)
        {
            return $"{fault.Message}; connections to servers go by what was read before";
        }
    }
}

/// <summary>What is wrong with the certificate of a server.</summary>
/// <param name="settings">What may be.</param>
/// <param name="name">The name that it has to have; null for the one that is asked for.</param>
/// <param name="anyName">Whether any will do, whatever the settings say.</param>
internal sealed class CertificateVerdict(ServerTls settings, string? name = null, bool anyName = false)
{
    /// <summary>Why it was refused; <see cref="CertificateFault.None"/> when it was not.</summary>
    public CertificateFault Fault { get; private set; }

    public bool Judge(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (settings.AnyName || anyName || (name is not null && certificate is X509Certificate2 shown && shown.MatchesHostname(name)))
            errors &= ~SslPolicyErrors.RemoteCertificateNameMismatch;
        else if (name is not null)
            errors |= SslPolicyErrors.RemoteCertificateNameMismatch;
        Fault = !settings.Verify || errors == SslPolicyErrors.None ? CertificateFault.None
            : certificate is null ? CertificateFault.Untrusted
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? ChainFault(chain)
            : CertificateFault.OtherName;
        return Fault == CertificateFault.None;
    }

    // One that nobody vouches for has worse faults than its age.
    private static CertificateFault ChainFault(X509Chain? chain)
    {
        foreach (var status in chain?.ChainStatus ?? [])
        {
            if (status.Status is not (X509ChainStatusFlags.NotTimeValid or X509ChainStatusFlags.NoError))
                return CertificateFault.Untrusted;
        }

        return CertificateFault.Expired;
    }
}

internal enum CertificateFault : byte
{
    None,
    Untrusted,
    Expired,
    OtherName,
}
