namespace Steelyard.Config.Drafts;

/// <summary>The checks across the settings of TLS.</summary>
internal static class TlsChecks
{
    public static ListenerTls? Listener(Located<ListenerTlsDraft>? located, ProblemList problems)
    {
        if (located is not { Value: var draft })
            return null;
        if (draft is { Certificates.Count: > 0, Certificate: { } both })
            problems.Error(both.Place, "'certificate' beside 'certificates'", "either of them");
        if (draft is { Certificate: null, Key: { } alone })
            problems.Error(alone.Place, "'key' without 'certificate'", "the key of each certificate beside it, as in { certificate: site.pem, key: site.key }");
        return new()
        {
            Certificates = draft.Certificate is { } certificate ? [new(certificate.Value, draft.Key?.Value)] : draft.Certificates.ToValueList(),
            Versions = draft.Versions,
            StrictSni = draft.StrictSni,
            ClientCertificates = draft.ClientCertificates,
            StrictTransportSecurity = draft.StrictTransportSecurity,
        };
    }

    /// <param name="draft">What was read.</param>
    /// <param name="addresses">The servers it is for.</param>
    /// <param name="problems">Where what does not fit is reported.</param>
    public static ServerTls? Servers(ServerTlsDraft? draft, IEnumerable<Located<NetworkAddress>> addresses, ProblemList problems)
    {
        if (draft is null)
            return null;
        if (draft is { Certificate: null, Key: { } alone })
            problems.Error(alone.Place, "'key' without 'certificate'", "both, or neither");
        foreach (var (address, place) in addresses)
        {
            if (draft is { Verify: true, AnyName: false, Name: null } && address.UnixPath is not null)
                problems.Error(place, "a Unix socket has no host name that its certificate could be checked for", "'name' in 'tls', or 'verify: false'");
        }

        return new()
        {
            Verify = draft.Verify,
            AnyName = draft.AnyName,
            Authorities = draft.Authorities,
            Name = draft.Name,
            NameOfRequest = draft.NameOfRequest,
            Certificate = draft.Certificate is { } certificate ? new(certificate.Value, draft.Key?.Value, draft.Passwords?.Value) : null,
        };
    }
}
