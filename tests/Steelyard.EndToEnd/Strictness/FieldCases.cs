namespace Steelyard.EndToEnd.Strictness;

/// <summary>Field lines of requests: how they are written, and whom they are for.</summary>
internal static class FieldCases
{
    private const string Smuggling = "programs that disagree about it are how requests are smuggled";
    private const string Trusted = "servers rely on it: a client must not be able to strip it";
    private const string HopByHop = "it speaks of one connection only";

    public static readonly WireGroup Syntax = new("Field lines",
    [
        new("field folded with a blank", Get("A: b\r\n c\r\n"), "400", "5.2", "folding is obsolete; who does not unfold sees another field"),
        new("field folded with a tab", Get("A: b\r\n\tc\r\n"), "400", "5.2", "folding is obsolete; who does not unfold sees another field"),
        new("first field line starts with a blank", "GET / HTTP/1.1\r\n A: b\r\nHost: a.example\r\n\r\n", "400", "2.2", Smuggling),
        new("bare LF ends a field", Get("A: b\nC: d\r\n"), "400", "2.2", Smuggling) { Tolerant = "forwarded, `A: b`, `C: d`", Look = "A,C" },
        new("bare LF ends the head", "GET / HTTP/1.1\r\nHost: a.example\r\n\n", "400", "2.2", Smuggling) { Tolerant = "forwarded, `Host: a.example`", Look = "Host" },
        new("LF CR LF ends the head", "GET / HTTP/1.1\r\nHost: a.example\n\r\n", "400", "2.2", Smuggling) { Tolerant = "forwarded, `Host: a.example`", Look = "Host" },
        new("bare CR in a value", Get("A: b\rC: d\r\n"), "400", "2.2", Smuggling),
        new("bare CR before CR LF", Get("A: b\r\r\n"), "400", "2.2", Smuggling),
        new("NUL in a value", Get("A: b\0c\r\n"), "400", "RFC 9110, 5.5", "a C string ends there"),
        new("vertical tab in a value", Get("A: b\vc\r\n"), "400", "RFC 9110, 5.5", "no control but the tab is allowed"),
        new("DEL in a value", Get("A: b\u007fc\r\n"), "400", "RFC 9110, 5.5", "no control but the tab is allowed"),
        new("ESC in a value", Get("A: b\u001bc\r\n"), "400", "RFC 9110, 5.5", "no control but the tab is allowed"),
        new("tab in a value", Get("A: b\tc\r\n"), "forwarded, `A: b\tc`", "RFC 9110, 5.5") { Look = "A" },
        new("bytes beyond ASCII in a value", Get("A: \u00e4\u00ff\r\n"), "forwarded, `A: \u00e4\u00ff`", "RFC 9110, 5.5") { Look = "A" },
        new("empty value", Get("A:\r\n"), "forwarded, `A: `", "RFC 9110, 5.5") { Look = "A" },
        new("no blank behind the colon", Get("A:b\r\n"), "forwarded, `A: b`", "5.1") { Look = "A" },
        new("blank before the colon", Get("A : b\r\n"), "400", "5.1", "a server must refuse it"),
        new("tab before the colon", Get("A\t: b\r\n"), "400", "5.1", "a server must refuse it"),
        new("no colon", Get("A\r\n"), "400", "5.1", "a line that is no field is no request"),
        new("empty name", Get(": b\r\n"), "400", "5.1", "a name is a token"),
        new("blank in a name", Get("A b: c\r\n"), "400", "5.1", "a name is a token"),
        new("NUL in a name", Get("A\0: b\r\n"), "400", "5.1"),
        new("`(` in a name", Get("A(: b\r\n"), "400", "5.1", "a name is a token"),
        new("`/` in a name", Get("A/b: c\r\n"), "400", "5.1", "a name is a token"),
        new("byte beyond ASCII in a name", Get("\u00c4: b\r\n"), "400", "5.1", "a name is a token"),
        new("every token character in a name", Get("!#$%&'*+-.^_`|~09AZaz: b\r\n"), "forwarded, `!#$%&'*+-.^_`|~09AZaz: b`", "5.1", "a name is a token") { Look = "!#$%&'*+-.^_`|~09AZaz" },
        new("a field of 20,000 bytes", Get("A: " + new string('a', 20_000) + "\r\n"), "431", "RFC 6585, 5", "the status says what is too large"),
        new("200 fields", Get(string.Concat(Enumerable.Repeat("A: b\r\n", 200))), "431", "RFC 6585, 5", "too many fields are an attack; 100 are allowed unless configured"),
        new("an order of equal fields", Get("A: 1\r\nB: x\r\na: 2\r\n"), "forwarded, `A: 1 / 2`", "RFC 9110, 5.3") { Look = "A" },
        new("underscores in a name", Get("A_b: c\r\n"), "forwarded, `A_b: c`", "RFC 9110, 5.1", "legal; only what imitates a field that servers believe is dropped") { Look = "A_b" },
        new("`X_Forwarded_For`", Get("X_Forwarded_For: 9.9.9.9\r\n"), "forwarded, no X_Forwarded_For", "RFC 9110, 5.1", "CGI and its heirs read it as X-Forwarded-For") { Look = "X_Forwarded_For" },
        new("`Content_Length` beside a body", Post("Content-Length: 5\r\nContent_Length: 9\r\n", "hello"), "forwarded, no Content_Length, body `hello`", "RFC 9110, 5.1", "CGI and its heirs read it as Content-Length") { Look = "Content_Length,body" },
        new("`Transfer_Encoding` beside a body", Post("Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", "hello"), "forwarded, no Transfer_Encoding, body `hello`", "RFC 9110, 5.1", "CGI and its heirs read it as Transfer-Encoding") { Look = "Transfer_Encoding,body" },
    ]);

    public static readonly WireGroup Hops = new("Connection and the fields of one hop",
    [
        new("`Connection` names a field", Get("Connection: X-Mine\r\nX-Mine: a\r\n"), "forwarded, no X-Mine, no Connection", "RFC 9110, 7.6.1", "what is named belongs to this connection") { Look = "X-Mine,Connection" },
        new("`Connection` names a field in another case, in a list", Get("Connection: keep-alive, x-MINE\r\nX-Mine: a\r\n"), "forwarded, no X-Mine", "RFC 9110, 7.6.1", "what is named belongs to this connection") { Look = "X-Mine" },
        new("`Connection` twice", Get("Connection: keep-alive\r\nX-Mine: a\r\nConnection: X-Mine\r\n"), "forwarded, no X-Mine", "RFC 9110, 7.6.1", "what is named belongs to this connection") { Look = "X-Mine" },
        new("`Connection` names X-Forwarded-For", Get("Connection: X-Forwarded-For\r\n"), "forwarded, `X-Forwarded-For: 127.0.0.1`", "RFC 9110, 7.6.1", Trusted) { Look = "X-Forwarded-For" },
        new("`Connection` names Host", Get("Connection: Host\r\n"), "forwarded, `Host: a.example`", "RFC 9110, 7.6.1", Trusted) { Look = "Host" },
        new("`Connection` names Authorization", Get("Connection: Authorization\r\nAuthorization: Basic YTpi\r\n"), "forwarded, `Authorization: Basic YTpi`", "RFC 9110, 7.6.1", Trusted) { Look = "Authorization" },
        new("`Connection` names Cookie", Get("Connection: Cookie\r\nCookie: a=b\r\n"), "forwarded, `Cookie: a=b`", "RFC 9110, 7.6.1", Trusted) { Look = "Cookie" },
        new("`Connection` names Content-Length", Post("Connection: Content-Length\r\nContent-Length: 5\r\n", "hello"), "forwarded, `Content-Length: 5`, body `hello`", "RFC 9110, 7.6.1", Trusted) { Look = "Content-Length,body" },
        new("`Connection` names Transfer-Encoding", Post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), "forwarded, `Transfer-Encoding: chunked`, body `hello`", "RFC 9110, 7.6.1", Trusted) { Look = "Transfer-Encoding,body" },
        new("`Connection` names Forwarded, from a stranger", Get("Connection: Forwarded\r\nForwarded: for=9.9.9.9\r\n"), "forwarded, no Forwarded", "RFC 7239, 8.1", "a stranger's word about itself is dropped") { Look = "Forwarded" },
        new("`Connection` names Cache-Control", Get("Connection: Cache-Control\r\nCache-Control: no-cache\r\n"), "forwarded, `Cache-Control: no-cache`", "RFC 9110, 7.6.1", "a field for all recipients must not be named there") { Look = "Cache-Control" },
        new("`Connection` names Content-Type", Post("Connection: Content-Type\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n", "hello"), "forwarded, `Content-Type: text/plain`", "RFC 9110, 7.6.1", "a field for all recipients must not be named there") { Look = "Content-Type" },
        new("X-Forwarded-For from a stranger", Get("X-Forwarded-For: 9.9.9.9\r\n"), "forwarded, `X-Forwarded-For: 127.0.0.1`", "RFC 7239, 8.1", "believed from trusted proxies only, which are configured") { Look = "X-Forwarded-For" },
        new("X-Forwarded-Host from a stranger", Get("X-Forwarded-Host: evil.example\r\n"), "forwarded, `X-Forwarded-Host: a.example`", "RFC 7239, 8.1", "believed from trusted proxies only") { Look = "X-Forwarded-Host" },
        new("Forwarded from a stranger", Get("Forwarded: for=9.9.9.9\r\n"), "forwarded, no Forwarded", "RFC 7239, 8.1", "believed from trusted proxies only") { Look = "Forwarded" },
        new("`Keep-Alive`", Get("Keep-Alive: timeout=9\r\n"), "forwarded, no Keep-Alive", "RFC 9110, 7.6.1", HopByHop) { Look = "Keep-Alive" },
        new("`Proxy-Connection`", Get("Proxy-Connection: keep-alive\r\n"), "forwarded, no Proxy-Connection", "RFC 9110, 7.6.1", HopByHop) { Look = "Proxy-Connection" },
        new("`Proxy-Authorization`", Get("Proxy-Authorization: Basic YTpi\r\n"), "forwarded, `Proxy-Authorization: Basic YTpi`", "RFC 9110, 11.7.2", "a proxy that asks for none may relay it") { Look = "Proxy-Authorization" },
        new("`TE: gzip`", Get("TE: gzip\r\nConnection: TE\r\n"), "forwarded, no TE", "RFC 9110, 10.1.4", HopByHop) { Look = "TE" },
        new("`TE: trailers`", Get("TE: trailers\r\nConnection: TE\r\n"), "forwarded, `TE: trailers`, `Connection: TE`", "RFC 9110, 10.1.4", "trailers are passed on, so the server may know") { Look = "TE,Connection" },
        new("`TE: gzip;q=0.5, trailers`", Get("TE: gzip;q=0.5, trailers\r\nConnection: TE\r\n"), "forwarded, `TE: trailers`", "RFC 9110, 10.1.4", "what is promised is what can be kept") { Look = "TE" },
        new("`Trailer` without chunks", Get("Trailer: X-Sum\r\n"), "forwarded, no Trailer", "RFC 9110, 6.6.2", "there are no trailers to come") { Look = "Trailer" },
        new("`Proxy`", Get("Proxy: http://evil.example\r\n"), "forwarded, no Proxy", "RFC 3875, 4.1.18", "CGI makes HTTP_PROXY of it, by which the server's own requests would go (httpoxy)") { Look = "Proxy" },
        new("`Upgrade`, not named by Connection", Get("Upgrade: example\r\n"), "forwarded, no Upgrade", "RFC 9110, 7.8", "no offer without its Connection option") { Look = "Upgrade" },
        new("`Upgrade`, named by Connection", Get("Connection: upgrade\r\nUpgrade: example\r\n"), "forwarded, `Upgrade: example`", "RFC 9110, 7.8", "upgrades, WebSocket among them, pass without being configured") { Look = "Upgrade" },
        new("`Upgrade: h2c`", Get("Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), "forwarded, no Upgrade, no HTTP2-Settings", "RFC 9110, 7.8", "behind it requests would pass that no route has seen") { Look = "Upgrade,HTTP2-Settings" },
        new("`Upgrade: h2c/1`", Get("Connection: upgrade\r\nUpgrade: h2c/1\r\n"), "forwarded, no Upgrade", "RFC 9110, 7.8", "HTTP, by another name") { Look = "Upgrade" },
        new("`Upgrade: h2`", Get("Connection: upgrade\r\nUpgrade: h2\r\n"), "forwarded, no Upgrade", "RFC 9110, 7.8", "HTTP, by another name") { Look = "Upgrade" },
        new("`Upgrade: HTTP/2.0`", Get("Connection: upgrade\r\nUpgrade: x, HTTP/2.0\r\n"), "forwarded, no Upgrade", "RFC 9110, 7.8", "HTTP, by another name") { Look = "Upgrade" },
        new("`Upgrade` in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: example\r\n\r\n", "forwarded, no Upgrade", "RFC 9110, 7.8", "a server must ignore it there") { Look = "Upgrade", Last = true },
        new("`Upgrade` with a body", Post("Connection: upgrade\r\nUpgrade: example\r\nContent-Length: 5\r\n", "hello"), "forwarded, no Upgrade, body `hello`", "RFC 9110, 7.8", "nobody could tell where the other protocol starts") { Look = "Upgrade,body" },
        new("`Expect: 100-continue`", Post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"), "forwarded, `Expect: 100-continue`, body `hello`", "RFC 9110, 10.1.1", "the server decides whether it wants the body") { Look = "Expect,body" },
        new("`Expect: 100-Continue` of another case", Post("Expect: 100-Continue\r\nContent-Length: 5\r\n", "hello"), "forwarded, body `hello`", "RFC 9110, 10.1.1", "the value has no case") { Look = "body" },
        new("another expectation", Get("Expect: miracles\r\n"), "417", "RFC 9110, 10.1.1", "who cannot meet it may say so; to ignore it would be a promise"),
        new("two expectations in a list", Post("Expect: 100-continue, miracles\r\nContent-Length: 5\r\n", "hello"), "417", "RFC 9110, 10.1.1", "who cannot meet it may say so"),
    ]);

    private static string Get(string fields) => $"GET / HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n";

    private static string Post(string fields, string body) => $"POST / HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n{body}";
}
