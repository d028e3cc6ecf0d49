namespace Steelyard.EndToEnd.Strictness;

/// <summary>Where a request's body ends: what smugglers live on.</summary>
internal static class FramingCases
{
    private const string OneNumber = "digits and nothing else: two programs could read two lengths";
    private const string OneCoding = "a coding that somebody reads as chunked and somebody else does not is how requests are smuggled";
    private const string Size = "two programs could read two sizes";
    private const string LineEnds = "a line of the chunked coding ends in CR LF, or two programs see two bodies";

    public static readonly WireGroup Lengths = new("Content-Length",
    [
        new("`5`", Counted("5"), "forwarded, `Content-Length: 5`, body `hello`", "6.2") { Look = "Content-Length,body" },
        new("`0`", Post("Content-Length: 0\r\n", ""), "forwarded, body ``", "6.2") { Look = "body" },
        new("`05`", Counted("05"), "forwarded, `Content-Length: 5`, body `hello`", "RFC 9110, 8.6", "allowed, and written anew: somebody may take it for octal") { Look = "Content-Length,body" },
        new("`+5`", Counted("+5"), "400", "6.3", OneNumber),
        new("`-5`", Counted("-5"), "400", "6.3", OneNumber),
        new("`0x5`", Counted("0x5"), "400", "6.3", OneNumber),
        new("`5.0`", Counted("5.0"), "400", "6.3", OneNumber),
        new("`5 5`", Counted("5 5"), "400", "6.3", OneNumber),
        new("`\"5\"`", Counted("\"5\""), "400", "6.3", OneNumber),
        new("`5a`", Counted("5a"), "400", "6.3", OneNumber),
        new("empty", Counted(""), "400", "6.3", OneNumber),
        new("`5, 5`", Counted("5, 5"), "400", "6.3", "the RFC allows to read it as one or to refuse it; refusing is safe"),
        new("`5, 6`", Counted("5, 6"), "400", "6.3", OneNumber),
        new("`5,`", Counted("5,"), "400", "6.3", OneNumber),
        new("twice, equal", Post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "400", "6.3", "the RFC allows to read it as one or to refuse it; refusing is safe"),
        new("twice, different", Post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), "400", "6.3"),
        new("blanks around", Post("Content-Length:  \t5 \t\r\n", "hello"), "forwarded, body `hello`", "5.1", "white space around a value is no part of it") { Look = "body" },
        new("vertical tab before", Post("Content-Length: \v5\r\n", "hello"), "400", "RFC 9110, 5.5", OneNumber),
        new("`9223372036854775808`", Counted("9223372036854775808"), "400", "6.3", "beyond what a signed number of 64 bits holds"),
        new("`18446744073709551621`", Counted("18446744073709551621"), "400", "6.3", "5, to who counts in 64 bits without looking"),
        new("30 digits", Counted("000000000000000000000000000005"), "forwarded, body `hello`", "RFC 9110, 8.6", "leading zeros change nothing") { Look = "body" },
        new("a digit of another script", Post("Content-Length: \u00b2\r\n", "hello"), "400", "6.3", OneNumber),
        new("of a GET", "GET / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello", "forwarded, body `hello`", "RFC 9110, 9.3.1", "forwarded as it is; the server's connection is not used again") { Look = "body" },
        new("in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello", "forwarded, body `hello`", "6.2") { Look = "body", Last = true },
        new("none of a POST", "POST / HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, body ``", "6.3") { Look = "body" },
    ]);

    public static readonly WireGroup Codings = new("Transfer-Encoding",
    [
        new("`chunked`", Coded("Transfer-Encoding: chunked\r\n"), "forwarded, `Transfer-Encoding: chunked`, body `hello`", "6.1", "passed on as it comes; nginx had all of it and counted") { Look = "Transfer-Encoding,body" },
        new("`CHUNKED`", Coded("Transfer-Encoding: CHUNKED\r\n"), "forwarded, `Transfer-Encoding: chunked`, body `hello`", "6.1", "codings have no case; the servers get one spelling") { Look = "Transfer-Encoding,body" },
        new("name of another case", Coded("tRANSFER-eNCODING: chunked\r\n"), "forwarded, `Transfer-Encoding: chunked`, body `hello`", "5.1", "the servers get one spelling") { Look = "Transfer-Encoding,body" },
        new("blanks and tabs around", Coded("Transfer-Encoding: \t chunked \t\r\n"), "forwarded, `Transfer-Encoding: chunked`, body `hello`", "5.1", "white space around a value is no part of it") { Look = "Transfer-Encoding,body" },
        new("beside Content-Length", Coded("Content-Length: 15\r\nTransfer-Encoding: chunked\r\n"), "400", "6.1", "who believes the one and who believes the other see two requests"),
        new("before Content-Length", Coded("Transfer-Encoding: chunked\r\nContent-Length: 15\r\n"), "400", "6.1", "who believes the one and who believes the other see two requests"),
        new("in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "400", "6.1", "the framing must be taken as faulty"),
        new("`chunked, chunked`", Coded("Transfer-Encoding: chunked, chunked\r\n"), "400", "6.1", OneCoding),
        new("twice", Coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "400", "6.1", OneCoding),
        new("twice, `identity` first", Coded("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), "501", "6.1", OneCoding),
        new("twice, `identity` last", Coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), "400", "6.1", OneCoding),
        new("`identity`", Coded("Transfer-Encoding: identity\r\n"), "501", "6.1", "gone since RFC 7230; whoever takes it for no coding sees the body as a request"),
        new("`gzip`", Coded("Transfer-Encoding: gzip\r\n"), "501", "6.1", "a coding that is not understood is 501"),
        new("`gzip, chunked`", Coded("Transfer-Encoding: gzip, chunked\r\n"), "501", "6.1", "a coding that is not understood is 501"),
        new("`chunked, gzip`", Coded("Transfer-Encoding: chunked, gzip\r\n"), "501", "6.3", "chunked must be the last"),
        new("`chunked, identity`", Coded("Transfer-Encoding: chunked, identity\r\n"), "501", "6.3", OneCoding),
        new("`identity, chunked`", Coded("Transfer-Encoding: identity, chunked\r\n"), "501", "6.1", OneCoding),
        new("`\"chunked\"`", Coded("Transfer-Encoding: \"chunked\"\r\n"), "400", "RFC 9110, 5.6.2", OneCoding),
        new("`xchunked`", Coded("Transfer-Encoding: xchunked\r\n"), "501", "6.1", "a coding that is not understood is 501"),
        new("`chunkedx`", Coded("Transfer-Encoding: chunkedx\r\n"), "501", "6.1", "a coding that is not understood is 501"),
        new("`chunked;a=b`", Coded("Transfer-Encoding: chunked;a=b\r\n"), "501", "7", "chunked has no parameters"),
        new("`chunked,`", Coded("Transfer-Encoding: chunked,\r\n"), "501", "RFC 9110, 5.6.1", OneCoding),
        new("`,chunked`", Coded("Transfer-Encoding: ,chunked\r\n"), "400", "RFC 9110, 5.6.1", OneCoding),
        new("empty", Coded("Transfer-Encoding:\r\n"), "400", "6.1", OneCoding),
        new("vertical tab before", Coded("Transfer-Encoding: \vchunked\r\n"), "400", "RFC 9110, 5.5", OneCoding),
        new("NUL behind", Coded("Transfer-Encoding: chunked\0\r\n"), "400", "RFC 9110, 5.5"),
        new("blank before the colon", Coded("Transfer-Encoding : chunked\r\n"), "400", "5.1", OneCoding),
        new("on a folded line", Coded("Transfer-Encoding:\r\n chunked\r\n"), "400", "5.2", OneCoding),
        new("behind a bare CR", Coded("A: b\rTransfer-Encoding: chunked\r\n"), "400", "2.2", OneCoding),
        new("behind a bare LF", Coded("A: b\nTransfer-Encoding: chunked\r\n"), "400", "2.2", OneCoding) { Tolerant = "forwarded, `Transfer-Encoding: chunked`, body `hello`", Look = "Transfer-Encoding,body" },
        new("of a GET", "GET / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "forwarded, body `hello`", "RFC 9110, 9.3.1", "forwarded as it is; the server's connection is not used again") { Look = "body" },
    ]);

    public static readonly WireGroup Chunks = new("Chunks of a request",
    [
        new("two chunks", Chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), "forwarded, body `hello`", "7.1") { Look = "body" },
        new("size in capitals, `0A`", Chunked("0A\r\nhellohello\r\n0\r\n\r\n"), "forwarded, body `hellohello`", "7.1") { Look = "body" },
        new("size in small letters, `a`", Chunked("a\r\nhellohello\r\n0\r\n\r\n"), "forwarded, body `hellohello`", "7.1") { Look = "body" },
        new("size with leading zeros", Chunked("0000000005\r\nhello\r\n000\r\n\r\n"), "forwarded, body `hello`", "7.1") { Look = "body" },
        new("size of 16 digits", Chunked("0000000000000005\r\nhello\r\n0\r\n\r\n"), "400", "7.1", "more digits than a size can have are an attack on somebody's overflow"),
        new("size beyond 64 bits", Chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), "400", "7.1.1", "5, to who counts in 64 bits without looking"),
        new("size `fffffffffffffffe`", Chunked("fffffffffffffffe\r\nhello\r\n0\r\n\r\n"), "400", "7.1.1", "-2, to who counts with a sign"),
        new("size `0x5`", Chunked("0x5\r\nhello\r\n0\r\n\r\n"), "400", "7.1", Size),
        new("size `+5`", Chunked("+5\r\nhello\r\n0\r\n\r\n"), "400", "7.1", Size),
        new("size `-5`", Chunked("-5\r\nhello\r\n0\r\n\r\n"), "400", "7.1", Size),
        new("size `5_0`", Chunked("5_0\r\nhello\r\n0\r\n\r\n"), "400", "7.1", Size),
        new("size `g`", Chunked("g\r\nhello\r\n0\r\n\r\n"), "400", "7.1", Size),
        new("no size", Chunked("\r\nhello\r\n0\r\n\r\n"), "400", "7.1", Size),
        new("blank before the size", Chunked(" 5\r\nhello\r\n0\r\n\r\n"), "400", "7.1", Size),
        new("blank behind the size", Chunked("5 \r\nhello\r\n0\r\n\r\n"), "400", "7.1", "white space is allowed before an extension only") { Tolerant = "forwarded, body `hello`", Look = "body" },
        new("size too small", Chunked("4\r\nhello\r\n0\r\n\r\n"), "400", "7.1", "behind the data stands CR LF"),
        new("size too large by two", Chunked("7\r\nhello\r\n0\r\n\r\n"), "400", "7.1", "behind the data stands CR LF"),
        new("bare LF behind the size", Chunked("5\nhello\r\n0\r\n\r\n"), "400", "7.1", LineEnds) { Tolerant = "forwarded, body `hello`", Look = "body" },
        new("bare CR behind the size", Chunked("5\rhello\r\n0\r\n\r\n"), "400", "7.1", LineEnds),
        new("bare LF behind the data", Chunked("5\r\nhello\n0\r\n\r\n"), "400", "7.1", LineEnds) { Tolerant = "forwarded, body `hello`", Look = "body" },
        new("nothing behind the data", Chunked("5\r\nhello0\r\n\r\n"), "400", "7.1", LineEnds),
        new("bare LF behind the last size", Chunked("5\r\nhello\r\n0\n\r\n"), "400", "7.1", LineEnds) { Tolerant = "forwarded, body `hello`", Look = "body" },
        new("bare LF ends the body", Chunked("5\r\nhello\r\n0\r\n\n"), "400", "7.1", LineEnds) { Tolerant = "forwarded, body `hello`", Look = "body" },
        new("an extension", Chunked("5;a=b\r\nhello\r\n0\r\n\r\n"), "forwarded, body `hello`", "7.1.1", "a recipient must ignore what it does not know; it is not passed on") { Look = "body" },
        new("blanks around an extension", Chunked("5 ; a = b\r\nhello\r\n0\r\n\r\n"), "forwarded, body `hello`", "7.1.1", "bad white space must be read and dropped") { Look = "body" },
        new("a quoted extension", Chunked("5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n"), "forwarded, body `hello`", "7.1.1", "ignored, and not passed on") { Look = "body" },
        new("bare LF in an extension", Chunked("5;a\nhello\r\n0\r\n\r\n"), "400", "7.1.1", LineEnds),
        new("LF in a quoted extension", Chunked("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"), "400", "7.1.1", LineEnds),
        new("bare CR in an extension", Chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), "400", "7.1.1", LineEnds),
        new("NUL in an extension", Chunked("5;a\0b\r\nhello\r\n0\r\n\r\n"), "400", "7.1.1", "no control is allowed there"),
        new("an extension of 2,000 bytes", Chunked("5;" + new string('a', 2000) + "\r\nhello\r\n0\r\n\r\n"), "400", "7.1.1", "a recipient ought to limit them; somebody pays for reading what nobody needs"),
        new("a trailer field", Chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), "forwarded, body `hello`, trailers `X-Sum: 1`", "7.1.2", "passed on where they deceive nobody") { Look = "body,trailers" },
        new("a trailer field that `Connection` names", Post("Connection: X-Sum\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), "forwarded, body `hello`, no trailers", "RFC 9110, 7.6.1", "where Connection names fields, all trailers are dropped") { Look = "body,trailers" },
        new("a trailer field among forbidden ones", Chunked("5\r\nhello\r\n0\r\nCookie: a=b\r\nX-Sum: 1\r\nIf-Match: *\r\n\r\n"), "forwarded, body `hello`, trailers `X-Sum: 1`", "RFC 9110, 6.5.1", "what servers decide by has no place in trailers") { Look = "body,trailers" },
        new("a trailer field announced", Post("Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), "forwarded, `Trailer: X-Sum`, trailers `X-Sum: 1`", "RFC 9110, 6.6.2", "the announcement goes where the trailers go") { Look = "Trailer,trailers" },
        new("101 trailer fields", Chunked("5\r\nhello\r\n0\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", 101)) + "\r\n"), "400", "7.1.2", "trailers are limited like heads"),
        new("a trailer that is no field", Chunked("5\r\nhello\r\n0\r\nX Sum\r\n\r\n"), "400", "7.1.2", "a line that is no field is no trailer"),
        new("a trailer with a blank before the colon", Chunked("5\r\nhello\r\n0\r\nX-Sum : 1\r\n\r\n"), "400", "5.1", "a name is a token") { HaProxyVaries = "400 or forwarded" },
        new("a folded trailer", Chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\n 2\r\n\r\n"), "400", "5.2", "folding is obsolete"),
        new("bare LF ends a trailer", Chunked("5\r\nhello\r\n0\r\nX-Sum: 1\n\r\n"), "400", "2.2", LineEnds) { Tolerant = "forwarded, body `hello`, no trailers", Look = "body,trailers" },
        new("trailers of 20,000 bytes", Chunked("5\r\nhello\r\n0\r\nX-Sum: " + new string('a', 20_000) + "\r\n\r\n"), "400", "7.1.2", "trailers are limited like heads"),
        new("`Content-Length` as a trailer", Chunked("5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n"), "forwarded, body `hello`, no trailers", "RFC 9110, 6.5.1", "framing has no place in trailers") { Look = "body,trailers" },
        new("`Host` as a trailer", Chunked("5\r\nhello\r\n0\r\nHost: b.example\r\n\r\n"), "forwarded, `Host: a.example`, no trailers", "RFC 9110, 6.5.1", "routing has no place in trailers") { Look = "Host,trailers" },
        new("`Authorization` as a trailer", Chunked("5\r\nhello\r\n0\r\nAuthorization: x\r\n\r\n"), "forwarded, no Authorization, no trailers", "RFC 9110, 6.5.1", "authentication has no place in trailers") { Look = "Authorization,trailers" },
        new("`X-Forwarded-For` as a trailer", Chunked("5\r\nhello\r\n0\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n"), "forwarded, `X-Forwarded-For: 127.0.0.1`, no trailers", "RFC 9110, 6.5.1", "servers that merge trailers would believe it") { Look = "X-Forwarded-For,trailers" },
        new("a body in HTTP/1.1 that stops short", Chunked("5\r\nhello\r\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"), "400", "7.1", "the next chunk is no size"),
    ]);

    public static readonly WireGroup Pipelines = new("Behind a message",
    [
        new("a second request", WireCase.Plain + "GET /second HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, and `GET /second HTTP/1.1` behind it", "9.3.2"),
        new("a request behind `Connection: close`", "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\nGET /second HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, closes", "9.6"),
        new("a request behind a refused one", "GET / HTTP/1.1\r\nHost: a.example\r\nA : b\r\n\r\nGET /second HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "9.6", "after a fault nobody knows where the next request starts"),
        new("a request in a counted body", "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 50\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\nA: bcde\r\n", "forwarded", "6.2"),
        new("CR LF behind a counted body", Post("Content-Length: 5\r\n", "hello\r\n"), "forwarded, body `hello`", "2.2") { Look = "body" },
        new("bytes behind a counted body", Post("Content-Length: 5\r\n", "hello\0"), "forwarded, body `hello`, closes", "6.2", "the bytes are the start of a bad request") { Look = "body" },
    ]);

    private static string Post(string fields, string body) => $"POST / HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n{body}";

    private static string Counted(string length) => Post($"Content-Length: {length}\r\n", "hello");

    private static string Coded(string fields) => Post(fields, "5\r\nhello\r\n0\r\n\r\n");

    private static string Chunked(string body) => Post("Transfer-Encoding: chunked\r\n", body);
}
