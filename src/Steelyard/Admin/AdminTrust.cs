using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Steelyard.Admin;

/// <summary>Whose certificate a command believes.</summary>
internal sealed class AdminTrust
{
    private readonly X509Certificate2Collection? _believed;

    private AdminTrust(X509Certificate2Collection? believed) => _believed = believed;

    /// <summary>The authorities of the system.</summary>
    public static AdminTrust OfSystem { get; } = new(believed: null);

    /// <summary>What a handshake goes by.</summary>
    public SslClientAuthenticationOptions Options => _believed is null ? new() : new()
    {
        CertificateChainPolicy = Policy(_believed),
        RemoteCertificateValidationCallback = (_, certificate, _, errors) => errors == SslPolicyErrors.None || IsPinned(certificate),
    };

    /// <summary>The certificates of a file: those of authorities, or the very one that is shown, which then needs no name.</summary>
    /// <exception cref="AdminProblemException">The file cannot be read, or holds none.</exception>
    public static AdminTrust From(string file)
    {
        var believed = new X509Certificate2Collection();
        try
        {
            believed.ImportFromPemFile(file);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new AdminProblemException(0, $"{file}: {(error is CryptographicException ? "a certificate in the file is damaged" : error.Message)}; expected certificates in PEM");
        }

        return believed.Count > 0 ? new(believed) : throw new AdminProblemException(0, $"{file}: there is no certificate in the file; expected certificates in PEM");
    }

    private static X509ChainPolicy Policy(X509Certificate2Collection believed)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, TrustMode = X509ChainTrustMode.CustomRootTrust };
        policy.CustomTrustStore.AddRange(believed);
        return policy;
    }

    private bool IsPinned(X509Certificate? shown)
    {
        foreach (var one in _believed!)
        {
            if (shown is not null && one.RawDataMemory.Span.SequenceEqual(shown.GetRawCertData()))
                return true;
        }

        return false;
    }
}
