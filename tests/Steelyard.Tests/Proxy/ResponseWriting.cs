using Steelyard.Config;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>A response as the client sees it.</summary>
public sealed class ResponseWriting
{
    [Fact]
    public void A_response_passes_in_its_order_and_spelling_without_the_servers_connection() => Assert.Equal(
        """
        HTTP/1.1 404 Not  Found
        server:x
        Set-Cookie: a
        Set-Cookie: b
        Content-Length: 5
        Date: Mon, 23 Nov 2026 08:00:00 GMT


        """,
        Heads.Answer("HTTP/1.0 404 Not  Found\nserver:x\nConnection: keep-alive, X-Hop\nX-Hop: y\nSet-Cookie: a\nSet-Cookie: b\nKeep-Alive: timeout=5\nContent-Length: 5\n\n"));

    [Fact]
    public void The_servers_own_date_stands() =>
        Assert.Equal("HTTP/1.1 200 OK\nDate: Tue, 01 Jan 2030 00:00:00 GMT\nContent-Length: 5\n\n", Heads.Answer("HTTP/1.1 200 OK\nDate: Tue, 01 Jan 2030 00:00:00 GMT\nContent-Length: 5\n\n"));

    [Theory]
    [InlineData("HTTP/1.1 200\nContent-Length: 0\n\n", "HTTP/1.1 200 \n")]
    [InlineData("HTTP/1.1 200 \nContent-Length: 0\n\n", "HTTP/1.1 200 \n")]
    public void A_status_line_without_a_reason_keeps_the_blank_clients_may_insist_on(string text, string line) =>
        Assert.StartsWith(line, Heads.Answer(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("100 Continue")]
    [InlineData("103 Early Hints")]
    [InlineData("204 No Content")]
    public void A_length_where_no_content_can_be_is_dropped(string status) =>
        Assert.DoesNotContain("Content-Length", Heads.Answer($"HTTP/1.1 {status}\nContent-Length: 5\nX: y\n\n"), StringComparison.Ordinal);

    [Fact]
    public void An_interim_response_is_not_dated() =>
        Assert.Equal("HTTP/1.1 103 Early Hints\nLink: x\n\n", Heads.Answer("HTTP/1.1 103 Early Hints\nLink: x\n\n"));

    [Fact]
    public void The_length_of_an_answer_to_HEAD_or_of_304_stays() =>
        Assert.Contains("\nContent-Length: 5\n", Heads.Answer("HTTP/1.1 304 Not Modified\nContent-Length: 5\n\n"), StringComparison.Ordinal);

    [Fact]
    public void Chunks_are_announced_in_our_own_words() =>
        Assert.Equal($"HTTP/1.1 200 OK\nX: y\nDate: {Heads.Date}\nTransfer-Encoding: chunked\n\n", Heads.Answer("HTTP/1.1 200 OK\ntransfer-encoding: CHUNKED\nX: y\n\n", chunked: true));

    [Theory]
    [InlineData("Default", "")]
    [InlineData("Close", "Connection: close\n")]
    [InlineData("KeepAlive", "Connection: keep-alive\n")]
    public void How_the_connection_goes_on_is_ours_to_say(string option, string line) =>
        Assert.Equal(
            $"HTTP/1.1 200 OK\nContent-Length: 0\nDate: {Heads.Date}\n{line}\n",
            Heads.Answer("HTTP/1.1 200 OK\nConnection: close\nContent-Length: 0\n\n", connection: Enum.Parse<ConnectionOption>(option)));

    [Fact]
    public void What_is_taken_out_of_a_head_does_not_come_back_with_compression() => Assert.Equal(
        $"HTTP/1.1 200 OK\nVary: Accept-Encoding\nContent-Encoding: gzip\nDate: {Heads.Date}\nTransfer-Encoding: chunked\n\n",
        Heads.Answer(
            "HTTP/1.1 200 OK\nETag: \"1\"\nVary: Cookie\nContent-Length: 5\n\n",
            chunked: true,
            edits: FieldEdits.From(new() { Remove = ["ETag"] }, new() { Remove = ["vary"] }),
            packed: new(Varies: true, ContentCoding.Gzip)));

    [Fact]
    public void A_tag_that_is_set_stands_alone() => Assert.Equal(
        $"HTTP/1.1 200 OK\nVary: Accept-Encoding\nContent-Encoding: gzip\nETag: W/\"own\"\nDate: {Heads.Date}\nTransfer-Encoding: chunked\n\n",
        Heads.Answer(
            "HTTP/1.1 200 OK\nETag: \"1\"\n\n",
            chunked: true,
            edits: FieldEdits.From(new(), new() { Set = [new("ETag", TextTemplate.Literal("W/\"own\""))] }),
            packed: new(Varies: true, ContentCoding.Gzip)));
}
