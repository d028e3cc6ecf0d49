using System.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Tests.Http1;

/// <summary>What is a request and what is not, as RFC 9112 has it without its liberties.</summary>
public sealed class RequestHeads
{
    private const int MostBytes = 16 * 1024;
    private const int MostFields = 100;

    private static (HeadState State, RequestHead Request, byte[] Head) Read(string text, int mostBytes = MostBytes, int mostFields = MostFields, bool tolerant = false)
    {
        var head = Encoding.Latin1.GetBytes(text);
        var request = new RequestHead { Tolerant = tolerant };
        request.Clear();
        return (request.Read(head, mostBytes, mostFields), request, head);
    }

    private static (RequestHead Request, byte[] Head) Accepted(string text)
    {
        var (state, request, head) = Read(text);
        Assert.Equal((HeadState.Complete, HeadError.None), (state, request.Error));
        return (request, head);
    }

    private static void Refused(string text, HeadError error)
    {
        var (state, request, _) = Read(text);
        Assert.Equal((HeadState.Invalid, error), (state, request.Error));
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    [Theory]
    [InlineData("GET /a HTTP/1.1\nHost: x\nA: b\n\n")]
    [InlineData("\n\r\n\nGET  /a   HTTP/1.1  \r\nHost: x\r\nA: b\r\n\n")]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\nA:b\n\r\n")]
    public void A_tolerant_reader_ends_lines_with_a_bare_line_feed(string text)
    {
        var (state, request, head) = Read(text + "GET /next", tolerant: true);

        Assert.Equal((HeadState.Complete, text.Length), (state, request.Length));
        Assert.True(request.Fields.HasBareLineEnds);
        Assert.Equal(("/a", "x", 1), (Text(request.Target(head)), Text(request.Authority(head)), request.MinorVersion));
        Assert.Equal(["x", "b"], request.Fields.All.ToArray().Select(field => Text(field.Value(head))));
    }

    [Theory]
    [InlineData("GET\t/ HTTP/1.1\nHost: x\n\n", nameof(HeadError.RequestLine))]
    [InlineData("GET / HTTP/1.1\rHost: x\n\n", nameof(HeadError.LineEnding))]
    [InlineData("GET / HTTP/1.1\nHost: x\r\r\n\n", nameof(HeadError.LineEnding))]
    [InlineData("GET / HTTP/1.1\nHost: x\nA: b\n c\n\n", nameof(HeadError.FieldValue))]
    [InlineData("GET / HTTP/1.1\nHost: x\nA : b\n\n", nameof(HeadError.FieldName))]
    [InlineData("GET / HTTP/1.1\nHost: x\nA: \0\n\n", nameof(HeadError.FieldValue))]
    [InlineData("GET /\nHost: x\n\n", nameof(HeadError.RequestLine))]
    public void A_tolerant_reader_forgives_nothing_else(string text, string error)
    {
        var (state, request, _) = Read(text, tolerant: true);
        Assert.Equal((HeadState.Invalid, error), (state, request.Error.ToString()));
    }

    [Theory]
    [InlineData("GET  / HTTP/1.1")]
    [InlineData("GET /  HTTP/1.1")]
    [InlineData("GET\t/ HTTP/1.1")]
    [InlineData(" GET / HTTP/1.1")]
    [InlineData("GET / HTTP/1.1 ")]
    [InlineData("GET / HTTP/1.1\t")]
    [InlineData("GET /")]
    [InlineData("GET / ")]
    [InlineData("GET")]
    [InlineData("GET ")]
    [InlineData("/ HTTP/1.1")]
    [InlineData("G(T / HTTP/1.1")]
    [InlineData("GÉT / HTTP/1.1")]
    [InlineData("GET / http/1.1")]
    [InlineData("GET / HTTP/1")]
    [InlineData("GET / HTTP/1.")]
    [InlineData("GET / HTTP/1.10")]
    [InlineData("GET / HTTP/11")]
    [InlineData("GET / HTTP/a.1")]
    [InlineData("GET / HTTP/1.x")]
    [InlineData("GET / HTTPS/1.1")]
    [InlineData("GET /a b HTTP/1.1")]
    [InlineData("GET HTTP/1.1")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1")]
    public void A_request_line_that_is_not_method_target_and_version_is_refused(string line) =>
        Refused(line + "\r\nHost: a\r\n\r\n", HeadError.RequestLine);

    [Theory]
    [InlineData("GET /x\\..\\admin HTTP/1.1")]
    [InlineData("GET http://a/\\b HTTP/1.1")]
    [InlineData("GET * HTTP/1.1")]
    [InlineData("GET a HTTP/1.1")]
    [InlineData("GET a/b HTTP/1.1")]
    [InlineData("GET ?a HTTP/1.1")]
    [InlineData("GET /a#b HTTP/1.1")]
    [InlineData("GET /a\tb HTTP/1.1")]
    [InlineData("GET /é HTTP/1.1")]
    [InlineData("GET ftp://a/ HTTP/1.1")]
    [InlineData("GET http:// HTTP/1.1")]
    [InlineData("GET http:///x HTTP/1.1")]
    [InlineData("GET http://:80/ HTTP/1.1")]
    [InlineData("GET http://user@a/ HTTP/1.1")]
    [InlineData("GET http://a:b/ HTTP/1.1")]
    [InlineData("GET http://[::1/ HTTP/1.1")]
    [InlineData("GET http:/a HTTP/1.1")]
    [InlineData("OPTIONS ** HTTP/1.1")]
    public void A_target_that_is_none_of_the_four_forms_is_refused(string line) =>
        Refused(line + "\r\nHost: a\r\n\r\n", HeadError.Target);

    [Theory]
    [InlineData("GET / HTTP/0.9")]
    [InlineData("GET / HTTP/2.0")]
    [InlineData("GET / HTTP/3.1")]
    [InlineData("PRI * HTTP/2.0")]
    public void Another_major_version_is_refused(string line) => Refused(line + "\r\nHost: a\r\n\r\n", HeadError.Version);

    [Theory]
    [InlineData("GET / HTTP/1.1\nHost: a\n\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\r\n")]
    [InlineData("GET / HTTP/1.1\rHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n")]
    [InlineData("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n")]
    [InlineData("\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    public void A_line_that_does_not_end_in_CRLF_is_refused(string text) => Refused(text, HeadError.LineEnding);

    [Theory]
    [InlineData("X : a")]
    [InlineData("X\t: a")]
    [InlineData(": a")]
    [InlineData("X")]
    [InlineData("X Y: a")]
    [InlineData("X(: a")]
    [InlineData("Xé: a")]
    [InlineData("\"X\": a")]
    public void A_field_name_that_is_no_token_is_refused(string line) =>
        Refused($"GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n", HeadError.FieldName);

    [Theory]
    [InlineData("X: a\r\n b")]
    [InlineData("X: a\r\n\tb")]
    [InlineData(" X: a")]
    [InlineData("X: a\0b")]
    [InlineData("X: \u0001")]
    [InlineData("X: \u000b")]
    [InlineData("X: \u007f")]
    [InlineData("X\0: a")]
    public void A_folded_line_or_a_control_character_is_refused(string line) =>
        Refused($"GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n", HeadError.FieldValue);

    [Theory]
    [InlineData("X: y")]
    [InlineData("Host: a\r\nHost: a")]
    [InlineData("Host: a\r\nHost:")]
    [InlineData("Host: a b")]
    [InlineData("Host: a/b")]
    [InlineData("Host: .a")]
    [InlineData("Host: a..")]
    [InlineData("Host: a..b")]
    [InlineData("Host: user@a")]
    [InlineData("Host: a:b")]
    [InlineData("Host: a:1:2")]
    [InlineData("Host: a?b")]
    [InlineData("Host: \"a\"")]
    [InlineData("Host: é")]
    [InlineData("Host: [::1")]
    [InlineData("Host: ::1]")]
    [InlineData("Host: []")]
    [InlineData("Host: [[::1]")]
    [InlineData("Host: [::1]]")]
    [InlineData("Host: [::1]x")]
    [InlineData("Host: [::1]:8x")]
    [InlineData("Host: :80")]
    [InlineData("Host: :")]
    [InlineData("Host: a:0")]
    [InlineData("Host: a:65536")]
    [InlineData("Host: a:99999999999999999999")]
    [InlineData("Host: secret%2eexample")]
    public void Anything_but_one_valid_Host_is_refused(string lines) =>
        Refused($"GET / HTTP/1.1\r\n{lines}\r\n\r\n", HeadError.Host);

    [Fact]
    public void A_Host_longer_than_any_name_is_refused()
    {
        Accepted($"GET / HTTP/1.1\r\nHost: {new string('a', 261)}\r\n\r\n");
        Refused($"GET / HTTP/1.1\r\nHost: {new string('a', 262)}\r\n\r\n", HeadError.Host);
    }

    [Theory]
    [InlineData("Content-Length: +5")]
    [InlineData("Content-Length: -5")]
    [InlineData("Content-Length: 5, 5")]
    [InlineData("Content-Length: 5,5")]
    [InlineData("Content-Length: 5 5")]
    [InlineData("Content-Length: 0x5")]
    [InlineData("Content-Length: 5.0")]
    [InlineData("Content-Length: 5;")]
    [InlineData("Content-Length:")]
    [InlineData("Content-Length: five")]
    [InlineData("Content-Length: 9223372036854775808")]
    [InlineData("Content-Length: 99999999999999999999999")]
    [InlineData("Content-Length: 5\r\nContent-Length: 5")]
    [InlineData("Content-Length: 5\r\ncontent-length: 6")]
    public void A_Content_Length_that_is_not_one_plain_number_is_refused(string lines) =>
        Refused($"POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n", HeadError.ContentLength);

    [Theory]
    [InlineData("Transfer-Encoding: chunked, chunked")]
    [InlineData("Transfer-Encoding: chunked,chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")]
    [InlineData("Transfer-Encoding: \"chunked\"")]
    [InlineData("Transfer-Encoding: , chunked")]
    [InlineData("Transfer-Encoding:")]
    [InlineData("Transfer-Encoding: \t ")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked")]
    [InlineData("Content-Length: 0\r\nTransfer-Encoding: chunked")]
    public void A_Transfer_Encoding_that_lies_is_refused(string lines) =>
        Refused($"POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n", HeadError.TransferEncoding);

    [Fact]
    public void HTTP_1_0_knows_no_Transfer_Encoding() =>
        Refused("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", HeadError.TransferEncoding);

    [Theory]
    [InlineData("gzip")]
    [InlineData("gzip, chunked")]
    [InlineData("chunked, gzip")]
    [InlineData("xchunked")]
    [InlineData("chunkedx")]
    [InlineData("chunked;q=1")]
    [InlineData("chunked,")]
    [InlineData("identity")]
    [InlineData("chunked\tx")]
    public void A_coding_other_than_chunked_is_not_implemented(string value) =>
        Refused($"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {value}\r\n\r\n", HeadError.UnknownCoding);

    [Theory]
    [InlineData("chunked")]
    [InlineData("Chunked")]
    [InlineData("CHUNKED")]
    [InlineData("\tchunked")]
    [InlineData("   chunked \t ")]
    public void Chunked_is_read_in_any_case_and_between_blanks(string value) =>
        Assert.Equal(new BodyFraming(BodyKind.Chunked), Accepted($"POST / HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING:{value}\r\n\r\n").Request.Body);

    [Theory]
    [InlineData("Expect: nothing")]
    [InlineData("Expect:")]
    [InlineData("Expect: 100-continue, x")]
    [InlineData("Expect: 100-continue\r\nExpect: x")]
    public void An_expectation_other_than_100_continue_is_refused(string lines) =>
        Refused($"POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n", HeadError.Expectation);

    [Fact]
    public void A_client_that_waits_for_100_is_understood() =>
        Assert.True(Accepted("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n").Request.ExpectsContinue);

    [Theory]
    [InlineData("CONNECT a:443 HTTP/1.1")]
    [InlineData("CONNECT / HTTP/1.1")]
    public void CONNECT_is_not_served(string line) => Refused(line + "\r\nHost: a\r\n\r\n", HeadError.Method);

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2(")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG")]
    [InlineData("{")]
    public void What_cannot_become_a_request_is_refused_before_its_line_ends(string beginning) => Refused(beginning, HeadError.RequestLine);

    [Theory]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0\u0001")]
    [InlineData("\u0016")]
    [InlineData("\0")]
    [InlineData("G\u0003")]
    public void A_TLS_hello_on_a_plain_listener_is_refused_with_its_first_byte(string beginning) => Refused(beginning, HeadError.LineEnding);

    [Theory]
    [InlineData("")]
    [InlineData("\r")]
    [InlineData("\r\n")]
    [InlineData("G")]
    [InlineData("GET")]
    [InlineData("GET / HTTP/1.1")]
    [InlineData("GET / HTTP/1.1\r")]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r")]
    public void A_head_that_has_not_ended_waits_for_more(string beginning) => Assert.Equal(HeadState.Incomplete, Read(beginning).State);

    [Fact]
    public void One_empty_line_before_a_request_is_forgiven_and_no_second()
    {
        var (request, head) = Accepted("\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal("/x", Text(request.Target(head)));
        Assert.Equal(head.Length, request.Length);

        Refused("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError.RequestLine);
    }

    [Fact]
    public void The_parts_of_a_request_are_where_they_stand()
    {
        var (request, head) = Accepted("PATCH /a/b?c=d%20e HTTP/1.1\r\nHost:\t Example.com:8080 \r\nX-Empty:\r\nX-High: \u00e9\u00ff\r\n\r\nbody");

        Assert.Equal("PATCH", Text(request.MethodBytes(head)));
        Assert.Equal(KnownMethod.Other, request.Method);
        Assert.Equal("/a/b?c=d%20e", Text(request.Target(head)));
        Assert.Equal("/a/b", Text(request.Path(head)));
        Assert.Equal("Example.com:8080", Text(request.Authority(head)));
        Assert.Equal(head.Length - 4, request.Length);
        Assert.Equal(["Host", "X-Empty", "X-High"], request.Fields.All.ToArray().Select(field => Text(field.Name(head))));
        Assert.Equal(["Example.com:8080", "", "\u00e9\u00ff"], request.Fields.All.ToArray().Select(field => Text(field.Value(head))));
    }

    [Theory]
    [InlineData("GET http://b.example:81/x?y HTTP/1.1", "b.example:81", "/x?y", "/x")]
    [InlineData("GET HTTP://b/ HTTP/1.1", "b", "/", "/")]
    [InlineData("GET https://b/ HTTP/1.1", "b", "/", "/")]
    [InlineData("GET http://b HTTP/1.1", "b", "", "/")]
    [InlineData("GET http://b?q HTTP/1.1", "b", "?q", "/")]
    [InlineData("OPTIONS http://b HTTP/1.1", "b", "", "*")]
    [InlineData("OPTIONS http://b?q HTTP/1.1", "b", "?q", "/")]
    [InlineData("GET http://[::1]:80/ HTTP/1.1", "[::1]:80", "/", "/")]
    public void The_authority_of_an_absolute_form_is_the_host(string line, string authority, string target, string path)
    {
        var (request, head) = Accepted(line + "\r\nHost: other\r\n\r\n");

        Assert.True(request.AbsoluteForm);
        Assert.Equal(authority, Text(request.Authority(head)));
        Assert.Equal(target, Text(request.Target(head)));
        Assert.Equal(path, Text(request.Path(head)));
    }

    [Theory]
    [InlineData("Host:", "")]
    [InlineData("Host: a", "a")]
    [InlineData("Host: a.:80", "a.:80")]
    [InlineData("Host: [::1]", "[::1]")]
    [InlineData("Host: a:", "a:")]
    public void A_valid_Host_is_taken_as_it_is(string line, string authority)
    {
        var (request, head) = Accepted($"GET / HTTP/1.1\r\n{line}\r\n\r\n");
        Assert.Equal(authority, Text(request.Authority(head)));
    }

    [Fact]
    public void HTTP_1_0_needs_no_Host() => Assert.Equal(0, Accepted("GET / HTTP/1.0\r\n\r\n").Request.MinorVersion);

    [Theory]
    [InlineData("HTTP/1.1", "", true)]
    [InlineData("HTTP/1.1", "Connection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: x, CLOSE\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: x\r\nConnection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: closed\r\n", true)]
    [InlineData("HTTP/1.2", "", true)]
    [InlineData("HTTP/1.9", "", true)]
    [InlineData("HTTP/1.0", "", false)]
    [InlineData("HTTP/1.0", "Connection: Keep-Alive\r\n", true)]
    [InlineData("HTTP/1.0", "Connection: keep-alive, close\r\n", false)]
    public void Whether_the_connection_is_kept_is_as_version_and_Connection_say(string version, string connection, bool kept) =>
        Assert.Equal(kept, Accepted($"GET / {version}\r\nHost: a\r\n{connection}\r\n").Request.KeepAlive);

    [Theory]
    [InlineData("GET", "Get", true)]
    [InlineData("HEAD", "Head", true)]
    [InlineData("POST", "Post", false)]
    [InlineData("PUT", "Put", true)]
    [InlineData("DELETE", "Delete", true)]
    [InlineData("OPTIONS", "Options", true)]
    [InlineData("TRACE", "Trace", true)]
    [InlineData("PATCH", "Other", false)]
    [InlineData("get", "Other", false)]
    [InlineData("X", "Other", false)]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", "Other", false)]
    public void Only_what_the_standard_calls_idempotent_is_sent_twice(string method, string known, bool idempotent)
    {
        var (request, _) = Accepted($"{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal((known, idempotent), (request.Method.ToString(), request.Idempotent));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("Content-Length: 0\r\n", 0)]
    [InlineData("Content-Length: 7\r\n", 7)]
    [InlineData("Content-Length: 007\r\n", 7)]
    [InlineData("Content-Length: 9223372036854775807\r\n", long.MaxValue)]
    public void A_counted_body_is_as_long_as_it_says(string field, long length) =>
        Assert.Equal(BodyFraming.Counted(length), Accepted($"POST / HTTP/1.1\r\nHost: a\r\n{field}\r\n").Request.Body);

    [Fact]
    public void A_head_of_exactly_the_limit_is_served_and_a_byte_more_is_too_large()
    {
        const string Begin = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
        string Sized(int bytes) => Begin + new string('x', bytes - Begin.Length - 4) + "\r\n\r\n";

        Assert.Equal(HeadState.Complete, Read(Sized(1024), 1024).State);
        Assert.Equal(HeadState.Complete, Read(Sized(1024) + "body", 1024).State);
        var (state, request, _) = Read(Sized(1025), 1024);
        Assert.Equal((HeadState.Invalid, HeadError.TooLarge), (state, request.Error));
        (state, request, _) = Read(Sized(1025)[..1024], 1024);
        Assert.Equal((HeadState.Invalid, HeadError.TooLarge), (state, request.Error));
        Assert.Equal(HeadState.Incomplete, Read(Sized(1025)[..1023], 1024).State);
    }

    [Fact]
    public void A_request_line_that_fills_the_limit_is_too_long()
    {
        var (state, request, _) = Read("GET /" + new string('x', 2000), 1024);
        Assert.Equal((HeadState.Invalid, HeadError.TargetTooLong), (state, request.Error));
    }

    [Fact]
    public void As_many_fields_as_the_limit_are_served_and_one_more_is_too_many()
    {
        string With(int fields) => "GET / HTTP/1.1\r\nHost: a\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", fields - 1)) + "\r\n";

        Assert.Equal(HeadState.Complete, Read(With(8), mostFields: 8).State);
        var (state, request, _) = Read(With(9), mostFields: 8);
        Assert.Equal((HeadState.Invalid, HeadError.TooManyFields), (state, request.Error));
        Assert.Equal(HeadState.Complete, Read(With(FieldTable.Capacity), mostFields: FieldTable.Capacity).State);
    }

    [Fact]
    public void A_head_read_after_another_remembers_nothing_of_it()
    {
        var request = new RequestHead();
        request.Clear();
        request.Read("POST http://a/ HTTP/1.0\r\nConnection: close, x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"u8, MostBytes, MostFields);
        request.Clear();

        Assert.Equal(HeadState.Complete, request.Read("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"u8, MostBytes, MostFields));
        Assert.Equal((KnownMethod.Get, 1, false, false), (request.Method, request.MinorVersion, request.AbsoluteForm, request.ExpectsContinue));
        Assert.Equal((default, true, 2), (request.Body, request.KeepAlive, request.Fields.Count));
        Assert.DoesNotContain(request.Fields.All.ToArray(), field => field.HopByHop);
    }

    [Fact]
    public void Fields_of_the_connection_and_those_it_names_are_marked_and_no_others()
    {
        var (request, head) = Accepted(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop , , host, x-forwarded-for\r\nX-HOP: 1\r\nX-Hope: 2\r\nKeep-Alive: 3\r\nTE: trailers\r\nTrailer: t\r\n"
            + "Upgrade: h2c\r\nProxy-Connection: close\r\nX-Forwarded-For: 4\r\nConnection: X-Late\r\nX-Late: 5\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(
            ["Connection", "X-HOP", "Keep-Alive", "TE", "Trailer", "Upgrade", "Proxy-Connection", "Connection", "X-Late"],
            request.Fields.All.ToArray().Where(field => field.HopByHop).Select(field => Text(field.Name(head))));
    }
}
