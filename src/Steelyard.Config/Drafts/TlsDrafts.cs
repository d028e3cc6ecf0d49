namespace Steelyard.Config.Drafts;

internal sealed record CertificateDraft
{
    public Located<string>? Certificate { get; init; }

    public Located<string>? Key { get; init; }

    public Located<string>? Passwords { get; init; }
}

internal sealed record ListenerTlsDraft
{
    public Located<string>? Certificate { get; init; }

    public Located<string>? Key { get; init; }

    public IReadOnlyList<CertificateFiles> Certificates { get; init; } = [];

    public TlsVersions Versions { get; init; } = TlsVersions.All;

    public bool StrictSni { get; init; }

    public ClientCertificates? ClientCertificates { get; init; }

    public TimeSpan? StrictTransportSecurity { get; init; }
}

internal sealed record ServerTlsDraft
{
    public bool Verify { get; init; } = true;

    public bool AnyName { get; init; }

    public string? Authorities { get; init; }

    public string? Name { get; init; }

    public TextTemplate? NameOfRequest { get; init; }

    public Located<string>? Certificate { get; init; }

    public Located<string>? Key { get; init; }

    public Located<string>? Passwords { get; init; }
}
