namespace Steelyard.EndToEnd.Strictness;

/// <summary>The first line of a request, and whom it is for.</summary>
internal static class RequestLineCases
{
    private const string Attack = "leniency about the request line is an attack surface (section 3)";
    private const string UnknownForm = "not one of the four forms of a target";
    private const string OneForm = "every spelling of a path meets the same route";

    public static readonly WireGroup Lines = new("Request line",
    [
        new("plain `GET`", WireCase.Plain, "forwarded, `GET / HTTP/1.1`", "3") { Look = "line" },
        new("method of another case, `get`", "get / HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `get / HTTP/1.1`", "RFC 9110, 9.1", "methods have a case, and servers may know any") { Look = "line" },
        new("unknown method", "FROBNICATE / HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `FROBNICATE / HTTP/1.1`", "RFC 9110, 9.1", "the server knows which methods it has") { Look = "line" },
        new("method of token characters, `M-SEARCH!#$`", "M-SEARCH!#$ / HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `M-SEARCH!#$ / HTTP/1.1`", "RFC 9110, 9.1", "the grammar allows it") { Look = "line" },
        new("method that is no token, `GE(T`", "GE(T / HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "RFC 9110, 5.6.2"),
        new("method of 33 characters", new string('A', 33) + " / HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3", "no method is that long; binary protocols are told apart sooner"),
        new("`TRACE`", "TRACE / HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `TRACE / HTTP/1.1`", "RFC 9110, 9.3.8", "the server decides; a route can refuse it") { Look = "line" },
        new("`CONNECT`", "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n", "501", "RFC 9110, 9.3.6", "no tunnels unless asked for; 501 says that the method is not served"),
        new("`CONNECT` with a path", "CONNECT / HTTP/1.1\r\nHost: a.example\r\n\r\n", "501", "RFC 9110, 9.3.6", "no tunnels unless asked for"),
        new("two blanks before the target", "GET  / HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3", Attack) { Tolerant = "forwarded, `GET / HTTP/1.1`", Look = "line" },
        new("two blanks before the version", "GET /  HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3", Attack) { Tolerant = "forwarded, `GET / HTTP/1.1`", Look = "line" },
        new("blank behind the version", "GET / HTTP/1.1 \r\nHost: a.example\r\n\r\n", "400", "3", Attack) { Tolerant = "forwarded, `GET / HTTP/1.1`", Look = "line" },
        new("blank before the method", " GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3", Attack),
        new("tab before the target", "GET\t/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3", Attack),
        new("tab before the version", "GET /\tHTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3", Attack),
        new("vertical tab before the target", "GET\v/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3", Attack),
        new("bare CR before the target", "GET\r/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "2.2", Attack),
        new("one empty line before", "\r\n" + WireCase.Plain, "forwarded, `GET / HTTP/1.1`", "2.2", "a server should forgive one") { Look = "line" },
        new("two empty lines before", "\r\n\r\n" + WireCase.Plain, "400", "2.2", "the RFC asks to forgive one") { Tolerant = "forwarded, `GET / HTTP/1.1`", Look = "line" },
        new("bare LF before", "\n" + WireCase.Plain, "400", "2.2", "a line ends in CR LF") { Tolerant = "forwarded, `GET / HTTP/1.1`", Look = "line" },
        new("bare LF ends the line", "GET / HTTP/1.1\nHost: a.example\r\n\r\n", "400", "2.2", "who forgives it and who does not see two different requests") { Tolerant = "forwarded, `GET / HTTP/1.1`", Look = "line" },
        new("bare CR ends the line", "GET / HTTP/1.1\rHost: a.example\r\n\r\n", "400", "2.2"),
        new("NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2"),
        new("DEL in the target", "GET /\u007f HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2", "a control is no part of a URI"),
        new("blank in the target", "GET /a b HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2"),
        new("byte beyond ASCII in the target", "GET /\u00e4 HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2", "a URI is ASCII; which characters it means nobody could say"),
        new("`#` in the target", "GET /a#b HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2", "no client may send a fragment; servers cut it off or do not"),
        new("a backslash in the path", "GET /x\\..\\admin HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "RFC 3986, 3.3", "no URI has one there, and what reads URLs as browsers do takes it for a slash: the path would step around a route"),
        new("a backslash in the query", "GET /?a\\b HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `GET /?a\\b HTTP/1.1`", "RFC 3986, 3.4", "browsers send it, and nothing is matched there by segments") { Look = "line" },
        new("`|{}<>^` and a quote in the target", "GET /|{}<>^\" HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `GET /|{}<>^\" HTTP/1.1`", "3.2", "no part of a URI, but browsers send some of them, and no two programs cut a line there") { Look = "line" },
        new("target beyond the limit", "GET /" + new string('a', 20_000) + " HTTP/1.1\r\nHost: a.example\r\n\r\n", "414", "RFC 9110, 15.5.15", "the status says what is too long"),
    ]);

    public static readonly WireGroup Versions = new("Version",
    [
        new("`HTTP/1.0` without Host", "GET / HTTP/1.0\r\n\r\n", "forwarded, `GET / HTTP/1.1`, `Host: web`", "3.2", "a proxy speaks its own version; the pool's name stands in for the host, as nginx does it") { Look = "line,Host", Last = true },
        new("`HTTP/1.0` that keeps the connection", "GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n", "forwarded", "9.3"),
        new("`HTTP/1.2`", "GET / HTTP/1.2\r\nHost: a.example\r\n\r\n", "forwarded, `GET / HTTP/1.1`", "RFC 9110, 2.5", "a higher minor version is answered as the highest known") { Look = "line" },
        new("`HTTP/2.0`", "GET / HTTP/2.0\r\nHost: a.example\r\n\r\n", "505", "RFC 9110, 15.6.6", "the status for a version that is not spoken"),
        new("`HTTP/0.9`, named", "GET / HTTP/0.9\r\nHost: a.example\r\n\r\n", "505", "RFC 9110, 15.6.6", "the status for a version that is not spoken"),
        new("no version", "GET /\r\n\r\n", "400", "3", "HTTP/0.9 has been dead for long; its answers cannot be told from their bodies"),
        new("`http/1.1`", "GET / http/1.1\r\nHost: a.example\r\n\r\n", "400", "2.3", "the name has a case"),
        new("`HTTP/01.1`", "GET / HTTP/01.1\r\nHost: a.example\r\n\r\n", "400", "2.3"),
        new("`HTTP/1.10`", "GET / HTTP/1.10\r\nHost: a.example\r\n\r\n", "400", "2.3", "one digit and one digit"),
        new("`HTTP/1,1`", "GET / HTTP/1,1\r\nHost: a.example\r\n\r\n", "400", "2.3"),
        new("`HTTP/1`", "GET / HTTP/1\r\nHost: a.example\r\n\r\n", "400", "2.3"),
        new("`ICY/1.1`", "GET / ICY/1.1\r\nHost: a.example\r\n\r\n", "400", "2.3"),
        new("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", "RFC 9113, 3.4", "the status for a version that is not spoken"),
        new("a TLS hello on a plain port", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003", "400", "3"),
    ]);

    public static readonly WireGroup Targets = new("Target and Host",
    [
        new("absolute form", "GET http://a.example/x?y HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `GET /x?y HTTP/1.1`, `Host: a.example`", "3.2.2", "what goes to an origin server is the origin form") { Look = "line,Host" },
        new("absolute form, another Host", "GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n", "forwarded, `Host: a.example`", "3.2.2", "a proxy must send the target's host instead of the one received") { Look = "Host" },
        new("absolute form of `https`", "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `GET / HTTP/1.1`", "3.2.2", "what goes to an origin server is the origin form") { Look = "line" },
        new("absolute form of `HTTP:`", "GET HTTP://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `GET / HTTP/1.1`", "3.2.2", "schemes have no case") { Look = "line" },
        new("absolute form without a path", "GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `GET / HTTP/1.1`", "3.2.2", "an empty path is `/`") { Look = "line" },
        new("absolute form with a query alone", "GET http://a.example?q HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `GET /?q HTTP/1.1`", "3.2.2", "an empty path is `/`") { Look = "line" },
        new("absolute form without a host", "GET http:///x HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "RFC 9110, 4.2.1", "an empty host is invalid"),
        new("absolute form with a user", "GET http://user@a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "RFC 9110, 4.2.4", "user information is deceit or a leak"),
        new("absolute form of `ftp`", "GET ftp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2.2", "not ours to fetch"),
        new("absolute form without Host in HTTP/1.1", "GET http://a.example/ HTTP/1.1\r\n\r\n", "400", "3.2", "a Host is required in every HTTP/1.1 request"),
        new("authority form with `GET`", "GET a.example:80 HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2.3", "that form is for CONNECT only"),
        new("asterisk form with `OPTIONS`", "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `OPTIONS * HTTP/1.1`", "3.2.4", "it asks the server, not a resource") { Look = "line" },
        new("asterisk form with `GET`", "GET * HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2.4", "that form is for OPTIONS only"),
        new("`OPTIONS` in absolute form without a path", "OPTIONS http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n", "forwarded, `OPTIONS * HTTP/1.1`", "3.2.4", "the last proxy must turn it into `*`") { Look = "line" },
        new("target without a slash", "GET x HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2", UnknownForm),
        new("target that is a query", "GET ?x HTTP/1.1\r\nHost: a.example\r\n\r\n", "400", "3.2", UnknownForm),
        new("no Host in HTTP/1.1", "GET / HTTP/1.1\r\n\r\n", "400", "3.2", "the RFC demands 400; servers guess differently"),
        new("two Hosts", "GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n", "400", "3.2"),
        new("two equal Hosts", "GET / HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n\r\n", "400", "3.2", "the RFC demands 400 for more than one"),
        new("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a.example\r\nHost: b.example\r\n\r\n", "400", "3.2"),
        new("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "forwarded, `Host: web`", "3.2", "allowed where the target has no authority; the pool's name stands in for it") { Look = "Host" },
        new("Host that is a list", "GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n", "400", "3.2", "blanks are no part of a host"),
        new("Host with a blank", "GET / HTTP/1.1\r\nHost: a.example b.example\r\n\r\n", "400", "3.2", "blanks are no part of a host"),
        new("Host with a path", "GET / HTTP/1.1\r\nHost: a.example/x\r\n\r\n", "400", "3.2", "who joins host and path gets another path"),
        new("Host with a user", "GET / HTTP/1.1\r\nHost: user@a.example\r\n\r\n", "400", "3.2", "who reads it as user information sees another host"),
        new("Host with a port that is no number", "GET / HTTP/1.1\r\nHost: a.example:x\r\n\r\n", "400", "RFC 9110, 7.2", "a port is digits"),
        new("Host with two ports", "GET / HTTP/1.1\r\nHost: a.example:80:81\r\n\r\n", "400", "RFC 9110, 7.2", "two programs could read two ports"),
        new("Host of IPv6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "forwarded, `Host: [::1]:8080`", "RFC 9110, 7.2", "the port belongs to it; nginx's `$host` leaves it out") { Look = "Host" },
        new("Host of IPv6 without its bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400", "RFC 9110, 7.2", "no host"),
        new("Host with NUL", "GET / HTTP/1.1\r\nHost: a.example\0.b\r\n\r\n", "400", "RFC 9110, 5.5", "a C string ends there"),
        new("Host beyond ASCII", "GET / HTTP/1.1\r\nHost: \u00e4.example\r\n\r\n", "400", "RFC 9110, 7.2", "a host is ASCII"),
        new("blank before the colon of Host", "GET / HTTP/1.1\r\nHost : a.example\r\n\r\n", "400", "5.1"),
        new("Host on a folded line", "GET / HTTP/1.1\r\nHost:\r\n a.example\r\n\r\n", "400", "5.2", "who does not unfold sees another host"),
    ]);

    // A route answers 403 for /admin; that is the sign that it was matched.
    public static readonly WireGroup Paths = new("Paths that mean `/admin`, which a route answers with 403",
    [
        new("`/admin`", Get("/admin"), "403, goes on", "RFC 3986, 6.2.2"),
        new("`/%61dmin`", Get("/%61dmin"), "403, goes on", "RFC 3986, 6.2.2.2", OneForm),
        new("`/%61%64min`", Get("/%61%64min"), "403, goes on", "RFC 3986, 6.2.2.2", OneForm),
        new("`//admin`", Get("//admin"), "403, goes on", "RFC 3986, 6.2.2", OneForm),
        new("`/./admin`", Get("/./admin"), "403, goes on", "RFC 3986, 6.2.2.3", OneForm),
        new("`/x/../admin`", Get("/x/../admin"), "403, goes on", "RFC 3986, 6.2.2.3", OneForm),
        new("`/x/%2e%2E/admin`", Get("/x/%2e%2E/admin"), "403, goes on", "RFC 3986, 6.2.2.3", OneForm),
        new("`/../admin`", Get("/../admin"), "403, goes on", "RFC 3986, 5.2.4", "above the root is the root"),
        new("`/admin/../x`", Get("/admin/../x"), "forwarded, `GET /admin/../x HTTP/1.1`", "RFC 3986, 6.2.2.3", "matched as `/x`, and forwarded byte for byte") { Look = "line" },
        new("`/x%2Fadmin`", Get("/x%2Fadmin"), "forwarded, `GET /x%2Fadmin HTTP/1.1`", "RFC 3986, 2.2", "an encoded slash is not a slash") { Look = "line" },
        new("`/%2e%2e%2fadmin`", Get("/%2e%2e%2fadmin"), "forwarded, `GET /%2e%2e%2fadmin HTTP/1.1`", "RFC 3986, 2.2", "an encoded slash is not a slash") { Look = "line" },
        new("`/%5c..%5cadmin`", Get("/%5c..%5cadmin"), "forwarded, `GET /%5c..%5cadmin HTTP/1.1`", "RFC 3986, 2.2", "a backslash separates nothing in a URI") { Look = "line" },
        new("`/%2561dmin`", Get("/%2561dmin"), "forwarded, `GET /%2561dmin HTTP/1.1`", "RFC 3986, 2.4", "decoded once, never twice") { Look = "line" },
        new("`/%00`", Get("/%00"), "forwarded, `GET /%00 HTTP/1.1`", "RFC 3986, 2.4", "stays encoded, so nobody is cut short here") { Look = "line" },
        new("`/%zz`", Get("/%zz"), "forwarded, `GET /%zz HTTP/1.1`", "RFC 3986, 2.1", "no encoding, so it means itself; the bytes are the server's to judge") { Look = "line" },
        new("`/ADMIN`", Get("/ADMIN"), "forwarded, `GET /ADMIN HTTP/1.1`", "RFC 3986, 6.2.2.1", "paths have a case") { Look = "line" },
        new("`/x?/../admin`", Get("/x?/../admin"), "forwarded, `GET /x?/../admin HTTP/1.1`", "RFC 3986, 3.4", "a query is no path") { Look = "line" },
        new("`http://a.example/%61dmin`", Get("http://a.example/%61dmin"), "403, goes on", "3.2.2", OneForm),
    ]);

    private static string Get(string target) => $"GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n";
}
