using System.Globalization;
using Steelyard.Config.Expressions;
using Steelyard.Config.Yaml.Tables;


namespace Steelyard.Config.Haproxy;

/// <summary>HAProxy's converters: a further one is a row.</summary>
internal static class HaproxyConverters
{
    /// <summary>The converters.</summary>
    public static IReadOnlyList<SampleRow> Rows { get; } =
    [
        Function("lower", FunctionKind.Lower),
        Function("upper", FunctionKind.Upper),
        Function("length", FunctionKind.Length, type: SampleType.Number),
        new("url_dec", (0, 1), SampleType.Text, (arguments, input) => new CallExpression(FunctionKind.UrlDecode, input, arguments is [] or [""] or ["0"] ? ["strict-path"] : ["strict"]), "url-decode(VALUE, ...)"),
        Function("url_enc", FunctionKind.UrlEncode, most: 1, keep: 0),
        Function("base64", FunctionKind.Base64),
        Function("b64dec", FunctionKind.Base64Decode),
        Function("hex", FunctionKind.Hex),
        new("json", (0, 1), SampleType.Text, (arguments, input) => arguments is [] or [""] ? new CallExpression(FunctionKind.Json, input, ["ascii"]) : arguments[0] is "ascii" or "utf8" or "utf8s" or "utf8p" or "utf8ps" ? new CallExpression(FunctionKind.Json, input, [arguments[0]]) : null, "json(VALUE, ...)"),
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
        Part("field", FunctionKind.Field),
        Part("word", FunctionKind.Word),
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
        new("ipmask", (1, 2), SampleType.Address, (arguments, input) => TryMask(arguments, input), "network-of(VALUE, ...)"),
        new("host_only", (0, 0), SampleType.Text, (_, input) => new CallExpression(FunctionKind.HostOnly, new CallExpression(FunctionKind.Lower, input), ["any"]), "host-only(lower(VALUE), 'any')"),
        Function("port_only", FunctionKind.PortOnly, type: SampleType.Number),
        new("language", (1, 2), SampleType.Text, (arguments, input) => arguments[0].Length == 0 ? null : new CallExpression(FunctionKind.Language, input, arguments.ToValueList()), "language(VALUE, ...)"),
        new("add_item", (2, 3), SampleType.Text, TryAddItem, "the value, and an item of a list behind it"),
        Numbers("be2dec", FunctionKind.BigEndian, 2),
        Numbers("be2hex", FunctionKind.BigEndianHex, 0),
        new("cut_crlf", (0, 0), SampleType.Text, (_, input) => new CallExpression(FunctionKind.Group, input, ["^([^\\r\\n]*)", "1"]), "the value up to the end of its first line"),
        .. HaproxyMoreSamples.Converters,
        Function("param", FunctionKind.ParameterOf, 1, 2),
        new("iif", (2, 2), SampleType.Text, (arguments, input) => OfNumber(input, arguments[0], arguments[1]), "map(is-zero(VALUE), is '0' => '...', is '1' => '...')"),
    ];

    private static SampleRow Digest(string name, Func<IReadOnlyList<string>, string?> algorithm, int most, int least = 0) => new(
        name,
        (least, most),
        SampleType.Text,
        (arguments, input) => algorithm(arguments) is { } known ? new CallExpression(FunctionKind.Digest, input, [known]) : null,
        name == "sha1" ? "digest(VALUE, 'sha1')" : "digest(VALUE, ...)");

    // HAProxy: an address of IPv6 for which no mask is said is none.
    private static CallExpression? TryMask(IReadOnlyList<string> arguments, Expression input) =>
        BitsOf(arguments[0], 32) is not { } v4 ? null
        : arguments.Count == 1 ? new(FunctionKind.NetworkOf, input, [v4, "-1"])
        : BitsOf(arguments[1], 128) is { } v6 ? new(FunctionKind.NetworkOf, input, [v4, v6]) : null;

    /// <summary>How many bits a mask has that is a number or an address; null where it is no mask.</summary>
    private static string? BitsOf(string mask, int most)
    {
        if (int.TryParse(mask, NumberStyles.None, CultureInfo.InvariantCulture, out var bits))
            return bits <= most ? mask : null;
        if (!System.Net.IPAddress.TryParse(mask, out var address) || address.GetAddressBytes() is not { } bytes || bytes.Length * 8 != most)
            return null;
        var ones = bytes.Sum(one => System.Numerics.BitOperations.PopCount(one));
        var first = bytes.TakeWhile(one => one == 0xFF).Count();
        return ones == (first * 8) + (first < bytes.Length ? System.Numerics.BitOperations.LeadingZeroCount((uint)(byte)~bytes[first]) - 24 : 0) ? ones.ToString(CultureInfo.InvariantCulture) : null;
    }

    // What separates stands where there is something before it and behind it.
    private static MapExpression? TryAddItem(IReadOnlyList<string> arguments, Expression input)
    {
        var (name, suffix) = (arguments[1], arguments.Count > 2 ? arguments[2] : "");
        if ((name.Length > 0 && !RuleTable.IsVariableName(name)) || name.Length + suffix.Length == 0)
            return null;
        var separated = TextTemplate.Of(new MapExpression(input, [new(TestKind.Is, false, "", TextTemplate.Empty)], TextTemplate.Literal(arguments[0])));
        List<TemplatePart> parts = [new(null, default, input)];
        if (name.Length > 0)
        {
            var variable = new FetchExpression(FetchKind.Variable, name);
            parts.Add(new(null, default, suffix.Length > 0 ? new TextExpression(separated) : new MapExpression(variable, [new(TestKind.Is, false, "", TextTemplate.Empty), new(TestKind.Starts, false, "", separated)], null)));
            parts.Add(new(null, default, variable));
        }
        else
        {
            parts.Add(new(null, default, new TextExpression(separated)));
        }

        if (suffix.Length > 0)
            parts.Add(new(suffix));
        return WhereThere(input, TextTemplate.Of(parts));
    }

    // Numbers of so many bytes, with a text between.
    private static SampleRow Numbers(string name, FunctionKind function, int least) => new(
        name,
        (least, 3),
        SampleType.Text,
        (arguments, input) =>
        {
            var (between, size, whole) = (arguments.ElementAtOrDefault(0) ?? "", arguments.ElementAtOrDefault(1) ?? "", arguments.ElementAtOrDefault(2) ?? "");
            return (size.Length > 0 && (!int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) || bytes < 1 || (function == FunctionKind.BigEndian && bytes > 4))) || whole is not ("" or "0" or "1")
                ? null : new CallExpression(function, input, [between, size.Length > 0 ? size : "1", whole == "1" ? "1" : "0"]);
        },
        $"{FunctionTable.Of(function).Word}(VALUE, ...)");

    // HAProxy counts parts from 1, or from the end.
    private static SampleRow Part(string name, FunctionKind function)
    {
        var row = Function(name, function, 2, 3);
        return row with { Make = (arguments, input) => arguments[0].TrimStart('-', '0').Length == 0 ? null : row.Make(arguments, input) };
    }

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

    // A text of several parts is there even where none of them is.
    private static MapExpression WhereThere(Expression input, TextTemplate text) => new(input, [new(TestKind.Starts, false, "", text)], null);

    private static MapExpression OfNumber(Expression input, string nonZero, string zero) =>
        new(new CallExpression(FunctionKind.IsZero, input), [new(TestKind.Is, false, "0", TextTemplate.Literal(nonZero)), new(TestKind.Is, false, "1", TextTemplate.Literal(zero))], null);

    // A number, or a variable that has one.
    private static SampleRow Computed(string name, FunctionKind function, string? ofZero = null) => new(
        name,
        (1, 1),
        SampleType.Number,
        (arguments, input) => long.TryParse(arguments[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var operand) ? ofZero is not null && operand == 0 ? OfNumber(input, ofZero, ofZero) : new CallExpression(function, input, [arguments[0]])
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
    private static MapExpression TryConcatenate(IReadOnlyList<string> arguments, Expression input)
    {
        List<TemplatePart> parts = [new(null, default, input)];
        if (arguments.Count > 0 && arguments[0].Length > 0)
            parts.Add(new(arguments[0]));
        if (arguments.Count > 1 && arguments[1].Length > 0)
            parts.Add(new(null, default, new FetchExpression(FetchKind.Variable, arguments[1])));
        if (arguments.Count > 2 && arguments[2].Length > 0)
            parts.Add(new(arguments[2]));
        return WhereThere(input, TextTemplate.Of(parts));
    }
}
