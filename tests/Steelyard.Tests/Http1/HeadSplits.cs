using System.Text;
using CsCheck;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;
using Steelyard.Fuzz.Targets;

namespace Steelyard.Tests.Http1;

/// <summary>
/// What a head is depends on its bytes alone: in any pieces, state, error and every position are the same as at once,
/// and what is sent on of it says the same. The checks are those of the fuzz targets.
/// </summary>
public sealed class HeadSplits
{
    private static readonly string[] Lines =
    [
        "Host: example.com", "Host: a", "host:b:80", "Connection: keep-alive, X-A", "Connection: close", "X-A: 1", "Content-Length: 5", "Content-Length: 05",
        "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Expect: 100-continue", "TE: trailers", "Trailer: x", "Upgrade: h2c", "Upgrade: websocket, x/1", "Connection: Upgrade", "Keep-Alive: timeout=5",
        "Date: Mon, 23 Nov 2026 08:00:00 GMT", "X-Forwarded-For: 1.2.3.4, 10.0.0.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: b", "X-Real-IP: 5.6.7.8",
        "Accept: text/html;q=0.5, */*", "X-Long: " + new string('x', 300), "X-Blank:", "X-High: \u00e9\u00ff", "Cookie: a=b; c=d", "X : y", " folded", "X", ": y", "X: a\0b",
    ];

    private static readonly string[] Pieces =
        ["\r\n", "\r", "\n", "\r\n\r\n", " ", "\t", ":", ",", "\0", "\u007f", "\u0080", "chunked", "HTTP/1.1", "http://", "*", "/", "?", "#", "[", "]", "\"", "5", "-1"];

    private static readonly Gen<string> RequestLine = Gen.OneOf(
        "GET / HTTP/1.1", "POST /a?b=c HTTP/1.1", "GET / HTTP/1.0", "OPTIONS * HTTP/1.1", "OPTIONS http://a HTTP/1.1", "GET http://a:80?x HTTP/1.1", "CONNECT a:1 HTTP/1.1",
        "HEAD /x HTTP/1.5", "\r\nGET / HTTP/1.1", "\n\nGET  /  HTTP/1.1 ", "GET / HTTP/2.0", "GET  / HTTP/1.1", "FETCH /" + new string('y', 200) + " HTTP/1.1");

    private static readonly Gen<string> StatusLine = Gen.OneOf(
        "HTTP/1.1 200 OK", "HTTP/1.1 200", "HTTP/1.0 404 Not Found", "HTTP/1.1 100 Continue", "HTTP/1.1 204 ", "HTTP/1.1 304 x", "HTTP/1.1 999 \u00e9", "HTTP/2 200", "HTTP/1.1 20");

    private static readonly Gen<byte[]> Garbage = Gen.Byte.Array[0, 64];

    private static Gen<byte[]> Valid(Gen<string> first) =>
        Gen.Select(first, Gen.OneOf(Lines).List[0, 12], Garbage)
            .Select((line, fields, behind) => (byte[])[.. Encoding.Latin1.GetBytes(line + "\r\n" + string.Concat(fields.Select(field => field + "\r\n")) + "\r\n"), .. behind]);

    private static Gen<byte[]> Mutated(Gen<string> first) =>
        Gen.Select(Valid(first), Gen.Select(Gen.Double[0, 1], Gen.Int[0, 3], Gen.OneOf(Gen.OneOf(Pieces), Gen.Char['\0', '\u00ff'].Select(c => c.ToString()))).List[1, 4])
            .Select((head, changes) =>
            {
                var text = Encoding.Latin1.GetString(head);
                foreach (var (at, removed, piece) in changes)
                {
                    var start = (int)(text.Length * at);
                    text = string.Concat(text.AsSpan(0, start), piece, text.AsSpan(Math.Min(text.Length, start + removed)));
                }

                return Encoding.Latin1.GetBytes(text);
            });

    private static Gen<byte[]> Any(Gen<string> first) => Gen.Frequency((3, Valid(first)), (6, Mutated(first)), (1, Garbage));

    [Fact]
    public void A_request_is_the_same_however_its_bytes_come() =>
        Gen.Select(Any(RequestLine), Gen.UInt[1, uint.MaxValue], Gen.OneOf(64, 256, 1024, 16 * 1024), Gen.OneOf(8, 100), Gen.Bool, Gen.Bool, Gen.Bool)
            .Sample((head, seed, mostBytes, mostFields, trusted, connect, tolerant) => RequestHeadTarget.Run(head, seed, mostBytes, mostFields, trusted, connect, tolerant), iter: 30_000);

    [Fact]
    public void A_response_is_the_same_however_its_bytes_come() =>
        Gen.Select(Any(StatusLine), Gen.UInt[1, uint.MaxValue], Gen.OneOf(64, 256, 1024, 16 * 1024), Gen.OneOf(8, 100), Gen.OneOf(ConnectionOption.Default, ConnectionOption.Close, ConnectionOption.KeepAlive))
            .Sample((head, seed, mostBytes, mostFields, connection) => ResponseHeadTarget.Run(head, seed, mostBytes, mostFields, connection), iter: 30_000);

    [Fact]
    public void A_head_that_comes_byte_by_byte_is_complete_with_its_last_byte()
    {
        var head = "POST /a HTTP/1.1\r\nHost: example.com\r\nX: y\r\n\r\n"u8.ToArray();
        var request = new RequestHead();
        request.Clear();

        for (var arrived = 1; arrived < head.Length; arrived++)
            Assert.Equal(HeadState.Incomplete, request.Read(head.AsSpan(0, arrived), 1024, 8));
        Assert.Equal(HeadState.Complete, request.Read(head, 1024, 8));
    }
}
