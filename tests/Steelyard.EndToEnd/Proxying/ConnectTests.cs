using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>CONNECT: behind the heads there are only bytes (RFC 9110, 9.3.6).</summary>
public sealed class ConnectTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private const string Connect = "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n\r\n";

    private static TestBalancer Start(NetworkAddress server) =>
        TestBalancer.Start([server], snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Connect = true }] });

    [Fact]
    public async Task Connect_is_refused_where_nobody_allowed_it()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(origin.Address);

        Assert.Equal(501, (await balancer.Ask(Connect)).Status);
        Assert.Empty(origin.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 Connection established\r\n\r\n")]
    [InlineData("HTTP/1.1 204 \r\nContent-Length: 7\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public async Task A_connect_that_is_allowed_and_agreed_to_becomes_a_tunnel(string agreed)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Connect + "early");
        using var server = await origin.Accept();
        var request = await server.ReadRequestHead();
        Assert.Equal("CONNECT db.example.com:5432 HTTP/1.1", request.StartLine);
        Assert.Equal("db.example.com:5432", request["Host"]);
        await server.Send(agreed + "hi");

        var answer = new HttpMessage(await client.ReadHead());
        Assert.Null(answer["Content-Length"]);
        Assert.Null(answer["Transfer-Encoding"]);
        Assert.Equal("hi"u8.ToArray(), await client.ReadExactly(2));
        Assert.Equal("early"u8.ToArray(), await server.ReadExactly(5));
        client.FinishSending();
        Assert.Equal(Ending.Closed, await server.ReadEnding());
    }

    [Fact]
    public async Task What_follows_a_connect_that_the_server_refused_is_never_read_as_a_request()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        await using var balancer = Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Connect + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");

        var answer = await client.ReadResponse();
        Assert.Equal((403, "no", "close"), (answer.Status, answer.Text, answer["Connection"]));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(1, origin.Requests);
    }

    [Theory]
    [InlineData("CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("CONNECT x: HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("CONNECT :1 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("CONNECT x:0 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("CONNECT x:65536 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("CONNECT http://x:1/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("CONNECT x:1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 400)]
    [InlineData("CONNECT x:1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    public async Task A_connect_that_is_not_well_formed_is_refused(string request, int status)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin.Address);

        var answer = await balancer.Ask(request);

        Assert.Equal(status, answer.Status);
        Assert.Equal(request.EndsWith("\r\nHost: x\r\n\r\n", StringComparison.Ordinal), !answer.Text.Contains("CONNECT has no body.", StringComparison.Ordinal));
        Assert.Empty(origin.Connections);
    }

    [Fact]
    public async Task A_connect_is_routed_by_the_host_it_asks_for()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Connect = true, Routes = [new RouteSettings { Host = "db.example.com", Pool = "web" }, new RouteSettings { Path = "/*", Pool = "web" }] }],
        });

        Assert.Equal(403, (await balancer.Ask(Connect)).Status);
        Assert.Equal(404, (await balancer.Ask("CONNECT other:1 HTTP/1.1\r\nHost: db.example.com\r\n\r\n")).Status);
    }
}
