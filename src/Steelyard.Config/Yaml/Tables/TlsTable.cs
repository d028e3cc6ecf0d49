using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>tls</c> on listeners, pools and servers.</summary>
internal static class TlsTable
{
    private const string CertificateAccepts = "a file such as site.pem, or a mapping as in { certificate: site.pem, key: site.key }";

    private static readonly IReadOnlyList<(string Word, TlsVersions Value, string Description)> VersionWords =
        [("1.2", TlsVersions.Tls12, ""), ("1.3", TlsVersions.Tls13, "")];

    /// <summary>A file that is read when the configuration is put to use; where it is named is remembered for what is wrong with it.</summary>
    public static Form<string> File { get; } = new(
        "the name of a file, relative to the folder of the configuration",
        (ProblemList problems, YamlNode node, out string value) =>
        {
            value = "";
            if (node is not YamlText text)
                return Form.RefuseKind(problems, node, "the name of a file");
            value = text.Value;
            if (value.Length == 0 || value.Contains('\0'))
            {
                problems.Error(text.Place, "the name of the file is empty", "the name of a file");
                return false;
            }

            problems.Files.Add(new(value, text.Place));
            return true;
        },
        name => name);

    public static DirectiveTable<CertificateDraft> Certificates { get; } = new(
        "a certificate",
        CertificateAccepts,
        "A certificate is a file in PEM that holds its key too, or a mapping with these keys.",
        [["certificate"]],
        [CertificateDirective<CertificateDraft>((draft, file) => draft with { Certificate = file }), KeyDirective<CertificateDraft>((draft, file) => draft with { Key = file }),
            PasswordsDirective<CertificateDraft>((draft, file) => draft with { Passwords = file })]);

    public static DirectiveTable<ClientCertificates> Clients { get; } = new(
        "'client-certificates'",
        "a mapping with 'ca', as in { ca: clients.pem, require: optional }",
        "Which certificates clients show. The servers are told of one in `Client-Cert` (RFC 9440), `X-Client-Cert-Subject` and `X-Client-Cert-Fingerprint` (SHA-256), and in `X-Client-Cert-Verified` whether there was one; what a client sends of these fields itself is never passed on.",
        [["ca"]],
        [
            new Directive<ClientCertificates, string>(
                "ca",
                File,
                "The certificates of the authorities that are believed, in PEM.",
                clients => clients.Authorities,
                (clients, value) => clients with { Authorities = value }),
            new Directive<ClientCertificates, bool>(
                "require",
                ScalarForms.OneOf([("required", false, ""), ("optional", true, "")]),
                "Whether clients without a certificate are refused or served too. One that is shown has to be valid in any case.",
                clients => clients.Optional,
                (clients, value) => clients with { Optional = value }),
        ]);

    public static DirectiveTable<ListenerTlsDraft> Listeners { get; } = new(
        "'tls'",
        "a mapping with 'certificate' or 'certificates', as in { certificate: site.pem, key: site.key }",
        "Clients speak TLS on this listener. Changed files of certificates are taken up within seconds, for new connections; a new file that is of no use changes nothing.",
        [["certificate", "certificates"]],
        [
            CertificateDirective<ListenerTlsDraft>((tls, file) => tls with { Certificate = file }),
            KeyDirective<ListenerTlsDraft>((tls, file) => tls with { Key = file }),
            new Directive<ListenerTlsDraft, IReadOnlyList<CertificateFiles>>(
                "certificates",
                Form.ListOf("a list of certificates, each a file or as in { certificate: site.pem, key: site.key }", CertificateForm()),
                "Several certificates. A client gets the one that names the host it asks for, in full before with a wildcard, and else the first.",
                tls => tls.Certificates,
                (tls, value) => tls with { Certificates = value }),
            new Directive<ListenerTlsDraft, TlsVersions>(
                "versions",
                VersionsForm(),
                "The versions of TLS that are spoken. Older ones are not (RFC 8996).",
                tls => tls.Versions,
                (tls, value) => tls with { Versions = value }),
            new Directive<ListenerTlsDraft, bool>(
                "strict-sni",
                ScalarForms.Switch,
                "Whether a client that asks for a host which no certificate names, or for none, is refused.",
                tls => tls.StrictSni,
                (tls, value) => tls with { StrictSni = value }),
            new Directive<ListenerTlsDraft, ClientCertificates?>(
                "client-certificates",
                Form.OrNull(Form.Mapping(Clients, _ => new() { Authorities = "" })),
                "Which certificates clients show: a mapping with the keys of [client-certificates](#listen-tls-client-certificates).",
                tls => tls.ClientCertificates,
                (tls, value) => tls with { ClientCertificates = value }),
            new Directive<ListenerTlsDraft, TimeSpan?>(
                "strict-transport-security",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.Zero, TimeSpan.FromDays(3650)), "none"),
                "How long browsers shall use nothing but TLS for this site: `Strict-Transport-Security` in every response (RFC 6797).",
                tls => tls.StrictTransportSecurity,
                (tls, value) => tls with { StrictTransportSecurity = value }),
        ]);

    private static readonly Form<TextTemplate> s_nameOfRequest = Form.OfText<TextTemplate>("a text such as {host}", TextTemplate.TryParse, template => template.ToString());

    public static DirectiveTable<ServerTlsDraft> Servers { get; } = new(
        "'tls'",
        "true, or a mapping such as { ca: internal.pem }",
        "TLS is spoken to the servers: `true`, or a mapping with these keys. A pool says it for its servers, a server for itself.",
        [],
        [
            new Directive<ServerTlsDraft, (bool Verify, bool AnyName)>(
                "verify",
                ScalarForms.OneOf([("true", (true, false), ""), ("false", (false, false), ""), ("any-name", (true, true), "")]),
                "Whether a server's certificate has to be valid and name it; with `any-name`, whether it has to be valid. Without it anybody in between can read along.",
                tls => (tls.Verify, tls.AnyName),
                (tls, value) => tls with { Verify = value.Verify, AnyName = value.AnyName }),
            new Directive<ServerTlsDraft, string?>(
                "ca",
                Form.OrNull(File),
                "The certificates of the authorities that are believed, in PEM, instead of those of the system.",
                tls => tls.Authorities,
                (tls, value) => tls with { Authorities = value }),
            new Directive<ServerTlsDraft, string?>(
                "name",
                Form.OrNull(ScalarForms.ServerName),
                "The name that the certificate has to have and that the server is asked for, instead of the host of its address.",
                tls => tls.Name,
                (tls, value) => tls with { Name = value }),
            new Directive<ServerTlsDraft, TextTemplate?>(
                "name-of-request",
                Form.OrNull(s_nameOfRequest),
                "The name that the server is asked for, made of each request, such as `{host}`; no name where it is empty. Connections are kept for requests of the same name. The certificate has to have it too, unless `name` says another. Checks go by `name` alone, and by any where there is none.",
                tls => tls.NameOfRequest,
                (tls, value) => tls with { NameOfRequest = value }),
            CertificateDirective<ServerTlsDraft>((tls, file) => tls with { Certificate = file }),
            KeyDirective<ServerTlsDraft>((tls, file) => tls with { Key = file }),
            PasswordsDirective<ServerTlsDraft>((tls, file) => tls with { Passwords = file }),
        ]);

    /// <summary>What is written behind <c>tls</c> of a pool or a server.</summary>
    public static Form<ServerTlsDraft?> ServersForm { get; } = Form.OrNull(Form.MappingOrText(
        Servers,
        () => new ServerTlsDraft(),
        ScalarForms.OneOf([("true", true, "")]),
        _ => new ServerTlsDraft()));

    private static readonly Form<ServerTlsDraft?> s_checks = Form.OrNull(Form.MappingOrText(Servers, () => new ServerTlsDraft(), ScalarForms.Switch, spoken => spoken ? new ServerTlsDraft() : null!));

    /// <summary>What is written behind <c>tls</c> of health checks: whether TLS is spoken, and how where that is a matter of its own.</summary>
    public static Form<(bool? Spoken, ServerTls? Settings)> ChecksForm { get; } = new(
        "true, false, or a mapping such as { verify: false }",
        (ProblemList problems, YamlNode node, out (bool? Spoken, ServerTls? Settings) value) =>
        {
            value = default;
            if (!s_checks.Read(problems, node, out var draft))
                return false;
            value = (draft is not null, TlsChecks.Servers(draft, [], problems) is { } settings && settings != new ServerTls() ? settings : null);
            return true;
        },
        value => value.Settings is { } settings ? YamlWriter.Tls(settings) : value.Spoken switch { true => "true", false => "false", null => "" });

    private static Directive<T, Located<string>?> CertificateDirective<T>(Func<T, Located<string>?, T> set) => new(
        "certificate",
        Form.Located(File),
        "The certificate in PEM, followed by those that lead from it to a root.",
        _ => null,
        set);

    private static Directive<T, Located<string>?> PasswordsDirective<T>(Func<T, Located<string>?, T> set) => new(
        "passwords",
        Form.Located(File),
        "Passwords, one a line, of which one opens the key, where it is encrypted (PKCS #8).",
        _ => null,
        set);

    private static Directive<T, Located<string>?> KeyDirective<T>(Func<T, Located<string>?, T> set) => new(
        "key",
        Form.Located(File),
        "The key of the certificate in PEM, without a passphrase; may be left out when the file of the certificate holds it.",
        _ => null,
        set);

    /// <summary>What is written where one certificate is named.</summary>
    public static Form<CertificateFiles> CertificateForm()
    {
        var form = Form.MappingOrText(Certificates, () => new CertificateDraft(), Form.Located(File), file => new CertificateDraft { Certificate = file });
        return new(
            CertificateAccepts,
            (ProblemList problems, YamlNode node, out CertificateFiles value) =>
            {
                value = null!;
                if (!form.Read(problems, node, out var draft) || draft.Certificate is not { } certificate)
                    return false;
                value = new(certificate.Value, draft.Key?.Value, draft.Passwords?.Value);
                return true;
            });
    }

    private static Form<TlsVersions> VersionsForm()
    {
        var list = Form.ListOf("a list of 1.2 and 1.3", ScalarForms.OneOf(VersionWords), orOne: true);
        return new(
            list.Accepts,
            (ProblemList problems, YamlNode node, out TlsVersions value) =>
            {
                value = TlsVersions.None;
                if (!list.Read(problems, node, out var versions))
                    return false;
                foreach (var version in versions)
                    value |= version;
                return value != TlsVersions.None;
            },
            versions => $"[{string.Join(", ", VersionWords.Where(word => versions.HasFlag(word.Value)).Select(word => word.Word))}]");
    }
}
