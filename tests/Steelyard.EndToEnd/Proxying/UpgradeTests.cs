using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>101: the connection goes on in another protocol (RFC 9110, 7.8).</summary>
public sealed class UpgradeTests
{
    private const string Upgrade = "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo/1, other\r\n\r\n";
    private const string Switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\nX-More: 1\r\n\r\n";

    [Fact]
    public async Task Bytes_pass_both_ways_from_the_first_behind_the_heads()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Upgrade + "early");
        using var server = await origin.Accept();
        var request = await server.ReadRequestHead();
        await server.Send(Switching + "hello");

        var answer = await client.ReadInterim();
        Assert.Equal((101, "upgrade", "echo/1", "1"), (answer.Status, answer["Connection"], answer["Upgrade"], answer["X-More"]));
        Assert.Equal(("upgrade", "echo/1, other"), (request["Connection"], request["Upgrade"]));
        Assert.Equal("hello", RawSocket.Latin1.GetString(await client.ReadExactly(5)));
        Assert.Equal("early", RawSocket.Latin1.GetString(await server.ReadExactly(5)));

        // One end does not end the other way.
        client.FinishSending();
        Assert.Equal(Ending.Closed, await server.ReadEnding());
        await server.Send("last");
        Assert.Equal("last", RawSocket.Latin1.GetString(await client.ReadExactly(4)));
        server.FinishSending();
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(1, balancer.Counters.Tunnels);
    }

    [Fact]
    public async Task A_reset_is_passed_on_as_one()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Upgrade);
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.Send(Switching);
        await client.ReadInterim();

        server.Reset();

        Assert.Equal(Ending.Reset, await client.ReadEnding());
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: never-offered\r\n\r\n", Upgrade)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n", Upgrade)]
    [InlineData(Switching, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(Switching, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: echo/1\r\n\r\n")]
    [InlineData(Switching, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\r\n")]
    public async Task A_switch_nobody_asked_for_is_a_bad_gateway(string response, string request)
    {
        await using var origin = RecordingOrigin.Answering(response);
        await using var balancer = TestBalancer.Start(origin.Address);
        Assert.Equal(502, (await balancer.Ask(request)).Status);
    }

    [Theory]
    [InlineData("GET / HTTP/1.0\r\nHost: x\r\nConnection: Upgrade, keep-alive\r\nUpgrade: echo/1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: echo/1, h2c\r\nHTTP2-Settings: AAA\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\nContent-Length: 2\r\n\r\nab")]
    public async Task What_could_let_requests_pass_unread_is_not_passed_on(string request)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(request);
        using var server = await origin.Accept();
        var seen = await server.Serve("HTTP/1.1 204 No Content\r\n\r\n");
        Assert.Equal((null, null, null), (seen["Upgrade"], seen["Connection"], seen["HTTP2-Settings"]));
        Assert.Equal(204, (await client.ReadResponse()).Status);
    }

    [Fact]
    public async Task A_server_that_does_not_switch_answers_as_to_any_request()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        Assert.Equal("no", (await client.Ask(Upgrade)).Text);
        Assert.Equal("no", (await client.Ask(Upgrade)).Text);
        Assert.Single(origin.Connections);
    }

    [Fact]
    public async Task A_tunnel_that_carries_nothing_is_closed_and_one_that_does_is_not()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Timeouts = new() { Tunnel = TimeSpan.FromMilliseconds(300) } });
        using var client = await balancer.Connect();
        await client.Send(Upgrade);
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.Send(Switching);
        await client.ReadInterim();
        var begun = Environment.TickCount64;
        while (Environment.TickCount64 - begun < 900)
        {
            await server.Send(".");
            await client.ReadExactly(1);
        }

        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(Ending.Closed, await server.ReadEnding());
    }

    [Fact]
    public async Task A_stop_gives_tunnels_their_time_and_then_cuts_them()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Upgrade);
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await server.Send(Switching);
        await client.ReadInterim();

        var force = new TaskCompletionSource();
        var stopping = balancer.Stop(TimeSpan.FromMinutes(1), force.Task);
        await client.Send("still");
        Assert.Equal("still", RawSocket.Latin1.GetString(await server.ReadExactly(5)));
        force.SetResult();

        Assert.Equal(1, await stopping);
        await client.ReadEnding();
    }

    [Fact]
    public async Task A_real_web_socket_echoes_through_both_ways_in_any_size()
    {
        await using var origin = RecordingOrigin.Start(Echo);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{balancer.Address}/echo"), TestContext.Current.CancellationToken);
        foreach (var size in new[] { 0, 1, 125, 126, 65_535, 65_536, 1_000_000 })
        {
            var sent = RandomNumberGenerator.GetBytes(size);
            var sending = socket.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, TestContext.Current.CancellationToken);
            var received = new MemoryStream();
            var buffer = new byte[16 * 1024];
            WebSocketReceiveResult result;
            do
            {
                result = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken).Patiently();
                received.Write(buffer, 0, result.Count);
            }
            while (!result.EndOfMessage);
            await sending;
            Assert.Equal(sent, received.ToArray());
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", TestContext.Current.CancellationToken);
    }

    private static async Task Echo(OriginConnection connection)
    {
        var request = await connection.ReadRequestHead();
#pragma warning disable CA5350 // RFC 6455, 4.2.2 asks for SHA-1, and nothing secret hangs on it.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(request["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await connection.Send($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
        using var socket = WebSocket.CreateFromStream(new NetworkStream(connection.Socket), new WebSocketCreationOptions { IsServer = true });
        var buffer = new byte[8 * 1024];
        while (socket.State == WebSocketState.Open)
        {
            var received = await socket.ReceiveAsync(buffer, CancellationToken.None);
            if (received.MessageType == WebSocketMessageType.Close)
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", CancellationToken.None);
            else
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        }
    }
}
