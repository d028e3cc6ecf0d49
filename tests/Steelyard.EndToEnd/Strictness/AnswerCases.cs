namespace Steelyard.EndToEnd.Strictness;

/// <summary>What servers may answer.</summary>
internal static class AnswerCases
{
    private const string Ambiguous = "two programs could see two answers";
    private const string NoControl = "no control but the tab is allowed";

    public static readonly WireGroup Heads = new("Heads of answers",
    [
        Answer("plain", WireCase.Hello, "200, body `hello`", "4") with { Look = "body" },
        Answer("status line without a reason", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello", "200, `HTTP/1.1 200 `", "4", "the reason is not invented") with { Look = "line" },
        Answer("status line without the blank before the reason", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", "200, `HTTP/1.1 200 `", "4", "many servers leave it out; it is put back") with { Look = "line" },
        Answer("status line of HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200, `HTTP/1.1 200 OK`", "2.3", "a proxy speaks its own version") with { Look = "line" },
        Answer("status line of HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "502", "2.3", "the version says how to read what follows"),
        Answer("status line in small letters", "http/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "502", "2.3", "the name has a case"),
        Answer("no status line at all", "hello\r\n\r\n", "502", "4", "HTTP/0.9 is not spoken", closes: true),
        Answer("another protocol", "220 smtp.example ESMTP\r\n", "502", "4", "HTTP/0.9 is not spoken", closes: true),
        Answer("two blanks before the status", "HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nhello", "502", "4", Ambiguous),
        Answer("tab before the status", "HTTP/1.1\t200 OK\r\nContent-Length: 5\r\n\r\nhello", "502", "4", "one blank stands there"),
        Answer("status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello", "502", "4", "a status has three digits"),
        Answer("status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello", "502", "4", "a status has three digits"),
        Answer("status `0xc`", "HTTP/1.1 0xc OK\r\nContent-Length: 5\r\n\r\nhello", "502", "4", "a status has three digits"),
        Answer("status 099", "HTTP/1.1 099 Odd\r\nContent-Length: 5\r\n\r\nhello", "502", "RFC 9110, 15", "below 100 is no status"),
        Answer("status 599", "HTTP/1.1 599 Odd\r\nContent-Length: 5\r\n\r\nhello", "599, body `hello`", "RFC 9110, 15") with { Look = "body" },
        Answer("status 999", "HTTP/1.1 999 Odd\r\nContent-Length: 5\r\n\r\nhello", "999, body `hello`", "RFC 9110, 15", "known sites send it, and browsers bear it") with { Look = "body" },
        Answer("empty line before", "\r\n" + WireCase.Hello, "502", "2.2", "forgiven of clients only"),
        Answer("bare LF ends the status line", "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello", "502", "2.2", Ambiguous),
        Answer("bare LF ends a field", "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 5\r\n\r\nhello", "502", "2.2", Ambiguous),
        Answer("bare CR in a field", "HTTP/1.1 200 OK\r\nA: b\rC: d\r\nContent-Length: 5\r\n\r\nhello", "502", "2.2", Ambiguous),
        Answer("NUL in a field", "HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 5\r\n\r\nhello", "502", "RFC 9110, 5.5", NoControl),
        Answer("vertical tab in a field", "HTTP/1.1 200 OK\r\nA: b\vc\r\nContent-Length: 5\r\n\r\nhello", "502", "RFC 9110, 5.5", NoControl),
        Answer("NUL in the reason", "HTTP/1.1 200 O\0K\r\nContent-Length: 5\r\n\r\nhello", "502", "4", NoControl),
        Answer("folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 5\r\n\r\nhello", "502", "5.2", "the RFC allows a proxy to unfold it or to answer 502"),
        Answer("blank before a colon", "HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 5\r\n\r\nhello", "502", "5.1", "the RFC asks a proxy to remove the blank; whoever else reads the answer may not"),
        Answer("field without a colon", "HTTP/1.1 200 OK\r\nA\r\nContent-Length: 5\r\n\r\nhello", "502", "5.1", Ambiguous),
        Answer("empty field name", "HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 5\r\n\r\nhello", "502", "5.1", "a name is a token"),
        Answer("field of 70,000 bytes", "HTTP/1.1 200 OK\r\nA: " + new string('a', 70_000) + "\r\nContent-Length: 5\r\n\r\nhello", "502", "RFC 6585, 5"),
        Answer("300 fields", "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 300)) + "Content-Length: 5\r\n\r\nhello", "502", "RFC 6585, 5", "limited like those of requests"),
        Answer("closed at once", "", "502", "8", "", closes: true),
        Answer("closed in the status line", "HTTP/1.1 20", "502", "8", "", closes: true),
        Answer("closed in the fields", "HTTP/1.1 200 OK\r\nContent-Le", "502", "8", "", closes: true),
        Answer("`Connection` names a field", "HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: a\r\nContent-Length: 5\r\n\r\nhello", "200, no X-Mine", "RFC 9110, 7.6.1", "what is named belongs to that connection") with { Look = "X-Mine" },
        Answer("`Connection` names Set-Cookie", "HTTP/1.1 200 OK\r\nConnection: Set-Cookie\r\nSet-Cookie: a=b\r\nContent-Length: 5\r\n\r\nhello", "200, no Set-Cookie", "RFC 9110, 7.6.1", "a server decides what becomes of its own fields") with { Look = "Set-Cookie" },
        Answer("`Connection: close`", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", "200, body `hello`", "9.6", "the server's connection ends, not the client's", closes: true) with { Look = "body" },
        Answer("`Keep-Alive` and `Upgrade`", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello", "200, no Keep-Alive, no Upgrade", "RFC 9110, 7.6.1", "they speak of one connection only") with { Look = "Keep-Alive,Upgrade" },
    ]);

    public static readonly WireGroup Bodies = new("Bodies of answers",
    [
        Answer("`Content-Length` twice, equal", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "502", "6.3", "the RFC allows to read it as one or to refuse it"),
        Answer("`Content-Length` twice, different", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "502", "6.3", "nobody knows which is true"),
        Answer("`Content-Length: 5, 5`", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", "502", "6.3", "the RFC allows to read it as one or to refuse it"),
        Answer("`Content-Length: 05`", "HTTP/1.1 200 OK\r\nContent-Length: 05\r\n\r\nhello", "200, `Content-Length: 5`, body `hello`", "RFC 9110, 8.6", "allowed, and written anew: somebody may take it for octal") with { Look = "Content-Length,body" },
        Answer("`Content-Length: +5`", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", "502", "6.3", "digits and nothing else"),
        Answer("`Content-Length: -5`", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "502", "6.3", "digits and nothing else"),
        Answer("`Content-Length:` empty", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello", "502", "6.3", "digits and nothing else", closes: true),
        Answer("`Content-Length` beyond 64 bits", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello", "502", "6.3", "5, to who counts in 64 bits without looking"),
        Answer("`Content-Length` beside chunks", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "502", "6.3", Ambiguous),
        Answer("chunks", Chunked("5\r\nhello\r\n0\r\n\r\n"), "200, body `hello`", "7.1") with { Look = "body" },
        Answer("chunks from HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "502", "6.1", "the framing must be taken as faulty", closes: true),
        Answer("`Transfer-Encoding: gzip, chunked`", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "502", "6.1", "never asked for with TE"),
        Answer("`Transfer-Encoding: identity`", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello", "502", "6.1", "gone since RFC 7230", closes: true),
        Answer("`Transfer-Encoding: chunked, chunked`", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "502", "6.1", Ambiguous),
        Answer("`Transfer-Encoding` twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "502", "6.1", Ambiguous),
        Answer("chunk size `0x5`", Chunked("0x5\r\nhello\r\n0\r\n\r\n"), "200, cut", "7.1", "the head may be under way; the client can tell that the answer is not whole"),
        Answer("chunk size beyond 64 bits", Chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), "200, cut", "7.1", "5, to who counts in 64 bits without looking"),
        Answer("bare LF behind a chunk size", Chunked("5\nhello\r\n0\r\n\r\n"), "200, cut", "7.1", "a line of the chunked coding ends in CR LF"),
        Answer("chunk with an extension", Chunked("5;a=b\r\nhello\r\n0\r\n\r\n"), "200, body `hello`", "7.1.1") with { Look = "body" },
        Answer("chunk too long by one", Chunked("5\r\nhello!\r\n0\r\n\r\n"), "200, cut", "7.1", "behind the data stands CR LF"),
        Answer("trailer field, client without `TE: trailers`", Chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), "200, body `hello`, no trailers", "7.1.2", "trailers may be dropped") with { Look = "body,trailers" },
        Answer("trailer field, client with `TE: trailers`", Chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=b\r\n\r\n"), "200, body `hello`, trailers `X-Sum: 1`", "RFC 9110, 6.5.1", "passed on to whoever asks, but for what others decide by") with { Request = "GET / HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\nConnection: TE\r\n\r\n", Look = "body,trailers" },
        Answer("`Trailer`, client with `TE: trailers`", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "200, `Trailer: X-Sum`, trailers `X-Sum: 1`", "RFC 9110, 6.6.2", "the announcement goes where the trailers go") with { Request = "GET / HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\nConnection: TE\r\n\r\n", Look = "Trailer,trailers" },
        Answer("closed inside a counted body", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "200, cut", "8", "", closes: true),
        Answer("closed inside chunks", Chunked("5\r\nhello\r\n"), "200, cut", "8", "", closes: true),
        Answer("closed before the last chunk's end", Chunked("5\r\nhello\r\n0\r\n"), "200, cut", "8", "", closes: true),
        Answer("no length at all", "HTTP/1.1 200 OK\r\n\r\nhello", "200, body `hello`", "6.3", "sent on in chunks, so that the client's connection goes on", closes: true) with { Look = "body" },
        Answer("HTTP/1.0 without a length", "HTTP/1.0 200 OK\r\n\r\nhello", "200, body `hello`", "6.3", "sent on in chunks, so that the client's connection goes on", closes: true) with { Look = "body" },
        Answer("bytes behind a counted body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" + Stray, "200, body `hello`", "6.3", "the connection is closed, the bytes reach nobody") with { Look = "body" },
        Answer("bytes behind chunks", Chunked("5\r\nhello\r\n0\r\n\r\n") + Stray, "200, body `hello`", "7.1", "the connection is closed, the bytes reach nobody") with { Look = "body" },
        Answer("bytes behind an empty answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + Stray, "200, body ``", "6.3", "the connection is closed, the bytes reach nobody") with { Look = "body" },
        Answer("204 with a body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "204, no Content-Length", "6.3", "204 has no body; its bytes reach nobody, and nobody waits for them") with { Look = "Content-Length" },
        Answer("204 with chunks", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "204, no Transfer-Encoding", "6.3", "204 has no body; its bytes reach nobody") with { Look = "Transfer-Encoding" },
        Answer("304 with a body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", "304", "6.3", "304 has no body; its bytes reach nobody"),
        Answer("HEAD with a body", WireCase.Hello, "200, `Content-Length: 5`", "6.3", "HEAD has no body; its bytes reach nobody") with { Request = "HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n", Look = "Content-Length" },
        Answer("chunks for a client of HTTP/1.0", Chunked("5\r\nhello\r\n0\r\n\r\n"), "200, no Transfer-Encoding, body `hello`", "7.1", "such a client knows no chunks") with { Request = "GET / HTTP/1.0\r\nHost: a.example\r\n\r\n", Look = "Transfer-Encoding,body", Last = true },
        Answer("chunks cut short for a client of HTTP/1.0", Chunked("5\r\nhello\r\n"), "200, cut", "8", "only a reset tells such a client", closes: true) with { Request = "GET / HTTP/1.0\r\nHost: a.example\r\n\r\n", Last = true },
    ]);

    public static readonly WireGroup Interim = new("Interim answers and 101",
    [
        Answer("100 that nobody waits for", "HTTP/1.1 100 Continue\r\n\r\n" + WireCase.Hello, "1 interim, 200, body `hello`", "RFC 9110, 15.2", "a proxy must forward 1xx") with { Look = "body" },
        Answer("103", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + WireCase.Hello, "1 interim, 200, body `hello`", "RFC 9110, 15.2", "a proxy must forward 1xx") with { Look = "body" },
        Answer("103 for a client of HTTP/1.0", "HTTP/1.1 103 Early Hints\r\n\r\n" + WireCase.Hello, "200, body `hello`", "RFC 9110, 15.2", "it knows no interim answers") with { Request = "GET / HTTP/1.0\r\nHost: a.example\r\n\r\n", Look = "body", Last = true },
        Answer("40 of 103", string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 40)) + WireCase.Hello, "32 interim, 502", "RFC 9110, 15.2", "a server that sends more than 32 plays a game"),
        Answer("100 with a length", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + WireCase.Hello, "1 interim, 200, body `hello`", "6.3", "1xx has no body, whatever it says") with { Look = "body" },
        Answer("101 that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: example\r\n\r\n" + Stray, "502", "RFC 9110, 7.8", "behind it the server's bytes would be anything"),
        Answer("101 to another protocol than offered", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "502", "RFC 9110, 7.8", "a server must not switch to what was not offered", closes: true) with { Request = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade, close\r\nUpgrade: example\r\n\r\n", Last = true },
        Answer("101 as offered", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: example\r\n\r\n", "101, `Upgrade: example`", "RFC 9110, 7.8", "upgrades pass without being configured", closes: true) with { Request = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade, close\r\nUpgrade: example\r\n\r\n", Look = "Upgrade", Last = true },
    ]);

    // What a client must never take for the answer to its next request.
    private const string Stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";

    private static WireCase Answer(string name, string answer, string outcome, string section, string why = "", bool closes = false) =>
        new(name, WireCase.Plain, outcome, section, why) { Answer = answer, ServerCloses = closes };

    private static string Chunked(string body) => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}
