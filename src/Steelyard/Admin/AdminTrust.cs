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
    public static AdminTrust OfSystem() => new(believed: null);

    /// <summary>Why the certificate that was shown last is not believed, in words; null where it is.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What a handshake goes by.</summary>
    public SslClientAuthenticationOptions Options => new()
    {
        CertificateChainPolicy = _believed is null ? null : Policy(_believed),
        RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
        {
            Refusal = errors == SslPolicyErrors.None || IsPinned(certificate) ? null : Words(errors);
            return Refusal is null;
        },
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
            var mistake = error switch { CryptographicException => "a certificate in the file is damaged", FileNotFoundException or DirectoryNotFoundException => "there is no such file", _ => error.Message };
            throw new AdminProblemException(0, $"{file}: {mistake}; expected certificates in PEM");
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
        foreach (var one in _believed ?? [])
        {
            if (shown is not null && one.RawDataMemory.Span.SequenceEqual(shown.GetRawCertData()))
                return true;
        }

        return false;
    }

    private static string Words(SslPolicyErrors errors) =>
        errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) ? "it shows no certificate"
        : "its certificate is not believed: " + string.Join(", and ", new[]
        {
            errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "it is for another name" : null,
            errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? "no authority that is believed here vouches for it, or its time is over" : null,
        }.OfType<string>());
}
