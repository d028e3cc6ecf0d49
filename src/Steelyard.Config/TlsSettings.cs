namespace Steelyard.Config;

/// <summary>How a listener speaks TLS.</summary>
public sealed record ListenerTls
{
    /// <summary>The certificates; at least one. A client gets the one that names the host it asks for (RFC 6066, 3), else the first.</summary>
    public required ValueList<CertificateFiles> Certificates { get; init; }

    /// <summary>The versions that are spoken; at least one. Default 1.2 and 1.3.</summary>
    public TlsVersions Versions { get; init; } = TlsVersions.All;

    /// <summary>Refuses clients that ask for a host no certificate names, or for none. Default false (HAProxy: strict-sni).</summary>
    public bool StrictSni { get; init; }

    /// <summary>Which certificates clients show; null for none.</summary>
    public ClientCertificates? ClientCertificates { get; init; }

    /// <summary>How long browsers shall use TLS only for this site (RFC 6797): 0 to 3650 d; null for nothing said.</summary>
    public TimeSpan? StrictTransportSecurity { get; init; }
}

/// <summary>A certificate with its key, in PEM.</summary>
/// <param name="Certificate">The file of the certificate, followed by those that lead from it to a root; relative to the folder of the configuration.</param>
/// <param name="Key">The file of the key; null when <paramref name="Certificate"/> holds it too.</param>
/// <param name="Passwords">The file of passwords, one a line, of which one opens the key; null for a key without one (nginx: ssl_password_file).</param>
public sealed record CertificateFiles(string Certificate, string? Key, string? Passwords = null);

/// <summary>Versions of TLS. Older ones are not spoken (RFC 8996).</summary>
[Flags]
public enum TlsVersions
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>RFC 5246.</summary>
    Tls12 = 1,

    /// <summary>RFC 8446.</summary>
    Tls13 = 2,

    /// <summary>Both.</summary>
    All = Tls12 | Tls13,
}

/// <summary>The certificates that clients of a listener show.</summary>
public sealed record ClientCertificates
{
    /// <summary>The file of the authorities that are believed, in PEM.</summary>
    public required string Authorities { get; init; }

    /// <summary>Whether clients without one are served too (nginx: ssl_verify_client optional). One that is shown has to be valid in any case.</summary>
    public bool Optional { get; init; }
}

/// <summary>How TLS is spoken to servers.</summary>
public sealed record ServerTls
{
    /// <summary>Whether a server's certificate has to be valid and name it. Default true.</summary>
    public bool Verify { get; init; } = true;

    /// <summary>Whether a certificate that is valid may name anything. Default false (HAProxy: without sni and verifyhost).</summary>
    public bool AnyName { get; init; }

    /// <summary>The file of the authorities that are believed, in PEM; null for those of the system.</summary>
    public string? Authorities { get; init; }

    /// <summary>The name that the certificate has to have and that the server is asked for; null for the host of its address.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// The name that a server is asked for, made of each request; one that is empty or no name is not said. A connection serves
    /// requests of one name alone. The certificate has to have it, unless <see cref="Name"/> says another. Null for
    /// <see cref="Name"/> (HAProxy: sni).
    /// </summary>
    public TextTemplate? NameOfRequest { get; init; }

    /// <summary>What is shown to a server that asks for a certificate; null for nothing.</summary>
    public CertificateFiles? Certificate { get; init; }
}
