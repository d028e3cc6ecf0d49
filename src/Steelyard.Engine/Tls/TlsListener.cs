using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using Steelyard.Config;

namespace Steelyard.Engine.Tls;

/// <summary>
/// How a listener speaks TLS: its settings, and the certificates of the moment. Shared by all loops; written by whoever
/// looks after the files, one at a time.
/// </summary>
internal sealed class TlsListener : IWatchedTls
{
    private readonly TlsFiles _files;
    private readonly FileWatch _watch;
    private readonly RefusedClients _refused = new();
    private volatile CertificateSet _certificates;

    /// <exception cref="TlsFileException">A file is of no use.</exception>
    public TlsListener(ListenerTls settings, ListenerMode mode, TlsFiles files)
    {
        (Settings, Mode, _files, _watch) = (settings, mode, files, new(files));
        foreach (var names in settings.Certificates)
        {
            _watch.Add(names.Certificate);
            _watch.Add(names.Key);
            _watch.Add(names.Passwords);
        }

        _watch.Add(settings.ClientCertificates?.Authorities);
        _certificates = CertificateSet.Read(files, settings, mode, _refused);
    }

    public ListenerTls Settings { get; }

    /// <summary>The certificates that clients are shown now.</summary>
    public IReadOnlyList<UsedCertificate> Used => _certificates.Used;

    /// <summary>What is spoken inside.</summary>
    public ListenerMode Mode { get; }

    /// <summary>Chooses the certificate of a handshake, for the <see cref="TlsListener"/> that is its state.</summary>
    public static ServerOptionsSelectionCallback Select { get; } = static (_, hello, state, _) =>
    {
        var listener = (TlsListener)state!;
        return new(listener._certificates.For(hello.ServerName, listener.Settings.StrictSni) ?? throw new UnknownHostException());
    };

    public string? Look(bool atOnce)
    {
        if (_watch.Look(atOnce) is not { } changed)
            return _refused.Report(Settings.Certificates[0].Certificate, Stopwatch.GetElapsedTime(0));
        try
        {
            _certificates = CertificateSet.Read(_files, Settings, Mode, _refused);
            return $"{changed} has changed: new connections get the new certificate";
        }
        catch (TlsFileException fault)
        {
            return $"{fault.Message}; the certificate stays as it was";
        }
    }

    /// <summary>A client asked for a host that no certificate names.</summary>
    internal sealed class UnknownHostException() : AuthenticationException("No certificate names the host.");
}

/// <summary>What uses certificates that may change under way.</summary>
internal interface IWatchedTls
{
    /// <summary>Looks at the files, and takes up those that have changed. Off the loops, one at a time.</summary>
    /// <param name="atOnce">Whether a change counts that may still go on; else it has to have stayed for two looks.</param>
    /// <returns>What an operator is told; null when nothing has happened.</returns>
    string? Look(bool atOnce);
}
