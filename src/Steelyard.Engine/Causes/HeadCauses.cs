using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Causes;

/// <summary>What is wrong with a request head that is refused before any server sees it.</summary>
internal static class HeadCauses
{
    private const string Look = "`steelyard errors` names the client; in the access log the request is `<BADREQ>` and the termination begins with `PR`. docs/http.md shows beside nginx and HAProxy what is refused.";
    private const string MendClient = "Mend the client. Scanners send such requests all day.";
    private const string Tolerate = "Mend the client. A listener with `tolerant: true` reads what nginx reads of old clients.";

    public static IReadOnlyList<CauseRow> Rows { get; } =
    [
        Row(HeadError.None, "bad-request", "The request is not valid.", "The request breaks RFC 9112 in a way that has no name of its own.", MendClient),
        Row(HeadError.RequestLine, "request-line", "The request line is not a method, a target and a version with single blanks between.", "The first line is no request line: more than one blank, a method that is no token or is longer than 32 characters, another protocol, or TLS on a port without it.", Tolerate),
        Row(HeadError.Target, "target", "The request target is not valid for its method.", "The target has none of the four forms of RFC 9112, 3.2, or not the one of its method; or it holds a control, a blank, a backslash in its path, `#`, or a byte beyond ASCII.", MendClient),
        Row(HeadError.TargetTooLong, "target-too-long", "The request line is too long.", "The first line is beyond `limits: request-line` (8 KiB).", "Raise the limit where long addresses are meant, or send what they carry in a body."),
        Row(HeadError.Version, "version", "Only HTTP/1.0 and HTTP/1.1 are spoken here.", "The first line names another version: HTTP/2 without negotiation, or HTTP/0.9.", "Let the client speak HTTP/1.1 (`curl --http1.1`)."),
        Row(HeadError.LineEnding, "line-ending", "A line does not end in CR LF.", "A line ends in a bare LF, or holds a bare CR. Two programs could read two requests out of it.", Tolerate),
        Row(HeadError.FieldName, "field-name", "A field name is not a token followed by a colon.", "A field has no colon, a blank before it, or a name with characters that no name has.", MendClient),
        Row(HeadError.FieldValue, "field-value", "A field value holds a control character or continues on another line.", "A value holds a control character, or is folded over lines (obs-fold), which RFC 9112, 5.2 lets a server refuse.", MendClient),
        Row(HeadError.TooLarge, "too-large", "The request head is too large.", "The head is beyond `limits: header` (16 KiB), alone or with what the configuration adds to it. Usually cookies.", "Let the site set fewer or shorter cookies, or raise `limits: header`."),
        Row(HeadError.TooManyFields, "too-many-fields", "The request head has too many fields.", "The head has more fields than `limits: header-count` (100).", "Raise the limit where so many are meant."),
        Row(HeadError.Host, "host", "Exactly one valid Host field is required.", "HTTP/1.1 without Host, with two, or with one that is no host.", MendClient),
        Row(HeadError.ContentLength, "content-length", "Content-Length is not a single number.", "The length is no number, or there are two that differ: the way to smuggle a request past a proxy.", MendClient),
        Row(HeadError.TransferEncoding, "transfer-encoding", "Transfer-Encoding is ambiguous.", "Transfer-Encoding stands beside Content-Length, stands twice, or comes with HTTP/1.0: the way to smuggle a request past a proxy.", MendClient),
        Row(HeadError.UnknownCoding, "unknown-coding", "Only the transfer coding chunked is understood.", "The body comes in a transfer coding other than chunked.", "Let the client send plain chunks; compression belongs into Content-Encoding."),
        Row(HeadError.Expectation, "expectation", "Only the expectation 100-continue is understood.", "The request has an Expect field with something else than `100-continue`.", MendClient),
        Row(HeadError.TunnelBody, "tunnel-body", "CONNECT has no body.", "A client asks for a tunnel with Content-Length or Transfer-Encoding: what it means for a body might be taken for the first bytes of the tunnel.", MendClient),
        Row(HeadError.Method, "method", "CONNECT is not served here.", "A client asks for a tunnel, and the listener has no `connect: true`. Scanners look for open proxies so.", "Nothing; or `connect: true` where tunnels are meant."),
    ];

    private static CauseRow Row(HeadError detail, string word, string sentence, string means, string remedy) =>
        CauseRow.Of(Cause.BadRequest, word, sentence, means, Look, remedy, detail);
}
