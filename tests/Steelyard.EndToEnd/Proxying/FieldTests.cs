using System.Net;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public sealed class FieldTests
{
    private const string Done = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";

    /// <summary>Sends one request and returns what the server saw and what the client got.</summary>
    private static async Task<(HttpMessage Request, HttpMessage Answer)> Pass(string request, string response = Done, string[]? trusted = null)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { TrustedProxies = [.. (trusted ?? []).Select(network => IPNetwork.Parse(network))] }],
        });
        using var client = await balancer.Connect();
        await client.Send(request);
        using var server = await origin.Accept();
        var seen = await server.Serve(response);
        return (seen, await client.ReadResponse());
    }

    [Fact]
    public async Task A_request_arrives_as_it_was_sent_and_four_fields_more()
    {
        var (request, _) = await Pass("GET /a%20b?c=d&e HTTP/1.1\r\nhost: Shop.Example:8080\r\nX-Odd:  a  b \r\nCookie: a=b\r\nCookie: c=d\r\nEmpty:\r\n\r\n");

        Assert.Equal(
            "GET /a%20b?c=d&e HTTP/1.1\r\nhost: Shop.Example:8080\r\nX-Odd:  a  b \r\nCookie: a=b\r\nCookie: c=d\r\nEmpty:\r\n" +
            "X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: Shop.Example:8080\r\n\r\n",
            request.Head);
    }

    [Fact]
    public async Task Fields_of_the_clients_connection_stay_there()
    {
        var (request, _) = await Pass(
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X-Mine\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n" +
            "TE: gzip\r\nTrailer: X\r\nUpgrade: h2c\r\nx-mine: 1\r\nX-Theirs: 2\r\nConnection: x-also\r\nX-Also: 3\r\n\r\n");

        Assert.Equal(["Host: x", "X-Theirs: 2"], request.Lines[..2]);
        Assert.All(request.Lines[2..], line => Assert.StartsWith("X-", line, StringComparison.Ordinal));
        Assert.Equal(6, request.Lines.Length);
    }

    [Fact]
    public async Task What_a_server_trusts_cannot_be_nominated_away()
    {
        var (request, _) = await Pass("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: host, content-length, x-forwarded-for, x-real-ip\r\n\r\nz");

        Assert.Equal(("x", "1", "127.0.0.1", "127.0.0.1"), (request["Host"], request["Content-Length"], request["X-Forwarded-For"], request["X-Real-IP"]));
    }

    [Theory]
    [InlineData("X-Forwarded-For: 1.1.1.1:99, [2001:db8::1]:5\r\nX-Forwarded-For: unknown, 2.2.2.2\r\n", "for=1.1.1.1, for=\"[2001:db8::1]\", for=unknown, for=2.2.2.2, for=127.0.0.1;proto=http;host=x")]
    [InlineData("X-Forwarded-For: 1.1.1.1\r\nForwarded: for=3.3.3.3\r\n", "for=3.3.3.3, for=127.0.0.1;proto=http;host=x")]
    [InlineData("X-Forwarded-For: 1.1.1.1\";x=, y\r\n", "for=unknown, for=unknown, for=127.0.0.1;proto=http;host=x")]
    public async Task A_trusted_proxys_X_Forwarded_For_goes_on_in_Forwarded(string lines, string forwarded)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")], Forwarded = ForwardedStyle.Rfc7239 }],
        });
        using var client = await balancer.Connect();
        await client.Send($"GET / HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
        using var server = await origin.Accept();

        Assert.Equal(forwarded, (await server.Serve(Done))["Forwarded"]);
        await client.ReadResponse();
    }

    [Fact]
    public async Task Fields_of_the_servers_connection_stay_there()
    {
        var (_, answer) = await Pass(
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 201 Made so\r\nConnection: keep-alive, X-Mine\r\nKeep-Alive: timeout=5\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX-Mine: 1\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal("HTTP/1.1 201 Made so\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n", answer.Head);
    }

    [Fact]
    public async Task An_answer_without_a_date_is_given_one()
    {
        var before = DateTimeOffset.UtcNow.AddSeconds(-2);
        var (_, answer) = await Pass("GET / HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.InRange(DateTimeOffset.ParseExact(answer["Date"]!, "R", null), before, DateTimeOffset.UtcNow.AddSeconds(1));
    }

    [Fact]
    public async Task A_server_of_http_1_0_and_one_without_a_reason_are_understood()
    {
        var (_, old) = await Pass("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.0 200\r\nContent-Length: 1\r\n\r\na");

        Assert.Equal(("HTTP/1.1 200", "a"), (old.StartLine.TrimEnd(), old.Text));
    }

    [Fact]
    public async Task A_strangers_word_about_the_client_is_replaced()
    {
        var (request, _) = await Pass(
            "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3.4\r\nX-FORWARDED-FOR: 5.6.7.8\r\nX-Real-IP: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n\r\n",
            trusted: ["10.0.0.0/8"]);

        Assert.Equal(("127.0.0.1", "127.0.0.1", "http", "x"), (request["X-Forwarded-For"], request["X-Real-IP"], request["X-Forwarded-Proto"], request["X-Forwarded-Host"]));
    }

    [Fact]
    public async Task A_trusted_proxys_word_is_continued()
    {
        var (request, _) = await Pass(
            "GET / HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 6.6.6.6, 1.2.3.4\r\nX-Forwarded-For: 10.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer\r\n\r\n",
            trusted: ["10.0.0.0/8", "127.0.0.0/8"]);

        Assert.Equal(
            ("6.6.6.6, 1.2.3.4, 10.1.1.1, 127.0.0.1", "1.2.3.4", "https", "outer", "inner"),
            (request["X-Forwarded-For"], request["X-Real-IP"], request["X-Forwarded-Proto"], request["X-Forwarded-Host"], request["Host"]));
    }

    [Fact]
    public async Task A_trusted_proxy_that_says_nothing_is_the_client()
    {
        var (request, _) = await Pass("GET / HTTP/1.1\r\nHost: x\r\n\r\n", trusted: ["127.0.0.1/32"]);

        Assert.Equal(("127.0.0.1", "127.0.0.1", "http", "x"), (request["X-Forwarded-For"], request["X-Real-IP"], request["X-Forwarded-Proto"], request["X-Forwarded-Host"]));
    }

    [Theory]
    [InlineData("GET http://shop.example/a?b HTTP/1.1", "GET /a?b HTTP/1.1")]
    [InlineData("GET http://shop.example HTTP/1.1", "GET / HTTP/1.1")]
    [InlineData("GET http://shop.example?q HTTP/1.1", "GET /?q HTTP/1.1")]
    [InlineData("OPTIONS http://shop.example HTTP/1.1", "OPTIONS * HTTP/1.1")]
    public async Task An_absolute_target_is_its_own_host(string line, string sent)
    {
        var (request, _) = await Pass($"{line}\r\nHost: other.example\r\n\r\n");

        Assert.Equal((sent, "shop.example", "shop.example"), (request.StartLine, request["Host"], request["X-Forwarded-Host"]));
    }

    [Theory]
    [InlineData("shop.example", "/", "shop")]
    [InlineData("SHOP.example:80", "/api/x", "api")]
    [InlineData("a.b.example", "/", "wild")]
    [InlineData("other", "/", "any")]
    public async Task Requests_go_where_host_and_path_send_them(string host, string path, string pool)
    {
        string[] names = ["shop", "api", "wild", "any"];
        var origins = names.Select(name => RecordingOrigin.Answering($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}")).ToArray();
        await using (var balancer = TestBalancer.Start([], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with
            {
                Routes =
                [
                    new() { Pool = "any" },
                    new() { Host = "shop.example", Pool = "shop" },
                    new() { Host = "shop.example", Path = "/api/*", Pool = "api" },
                    new() { Host = "*.b.example", Pool = "wild" },
                ],
            }],
            Pools = [.. names.Select((name, i) => new PoolSettings { Name = name, Servers = [new() { Address = origins[i].Address }] })],
        }))
        {
            Assert.Equal(pool, (await balancer.Ask($"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")).Text);
        }

        foreach (var origin in origins)
            await origin.DisposeAsync();
    }

    [Theory]
    [InlineData("X_Forwarded_For: 6.6.6.6")]
    [InlineData("x-forwarded_for: 6.6.6.6")]
    [InlineData("Forwarded: for=6.6.6.6;proto=https")]
    [InlineData("X-Forwarded-Port: 99")]
    [InlineData("X-Forwarded-Prefix: /admin")]
    [InlineData("X_Real_IP: 6.6.6.6")]
    [InlineData("Transfer_Encoding: chunked")]
    [InlineData("Content_Length: 7")]
    public async Task A_stranger_cannot_pass_for_a_proxy_by_another_spelling(string line)
    {
        var name = line.Split(':')[0];

        var (fromStranger, _) = await Pass($"GET / HTTP/1.1\r\nHost: x\r\n{line}\r\nX_Own: 1\r\n\r\n");
        var (fromProxy, _) = await Pass($"GET / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n", trusted: ["127.0.0.0/8"]);

        Assert.Null(fromStranger[name]);
        Assert.Equal("1", fromStranger["X_Own"]);
        Assert.NotNull(fromProxy[name]);
    }
}
