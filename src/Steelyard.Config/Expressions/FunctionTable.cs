using System.Globalization;
using Steelyard.Config.Text;

namespace Steelyard.Config.Expressions;

/// <summary>What can be made of a value.</summary>
public enum FunctionKind
{
    /// <summary>ASCII letters in lower case.</summary>
    Lower,

    /// <summary>ASCII letters in upper case.</summary>
    Upper,

    /// <summary>The number of bytes.</summary>
    Length,

    /// <summary>Percent-encoding undone, a plus sign being a blank.</summary>
    UrlDecode,

    /// <summary>Percent-encoding of what is not unreserved.</summary>
    UrlEncode,

    /// <summary>Base64.</summary>
    Base64,

    /// <summary>Base64 undone; absent where it is none.</summary>
    Base64Decode,

    /// <summary>Hexadecimal digits in upper case.</summary>
    Hex,

    /// <summary>A part between separators, empty ones counted.</summary>
    Field,

    /// <summary>A part between separators, empty ones not counted.</summary>
    Word,

    /// <summary>Bytes from a place on.</summary>
    Bytes,

    /// <summary>Without certain characters in front.</summary>
    TrimStart,

    /// <summary>Without certain characters behind.</summary>
    TrimEnd,

    /// <summary>What an expression matches, replaced.</summary>
    Replace,

    /// <summary>The text in the argument where the value is absent or empty.</summary>
    Default,

    /// <summary>A sum.</summary>
    Add,

    /// <summary>A difference.</summary>
    Subtract,

    /// <summary>A product.</summary>
    Multiply,

    /// <summary>A quotient, towards zero.</summary>
    Divide,

    /// <summary>A remainder.</summary>
    Modulo,

    /// <summary>1 for 0, 0 for any other number.</summary>
    IsZero,

    /// <summary>What stands under a path: file, program, folder or other; absent where nothing does.</summary>
    FileKind,

    /// <summary>An address with only its first bits.</summary>
    NetworkOf,

    /// <summary>A host without its port.</summary>
    HostOnly,

    /// <summary>The port behind a host; 0 where there is none.</summary>
    PortOnly,

    /// <summary>CRC-32, a number.</summary>
    Crc32,

    /// <summary>HAProxy's sdbm, a number.</summary>
    Sdbm,

    /// <summary>HAProxy's djb2, a number.</summary>
    Djb2,

    /// <summary>A value between separators in a text of names and values, as HAProxy's <c>url_param</c> of any text.</summary>
    ParameterOf,

    /// <summary>What a group of an expression matches; absent where the expression does not.</summary>
    Group,

    /// <summary>A counter of the value, which is a key of a table.</summary>
    TableCounter,

    /// <summary>1 for a key of a table, else 0.</summary>
    InTable,

    /// <summary>MurmurHash2 of 32 bits, a number (nginx: split_clients).</summary>
    Murmur2,

    /// <summary>A number or an address of IPv4 in hexadecimal digits.</summary>
    HexNumber,

    /// <summary>As within the quotes of JSON.</summary>
    Json,

    /// <summary>A digest, as bytes.</summary>
    Digest,

    /// <summary>Seconds since 1970 as a date of HTTP.</summary>
    HttpDate,

    /// <summary>A date of HTTP as a number of seconds since 1970.</summary>
    DateSeconds,

    /// <summary>A certificate in PEM.</summary>
    Pem,

    /// <summary>The last address of a list, or the last one outside some networks.</summary>
    LastAddress,

    /// <summary>A number in hexadecimal digits as a number.</summary>
    FromHex,

    /// <summary>The bits that both numbers have.</summary>
    And,

    /// <summary>The bits that one of them has.</summary>
    Or,

    /// <summary>The bits that one of them alone has.</summary>
    Xor,

    /// <summary>A hash by a named function, a number.</summary>
    Hash,

    /// <summary>HAProxy's full avalanche of a hash, a number.</summary>
    Avalanche,

    /// <summary>Hexadecimal digits undone; absent where there are none.</summary>
    HexDecode,

    /// <summary>Base64 with the letters of URLs, without padding.</summary>
    Base64Url,

    /// <summary>That undone; absent where it is none.</summary>
    Base64UrlDecode,

    /// <summary>Seconds since 1970 in a form of strftime(3), in the time of the machine.</summary>
    LocalTime,

    /// <summary>The same in UTC.</summary>
    UtcTime,

    /// <summary>A value in a text of JSON.</summary>
    JsonQuery,

    /// <summary>A value in the header of a JSON Web Token, or all of it.</summary>
    JwtHeader,

    /// <summary>The same of its payload.</summary>
    JwtPayload,

    /// <summary>A path or a query in another form that means the same (RFC 3986, 6.2.2).</summary>
    Normalize,

    /// <summary>1 for a JSON Web Token whose signature is right, 0 where it is not, and less where that cannot be said.</summary>
    JwtVerify,

    /// <summary>How it stands to another text, byte by byte: -1, 0 or 1; absent where that is.</summary>
    Compare,

    /// <summary>What stands behind another text that it begins with; absent where it does not.</summary>
    Behind,

    /// <summary>A number or an address as bytes, the highest first.</summary>
    BytesOf,

    /// <summary>What a text and a key make by a digest (RFC 2104), as bytes.</summary>
    Hmac,

    /// <summary>Which of several languages a field such as Accept-Language likes best; absent where none (RFC 9110, 12.5.4).</summary>
    Language,

    /// <summary>Its bytes as numbers of so many bytes each, the highest first (HAProxy: be2dec).</summary>
    BigEndian,

    /// <summary>The same in hexadecimal digits (HAProxy: be2hex).</summary>
    BigEndianHex,
}

/// <summary>What an argument of a function has to be.</summary>
internal enum ArgumentKind
{
    Text,
    Number,
    Pattern,

    /// <summary>A text with variables.</summary>
    Template,

    /// <summary>A number, or a text with variables that makes one.</summary>
    Operand,

    /// <summary>The name of a digest.</summary>
    Digest,

    /// <summary>The name of a hash.</summary>
    Hash,

    /// <summary>The name of a form that paths and queries are brought to.</summary>
    Form,

    /// <summary>Where in a URL a text stands.</summary>
    Place,

    /// <summary>What a text is as bytes.</summary>
    Packing,

    /// <summary>Bytes in base64.</summary>
    Base64,

    /// <summary>What a text of JSON is made of.</summary>
    Encoding,

    /// <summary>The word any.</summary>
    Any,

    /// <summary>Networks, with blanks between.</summary>
    Networks,
}

/// <summary>A row of the table of functions.</summary>
/// <param name="Word">The word of the text form.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Arguments">What it takes behind the value.</param>
/// <param name="Needed">How many of them have to be given.</param>
/// <param name="Description">One sentence for the reference page.</param>
internal sealed record FunctionRow(string Word, FunctionKind Kind, ArgumentKind[] Arguments, int Needed, string Description);

/// <summary>What can be made of a value: a new one is a row here, and a case in the engine.</summary>
internal static class FunctionTable
{
    private const ArgumentKind Text = ArgumentKind.Text;
    private const ArgumentKind Number = ArgumentKind.Number;

    public static IReadOnlyList<FunctionRow> Rows { get; } =
    [
        new("lower", FunctionKind.Lower, [], 0, "ASCII letters in lower case"),
        new("upper", FunctionKind.Upper, [], 0, "ASCII letters in upper case"),
        new("length", FunctionKind.Length, [], 0, "the number of bytes"),
        new("url-decode", FunctionKind.UrlDecode, [ArgumentKind.Place], 0, "percent-encoding undone, `+` being a blank; with an argument of `path` behind a `?` alone, with `strict` or `strict-path` the same, and absent where a percent sign is not followed by two digits"),
        new("url-encode", FunctionKind.UrlEncode, [], 0, "percent-encoding of all but letters, digits and `-._~`"),
        new("base64", FunctionKind.Base64, [], 0, "in base64"),
        new("base64-decode", FunctionKind.Base64Decode, [], 0, "base64 undone; absent where it is none"),
        new("hex", FunctionKind.Hex, [], 0, "in hexadecimal digits, in upper case"),
        new("field", FunctionKind.Field, [Number, Text, Number], 2, "a part between separators, from 1 or from the end by -1, empty ones counted; with a third argument as many, 0 for all that follow"),
        new("word", FunctionKind.Word, [Number, Text, Number], 2, "the same without counting empty ones"),
        new("bytes", FunctionKind.Bytes, [Number, Number], 1, "bytes from an offset on, as many as the second argument says"),
        new("trim-start", FunctionKind.TrimStart, [Text], 1, "without the characters of the argument in front"),
        new("trim-end", FunctionKind.TrimEnd, [Text], 1, "without the characters of the argument behind"),
        new("replace", FunctionKind.Replace, [ArgumentKind.Pattern, Text, Text], 2, "what the regular expression matches replaced, `\\1` being its first group; a third argument of `g` for every match, `i` for any case"),
        new("default", FunctionKind.Default, [Text], 1, "the argument where there is no value or an empty one"),
        new("add", FunctionKind.Add, [ArgumentKind.Operand], 1, "the sum of both"),
        new("subtract", FunctionKind.Subtract, [ArgumentKind.Operand], 1, "the difference"),
        new("multiply", FunctionKind.Multiply, [ArgumentKind.Operand], 1, "the product"),
        new("divide", FunctionKind.Divide, [ArgumentKind.Operand], 1, "the quotient, towards zero; absent for a division by zero"),
        new("modulo", FunctionKind.Modulo, [ArgumentKind.Operand], 1, "the remainder; absent for a division by zero"),
        new("is-zero", FunctionKind.IsZero, [], 0, "`1` for 0, `0` for any other number"),
        new("file-kind", FunctionKind.FileKind, [], 0, "what is under a path: `file`, `program`, which is a file that may be executed, `folder` or `other`; absent where there is nothing, and for a path that climbs (`..`). Percent-encoding is undone. The disk is asked for each request"),
        new("network-of", FunctionKind.NetworkOf, [Number, Number], 1, "an address with only its first bits: of IPv4, then of IPv6, all of them where it is not said; one of a kind whose bits are `-1` is absent"),
        new("host-only", FunctionKind.HostOnly, [ArgumentKind.Any], 0, "a host without its port, and without the dot that makes a name absolute; with an argument of `any` any text without a port, a dot staying"),
        new("port-only", FunctionKind.PortOnly, [], 0, "the port behind a host; `0` where there is none"),
        new("crc32", FunctionKind.Crc32, [], 0, "its CRC-32, a number"),
        new("sdbm", FunctionKind.Sdbm, [], 0, "its hash by sdbm, a number"),
        new("djb2", FunctionKind.Djb2, [], 0, "its hash by djb2, a number"),
        new("parameter-of", FunctionKind.ParameterOf, [Text, Text], 1, "the value of a name in a text as `a=1&b=2`; the second argument separates, `&` when left out"),
        new("group", FunctionKind.Group, [ArgumentKind.Pattern, Number, Text], 2, "what a group of the regular expression matches, 0 being the whole match; a third argument of `i` for any case; absent where it does not match"),
        new("table-counter", FunctionKind.TableCounter, [Text, Text], 2, "a counter of the value in one of the [tables](#tables), as in `table-counter(client, 'clients', 'request-rate')`; `0` of what is not in it"),
        new("in-table", FunctionKind.InTable, [Text], 1, "`1` for a value that is in the table, else `0`"),
        new("murmur2", FunctionKind.Murmur2, [], 0, "its MurmurHash2 of 32 bits, a number"),
        new("hex-number", FunctionKind.HexNumber, [], 0, "a number or an address of IPv4 in hexadecimal digits, at least four"),
        new("digest", FunctionKind.Digest, [ArgumentKind.Digest], 1, "its digest by `md5`, `sha1`, `sha256`, `sha384` or `sha512`, as bytes, as in `hex(digest(path, 'sha1'))`"),
        new("http-date", FunctionKind.HttpDate, [Number], 0, "a number of seconds since 1970 as a date of HTTP; with a second argument so many seconds later"),
        new("date-seconds", FunctionKind.DateSeconds, [], 0, "a date of HTTP as a number of seconds since 1970; absent where it is none"),
        new("pem", FunctionKind.Pem, [], 0, "the bytes of a certificate as PEM, as in `url-encode(pem(client-certificate))`"),
        new("last-address", FunctionKind.LastAddress, [ArgumentKind.Networks], 0, "the last address of a list with commas, as in `last-address(header-list('X-Forwarded-For'), '10.0.0.0/8')`: with networks the last one that is in none of them, the first where all are. What is no address ends it"),
        new("from-hex", FunctionKind.FromHex, [], 0, "a number in hexadecimal digits as a number"),
        new("bits-and", FunctionKind.And, [ArgumentKind.Operand], 1, "the bits that both numbers have"),
        new("bits-or", FunctionKind.Or, [ArgumentKind.Operand], 1, "the bits that one of both numbers has"),
        new("bits-xor", FunctionKind.Xor, [ArgumentKind.Operand], 1, "the bits that one of both numbers alone has"),
        new("hash", FunctionKind.Hash, [ArgumentKind.Hash, Number], 1, "its hash by `crc32`, `crc32c`, `sdbm`, `djb2`, `wt6`, `xxh32`, `xxh64` or `xxh3`, a number; the last three take a seed"),
        new("avalanche", FunctionKind.Avalanche, [], 0, "a hash of 32 bits after HAProxy's full avalanche, a number"),
        new("hex-decode", FunctionKind.HexDecode, [], 0, "the bytes that hexadecimal digits stand for; absent where they are none"),
        new("base64-url", FunctionKind.Base64Url, [], 0, "in base64 with the letters of URLs and without `=` (RFC 4648, 5)"),
        new("base64-url-decode", FunctionKind.Base64UrlDecode, [], 0, "that undone; absent where it is none"),
        new("local-strftime", FunctionKind.LocalTime, [Text, Number], 1, "a number of seconds since 1970 in a form of strftime(3), as in `local-strftime(now, '%Y-%m-%d')`; with a third argument so many seconds later"),
        new("utc-strftime", FunctionKind.UtcTime, [Text, Number], 1, "the same in UTC"),
        new("json-query", FunctionKind.JsonQuery, [Text, Text], 1, "a value in a text of JSON, as in `json-query(header('X-User'), '$.roles[0]')`: a text, a number, or `1` or `0`; with a third argument of `int` whole numbers alone"),
        new("jwt-header", FunctionKind.JwtHeader, [Text, Text], 0, "the header of a JSON Web Token, or what `json-query` finds in it. Nothing is verified by it"),
        new("jwt-payload", FunctionKind.JwtPayload, [Text, Text], 0, "the same of its payload"),
        new("jwt-verify", FunctionKind.JwtVerify, [Text, Text], 2, "`1` for a JSON Web Token whose signature is right by an algorithm (`HS256` to `HS512`, `RS256` to `RS512`, `ES256` to `ES512`, or the name of a variable that has it) and a secret, a public key or a certificate as PEM; `0` where it is not, less than 0 where that cannot be said"),
        new("normalize", FunctionKind.Normalize, [ArgumentKind.Form], 1, "a path or a query in another form that means the same: by `merge-slashes`, `strip-dot`, `strip-dotdot` (`strip-dotdot-full` at the beginning too), `decode-unreserved`, `percent-uppercase` or `sort-by-name`, or percent-encoded where a request line cannot carry it as it is, all of it by `encode-path`, up to a question mark by `encode-target`, as a value of a query by `encode-argument`, as in `normalize(path, 'merge-slashes')`"),
        new("compare", FunctionKind.Compare, [ArgumentKind.Template], 1, "a negative number, `0` or a positive one where it sorts before another text, is the same, or sorts behind it, byte by byte (what strncmp of C gives), as in `compare(host, '{header(\\'X-Host\\')}')`; absent where the other one is"),
        new("behind", FunctionKind.Behind, [ArgumentKind.Template], 1, "what stands behind a text that it begins with, as in `behind(response-header('Location'), 'http://{host}/')`; absent where it begins otherwise"),
        new("bytes-of", FunctionKind.BytesOf, [ArgumentKind.Packing], 1, "the bytes that a number (`number`: eight of them, or `short`: four) or an address (`address`: four, or sixteen of IPv6) is, the highest first; of no number zero, of no address nothing"),
        new("hmac", FunctionKind.Hmac, [ArgumentKind.Digest, ArgumentKind.Base64], 2, "what it and a key in base64 make by a digest (RFC 2104), as bytes"),
        new("language", FunctionKind.Language, [Text, Text], 1, "which of several languages, with semicolons between, a field such as Accept-Language likes best, as in `language(header('Accept-Language'), 'en;fr;de')`; else the second argument"),
        new("big-endian", FunctionKind.BigEndian, [Text, Number, Number], 3, "its bytes as numbers of so many bytes each, the highest first, with a text between, as in `big-endian(VALUE, '.', '1', '0')`; with a third argument of `1` without what is left over"),
        new("big-endian-hex", FunctionKind.BigEndianHex, [Text, Number, Number], 3, "the same in hexadecimal digits"),
        new("json", FunctionKind.Json, [ArgumentKind.Encoding], 0, "as it stands within the quotes of JSON; bytes that are no UTF-8 are `?`. With an argument all that is not ASCII is written as `\\u00e9`: byte by byte with `ascii`, else by its code, where with `utf8` what is no UTF-8 makes it absent, with `utf8s` it is left out, and `utf8p` and `utf8ps` take what is written longer than it has to be"),
    ];

    public static FunctionRow Of(FunctionKind kind)
    {
        foreach (var row in Rows)
        {
            if (row.Kind == kind)
                return row;
        }

        throw new ArgumentOutOfRangeException(nameof(kind));
    }

    public static FunctionRow? Find(string word)
    {
        foreach (var row in Rows)
        {
            if (row.Word == word)
                return row;
        }

        return null;
    }

    /// <summary>Whether a function takes these arguments.</summary>
    public static bool Takes(FunctionRow row, IReadOnlyList<string> arguments, out Mistake mistake)
    {
        mistake = default;
        if (arguments.Count < row.Needed || arguments.Count > row.Arguments.Length)
        {
            var most = row.Arguments.Length;
            mistake = new($"'{row.Word}' has {Count(arguments.Count)} beside its value", row.Needed == most ? Count(most) : $"{row.Needed} to {Count(most)}");
            return false;
        }

        for (var i = 0; i < arguments.Count && mistake.Message is null; i++)
        {
            if (row.Arguments[i] == ArgumentKind.Number && !long.TryParse(arguments[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                mistake = new($"{Shown.Quote(arguments[i])} is not a number, which '{row.Word}' needs there", "a whole number in quotes, as in '1'");
            else if (row.Arguments[i] == ArgumentKind.Template || (row.Arguments[i] == ArgumentKind.Operand && arguments[i].Contains('{', StringComparison.Ordinal)))
                _ = TextTemplate.TryParse(arguments[i], out _, out mistake);
            else if (row.Arguments[i] == ArgumentKind.Operand && !long.TryParse(arguments[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                mistake = new($"{Shown.Quote(arguments[i])} is not a number, which '{row.Word}' needs there", "a whole number in quotes, as in '1', or a text that makes one, as in '{variable(\\'most\\')}'");
            else if (row.Arguments[i] == ArgumentKind.Digest && arguments[i] is not ("md5" or "sha1" or "sha256" or "sha384" or "sha512"))
                mistake = new($"{Shown.Quote(arguments[i])} is not a digest", "md5, sha1, sha256, sha384 or sha512");
            else if (row.Arguments[i] == ArgumentKind.Form && arguments[i] is not ("merge-slashes" or "strip-dot" or "strip-dotdot" or "strip-dotdot-full" or "decode-unreserved" or "percent-uppercase" or "sort-by-name" or "encode-path" or "encode-target" or "encode-argument"))
                mistake = new($"{Shown.Quote(arguments[i])} is not a form", "merge-slashes, strip-dot, strip-dotdot, strip-dotdot-full, decode-unreserved, percent-uppercase, sort-by-name, encode-path, encode-target or encode-argument");
            else if (row.Arguments[i] == ArgumentKind.Hash && arguments[i] is not ("crc32" or "crc32c" or "sdbm" or "djb2" or "wt6" or "xxh32" or "xxh64" or "xxh3"))
                mistake = new($"{Shown.Quote(arguments[i])} is not a hash", "crc32, crc32c, sdbm, djb2, wt6, xxh32, xxh64 or xxh3");
            else if (row.Arguments[i] == ArgumentKind.Place && arguments[i] is not ("path" or "strict" or "strict-path"))
                mistake = new($"{Shown.Quote(arguments[i])} is no part of a URL", "path, strict or strict-path");
            else if (row.Arguments[i] == ArgumentKind.Encoding && arguments[i] is not ("ascii" or "utf8" or "utf8s" or "utf8p" or "utf8ps"))
                mistake = new($"{Shown.Quote(arguments[i])} is not what a text is made of", "ascii, utf8, utf8s, utf8p or utf8ps");
            else if (row.Arguments[i] == ArgumentKind.Any && arguments[i] != "any")
                mistake = new($"{Shown.Quote(arguments[i])} is not known there", "any");
            else if (row.Arguments[i] == ArgumentKind.Networks && !arguments[i].Split(' ').All(network => NetworkText.TryParse(network, out _, out _)))
                mistake = new($"{Shown.Quote(arguments[i])} is no list of networks", "networks with blanks between, such as 10.0.0.0/8 192.168.0.0/16");
            else if (row.Arguments[i] == ArgumentKind.Packing && arguments[i] is not ("number" or "short" or "address"))
                mistake = new($"{Shown.Quote(arguments[i])} is nothing that bytes are made of", "number, short or address");
            else if (row.Arguments[i] == ArgumentKind.Base64 && !System.Buffers.Text.Base64.IsValid(arguments[i]))
                mistake = new($"{Shown.Quote(arguments[i])} is not base64", "bytes in base64");
            else if (row.Arguments[i] == ArgumentKind.Pattern)
                _ = BytePattern.TryParse(arguments[i], ignoreCase: arguments.Count > 2 && arguments[2].Contains('i', StringComparison.Ordinal), out _, out mistake);
        }

        return mistake.Message is null;
    }

    /// <summary>The argument of a function that is a text with variables; null where there is none.</summary>
    public static TextTemplate? TemplateOf(CallExpression call) =>
        call.Arguments.Count == 1 && Of(call.Function).Arguments is [ArgumentKind.Template or ArgumentKind.Operand] and [var kind] && (kind == ArgumentKind.Template || call.Arguments[0].Contains('{', StringComparison.Ordinal)) ? TextTemplate.Parse(call.Arguments[0]) : null;

    private static string Count(int count) => count switch { 0 => "no argument", 1 => "1 argument", _ => $"{count} arguments" };
}
