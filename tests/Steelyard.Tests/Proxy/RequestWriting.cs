using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Tests.Proxy;

/// <summary>A request as the servers see it.</summary>
public sealed class RequestWriting
{
    private static string Forward(string text) => Heads.Forward(text, Heads.Client("9.8.7.6"));

    [Fact]
    public void What_the_client_sent_arrives_in_its_order_and_spelling() => Assert.Equal(
        """
        PATCH /a?b HTTP/1.1
        hOsT:example.com:81
        X-A:   1
        Cookie: a
        cookie: b
        Content-Length: 5
        Expect: 100-continue
        X-Forwarded-For: 9.8.7.6
        X-Real-IP: 9.8.7.6
        X-Forwarded-Proto: http
        X-Forwarded-Host: example.com:81


        """,
        Forward("PATCH /a?b HTTP/1.1\nhOsT:example.com:81\nX-A:   1\nCookie: a\ncookie: b\nContent-Length: 5\nExpect: 100-continue\n\n"));

    [Fact]
    public void Fields_of_the_clients_connection_and_those_it_names_stay_behind() => Assert.Equal(
        """
        GET / HTTP/1.1
        Host: a
        X-Last: 9
        TE: trailers
        Connection: TE
        X-Forwarded-For: 9.8.7.6
        X-Real-IP: 9.8.7.6
        X-Forwarded-Proto: http
        X-Forwarded-Host: a


        """,
        Forward("GET / HTTP/1.1\nConnection: keep-alive, X-One\nHost: a\nX-One: 1\nKeep-Alive: 5\nProxy-Connection: x\nTE: trailers\nTrailer: x\nUpgrade: websocket\nConnection: x-two\nX-Two: 2\nX-Last: 9\n\n"));

    [Fact]
    public void A_client_cannot_name_away_what_the_servers_rely_on() => Assert.Equal(
        """
        POST / HTTP/1.1
        Host: a
        Content-Length: 5
        X-Forwarded-For: 9.8.7.6
        X-Real-IP: 9.8.7.6
        X-Forwarded-Proto: http
        X-Forwarded-Host: a


        """,
        Forward("POST / HTTP/1.1\nHost: a\nContent-Length: 5\nConnection: host, content-length, x-forwarded-for, x-real-ip, x-forwarded-proto, x-forwarded-host\n\n"));

    [Fact]
    public void A_chunked_body_is_announced_in_our_own_words() =>
        Assert.Contains("\nX: y\nTransfer-Encoding: chunked\nX-Forwarded-For", Forward("POST / HTTP/1.1\nHost: a\ntransfer-encoding:\tCHUNKED\nX: y\n\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("GET / HTTP/1.0\n\n", "\nHost: pool\n")]
    [InlineData("GET / HTTP/1.1\nHost:\n\n", "\nHost: pool\n")]
    [InlineData("GET http://b:81/x HTTP/1.1\nHost: a\n\n", "\nHost: b:81\n")]
    [InlineData("GET http://b/x HTTP/1.0\n\n", "\nHost: b\n")]
    public void There_is_always_one_Host(string text, string host)
    {
        var forwarded = Forward(text);
        Assert.Contains(host, forwarded, StringComparison.Ordinal);
        Assert.Single(forwarded.Split('\n'), line => line.StartsWith("Host:", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("GET http://b HTTP/1.1", "GET / HTTP/1.1\n")]
    [InlineData("GET http://b?q HTTP/1.1", "GET /?q HTTP/1.1\n")]
    [InlineData("GET http://b/x?q HTTP/1.1", "GET /x?q HTTP/1.1\n")]
    [InlineData("OPTIONS http://b HTTP/1.1", "OPTIONS * HTTP/1.1\n")]
    [InlineData("OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1\n")]
    [InlineData("GET / HTTP/1.0", "GET / HTTP/1.1\n")]
    [InlineData("GET //x/../y HTTP/1.1", "GET //x/../y HTTP/1.1\n")]
    public void The_target_is_sent_in_origin_form(string line, string sent) =>
        Assert.StartsWith(sent, Forward(line + "\nHost: a\n\n"), StringComparison.Ordinal);

    [Fact]
    public void An_empty_line_before_the_request_is_not_sent_on() =>
        Assert.StartsWith("GET / HTTP/1.1\nHost: a\n", Forward("\nGET / HTTP/1.1\nHost: a\n\n"), StringComparison.Ordinal);

    [Fact]
    public void A_head_that_fills_the_limit_fits_with_what_is_added()
    {
        var forwarded = Forward("GET / HTTP/1.1\nHost: a\nX: " + new string('x', (16 * 1024) - 40) + "\n\n");
        Assert.Contains("X-Forwarded-Host: a\n", forwarded, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_is_said_and_not_written_past_the_block()
    {
        using var pool = new BlockPool();
        var writer = new BlockWriter(pool.Rent());
        writer.Write(new byte[Block.Size]);
        Assert.Equal((false, 0), (writer.Overflowed, writer.Room));
        writer.Write("x"u8);
        Assert.Equal((true, Block.Size), (writer.Overflowed, writer.Length));
    }
}
