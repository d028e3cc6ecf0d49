using System.Globalization;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Haproxy;

/// <summary>Further fetches and converters of HAProxy: what there is to do, TLS, hashes, times, JSON and its tokens.</summary>
internal static class HaproxyMoreSamples
{
    private static readonly (string Name, string Measure)[] s_measures =
    [
        ("be_conn", "active"), ("queue", "queue"), ("avg_queue", "average-queue"), ("connslots", "slots"), ("be_conn_free", "free"),
        ("srv_conn", "server-active"), ("srv_conn_free", "server-free"), ("srv_uweight", "server-weight"), ("srv_is_up", "server-up"), ("srv_weight", "server-weight"), ("srv_queue", "server-queue"), ("srv_iweight", "server-first-weight"),
    ];

    public static IReadOnlyList<SampleRow> Fetches { get; } =
    [
        .. s_measures.Select(row => Measured(row.Name, row.Measure)),
        new("fe_conn", (0, 0), SampleType.Number, (_, _) => new FetchExpression(FetchKind.Measured, "listener-connections"), "measured('listener-connections')"),
        .. HaproxyRates.Fetches,
        Present("fc_rcvd_proxy", FetchKind.ToldPeer, ".", "whether there is a told-peer"),
        new("prio_class", (0, 0), SampleType.Number, (_, _) => SetByRules(HaproxyRules.OfClass), $"variable('{HaproxyRules.OfClass}'), or 0"),
        new("prio_offset", (0, 0), SampleType.Number, (_, _) => SetByRules(HaproxyRules.OfOffset), $"variable('{HaproxyRules.OfOffset}'), or 0"),
        new("http_auth_bearer", (0, 1), SampleType.Text, (arguments, _) => Part(new FetchExpression(FetchKind.Header, arguments is [{ Length: > 0 } name] ? name : "Authorization"), "^Bearer +(.*)$"), "what is behind Bearer in Authorization, or in the field that is named"),
        new("http_auth_type", (0, 0), SampleType.Text, (_, _) => Part(new FetchExpression(FetchKind.Header, "Authorization"), "^([^ ]+)"), "the first word of Authorization"),
        new("http_auth_user", (0, 0), SampleType.Text, (_, _) => Part(new FetchExpression(FetchKind.BasicCredentials), "^([^:]*)"), "the user in basic-credentials"),
        new("http_auth_pass", (0, 0), SampleType.Text, (_, _) => Part(new FetchExpression(FetchKind.BasicCredentials), "^[^:]*:(.*)$"), "the password in basic-credentials"),
        Plain("ssl_fc_protocol", FetchKind.TlsVersion),
        Plain("ssl_fc_cipher", FetchKind.TlsCipher),
        Plain("ssl_fc_alpn", FetchKind.TlsProtocol),
        Plain("ssl_c_der", FetchKind.ClientCertificate),
        .. ((string[])["ssl_c_err", "ssl_c_ca_err", "ssl_c_ca_err_depth"]).Select(name => new SampleRow(name, (0, 0), SampleType.Number, (_, _) => new TextExpression(TextTemplate.Literal("0")), "0: others do not come so far")),
        Present("ssl_fc_has_sni", FetchKind.ServerName, ".", "whether there is a server-name"),
        Present("ssl_fc_has_crt", FetchKind.ClientVerified, "^SUCCESS", "whether client-verified is SUCCESS"),
        Present("ssl_c_used", FetchKind.ClientVerified, "^SUCCESS", "the same"),
        new("ssl_c_verify", (0, 0), SampleType.Number, (_, _) => new MapExpression(new FetchExpression(FetchKind.ClientVerified), [new(TestKind.Matches, false, ".", TextTemplate.Literal("0"))], null), "0: others do not come so far"),
        Bytes("ssl_c_sha1", FetchKind.ClientFingerprint),
        Bytes("ssl_c_serial", FetchKind.ClientSerial),
        Name("ssl_c_s_dn", FetchKind.ClientSubjectPart),
        Name("ssl_c_i_dn", FetchKind.ClientIssuerPart),
        Plain("ssl_c_notbefore", FetchKind.ClientNotBefore),
        Plain("ssl_c_notafter", FetchKind.ClientNotAfter),
        new("ssl_c_version", (0, 0), SampleType.Number, (_, _) => new FetchExpression(FetchKind.ClientCertificateVersion), FetchTable.Of(FetchKind.ClientCertificateVersion).Word),
        Plain("ssl_c_key_alg", FetchKind.ClientKeyKind),
    ];

    public static IReadOnlyList<SampleRow> Converters { get; } =
    [
        .. ((string[])["crc32", "crc32c", "sdbm", "djb2", "wt6"]).Select(Mixed),
        .. ((string[])["xxh32", "xxh64", "xxh3"]).Select(Seeded),
        Compared("strcmp", SampleType.Number, call => call),
        Compared("secure_memcmp", SampleType.Boolean, call => new CallExpression(FunctionKind.IsZero, call)),
        new("ub64enc", (0, 0), SampleType.Text, (_, input) => new CallExpression(FunctionKind.Base64Url, input), "base64-url(VALUE)"),
        new("ub64dec", (0, 0), SampleType.Text, (_, input) => new CallExpression(FunctionKind.Base64UrlDecode, input), "base64-url-decode(VALUE)"),
        Time("ltime", FunctionKind.LocalTime),
        Time("utime", FunctionKind.UtcTime),
        Query("json_query", FunctionKind.JsonQuery, 1),
        Query("jwt_header_query", FunctionKind.JwtHeader, 0),
        Query("jwt_payload_query", FunctionKind.JwtPayload, 0),
        new("jwt_verify", (2, 2), SampleType.Number, (_, _) => null, "jwt-verify(VALUE, ...), of a secret, or of the file of a public key or certificate"),
    ];

    /// <summary>Whether a fetch is about the present backend where none is named.</summary>
    public static bool IsOfBackend(string name) => name is "nbsrv" or "be_conn" or "queue" or "avg_queue" or "connslots" or "be_conn_free";

    /// <summary>Whether a fetch is about a server, of the present backend where none is named.</summary>
    public static bool IsOfServer(string name) => name is "srv_conn" or "srv_conn_free" or "srv_is_up" or "srv_weight" or "srv_uweight" or "srv_queue" or "srv_iweight";

    /// <summary>Reads <c>jwt_verify</c>: a key is a secret, or a file.</summary>
    public static bool TryReadJwt(IReadOnlyList<string> arguments, Expression input, HaproxyUse use, out Sample sample, out Mistake mistake)
    {
        (sample, mistake) = (default, default);
        if (arguments is not [{ Length: > 0 } algorithm, { Length: > 0 } key])
        {
            mistake = new($"'jwt_verify' with {arguments.Count.ToString(CultureInfo.InvariantCulture)} arguments", "an algorithm, or a variable that has it, and a secret or a file");
            return false;
        }

        // HAProxy: a key is a file where there is one of that name.
        if (algorithm.StartsWith("HS", StringComparison.Ordinal) || (!key.Contains('/', StringComparison.Ordinal) && !key.EndsWith(".pem", StringComparison.Ordinal)))
        {
            sample = new(new CallExpression(FunctionKind.JwtVerify, input, [algorithm, key]), SampleType.Number);
            return true;
        }

        var errors = use.Problems.ErrorCount;
        if (use.File.Source.ReadFile(key, use.Line, use.Problems) is not { } source)
        {
            mistake = new($"the key {Shown.Quote(key)} cannot be read");
            return false;
        }

        if (!source.Text.Contains("-----BEGIN", StringComparison.Ordinal) || source.Text.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            mistake = new($"{Shown.Quote(key)} is no public key or certificate as PEM", "a file that begins with -----BEGIN PUBLIC KEY-----");
            return false;
        }

        sample = new(new CallExpression(FunctionKind.JwtVerify, input, [algorithm, source.Text]), SampleType.Number);
        return use.Problems.ErrorCount == errors;
    }

    private static CallExpression SetByRules(string variable) => new(FunctionKind.Default, new FetchExpression(FetchKind.Variable, variable), ["0"]);

    private static CallExpression Part(Expression of, string pattern) => new(FunctionKind.Group, of, [pattern, "1"]);

    private static SampleRow Measured(string name, string measure)
    {
        var ofServer = measure.StartsWith("server-", StringComparison.Ordinal);
        return new(name, (1, 1), measure == "server-up" ? SampleType.Boolean : SampleType.Number, (arguments, _) => arguments[0].Length == 0 || (ofServer && !arguments[0].Contains('/', StringComparison.Ordinal)) ? null : new FetchExpression(FetchKind.Measured, $"{measure} {arguments[0]}"), $"measured('{measure} {(ofServer ? "POOL/SERVER" : "POOL")}')");
    }

    private static SampleRow Plain(string name, FetchKind kind) => new(name, (0, 0), SampleType.Text, (_, _) => new FetchExpression(kind), FetchTable.Of(kind).Word);

    private static SampleRow Present(string name, FetchKind kind, string pattern, string meaning) =>
        new(name, (0, 0), SampleType.Boolean, (_, _) => new MapExpression(new FetchExpression(kind), [new(TestKind.Matches, false, pattern, TextTemplate.Literal("1"))], TextTemplate.Literal("0")), meaning);

    // What is hexadecimal digits here is bytes there.
    private static SampleRow Bytes(string name, FetchKind kind) => new(name, (0, 0), SampleType.Text, (_, _) => new CallExpression(FunctionKind.HexDecode, new FetchExpression(kind)), $"hex-decode({FetchTable.Of(kind).Word})");

    private static SampleRow Name(string name, FetchKind kind) => new(
        name,
        (0, 2),
        SampleType.Text,
        (arguments, _) => arguments switch
        {
            [{ Length: > 0 } part, { Length: > 0 } number] => int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var place) && place != 0 ? new FetchExpression(kind, place == 1 ? part : $"{part} {place.ToString(CultureInfo.InvariantCulture)}") : null,
            [{ Length: > 0 } part, ..] => new FetchExpression(kind, part),
            _ => new FetchExpression(kind, "*"),
        },
        $"{FetchTable.Of(kind).Word}('PART')");

    private static SampleRow Mixed(string name) => new(
        name,
        (0, 1),
        SampleType.Number,
        (arguments, input) => arguments is [] or ["0"] or [""] ? new CallExpression(FunctionKind.Hash, input, [name]) : new CallExpression(FunctionKind.Avalanche, new CallExpression(FunctionKind.Hash, input, [name])),
        $"hash(VALUE, '{name}')");

    private static SampleRow Seeded(string name) => new(
        name,
        (0, 1),
        SampleType.Number,
        (arguments, input) => arguments is [] or [""] ? new CallExpression(FunctionKind.Hash, input, [name]) : long.TryParse(arguments[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? new CallExpression(FunctionKind.Hash, input, [name, arguments[0]]) : null,
        $"hash(VALUE, '{name}', ...)");

    private static SampleRow Compared(string name, SampleType type, Func<Expression, Expression> then) => new(
        name,
        (1, 1),
        type,
        (arguments, input) => RuleTable.IsVariableName(arguments[0]) ? then(new CallExpression(FunctionKind.Compare, input, [TextTemplate.Of(new FetchExpression(FetchKind.Variable, arguments[0])).ToString()])) : null,
        type == SampleType.Boolean ? "is-zero(compare(VALUE, ...))" : "compare(VALUE, ...)");

    private static SampleRow Time(string name, FunctionKind function) => new(
        name,
        (1, 2),
        SampleType.Text,
        (arguments, input) => arguments.Count == 1 ? new CallExpression(function, input, [arguments[0]]) : long.TryParse(arguments[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? new CallExpression(function, input, [arguments[0], arguments[1]]) : null,
        $"{FunctionTable.Of(function).Word}(VALUE, ...)");

    private static SampleRow Query(string name, FunctionKind function, int least) => new(
        name,
        (least, 2),
        SampleType.Text,
        (arguments, input) => (arguments.Count > 0 && !arguments[0].StartsWith('$')) || (arguments.Count > 1 && arguments[1] != "int") ? null : new CallExpression(function, input, arguments.ToValueList()),
        $"{FunctionTable.Of(function).Word}(VALUE, ...)");
}
