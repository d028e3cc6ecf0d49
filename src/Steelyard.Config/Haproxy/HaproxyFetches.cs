using System.Globalization;
using Steelyard.Config.Expressions;


namespace Steelyard.Config.Haproxy;

/// <summary>HAProxy's fetches: a further one is a row.</summary>
internal static class HaproxyFetches
{
    private static readonly Expression s_true = Literal("1");

    private static readonly TextTemplate s_one = TextTemplate.Literal("1");

    /// <summary>The fetches; those of the same meaning stand beside each other.</summary>
    public static IReadOnlyList<SampleRow> Rows { get; } =
    [
        Fetch("path", SampleType.Text, TemplateVariable.Path),
        Fetch("query", SampleType.Text, TemplateVariable.Query),
        Fetch("url", SampleType.Text, TemplateVariable.Uri),
        Fetch("pathq", SampleType.Text, TemplateVariable.Uri),
        Fetch("capture.req.uri", SampleType.Text, TemplateVariable.Uri),
        Fetch("method", SampleType.Text, TemplateVariable.Method),
        Fetch("meth", SampleType.Text, TemplateVariable.Method),
        Fetch("capture.req.method", SampleType.Text, TemplateVariable.Method),
        new("base", (0, 0), SampleType.Text, (_, _) => new TextExpression(TextTemplate.Of([new TemplatePart(null, default, new FetchExpression(FetchKind.Header, "Host")), new TemplatePart(null, TemplateVariable.Path)])), "host and path"),
        new("baseq", (0, 0), SampleType.Text, (_, _) => HostAnd(TemplateVariable.Uri), "host and uri"),
        Fetch("src", SampleType.Address, TemplateVariable.Client),
        Plain("src_port", SampleType.Number, FetchKind.PeerPort),
        Plain("dst", SampleType.Address, FetchKind.LocalAddress),
        Plain("dst_port", SampleType.Number, FetchKind.LocalPort),
        new("hostname", (0, 0), SampleType.Text, (_, _) => Literal(Environment.MachineName), "the name of the machine, as it was at the start"),
        Fetch("be_name", SampleType.Text, TemplateVariable.Pool),
        new("req.ver", (0, 0), SampleType.Text, (_, _) => new FetchExpression(FetchKind.Version), "the version"),
        new("req_ver", (0, 0), SampleType.Text, (_, _) => new FetchExpression(FetchKind.Version), "the version"),
        Named("req.hdr", SampleType.Text, FetchKind.HeaderValues),
        Named("hdr", SampleType.Text, FetchKind.HeaderValues),
        Named("req.fhdr", SampleType.Text, FetchKind.HeaderLines),
        Named("req.hdr_cnt", SampleType.Number, FetchKind.HeaderCount),
        Named("hdr_cnt", SampleType.Number, FetchKind.HeaderCount),
        Named("req.hdr_val", SampleType.Number, FetchKind.HeaderValues),
        Named("hdr_val", SampleType.Number, FetchKind.HeaderValues),
        Named("req.hdr_ip", SampleType.Address, FetchKind.HeaderValues),
        Named("hdr_ip", SampleType.Address, FetchKind.HeaderValues),
        Named("req.fhdr_cnt", SampleType.Number, FetchKind.HeaderLineCount),
        Named("req.cook", SampleType.Text, FetchKind.CookieValues),
        Named("cookie", SampleType.Text, FetchKind.CookieValues),
        Named("cook_val", SampleType.Number, FetchKind.CookieValues),
        Named("req.cook_cnt", SampleType.Number, FetchKind.CookieCount),
        Named("cook_cnt", SampleType.Number, FetchKind.CookieCount),
        Named("cook", SampleType.Text, FetchKind.CookieValues),
        Named("req.cook_val", SampleType.Number, FetchKind.CookieValues),
        Named("url_param", SampleType.Text, FetchKind.Parameter),
        Named("urlp", SampleType.Text, FetchKind.Parameter),
        Named("urlp_val", SampleType.Number, FetchKind.Parameter),
        Named("res.hdr", SampleType.Text, FetchKind.ResponseHeaderValues),
        Named("shdr", SampleType.Text, FetchKind.ResponseHeaderValues),
        Named("res.fhdr", SampleType.Text, FetchKind.ResponseHeaderLines),
        Named("res.hdr_cnt", SampleType.Number, FetchKind.ResponseHeaderCount),
        Named("shdr_cnt", SampleType.Number, FetchKind.ResponseHeaderCount),
        Named("res.fhdr_cnt", SampleType.Number, FetchKind.ResponseHeaderLineCount),
        Named("res.hdr_val", SampleType.Number, FetchKind.ResponseHeaderValues),
        Named("shdr_val", SampleType.Number, FetchKind.ResponseHeaderValues),
        Named("res.hdr_ip", SampleType.Address, FetchKind.ResponseHeaderValues),
        Named("shdr_ip", SampleType.Address, FetchKind.ResponseHeaderValues),
        Named("res.cook", SampleType.Text, FetchKind.ResponseCookie),
        Named("scook", SampleType.Text, FetchKind.ResponseCookie),
        Named("res.cook_val", SampleType.Number, FetchKind.ResponseCookie),
        Named("scook_val", SampleType.Number, FetchKind.ResponseCookie),
        Plain("srv_name", SampleType.Text, FetchKind.AnsweringServer),
        Plain("status", SampleType.Number, FetchKind.Status),
        Plain("ssl_fc", SampleType.Boolean, FetchKind.Tls),
        Plain("ssl_fc_sni", SampleType.Text, FetchKind.ServerName),
        Plain("req.ssl_sni", SampleType.Text, FetchKind.ServerName),
        Plain("req_ssl_sni", SampleType.Text, FetchKind.ServerName),
        Plain("req.ssl_alpn", SampleType.Text, FetchKind.TlsOffer),
        Plain("req.ssl_hello_type", SampleType.Number, FetchKind.TlsHello),
        Plain("req_ssl_hello_type", SampleType.Number, FetchKind.TlsHello),
        new("var", (1, 2), SampleType.Text, (arguments, _) => ReadVariable(arguments), "variable('NAME')"),
        Named("nbsrv", SampleType.Number, FetchKind.UsableServers),
        .. HaproxyMoreSamples.Fetches,
        Plain("fc_src", SampleType.Address, FetchKind.Peer),
        Plain("fc_src_port", SampleType.Number, FetchKind.PeerPort),
        Plain("fc_dst", SampleType.Address, FetchKind.LocalAddress),
        Plain("fc_dst_port", SampleType.Number, FetchKind.LocalPort),
        Fixed("fc_http_major", SampleType.Number, "1"),
        Fixed("bc_http_major", SampleType.Number, "1"),
        Fixed("stopping", SampleType.Boolean, "0"),
        Fixed("fc_err", SampleType.Number, "0"),
        Fixed("fc_err_str", SampleType.Text, "Success"),
        new("ssl_fc_has_early", (0, 0), SampleType.Boolean, (_, _) => new MapExpression(new FetchExpression(FetchKind.Tls), [new(TestKind.Is, false, "1", TextTemplate.Literal("0"))], null), "0, of clients that speak TLS"),
        Fixed("proc", SampleType.Number, "1"),
        Fixed("wait_end", SampleType.Boolean, "1"),
        .. HaproxyFirstBytes.Fetches,
        new("capture.req.ver", (0, 0), SampleType.Text, (_, _) => new TextExpression(TextTemplate.Of([new TemplatePart("HTTP/"), new TemplatePart(null, default, new FetchExpression(FetchKind.Version))])), "HTTP/ and the version"),
        new("http_first_req", (0, 0), SampleType.Boolean, (_, _) => new MapExpression(new FetchExpression(FetchKind.ConnectionRequests), [new(TestKind.Is, false, "1", s_one)], TextTemplate.Literal("0")), "whether connection-requests is 1"),
        new("url32", (0, 0), SampleType.Number, (_, _) => Hashed(HostAnd(TemplateVariable.Uri)), "a hash of host and uri"),
        new("base32", (0, 0), SampleType.Number, (_, _) => Hashed(HostAnd(TemplateVariable.Path)), "a hash of host and path"),
        new("url32+src", (0, 0), SampleType.Text, (_, _) => WithClient(Hashed(HostAnd(TemplateVariable.Uri))), "the same, and the client"),
        new("base32+src", (0, 0), SampleType.Text, (_, _) => WithClient(Hashed(HostAnd(TemplateVariable.Path))), "the same, and the client"),
        Address("ipv4", System.Net.Sockets.AddressFamily.InterNetwork),
        Address("ipv6", System.Net.Sockets.AddressFamily.InterNetworkV6),
        new("always_true", (0, 0), SampleType.Boolean, (_, _) => s_true, "always"),
        new("always_false", (0, 0), SampleType.Boolean, (_, _) => Literal("0"), "never"),
        new("str", (0, 1), SampleType.Text, (arguments, _) => Literal(arguments.Count == 0 ? "" : arguments[0]), "a text"),
        Fixed("thread", SampleType.Number, "0"),
        Fixed("dst_is_local", SampleType.Boolean, "1"),
        Fixed("fc_dst_is_local", SampleType.Boolean, "1"),
        new("dst_conn", (0, 0), SampleType.Number, (_, _) => new FetchExpression(FetchKind.Measured, "listener-connections"), "measured('listener-connections')"),
        new("bin", (1, 1), SampleType.Text, (arguments, _) => arguments[0].Length > 0 && arguments[0].Length % 2 == 0 && arguments[0].All(char.IsAsciiHexDigit) ? new CallExpression(FunctionKind.HexDecode, Literal(arguments[0])) : null, "hex-decode('...')"),
        Plain("req.body", SampleType.Text, FetchKind.Body),
        new("req.body_len", (0, 0), SampleType.Number, (_, _) => new CallExpression(FunctionKind.Length, new FetchExpression(FetchKind.Body)), "length(body)"),
        new("req.body_param", (1, 1), SampleType.Text, (arguments, _) => arguments[0].Length == 0 ? null : new CallExpression(FunctionKind.ParameterOf, new FetchExpression(FetchKind.Body), [arguments[0]]), "parameter-of(body, 'NAME')"),
        Plain("req.body_size", SampleType.Number, FetchKind.BodySize),
        Plain("req.hdrs", SampleType.Text, FetchKind.HeaderBlock),
        Plain("res.hdrs", SampleType.Text, FetchKind.ResponseHeaderBlock),
        Names("req.hdr_names", FetchKind.HeaderNames),
        Names("res.hdr_names", FetchKind.ResponseHeaderNames),
        new("int", (1, 1), SampleType.Number, (arguments, _) => long.TryParse(arguments[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long _) ? Literal(arguments[0]) : null, "a number"),
        new("bool", (1, 1), SampleType.Boolean, (arguments, _) => arguments[0] is "1" or "true" or "0" or "false" ? Literal(arguments[0] is "1" or "true" ? "1" : "0") : null, "true, false, 1 or 0"),
        new("unique-id", (0, 0), SampleType.Text, (_, _) => new FetchExpression(FetchKind.Variable, HaproxyAliases.RequestName), "what `unique-id-format` calls the request"),
        new("uuid", (0, 1), SampleType.Text, (arguments, _) => arguments is [] or ["4"] or [""] ? new FetchExpression(FetchKind.Uuid) : null, "uuid"),
        new("rand", (0, 1), SampleType.Number, (arguments, _) => TryScale(arguments), "random, or modulo(random, ...)"),
        new("date", (0, 2), SampleType.Number, (arguments, _) => TryDate(arguments), "now, or add(now, ...)"),
        new("pid", (0, 0), SampleType.Number, (_, _) => new FetchExpression(FetchKind.ProcessId), "process-id"),
        new("nbproc", (0, 0), SampleType.Number, (_, _) => Literal("1"), "1"),
        new("env", (1, 1), SampleType.Text, (_, _) => null, "a variable of the environment, as it was at the start, or as `setenv` has set it"),
    ];

    private static SampleRow Address(string name, System.Net.Sockets.AddressFamily family) =>
        new(name, (1, 1), SampleType.Address, (arguments, _) => System.Net.IPAddress.TryParse(arguments[0], out System.Net.IPAddress? address) && address.AddressFamily == family ? Literal(arguments[0]) : null, "an address");

    private static SampleRow Fixed(string name, SampleType type, string value) => new(name, (0, 0), type, (_, _) => Literal(value), value);

    private static TextExpression HostAnd(TemplateVariable what) => new(TextTemplate.Of([new TemplatePart(null, default, new FetchExpression(FetchKind.Header, "Host")), new TemplatePart(null, what)]));

    private static CallExpression Hashed(Expression of) => new(FunctionKind.Avalanche, new CallExpression(FunctionKind.Hash, of, ["sdbm"]));

    private static TextExpression WithClient(Expression hash) => new(TextTemplate.Of([new TemplatePart(null, default, hash), new TemplatePart(" "), new TemplatePart(null, TemplateVariable.Client)]));

    private static SampleRow Fetch(string name, SampleType type, TemplateVariable variable) =>
        new(name, (0, 0), type, (_, _) => new VariableExpression(variable), TextTemplate.NameOf(variable));

    private static SampleRow Plain(string name, SampleType type, FetchKind kind) =>
        new(name, (0, 0), type, (_, _) => new FetchExpression(kind), FetchTable.Of(kind).Word);

    private static SampleRow Named(string name, SampleType type, FetchKind kind) =>
        new(name, (1, 1), type, (arguments, _) => arguments[0].Length == 0 ? null : new FetchExpression(kind, arguments[0]), $"{FetchTable.Of(kind).Word}('NAME')");

    private static SampleRow Names(string name, FetchKind kind) =>
        new(name, (0, 1), SampleType.Text, (arguments, _) => new FetchExpression(kind, arguments is [{ Length: > 0 } between] ? between : ","), $"{FetchTable.Of(kind).Word}(',')");

    private static Expression? ReadVariable(IReadOnlyList<string> arguments) => arguments[0].Length == 0 ? null
        : arguments.Count == 1 ? new FetchExpression(FetchKind.Variable, arguments[0])
        : new CallExpression(FunctionKind.Default, new FetchExpression(FetchKind.Variable, arguments[0]), [arguments[1]]);

    private static Expression? TryScale(IReadOnlyList<string> arguments) => arguments is [] or [""] ? new FetchExpression(FetchKind.Random)
        : long.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out var range) && range > 0 ? new CallExpression(FunctionKind.Modulo, new FetchExpression(FetchKind.Random), [arguments[0]]) : null;

    private static Expression? TryDate(IReadOnlyList<string> arguments)
    {
        Expression date = new FetchExpression(FetchKind.Now);
        if (arguments is [{ Length: > 0 } offset, ..])
        {
            if (!long.TryParse(offset, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                return null;
            date = new CallExpression(FunctionKind.Add, date, [offset]);
        }

        return arguments is [_, { } unit] ? unit switch { "s" or "" => date, "ms" => new CallExpression(FunctionKind.Multiply, date, ["1000"]), "us" => new CallExpression(FunctionKind.Multiply, date, ["1000000"]), _ => null } : date;
    }

    private static TextExpression Literal(string text) => new(TextTemplate.Literal(text));
}
