namespace Steelyard.Config.Expressions;

/// <summary>What can be looked up beside the variables of templates.</summary>
public enum FetchKind
{
    /// <summary>A field of the request: the whole value of its first line.</summary>
    Header,

    /// <summary>A field of the request: each of its values between commas, the last one where one is asked for.</summary>
    HeaderValues,

    /// <summary>A field of the request: each line's whole value, the last one where one is asked for.</summary>
    HeaderLines,

    /// <summary>All lines of a field of the request, with commas between.</summary>
    HeaderList,

    /// <summary>How many values between commas a field of the request has.</summary>
    HeaderCount,

    /// <summary>One of the values between commas that a field of the request has: its name, a blank and a number from 1, or below 0 from the end.</summary>
    HeaderValueAt,

    /// <summary>The same of a field's lines.</summary>
    HeaderLineAt,

    /// <summary>How many lines a field of the request has.</summary>
    HeaderLineCount,

    /// <summary>A cookie of the request.</summary>
    Cookie,

    /// <summary>Each cookie of a name that the request has, the last one where one is asked for.</summary>
    CookieValues,

    /// <summary>How many cookies of a name the request has.</summary>
    CookieCount,

    /// <summary>A parameter of the query, as it was written.</summary>
    Parameter,

    /// <summary>A parameter of the query whose name has any case, as it was written (nginx: $arg_).</summary>
    ParameterAnyCase,

    /// <summary>A field of the response: the whole value of its first line.</summary>
    ResponseHeader,

    /// <summary>A field of the response: each of its values between commas.</summary>
    ResponseHeaderValues,

    /// <summary>A field of the response, each line of it.</summary>
    ResponseHeaderLines,

    /// <summary>How many values between commas a field of the response has.</summary>
    ResponseHeaderCount,

    /// <summary>One of the values between commas that a field of the response has: its name, a blank and a number.</summary>
    ResponseHeaderValueAt,

    /// <summary>The same of a field's lines.</summary>
    ResponseHeaderLineAt,

    /// <summary>How many lines a field of the response has.</summary>
    ResponseHeaderLineCount,

    /// <summary>A cookie that the response sets.</summary>
    ResponseCookie,

    /// <summary>The name of the server that has answered.</summary>
    AnsweringServer,

    /// <summary>A field of the answer as the client gets it, whoever gave it: the whole value of its first line. In logs alone.</summary>
    SentHeader,

    /// <summary>What a rule has set.</summary>
    Variable,

    /// <summary>How many servers of a pool can serve.</summary>
    UsableServers,

    /// <summary>What a pool, a server or a listener has to do.</summary>
    Measured,

    /// <summary>A counter of what the request is tracked by: a slot, a blank and the counter.</summary>
    Tracked,

    /// <summary>What the request is tracked by: a slot.</summary>
    TrackedKey,

    /// <summary>The status of the response.</summary>
    Status,

    /// <summary>1.0 or 1.1.</summary>
    Version,

    /// <summary>1 over TLS, 0 else.</summary>
    Tls,

    /// <summary>The name in the TLS hello of the client.</summary>
    ServerName,

    /// <summary>The value of Content-Length; absent without one.</summary>
    ContentLength,

    /// <summary>What stands behind the user and its colon in Authorization: Basic, decoded with both.</summary>
    BasicCredentials,

    /// <summary>The path in the form that routes are compared in.</summary>
    CleanPath,

    /// <summary>Path and query as the client wrote them, whatever rules have made of them.</summary>
    OriginalUri,

    /// <summary>1 for a request that rules or error pages have sent on within, else 0.</summary>
    Rerouted,

    /// <summary>The address of the peer, or of who it says in a PROXY header to be.</summary>
    Peer,

    /// <summary>Its port.</summary>
    PeerPort,

    /// <summary>Where the connection comes from, whatever proxies say (nginx: $realip_remote_addr).</summary>
    Sender,

    /// <summary>Its port.</summary>
    SenderPort,

    /// <summary>Whose connection it is by a PROXY header, believed or not (nginx: $proxy_protocol_addr).</summary>
    ToldPeer,

    /// <summary>Its port.</summary>
    ToldPeerPort,

    /// <summary>What that one has connected to (nginx: $proxy_protocol_server_addr).</summary>
    ToldAddress,

    /// <summary>Its port.</summary>
    ToldPort,

    /// <summary>The address the client connected to.</summary>
    LocalAddress,

    /// <summary>Its port.</summary>
    LocalPort,

    /// <summary>The time, in seconds since 1970.</summary>
    Now,

    /// <summary>The same with milliseconds behind a point (nginx: $msec).</summary>
    PreciseNow,

    /// <summary>The same, in local time with its zone, as logs have it.</summary>
    LocalTime,

    /// <summary>The same, by ISO 8601 with its zone.</summary>
    IsoTime,

    /// <summary>A number of the connection that no other has.</summary>
    ConnectionNumber,

    /// <summary>1 for a connection that has begun with a TLS hello whose listener does not speak TLS itself, else 0.</summary>
    TlsHello,

    /// <summary>The protocol that such a hello offers first.</summary>
    TlsOffer,

    /// <summary>The highest version of TLS that such a hello offers (nginx: $ssl_preread_protocol).</summary>
    HelloVersion,

    /// <summary>The protocols that it offers by ALPN, with commas between (nginx: $ssl_preread_alpn_protocols).</summary>
    HelloProtocols,

    /// <summary>How many requests the connection has brought so far.</summary>
    ConnectionRequests,

    /// <summary>A number from 0 to 4,294,967,295, by chance.</summary>
    Random,

    /// <summary>A UUID by chance, of version 4.</summary>
    Uuid,

    /// <summary>The number of the engine's process.</summary>
    ProcessId,

    /// <summary>A number that no other request of this process has.</summary>
    RequestNumber,

    /// <summary>Some of the first bytes of a connection that carries no requests, by an offset and a length (HAProxy: req.payload).</summary>
    FirstBytes,

    /// <summary>How many there are so far (HAProxy: req.len).</summary>
    FirstLength,

    /// <summary>What has come of the request's body (HAProxy: req.body).</summary>
    Body,

    /// <summary>How long the body is, as far as it is known (HAProxy: req.body_size).</summary>
    BodySize,

    /// <summary>All fields of the request, as lines (HAProxy: req.hdrs).</summary>
    HeaderBlock,

    /// <summary>The same of the response.</summary>
    ResponseHeaderBlock,

    /// <summary>The names of the request's fields, with a text between that is the name here (HAProxy: req.hdr_names).</summary>
    HeaderNames,

    /// <summary>The same of the response.</summary>
    ResponseHeaderNames,

    /// <summary>The version of TLS; absent without it.</summary>
    TlsVersion,

    /// <summary>The cipher suite of TLS by its registered name.</summary>
    TlsCipher,

    /// <summary>The protocol that client and proxy have agreed on by TLS; absent where they have not.</summary>
    TlsProtocol,

    /// <summary>The certificate of the client in its own bytes (DER).</summary>
    ClientCertificate,

    /// <summary>SUCCESS for a client with a certificate that is valid, NONE for one without.</summary>
    ClientVerified,

    /// <summary>The subject of its certificate (RFC 2253).</summary>
    ClientSubject,

    /// <summary>The issuer.</summary>
    ClientIssuer,

    /// <summary>The serial number in hexadecimal digits.</summary>
    ClientSerial,

    /// <summary>The SHA-1 fingerprint in hexadecimal digits.</summary>
    ClientFingerprint,

    /// <summary>A part of the subject by its type, such as CN; all of it in one line where none is named.</summary>
    ClientSubjectPart,

    /// <summary>The same of the issuer.</summary>
    ClientIssuerPart,

    /// <summary>From when on the certificate is good.</summary>
    ClientNotBefore,

    /// <summary>Until when.</summary>
    ClientNotAfter,

    /// <summary>Which version of X.509 it is.</summary>
    ClientCertificateVersion,

    /// <summary>What kind of key it has, by OpenSSL's name.</summary>
    ClientKeyKind,
}

/// <summary>A row of the table of fetches.</summary>
/// <param name="Word">The word of the text form.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Named">Whether it needs a name, in brackets and quotes.</param>
/// <param name="OfResponse">Whether there is nothing of it before a server has answered.</param>
/// <param name="Description">One sentence for the reference page.</param>
internal sealed record FetchRow(string Word, FetchKind Kind, bool Named, bool OfResponse, string Description);

/// <summary>What can be looked up beside the variables of templates: a new one is a row here, and a case in the engine.</summary>
internal static class FetchTable
{
    public static IReadOnlyList<FetchRow> Rows { get; } =
    [
        new("header", FetchKind.Header, Named: true, OfResponse: false, "a field of the request, the first line of it"),
        new("header-values", FetchKind.HeaderValues, Named: true, OfResponse: false, "a field of the request, each of its values between commas: a comparison takes any, elsewhere it is the last"),
        new("header-list", FetchKind.HeaderList, Named: true, OfResponse: false, "all lines of a field of the request, with commas between"),
        new("header-lines", FetchKind.HeaderLines, Named: true, OfResponse: false, "a field of the request, each line of it: a comparison takes any, elsewhere it is the last"),
        new("header-count", FetchKind.HeaderCount, Named: true, OfResponse: false, "how many values between commas a field of the request has"),
        new("header-value-at", FetchKind.HeaderValueAt, Named: true, OfResponse: false, "one of the values between commas of a field of the request, as in `header-value-at('X-Forwarded-For 1')`; `-1` is the last"),
        new("header-line-at", FetchKind.HeaderLineAt, Named: true, OfResponse: false, "the same of its lines"),
        new("header-line-count", FetchKind.HeaderLineCount, Named: true, OfResponse: false, "how many lines a field of the request has"),
        new("cookie-values", FetchKind.CookieValues, Named: true, OfResponse: false, "each cookie of a name that has a value: a comparison takes any, elsewhere it is the last"),
        new("cookie-count", FetchKind.CookieCount, Named: true, OfResponse: false, "how many cookies of a name the request has"),
        new("cookie", FetchKind.Cookie, Named: true, OfResponse: false, "a cookie of the request"),
        new("parameter", FetchKind.Parameter, Named: true, OfResponse: false, "a parameter of the query, as it was written"),
        new("parameter-any-case", FetchKind.ParameterAnyCase, Named: true, OfResponse: false, "a parameter of the query whose name may be written in any case"),
        new("response-header", FetchKind.ResponseHeader, Named: true, OfResponse: true, "a field of the response, the first line of it"),
        new("response-header-values", FetchKind.ResponseHeaderValues, Named: true, OfResponse: true, "a field of the response, each of its values between commas"),
        new("response-header-lines", FetchKind.ResponseHeaderLines, Named: true, OfResponse: true, "a field of the response, each line of it: a comparison takes any, elsewhere it is the last"),
        new("response-header-count", FetchKind.ResponseHeaderCount, Named: true, OfResponse: true, "how many values between commas a field of the response has"),
        new("response-header-value-at", FetchKind.ResponseHeaderValueAt, Named: true, OfResponse: true, "one of the values between commas of a field of the response, as in `response-header-value-at('Vary 1')`"),
        new("response-header-line-at", FetchKind.ResponseHeaderLineAt, Named: true, OfResponse: true, "the same of its lines"),
        new("response-header-line-count", FetchKind.ResponseHeaderLineCount, Named: true, OfResponse: true, "how many lines a field of the response has"),
        new("response-cookie", FetchKind.ResponseCookie, Named: true, OfResponse: true, "the value of a cookie that the response sets"),
        new("answering-server", FetchKind.AnsweringServer, Named: false, OfResponse: true, "the name of the server that has answered, its address where it has none"),
        new("sent-header", FetchKind.SentHeader, Named: true, OfResponse: true, "a field of the answer as the client got it, whoever gave it"),
        new("variable", FetchKind.Variable, Named: true, OfResponse: false, "what a rule before has set by `set-variable`"),
        new("usable-servers", FetchKind.UsableServers, Named: true, OfResponse: false, "how many servers of a pool can serve"),
        new("measured", FetchKind.Measured, Named: true, OfResponse: false, "what is to be done now: `measured('active POOL')`, `queue POOL`, `average-queue POOL`, which is for each usable server, `slots POOL`, which is how much more it could take, `server-active POOL/SERVER`, `server-queue`, which is who waits for this one alone, `server-up`, `server-weight`, `server-first-weight`, which is what the configuration says, or `listener-connections`"),
        new("tracked", FetchKind.Tracked, Named: true, OfResponse: false, "a counter of the key that a rule has tracked the request by: its slot and the counter, as in `tracked('0 request-rate')`, or what is done with it, as in `tracked('0 increment general-0')`, `clear general-0` and `set tag 1`; absent where it is not tracked"),
        new("tracked-key", FetchKind.TrackedKey, Named: true, OfResponse: false, "the key itself, as in `tracked-key('0')`"),
        new("status", FetchKind.Status, Named: false, OfResponse: true, "the status of the response"),
        new("http-version", FetchKind.Version, Named: false, OfResponse: false, "`1.0` or `1.1`"),
        new("tls", FetchKind.Tls, Named: false, OfResponse: false, "`1` for a client that speaks TLS, else `0`"),
        new("server-name", FetchKind.ServerName, Named: false, OfResponse: false, "the name in the client's TLS hello"),
        new("content-length", FetchKind.ContentLength, Named: false, OfResponse: false, "the length of the request's body; absent where it is not said"),
        new("first-bytes", FetchKind.FirstBytes, Named: true, OfResponse: false, "of the first bytes of a connection in `mode: tcp` those from an offset on, as in `first-bytes('0 7') is 'SSH-2.0'`, or all that have come where the length is 0; they are waited for, and absent where they do not come"),
        new("first-length", FetchKind.FirstLength, Named: false, OfResponse: false, "how many of them have come; the first one is waited for"),
        new("body", FetchKind.Body, Named: false, OfResponse: false, "what has come of the request's body, 16 KiB at most, for rules of listeners and pools; `wait-for-body` waits for it"),
        new("body-size", FetchKind.BodySize, Named: false, OfResponse: false, "the length of the request's body, of chunks as far as they have come"),
        new("header-block", FetchKind.HeaderBlock, Named: false, OfResponse: false, "all fields of the request, as lines, their names in small letters, and an empty line"),
        new("response-header-block", FetchKind.ResponseHeaderBlock, Named: false, OfResponse: true, "the same of the response"),
        new("header-names", FetchKind.HeaderNames, Named: true, OfResponse: false, "the names of the request's fields in small letters, with a text between, as in `header-names(',')`"),
        new("response-header-names", FetchKind.ResponseHeaderNames, Named: true, OfResponse: true, "the same of the response"),
        new("basic-credentials", FetchKind.BasicCredentials, Named: false, OfResponse: false, "user and password of `Authorization: Basic`, with a colon between"),
        new("clean-path", FetchKind.CleanPath, Named: false, OfResponse: false, "the path in the form that [paths](#values) are compared in"),
        new("original-uri", FetchKind.OriginalUri, Named: false, OfResponse: false, "path and query as the client wrote them, whatever rules have made of them"),
        new("rerouted", FetchKind.Rerouted, Named: false, OfResponse: false, "`1` for a request that rules or error pages have sent on within, else `0`"),
        new("peer", FetchKind.Peer, Named: false, OfResponse: false, "the address of the peer, or of who it says in a PROXY header to be"),
        new("peer-port", FetchKind.PeerPort, Named: false, OfResponse: false, "its port"),
        new("sender", FetchKind.Sender, Named: false, OfResponse: false, "the address that the connection comes from, whatever proxies say"),
        new("sender-port", FetchKind.SenderPort, Named: false, OfResponse: false, "its port"),
        new("told-peer", FetchKind.ToldPeer, Named: false, OfResponse: false, "the address of who a PROXY header says the client is, believed or not; absent without one"),
        new("told-peer-port", FetchKind.ToldPeerPort, Named: false, OfResponse: false, "its port"),
        new("told-address", FetchKind.ToldAddress, Named: false, OfResponse: false, "the address that the client has connected to, by that header"),
        new("told-port", FetchKind.ToldPort, Named: false, OfResponse: false, "its port"),
        new("local-address", FetchKind.LocalAddress, Named: false, OfResponse: false, "the address that the client connected to"),
        new("local-port", FetchKind.LocalPort, Named: false, OfResponse: false, "its port"),
        new("now", FetchKind.Now, Named: false, OfResponse: false, "the time, in seconds since 1970"),
        new("precise-now", FetchKind.PreciseNow, Named: false, OfResponse: false, "the same with milliseconds, `1764354061.123`"),
        new("local-time", FetchKind.LocalTime, Named: false, OfResponse: false, "the same in local time, `28/Nov/2026:17:43:38 +0100`"),
        new("iso-time", FetchKind.IsoTime, Named: false, OfResponse: false, "the same, `2026-11-28T17:43:38+01:00`"),
        new("tls-offer", FetchKind.TlsOffer, Named: false, OfResponse: false, "the protocol that the client's TLS hello offers first (ALPN), in `mode: tcp`, such as `h2`; absent without one"),
        new("tls-hello", FetchKind.TlsHello, Named: false, OfResponse: false, "`1` for a connection in `mode: tcp` that has begun with a TLS hello, else `0`; the first bytes of the client are waited for"),
        new("hello-version", FetchKind.HelloVersion, Named: false, OfResponse: false, "the highest version of TLS that such a hello offers, `TLSv1.3`; absent without one"),
        new("hello-protocols", FetchKind.HelloProtocols, Named: false, OfResponse: false, "the protocols that it offers by ALPN, `h2,http/1.1`; absent where it offers none"),
        new("connection-number", FetchKind.ConnectionNumber, Named: false, OfResponse: false, "a number of the connection that no other has"),
        new("connection-requests", FetchKind.ConnectionRequests, Named: false, OfResponse: false, "how many requests the connection has brought so far"),
        new("random", FetchKind.Random, Named: false, OfResponse: false, "a number from 0 to 4294967295, by chance, another one wherever it stands"),
        new("uuid", FetchKind.Uuid, Named: false, OfResponse: false, "a UUID by chance (version 4), another one wherever it stands"),
        new("process-id", FetchKind.ProcessId, Named: false, OfResponse: false, "the number of the engine's process"),
        new("request-number", FetchKind.RequestNumber, Named: false, OfResponse: false, "a number that grows with each value that is asked for; no other is the same in this process"),
        new("tls-version", FetchKind.TlsVersion, Named: false, OfResponse: false, "the version of TLS that the client speaks, `TLSv1.3`"),
        new("tls-cipher", FetchKind.TlsCipher, Named: false, OfResponse: false, "the cipher suite by its registered name"),
        new("tls-protocol", FetchKind.TlsProtocol, Named: false, OfResponse: false, "the protocol that was agreed on by TLS (ALPN), `http/1.1`; absent where none was"),
        new("client-certificate", FetchKind.ClientCertificate, Named: false, OfResponse: false, "the client's certificate in its own bytes (DER), as for `base64(client-certificate)`"),
        new("client-verified", FetchKind.ClientVerified, Named: false, OfResponse: false, "`SUCCESS` for a client that has shown a certificate, which was found valid, `NONE` for one without; absent without TLS"),
        new("client-subject", FetchKind.ClientSubject, Named: false, OfResponse: false, "the subject of that certificate, `CN=joe,O=Example`, with the escapes of RFC 2253; bytes that are no printable ASCII are written as `\\C3\\A9`"),
        new("client-issuer", FetchKind.ClientIssuer, Named: false, OfResponse: false, "its issuer, in the same form"),
        new("client-serial", FetchKind.ClientSerial, Named: false, OfResponse: false, "its serial number in hexadecimal digits"),
        new("client-fingerprint", FetchKind.ClientFingerprint, Named: false, OfResponse: false, "its SHA-1 fingerprint in hexadecimal digits"),
        new("client-subject-part", FetchKind.ClientSubjectPart, Named: true, OfResponse: false, "a part of its subject, as in `client-subject-part('CN')`, or `client-subject-part('OU 2')` for the second of several and `-1` for the last; with `*` all in one line as OpenSSL has it, `/C=FR/CN=joe`"),
        new("client-issuer-part", FetchKind.ClientIssuerPart, Named: true, OfResponse: false, "the same of its issuer"),
        new("client-not-before", FetchKind.ClientNotBefore, Named: false, OfResponse: false, "from when on it is good, `261128174338Z`"),
        new("client-not-after", FetchKind.ClientNotAfter, Named: false, OfResponse: false, "until when"),
        new("client-certificate-version", FetchKind.ClientCertificateVersion, Named: false, OfResponse: false, "its version of X.509, `3`"),
        new("client-key-kind", FetchKind.ClientKeyKind, Named: false, OfResponse: false, "what kind of key it has, `rsaEncryption` or `id-ecPublicKey`"),
    ];

    public static FetchRow Of(FetchKind kind)
    {
        foreach (var row in Rows)
        {
            if (row.Kind == kind)
                return row;
        }

        throw new ArgumentOutOfRangeException(nameof(kind));
    }

    public static FetchRow? Find(string word)
    {
        foreach (var row in Rows)
        {
            if (row.Word == word)
                return row;
        }

        return null;
    }
}
