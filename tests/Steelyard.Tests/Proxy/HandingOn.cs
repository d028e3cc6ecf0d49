using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>What is kept of an answer that gives way to another.</summary>
public sealed class HandingOn : IDisposable
{
    private readonly BlockPool _blocks = new();
    private readonly HandedOn _handed = new();

    public void Dispose()
    {
        _handed.Release(_blocks);
        Assert.Equal(0, _blocks.Rented);
        _blocks.Dispose();
    }

    private void Take(string fields, string target = "/x")
    {
        var head = Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\n{fields}\n".ReplaceLineEndings("\r\n"));
        var response = new ResponseHead();
        Assert.Equal(HeadState.Complete, response.Read(head, head.Length + 1, 100));
        Assert.True(_handed.TryTake(_blocks, response.Fields, head, Encoding.Latin1.GetBytes(target), null));
    }

    private string Insert(string head, int status = 200, bool isOwn = true)
    {
        var block = _blocks.Rent();
        var bytes = Encoding.Latin1.GetBytes(head.ReplaceLineEndings("\r\n"));
        bytes.CopyTo(block.Span);
        var length = _handed.Insert(block, bytes.Length, status, isOwn);
        var text = Encoding.Latin1.GetString(block.Span[..length]);
        _blocks.Return(block);
        return text.Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    [Fact]
    public void What_says_how_the_content_is_to_be_taken_is_kept_and_nothing_else()
    {
        Take("Content-Type: text/a\nX-Other: b\nContent-Length: 5\nContent-Disposition: attachment\nset-cookie: a=1\nSet-Cookie: b=2\nETag: \"x\"\n");
        Assert.Equal("text/a", Encoding.Latin1.GetString(_handed.Type));
        Assert.Equal(
            "HTTP/1.1 200 OK\nContent-Type: text/a\nContent-Disposition: attachment\nset-cookie: a=1\nSet-Cookie: b=2\nContent-Length: 2\n\nhi",
            Insert("HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\nhi"));
    }

    [Fact]
    public void An_answer_of_a_server_keeps_its_own_fields()
    {
        Take("Content-Type: text/a\nCache-Control: private\nExpires: 0\nSet-Cookie: a=1\n");
        Assert.Equal(
            "HTTP/1.1 200 OK\nExpires: 0\nSet-Cookie: a=1\nContent-Type: text/b\nCache-Control: no-store\nSet-Cookie: c=3\n\n",
            Insert("HTTP/1.1 200 OK\nContent-Type: text/b\nCache-Control: no-store\nSet-Cookie: c=3\n\n", isOwn: false));
    }

    [Theory]
    [InlineData(404, "text/plain")]
    [InlineData(206, "multipart/byteranges; boundary=1")]
    public void An_error_and_several_parts_keep_their_type(int status, string type)
    {
        Take("Content-Type: text/a\n");
        Assert.Equal($"HTTP/1.1 {status} X\nContent-Type: {type}\n\n", Insert($"HTTP/1.1 {status} X\nContent-Type: {type}\n\n", status));
    }

    [Fact]
    public void Cookies_of_all_answers_that_gave_way_are_kept_and_of_the_rest_those_of_the_last()
    {
        Take("Content-Type: text/a\nSet-Cookie: a=1\n");
        Take("Content-Type: text/b\nSet-Cookie: b=2\n", "/there");
        Assert.Equal("/there", Encoding.Latin1.GetString(_handed.Target));
        Assert.Equal("HTTP/1.1 200 OK\nSet-Cookie: a=1\nContent-Type: text/b\nSet-Cookie: b=2\n\n", Insert("HTTP/1.1 200 OK\n\n"));
    }

    [Fact]
    public void Of_two_types_the_last_one_counts_and_no_line_is_broken()
    {
        Take("Content-Type: text/aaaaaaaa\nContent-Type: text/b\nSet-Cookie: a=1\n");
        Assert.Equal("HTTP/1.1 200 OK\nContent-Type: text/b\nSet-Cookie: a=1\nContent-Length: 2\n\nhi", Insert("HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\nhi"));
    }

    [Fact]
    public void What_does_not_fit_is_no_answer()
    {
        Take($"Set-Cookie: {new string('x', 12_000)}\nContent-Type: text/a\n");
        Assert.Equal("", Insert($"HTTP/1.1 200 OK\nX: {new string('y', 21_000)}\n\n"));
    }

    [Theory]
    [InlineData("/a/b", true)]
    [InlineData("/a..b/...?../..", true)]
    [InlineData("/.", true)]
    [InlineData("", false)]
    [InlineData("?a", false)]
    [InlineData("/a/..", false)]
    [InlineData("../a", false)]
    [InlineData("/%2E./a", false)]
    [InlineData("/.%2e/a", false)]
    [InlineData("/a/..%2f..%2fb", false)]
    public void A_path_that_climbs_leads_nowhere(string target, bool leads) =>
        Assert.Equal(leads, PathNormalizer.StaysBelowRoot(Encoding.Latin1.GetBytes(target)));
}
