using System.Security.Cryptography;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Tcp;

/// <summary>Upgrades to other protocols, and CONNECT: behind the heads there are only bytes.</summary>
public sealed class TunnelTests
{
    private const string Offer = "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n";
    private const string Agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: k\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private const string Connect = "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n\r\n";

    private static TestBalancer StartWithConnect(NetworkAddress server) => TestBalancer.Start(
        [server], snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Connect = true }] });

    [Fact]
    public async Task An_upgrade_that_the_server_takes_up_becomes_a_tunnel()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Offer);
        using var server = await origin.Accept();
        var request = await server.ReadRequest();
        Assert.Equal(("upgrade", "websocket", "13"), (request["Connection"], request["Upgrade"], request["Sec-WebSocket-Version"]));

        await server.Send(Agreed);
        var answer = await client.ReadInterim();
        Assert.Equal((101, "upgrade", "websocket", "k"), (answer.Status, answer["Connection"], answer["Upgrade"], answer["Sec-WebSocket-Accept"]));

        var bytes = RandomNumberGenerator.GetBytes(300_000);
        var sending = client.Send(bytes);
        Assert.Equal(bytes, await server.ReadExactly(bytes.Length));
        await sending;
        await server.Send("\0\r\n\r\nHTTP/1.1 200 OK");
        Assert.Equal("\0\r\n\r\nHTTP/1.1 200 OK"u8.ToArray(), await client.ReadExactly(20));
        server.FinishSending();
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        client.FinishSending();
        Assert.Equal(Ending.Closed, await server.ReadEnding());
        Assert.Equal(1, balancer.Counters.Tunnels);
    }

    [Fact]
    public async Task What_came_along_with_the_heads_is_passed_on_both_ways()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Offer + "early bird");
        using var server = await origin.Accept();
        await server.ReadRequest();
        await server.Send(Agreed + "and the worm");
        await client.ReadInterim();

        Assert.Equal("and the worm"u8.ToArray(), await client.ReadExactly(12));
        Assert.Equal("early bird"u8.ToArray(), await server.ReadExactly(10));
    }

    [Fact]
    public async Task A_server_that_does_not_upgrade_answers_as_ever()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        Assert.Equal("hello", (await client.Ask(Offer)).Text);
        Assert.Equal("hello", (await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).Text);
        Assert.Equal(0, balancer.Counters.Tunnels);
        Assert.Single(origin.Connections);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n", Agreed)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", Agreed)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\r\n", Agreed)]
    [InlineData("GET / HTTP/1.0\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", Agreed)]
    [InlineData(Offer, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")]
    [InlineData(Offer, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n")]
    [InlineData(Offer, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket, other\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")]
    public async Task A_change_of_protocol_that_nobody_asked_for_is_a_bad_answer(string request, string answer)
    {
        await using var origin = RecordingOrigin.Start(RecordingOrigin.Always(answer));
        await using var balancer = TestBalancer.Start(origin.Address);

        Assert.Equal(502, (await balancer.Ask(request)).Status);
    }

    [Theory]
    [InlineData("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings\r\n", null)]
    [InlineData("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade\r\n", null)]
    [InlineData("Upgrade: h2c, websocket\r\nConnection: Upgrade\r\n", "websocket")]
    [InlineData("Upgrade: H2C\r\nUpgrade: TLS/1.3, HTTP/2.0\r\nConnection: Upgrade\r\n", null)]
    [InlineData("Upgrade: , foo/2,,bar\r\nConnection: Upgrade\r\n", "foo/2, bar")]
    [InlineData("Upgrade: b\0d\r\nConnection: Upgrade\r\n", "refused")]
    [InlineData("Upgrade: b d, <x>, /1, y/\r\nConnection: Upgrade\r\n", null)]
    [InlineData("Upgrade: websocket\r\n", null)]
    public async Task Only_protocols_that_carry_no_requests_are_offered_on(string fields, string? offered)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send($"GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        if (offered == "refused")
        {
            Assert.Equal(400, (await client.ReadResponse()).Status);
            return;
        }

        using var server = await origin.Accept();
        var request = await server.Serve(Hello);
        Assert.Equal(offered, request["Upgrade"]);
        Assert.Equal(offered is null ? null : "upgrade", request["Connection"]);
        Assert.Null(request["HTTP2-Settings"]);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
    }

    [Fact]
    public async Task An_upgrade_may_have_a_body_that_the_server_reads_first()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send("POST /exec/1/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 15\r\n\r\n");
        using var server = await origin.Accept();
        var head = await server.ReadRequestHead();
        await client.Send("{\"Tty\": \"true\"}");
        Assert.Equal("{\"Tty\": \"true\"}", (await server.ReadRequestBody(head)).Text);
        await server.Send("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n$ ");

        Assert.Equal(101, (await client.ReadInterim()).Status);
        Assert.Equal("$ "u8.ToArray(), await client.ReadExactly(2));
        await client.Send("ls\n");
        Assert.Equal("ls\n"u8.ToArray(), await server.ReadExactly(3));
    }

    [Fact]
    public async Task A_server_cannot_upgrade_before_it_has_had_the_request()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 15\r\n\r\n{");
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.Send("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n$ ");

        Assert.Equal(502, (await client.ReadResponse()).Status);
    }

    [Fact]
    public async Task An_upgrade_goes_to_another_server_when_the_first_one_breaks_off()
    {
        await using var broken = RecordingOrigin.Start(async connection => await connection.ReadRequest());
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.Send(Agreed + "!");
            await connection.Drain();
        });
        await using var balancer = TestBalancer.Start(broken.Address, origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Offer);

        Assert.Equal(101, (await client.ReadInterim()).Status);
        Assert.Equal("!"u8.ToArray(), await client.ReadExactly(1));
    }

    [Fact]
    public async Task A_tunnel_where_nothing_moves_is_closed()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.Send(Agreed);
            await connection.Drain();
        });
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { Tunnel = TimeSpan.FromMilliseconds(150) } });
        using var client = await balancer.Connect();
        await client.Send(Offer);
        await client.ReadInterim();

        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task A_stop_leaves_tunnels_their_grace_and_then_cuts_them()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var idle = await balancer.Connect();
        using var client = await balancer.Connect();
        await client.Send(Offer);
        using var server = await origin.Accept();
        await server.ReadRequest();
        await server.Send(Agreed);
        await client.ReadInterim();

        var force = new TaskCompletionSource();
        var stopping = balancer.Stop(TimeSpan.FromMinutes(1), force.Task);
        Assert.Equal(Ending.Closed, await idle.ReadEnding());
        await client.Send("still");
        Assert.Equal("still"u8.ToArray(), await server.ReadExactly(5));
        force.SetResult();

        Assert.Equal(1, await stopping);
        Assert.Equal(Ending.Reset, await client.ReadEnding());
        Assert.Equal(Ending.Reset, await server.ReadEnding());
    }

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
        await using var balancer = StartWithConnect(origin.Address);
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
        await using var balancer = StartWithConnect(origin.Address);
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
        await using var balancer = StartWithConnect(origin.Address);

        Assert.Equal(status, (await balancer.Ask(request)).Status);
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
