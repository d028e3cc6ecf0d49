using System.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Tests.Http1;

/// <summary>What is a response and what is not.</summary>
public sealed class ResponseHeads
{
    private static (HeadState State, ResponseHead Response, byte[] Head) Read(string text, int mostBytes = 16 * 1024, int mostFields = 100)
    {
        var head = Encoding.Latin1.GetBytes(text);
        var response = new ResponseHead();
        response.Clear();
        return (response.Read(head, mostBytes, mostFields), response, head);
    }

    private static (ResponseHead Response, byte[] Head) Accepted(string text)
    {
        var (state, response, head) = Read(text);
        Assert.Equal((HeadState.Complete, HeadError.None), (state, response.Error));
        return (response, head);
    }

    [Theory]
    [InlineData("HTTP/1.1  200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2x0 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 +20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200\tOK\r\n\r\n")]
    [InlineData("HTTP/1.1\r\n\r\n")]
    [InlineData("HTTP/1.x 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.11 200 OK\r\n\r\n")]
    [InlineData("HTTP/2 200\r\n\r\n")]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n")]
    [InlineData("http/1.1 200 OK\r\n\r\n")]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("ICY 200 OK\r\n\r\n")]
    [InlineData("<html>")]
    [InlineData("I")]
    public void A_status_line_that_is_none_is_refused(string text)
    {
        var (state, response, _) = Read(text);
        Assert.Equal((HeadState.Invalid, HeadError.StatusLine), (state, response.Error));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\n\n", nameof(HeadError.LineEnding))]
    [InlineData("HTTP/1.1 200 O\0K\r\n\r\n", nameof(HeadError.LineEnding))]
    [InlineData("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", nameof(HeadError.FieldName))]
    [InlineData("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", nameof(HeadError.FieldValue))]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", nameof(HeadError.ContentLength))]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", nameof(HeadError.ContentLength))]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", nameof(HeadError.UnknownCoding))]
    public void A_response_whose_framing_is_in_doubt_is_refused(string text, string error)
    {
        var (state, response, _) = Read(text);
        Assert.Equal((HeadState.Invalid, error), (state, response.Error.ToString()));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", 200, "200 OK")]
    [InlineData("HTTP/1.1 200 \r\n\r\n", 200, "200 ")]
    [InlineData("HTTP/1.1 200\r\n\r\n", 200, "200")]
    [InlineData("HTTP/1.0 404 Not Found\r\n\r\n", 404, "404 Not Found")]
    [InlineData("HTTP/1.9 999 \u00e9 x\r\n\r\n", 999, "999 \u00e9 x")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", 100, "100 Continue")]
    public void Status_and_reason_are_read(string text, int status, string rest)
    {
        var (response, head) = Accepted(text);
        Assert.Equal((status, rest, status < 200), (response.Status, Encoding.Latin1.GetString(response.StatusAndReason(head)), response.Interim));
    }

    [Theory]
    [InlineData("200", "GET", "Content-Length: 5", nameof(BodyKind.Counted))]
    [InlineData("200", "GET", "Content-Length: 0", nameof(BodyKind.None))]
    [InlineData("200", "GET", "Transfer-Encoding: chunked", nameof(BodyKind.Chunked))]
    [InlineData("200", "GET", "X: y", nameof(BodyKind.UntilClose))]
    [InlineData("200", "HEAD", "Content-Length: 5", nameof(BodyKind.None))]
    [InlineData("200", "HEAD", "Transfer-Encoding: chunked", nameof(BodyKind.None))]
    [InlineData("204", "GET", "Content-Length: 5", nameof(BodyKind.None))]
    [InlineData("304", "GET", "Content-Length: 5", nameof(BodyKind.None))]
    [InlineData("100", "GET", "Content-Length: 5", nameof(BodyKind.None))]
    public void The_body_is_as_long_as_method_status_and_fields_say(string status, string method, string field, string kind)
    {
        var (response, _) = Accepted($"HTTP/1.1 {status} x\r\n{field}\r\n\r\n");
        Assert.Equal(kind, response.Body(method == "HEAD" ? KnownMethod.Head : KnownMethod.Get).Kind.ToString());
    }

    [Theory]
    [InlineData("timeout=5", 5)]
    [InlineData("max=100, timeout=7", 7)]
    [InlineData("timeout=5, timeout=9", 5)]
    [InlineData("timeout=99999999999999999999", -1)]
    [InlineData("timeout=4000000000", 86_400)]
    [InlineData("timeout=-1", -1)]
    [InlineData("timeout=", -1)]
    [InlineData("max=5", -1)]
    [InlineData("", -1)]
    public void The_time_a_server_keeps_a_connection_is_read(string value, long seconds)
    {
        var (response, head) = Accepted($"HTTP/1.1 200 OK\r\nKeep-Alive: {value}\r\n\r\n");
        Assert.Equal(seconds, response.KeepAliveSeconds(head));
    }

    [Fact]
    public void A_response_head_of_exactly_the_limit_is_read_and_a_byte_more_is_too_large()
    {
        const string Begin = "HTTP/1.1 200 OK\r\nX: ";
        string Sized(int bytes) => Begin + new string('x', bytes - Begin.Length - 4) + "\r\n\r\n";

        Assert.Equal(HeadState.Complete, Read(Sized(1024), 1024).State);
        var (state, response, _) = Read(Sized(1025), 1024);
        Assert.Equal((HeadState.Invalid, HeadError.TooLarge), (state, response.Error));
    }
}
