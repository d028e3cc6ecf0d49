using System.Globalization;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Haproxy;

/// <summary>What kind of value a sample is, which says how it is compared where nothing else does.</summary>
internal enum SampleType
{
    Text,
    Number,
    Boolean,
    Address,

    /// <summary>Names of groups of users.</summary>
    Groups,
}

/// <summary>A sample of HAProxy: a fetch with its converters.</summary>
/// <param name="Expression">The same, as all dialects have it.</param>
/// <param name="Type">What kind it is.</param>
internal readonly record struct Sample(Expression Expression, SampleType Type);

/// <summary>A row of the tables of fetches and converters.</summary>
/// <param name="Name">The name.</param>
/// <param name="Arguments">How many it takes: the least and the most.</param>
/// <param name="Type">What it gives.</param>
/// <param name="Make">The same, as all dialects have it, of the arguments and what stands before it; null where they are wrong.</param>
/// <param name="Meaning">What it is here, for the reference page.</param>
internal sealed record SampleRow(string Name, (int Least, int Most) Arguments, SampleType Type, Func<IReadOnlyList<string>, Expression, Expression?> Make, string Meaning);

/// <summary>HAProxy's fetches and converters: a further one is a row.</summary>
internal static class HaproxySamples
{
    private static readonly Expression s_nothing = new TextExpression(TextTemplate.Empty);

    private static readonly Expression s_true = Literal("1");

    private static readonly TextTemplate s_one = TextTemplate.Literal("1");

    /// <summary>The fetches; those of the same meaning stand beside each other.</summary>
    public static IReadOnlyList<SampleRow> Fetches { get; } =
    [
        Fetch("path", SampleType.Text, TemplateVariable.Path),
        Fetch("query", SampleType.Text, TemplateVariable.Query),
        Fetch("url", SampleType.Text, TemplateVariable.Uri),
        Fetch("pathq", SampleType.Text, TemplateVariable.Uri),
        Fetch("capture.req.uri", SampleType.Text, TemplateVariable.Uri),
        Fetch("method", SampleType.Text, TemplateVariable.Method),
        Fetch("capture.req.method", SampleType.Text, TemplateVariable.Method),
        new("base", (0, 0), SampleType.Text, (_, _) => new TextExpression(TextTemplate.Of([new TemplatePart(null, default, new FetchExpression(FetchKind.Header, "Host")), new TemplatePart(null, TemplateVariable.Path)])), "host and path"),
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
        Fixed("wait_end", SampleType.Boolean, "1"),
        Fixed("req_proto_http", SampleType.Boolean, "1"),
        Fixed("req.proto_http", SampleType.Boolean, "1"),
        new("capture.req.ver", (0, 0), SampleType.Text, (_, _) => new TextExpression(TextTemplate.Of([new TemplatePart("HTTP/"), new TemplatePart(null, default, new FetchExpression(FetchKind.Version))])), "HTTP/ and the version"),
        new("http_first_req", (0, 0), SampleType.Boolean, (_, _) => new MapExpression(new FetchExpression(FetchKind.ConnectionRequests), [new(TestKind.Is, false, "1", s_one)], TextTemplate.Literal("0")), "whether connection-requests is 1"),
        new("url32", (0, 0), SampleType.Number, (_, _) => Hashed(HostAnd(TemplateVariable.Uri)), "a hash of host and uri"),
        new("base32", (0, 0), SampleType.Number, (_, _) => Hashed(HostAnd(TemplateVariable.Path)), "a hash of host and path"),
        new("url32+src", (0, 0), SampleType.Text, (_, _) => WithClient(Hashed(HostAnd(TemplateVariable.Uri))), "the same, and the client"),
        new("base32+src", (0, 0), SampleType.Text, (_, _) => WithClient(Hashed(HostAnd(TemplateVariable.Path))), "the same, and the client"),
        new("ipv4", (1, 1), SampleType.Address, (arguments, _) => System.Net.IPAddress.TryParse(arguments[0], out System.Net.IPAddress? _) ? Literal(arguments[0]) : null, "an address"),
        new("ipv6", (1, 1), SampleType.Address, (arguments, _) => System.Net.IPAddress.TryParse(arguments[0], out System.Net.IPAddress? _) ? Literal(arguments[0]) : null, "an address"),
        new("always_true", (0, 0), SampleType.Boolean, (_, _) => s_true, "always"),
        new("always_false", (0, 0), SampleType.Boolean, (_, _) => Literal("0"), "never"),
        new("str", (0, 1), SampleType.Text, (arguments, _) => Literal(arguments.Count == 0 ? "" : arguments[0]), "a text"),
        Fixed("thread", SampleType.Number, "0"),
        Fixed("dst_is_local", SampleType.Boolean, "1"),
        Fixed("fc_dst_is_local", SampleType.Boolean, "1"),
        new("dst_conn", (0, 0), SampleType.Number, (_, _) => new FetchExpression(FetchKind.Measured, "listener-connections"), "measured('listener-connections')"),
        new("bin", (1, 1), SampleType.Text, (arguments, _) => arguments[0].Length > 0 && arguments[0].Length % 2 == 0 && arguments[0].All(char.IsAsciiHexDigit) ? new CallExpression(FunctionKind.HexDecode, Literal(arguments[0])) : null, "hex-decode('...')"),
        new("req.body_len", (0, 0), SampleType.Number, (_, _) => new CallExpression(FunctionKind.Default, new FetchExpression(FetchKind.ContentLength), ["0"]), "what Content-Length says"),
        new("int", (1, 1), SampleType.Number, (arguments, _) => Literal(arguments[0]), "a number"),
        new("bool", (1, 1), SampleType.Boolean, (arguments, _) => Literal(arguments[0] is "1" or "true" ? "1" : "0"), "true or false"),
        new("req.body_size", (0, 0), SampleType.Number, (_, _) => new CallExpression(FunctionKind.Default, new FetchExpression(FetchKind.ContentLength), ["0"]), "what Content-Length says"),
        new("unique-id", (0, 0), SampleType.Text, (_, _) => new FetchExpression(FetchKind.Variable, HaproxyAliases.RequestName), "what `unique-id-format` calls the request"),
        new("uuid", (0, 1), SampleType.Text, (arguments, _) => arguments is [] or ["4"] or [""] ? new FetchExpression(FetchKind.Uuid) : null, "uuid"),
        new("rand", (0, 1), SampleType.Number, (arguments, _) => TryScale(arguments), "random, or modulo(random, ...)"),
        new("date", (0, 2), SampleType.Number, (arguments, _) => TryDate(arguments), "now, or add(now, ...)"),
        new("pid", (0, 0), SampleType.Number, (_, _) => new FetchExpression(FetchKind.ProcessId), "process-id"),
        new("nbproc", (0, 0), SampleType.Number, (_, _) => Literal("1"), "1"),
        new("env", (1, 1), SampleType.Text, (arguments, _) => Literal(Environment.GetEnvironmentVariable(arguments[0]) ?? ""), "a variable of the environment, as it was at the start"),
    ];

    /// <summary>The converters.</summary>
    public static IReadOnlyList<SampleRow> Converters { get; } =
    [
        Function("lower", FunctionKind.Lower),
        Function("upper", FunctionKind.Upper),
        Function("length", FunctionKind.Length, type: SampleType.Number),
        new("url_dec", (0, 1), SampleType.Text, (arguments, input) => new CallExpression(FunctionKind.UrlDecode, input, arguments is [] or [""] or ["0"] ? ["path"] : default(ValueList<string>)), "url-decode(VALUE, ...)"),
        Function("url_enc", FunctionKind.UrlEncode, most: 1, keep: 0),
        Function("base64", FunctionKind.Base64),
        Function("b64dec", FunctionKind.Base64Decode),
        Function("hex", FunctionKind.Hex),
        Function("json", FunctionKind.Json, most: 1, keep: 0),
        Digest("sha1", _ => "sha1", 0),
        Digest("sha2", arguments => arguments is [] or [""] or ["256"] ? "sha256" : arguments[0] is "384" or "512" ? "sha" + arguments[0] : null, 1),
        Digest("digest", arguments => NameOfDigest(arguments[0]), 1, least: 1),
        Function("http_date", FunctionKind.HttpDate, most: 1),
        new("htonl", (0, 0), SampleType.Text, (_, input) => new CallExpression(FunctionKind.BytesOf, input, ["short"]), "bytes-of(VALUE, 'short')"),
        new("hmac", (2, 2), SampleType.Text, (arguments, input) => TryAuthenticate(arguments, input), "hmac(VALUE, ...)"),
        new("debug", (0, 2), SampleType.Text, (_, input) => input, "the value"),
        new("hex2i", (0, 0), SampleType.Number, (_, input) => new CallExpression(FunctionKind.FromHex, input), "from-hex(VALUE)"),
        Computed("and", FunctionKind.And),
        Computed("or", FunctionKind.Or),
        Computed("xor", FunctionKind.Xor),
        new("cpl", (0, 0), SampleType.Number, (_, input) => new CallExpression(FunctionKind.Xor, input, ["-1"]), "bits-xor(VALUE, '-1')"),
        Function("field", FunctionKind.Field, 2, 3),
        Function("word", FunctionKind.Word, 2, 3),
        Function("bytes", FunctionKind.Bytes, 1, 2),
        Function("ltrim", FunctionKind.TrimStart, 1, 1),
        Function("rtrim", FunctionKind.TrimEnd, 1, 1),
        Function("regsub", FunctionKind.Replace, 2, 3),
        Computed("add", FunctionKind.Add),
        Computed("sub", FunctionKind.Subtract),
        Computed("mul", FunctionKind.Multiply),
        Computed("div", FunctionKind.Divide, ofZero: "9223372036854775807"),
        Computed("mod", FunctionKind.Modulo, ofZero: "0"),
        new("bool", (0, 0), SampleType.Boolean, (_, input) => new CallExpression(FunctionKind.IsZero, new CallExpression(FunctionKind.IsZero, input)), "is-zero(is-zero(VALUE))"),
        new("concat", (0, 3), SampleType.Text, (arguments, input) => TryConcatenate(arguments, input), "the value, a text, a variable and a text, one behind the other"),
        new("even", (0, 0), SampleType.Boolean, (_, input) => new CallExpression(FunctionKind.IsZero, new CallExpression(FunctionKind.Modulo, input, ["2"])), "is-zero(modulo(VALUE, '2'))"),
        new("odd", (0, 0), SampleType.Boolean, (_, input) => new CallExpression(FunctionKind.IsZero, new CallExpression(FunctionKind.IsZero, new CallExpression(FunctionKind.Modulo, input, ["2"]))), "the contrary"),
        new("neg", (0, 0), SampleType.Number, (_, input) => new CallExpression(FunctionKind.Multiply, input, ["-1"]), "multiply(VALUE, '-1')"),
        Function("not", FunctionKind.IsZero, type: SampleType.Boolean),
        Function("ipmask", FunctionKind.NetworkOf, 1, 2, type: SampleType.Address),
        Function("host_only", FunctionKind.HostOnly),
        Function("port_only", FunctionKind.PortOnly, type: SampleType.Number),
        .. HaproxyMoreSamples.Converters,
        Function("param", FunctionKind.ParameterOf, 1, 2),
        new("iif", (2, 2), SampleType.Text, (arguments, input) => new MapExpression(new CallExpression(FunctionKind.IsZero, input), [new(TestKind.Is, false, "0", TextTemplate.Literal(arguments[0])), new(TestKind.Is, false, "1", TextTemplate.Literal(arguments[1]))], null), "map(is-zero(VALUE), is '0' => '...', is '1' => '...')"),
    ];

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

    private static SampleRow Digest(string name, Func<IReadOnlyList<string>, string?> algorithm, int most, int least = 0) => new(
        name,
        (least, most),
        SampleType.Text,
        (arguments, input) => algorithm(arguments) is { } known ? new CallExpression(FunctionKind.Digest, input, [known]) : null,
        name == "sha1" ? "digest(VALUE, 'sha1')" : "digest(VALUE, ...)");

    private static CallExpression? TryAuthenticate(IReadOnlyList<string> arguments, Expression input) =>
        NameOfDigest(arguments[0]) is { } digest && arguments[1].Length > 0 && System.Buffers.Text.Base64.IsValid(arguments[1]) ? new(FunctionKind.Hmac, input, [digest, arguments[1]]) : null;

    /// <summary>A digest of OpenSSL in the words of all dialects; null for one that is not done here.</summary>
    private static string? NameOfDigest(string name) => name.ToLowerInvariant() switch
    {
        "md5" or "sha1" or "sha256" or "sha384" or "sha512" => name.ToLowerInvariant(),
        "sha-1" => "sha1",
        "sha2-256" or "sha-256" => "sha256",
        "sha2-384" or "sha-384" => "sha384",
        "sha2-512" or "sha-512" => "sha512",
        _ => null,
    };

    private static Expression? ReadVariable(IReadOnlyList<string> arguments) => arguments[0].Length == 0 ? null
        : arguments.Count == 1 ? new FetchExpression(FetchKind.Variable, arguments[0])
        : new CallExpression(FunctionKind.Default, new FetchExpression(FetchKind.Variable, arguments[0]), [arguments[1]]);

    // A number, or a variable that has one.
    private static SampleRow Computed(string name, FunctionKind function, string? ofZero = null) => new(
        name,
        (1, 1),
        SampleType.Number,
        (arguments, input) => long.TryParse(arguments[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var operand) ? ofZero is not null && operand == 0 ? new CallExpression(FunctionKind.Default, new CallExpression(function, input, [arguments[0]]), [ofZero]) : new CallExpression(function, input, [arguments[0]])
            : RuleTable.IsVariableName(arguments[0]) ? new CallExpression(function, input, [TextTemplate.Of(new FetchExpression(FetchKind.Variable, arguments[0])).ToString()]) : null,
        $"{FunctionTable.Of(function).Word}(VALUE, ...)");

    private static SampleRow Function(string name, FunctionKind function, int least = 0, int most = -1, int keep = int.MaxValue, SampleType type = SampleType.Text) => new(
        name,
        (least, most < 0 ? least : most),
        type,
        (arguments, input) =>
        {
            var kept = arguments.Take(keep).ToArray();
            return FunctionTable.Takes(FunctionTable.Of(function), kept, out _) ? new CallExpression(function, input, kept.ToValueList()) : null;
        },
        $"{FunctionTable.Of(function).Word}(VALUE{(least > 0 ? ", ..." : "")})");

    // What is behind a value that is not there is not there either.
    private static TextExpression TryConcatenate(IReadOnlyList<string> arguments, Expression input)
    {
        List<TemplatePart> parts = [new(null, default, input)];
        if (arguments.Count > 0 && arguments[0].Length > 0)
            parts.Add(new(arguments[0]));
        if (arguments.Count > 1 && arguments[1].Length > 0)
            parts.Add(new(null, default, new FetchExpression(FetchKind.Variable, arguments[1])));
        if (arguments.Count > 2 && arguments[2].Length > 0)
            parts.Add(new(arguments[2]));
        return new TextExpression(TextTemplate.Of(parts));
    }

    private static Expression? TryScale(IReadOnlyList<string> arguments) => arguments is [] or [""] ? new FetchExpression(FetchKind.Random)
        : long.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out var range) && range > 0 ? new CallExpression(FunctionKind.Modulo, new FetchExpression(FetchKind.Random), [arguments[0]]) : null;

    private static Expression? TryDate(IReadOnlyList<string> arguments)
    {
        Expression date = new FetchExpression(FetchKind.Now);
        if (arguments is [{ Length: > 0 } offset, ..])
            date = long.TryParse(offset, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? new CallExpression(FunctionKind.Add, date, [offset]) : date;
        return arguments is [_, { } unit] ? unit switch { "s" or "" => date, "ms" => new CallExpression(FunctionKind.Multiply, date, ["1000"]), "us" => new CallExpression(FunctionKind.Multiply, date, ["1000000"]), _ => null } : date;
    }

    private static TextExpression Literal(string text) => new(TextTemplate.Literal(text));

    /// <summary>Reads a sample: a fetch, and converters behind commas.</summary>
    /// <param name="text">The text.</param>
    /// <param name="mayCompare">Whether the fetch's name may end in a way to compare, as <c>path_beg</c>.</param>
    /// <param name="use">The line.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="suffix">The way to compare; empty for none.</param>
    /// <param name="mistake">What is wrong.</param>
    public static bool TryRead(string text, bool mayCompare, HaproxyUse use, out Sample sample, out string suffix, out Mistake mistake)
    {
        (sample, suffix, mistake) = (default, "", default);
        var at = 0;
        if (!TryReadCall(text, ref at, out var name, out var arguments, out mistake))
            return false;
        if (HaproxyCounters.TryReadFetch(name, arguments, use, out sample, out mistake) || HaproxyRates.TryReadFetch(name, arguments, use, out sample, out mistake))
            return mistake.Message is null && TryConvert(text, at, use, ref sample, out mistake);
        var row = Find(Fetches, name);
        if (row is null && mayCompare && name.LastIndexOf('_') is var underscore and > 0 && HaproxyConditions.MethodOf(name[(underscore + 1)..]) is not null)
        {
            row = Find(Fetches, name[..underscore]);
            suffix = row is null ? "" : name[(underscore + 1)..];
        }

        if (name == "fe_name" && use.Section.IsFrontend)
        {
            sample = new(Literal(use.Section.Name.Value), SampleType.Text);
            return TryConvert(text, at, use, ref sample, out mistake);
        }

        if (name == "var" && arguments is [var called, ..] && use.Section.IsTcp && use.Section.ConnectionVariables.TryGetValue(called, out sample))
            return TryConvert(text, at, use, ref sample, out mistake);
        if (name is "capture.req.hdr" or "capture.res.hdr")
            return HaproxyCaptures.TryReadFetch(name, arguments, use, out sample, out mistake) && TryConvert(text, at, use, ref sample, out mistake);
        if (name is "http_auth" or "http_auth_group")
            return TryReadAuthentication(name, arguments, use, out sample, out mistake);
        if (HaproxyMoreSamples.IsOfBackend(name) && arguments.Count == 0)
        {
            // A frontend has no servers, and nothing to do for any.
            if (use.Section.Kind == 'F')
            {
                sample = new(Literal("0"), SampleType.Number);
                return TryConvert(text, at, use, ref sample, out mistake);
            }

            arguments = [use.Section.Name.Value];
        }

        if (name == "fe_conn" && arguments is [var front] && front == use.Section.Name.Value && use.Section.IsFrontend)
            arguments = [];
        if (HaproxyMoreSamples.IsOfServer(name) && arguments is [var its] && !its.Contains('/', StringComparison.Ordinal))
            arguments = [$"{use.Section.Name.Value}/{its}"];
        if (row is null)
        {
            mistake = new($"the fetch {Shown.Quote(name)} is not known here", $"one that docs/haproxy.md lists, such as {Shown.List(Fetches.Take(8).Select(known => known.Name))}", use.Problems.Names.Nearest(name, Fetches.Select(known => known.Name)));
            return false;
        }

        if (arguments is [{ Length: > 0 } parameter, { Length: 1 } separator] && name is "url_param" or "urlp" or "urlp_val")
        {
            sample = new(new CallExpression(FunctionKind.ParameterOf, new VariableExpression(TemplateVariable.Query), [arguments[0], arguments[1]]), row.Type);
            return TryConvert(text, at, use, ref sample, out mistake);
        }

        if (arguments is [{ Length: > 0 } field, var place] && row.Arguments.Most < 2 && OccurrenceOf(name) is { } kind && int.TryParse(place, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number != 0)
        {
            sample = new(new FetchExpression(kind, $"{field} {number.ToString(CultureInfo.InvariantCulture)}"), row.Type);
            return TryConvert(text, at, use, ref sample, out mistake);
        }

        if (!Make(row, arguments, s_nothing, out var expression, out mistake))
            return false;
        // What is no address is not there, and a port behind one is none of it.
        if (!mayCompare && row.Type == SampleType.Address && name.EndsWith("hdr_ip", StringComparison.Ordinal))
            expression = new CallExpression(FunctionKind.NetworkOf, new CallExpression(FunctionKind.Replace, expression, ["^([0-9]+[.][0-9.]+):[0-9]+$", "\\1"]), ["32", "128"]);
        sample = new(expression, row.Type);
        return TryConvert(text, at, use, ref sample, out mistake);
    }

    /// <summary>Whether a converter takes numbers and addresses as the bytes that they are in HAProxy.</summary>
    private static bool IsOfBytes(string name) =>
        name is "hex" or "base64" or "ub64enc" or "bytes" or "sha1" or "sha2" or "digest" or "hmac" or "crc32" or "crc32c" or "djb2" or "sdbm" or "wt6" or "xxh32" or "xxh64" or "xxh3";

    /// <summary>The fetch of one of several values or lines of a field.</summary>
    private static FetchKind? OccurrenceOf(string name) => name switch
    {
        "req.hdr" or "hdr" or "req.hdr_val" or "hdr_val" or "req.hdr_ip" or "hdr_ip" => FetchKind.HeaderValueAt,
        "req.fhdr" => FetchKind.HeaderLineAt,
        "res.hdr" or "shdr" or "res.hdr_val" or "shdr_val" or "res.hdr_ip" or "shdr_ip" => FetchKind.ResponseHeaderValueAt,
        "res.fhdr" => FetchKind.ResponseHeaderLineAt,
        _ => null,
    };

    /// <summary>Reads the converters behind a fetch.</summary>
    private static bool TryConvert(string text, int at, HaproxyUse use, ref Sample sample, out Mistake mistake)
    {
        mistake = default;
        while (at < text.Length)
        {
            if (text[at++] != ',' || !TryReadCall(text, ref at, out var name, out var arguments, out mistake))
            {
                mistake = mistake.Message is null ? new($"{Shown.Quote(text)} is not a sample", "a fetch, and converters behind commas, such as req.hdr(host),lower") : mistake;
                return false;
            }

            if (HaproxyFiles.IsMap(name, out var test, out var values))
            {
                if (!HaproxyFiles.TryReadMap(name, test, values, arguments, sample.Expression, use, out var map, out mistake))
                    return false;
                sample = new(map, values switch { ListValues.Numbers => SampleType.Number, ListValues.Addresses => SampleType.Address, _ => SampleType.Text });
                continue;
            }

            if (HaproxyCounters.TryReadConverter(name, arguments, sample.Expression, use, out var counted, out mistake))
            {
                if (mistake.Message is not null)
                    return false;
                sample = counted;
                continue;
            }

            if (name == "jwt_verify")
            {
                if (!HaproxyMoreSamples.TryReadJwt(arguments, sample.Expression, use, out sample, out mistake))
                    return false;
                continue;
            }

            if (IsOfBytes(name) && sample.Type is SampleType.Number or SampleType.Boolean or SampleType.Address)
                sample = new(new CallExpression(FunctionKind.BytesOf, sample.Expression, [sample.Type == SampleType.Address ? "address" : "number"]), SampleType.Text);
            if (Find(Converters, name) is not { } converter)
            {
                mistake = new($"the converter {Shown.Quote(name)} is not known here", $"one that docs/haproxy.md lists, such as {Shown.List(Converters.Take(8).Select(known => known.Name))}", use.Problems.Names.Nearest(name, Converters.Select(known => known.Name)));
                return false;
            }

            if (!Make(converter, arguments, sample.Expression, out var expression, out mistake))
                return false;
            sample = new(expression, converter.Type);
        }

        return true;
    }

    private static bool TryReadAuthentication(string name, IReadOnlyList<string> arguments, HaproxyUse use, out Sample sample, out Mistake mistake)
    {
        (sample, mistake) = (default, default);
        if (arguments.Count != 1 || !use.File.Users.TryGetValue(arguments[0], out var users))
        {
            mistake = new($"'{name}' without the name of a userlist", $"{name}(NAME), with a section 'userlist NAME'");
            return false;
        }

        sample = name == "http_auth" ? new(users.IsOneOf(), SampleType.Boolean) : new(users.Groups(), SampleType.Groups);
        return true;
    }

    private static SampleRow? Find(IReadOnlyList<SampleRow> rows, string name)
    {
        foreach (var row in rows)
        {
            if (row.Name == name)
                return row;
        }

        return null;
    }

    private static bool Make(SampleRow row, IReadOnlyList<string> arguments, Expression input, out Expression expression, out Mistake mistake)
    {
        (expression, mistake) = (s_nothing, default);
        if (arguments.Count < row.Arguments.Least || arguments.Count > row.Arguments.Most)
            mistake = new($"'{row.Name}' with {arguments.Count.ToString(CultureInfo.InvariantCulture)} arguments", row.Arguments.Least == row.Arguments.Most ? $"{row.Arguments.Least}" : $"{row.Arguments.Least} to {row.Arguments.Most}");
        else if (row.Make(arguments, input) is { } made)
            expression = made;
        else
            mistake = new($"'{row.Name}' with arguments that it does not take", row.Meaning);
        return mistake.Message is null;
    }

    /// <summary>Reads a name and, in round brackets, its arguments; quotes and backslashes keep commas and brackets in them.</summary>
    private static bool TryReadCall(string text, ref int at, out string name, out IReadOnlyList<string> arguments, out Mistake mistake)
    {
        mistake = default;
        List<string> read = [];
        arguments = read;
        var start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '.' or '-' or '+'))
            at++;
        name = text[start..at];
        if (name.Length == 0)
        {
            mistake = new($"{Shown.Quote(text)} is not a sample", "a fetch such as path or req.hdr(host)");
            return false;
        }

        if (at >= text.Length || text[at] != '(')
            return true;
        var argument = new System.Text.StringBuilder();
        var any = false;
        for (at++; at < text.Length; at++)
        {
            var letter = text[at];
            if (letter == ')')
            {
                at++;
                if (any || read.Count > 0)
                    read.Add(argument.ToString());
                return true;
            }

            any = true;
            if (letter == ',')
            {
                read.Add(argument.ToString());
                argument.Clear();
            }
            else if (letter is '\'' or '"' && text.IndexOf(letter, at + 1) is var end and > 0)
            {
                argument.Append(text, at + 1, end - at - 1);
                at = end;
            }
            else if (letter == '\\' && at + 1 < text.Length && text[at + 1] is ',' or '(' or ')' or '\\' or '\'' or '"' or ' ')
            {
                argument.Append(text[++at]);
            }
            else
            {
                argument.Append(letter);
            }
        }

        mistake = new($"a '(' without its other half in {Shown.Quote(text)}", "the arguments in round brackets");
        return false;
    }
}
