using System.Net;
using System.Net.Security;
using System.Text;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>PROXY headers, from proxies before and to servers behind.</summary>
public sealed class ProxyProtocolTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private const string Line = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n";

    private static readonly string Binary =
        "\r\n\r\n\0\r\nQUIT\n" + RawSocket.Latin1.GetString([0x21, 0x11, 0, 12, 203, 0, 113, 7, 192, 0, 2, 1, 0x12, 0x67, 0x01, 0xbb]);

    private static TestBalancer StartBelieving(NetworkAddress server, string network = "127.0.0.0/8", ListenerMode mode = ListenerMode.Http, Func<Snapshot, Snapshot>? change = null) =>
        TestBalancer.Start([server], snapshot =>
        {
            snapshot = snapshot with { Listeners = [snapshot.Listeners[0] with { Mode = mode, ProxyProtocol = [IPNetwork.Parse(network)] }] };
            return change?.Invoke(snapshot) ?? snapshot;
        });

    private static TestBalancer StartTelling(NetworkAddress server, ProxyProtocolVersion version, ListenerMode mode) =>
        TestBalancer.Start([server], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Mode = mode }],
            Pools = [snapshot.Pools[0] with { ProxyProtocol = version }],
        });

    public static TheoryData<string, string> Headers => new()
    {
        { Line, "203.0.113.7" },
        { Binary, "203.0.113.7" },
        { "PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", "2001:db8::7" },
        { "PROXY UNKNOWN\r\n", "127.0.0.1" },
        { "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "127.0.0.1" },
        { "\r\n\r\n\0\r\nQUIT\n" + RawSocket.Latin1.GetString([0x20, 0, 0, 0]), "127.0.0.1" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task What_a_trusted_proxy_says_of_the_client_is_what_the_server_hears(string header, string client)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartBelieving(origin.Address);
        using var proxy = await balancer.Connect();
        await proxy.Send(header + Get);
        using var server = await origin.Accept();

        var request = await server.Serve(Hello);
        Assert.Equal((client, client), (request["X-Forwarded-For"], request["X-Real-IP"]));
        Assert.Equal("hello", (await proxy.ReadResponse()).Text);
        await proxy.Send(Get);
        Assert.Equal(client, (await server.Serve(Hello))["X-Forwarded-For"]);
        Assert.Equal("hello", (await proxy.ReadResponse()).Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task A_header_may_come_in_pieces(int size)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = StartBelieving(origin.Address);
        foreach (var header in new[] { Line, Binary })
        {
            using var proxy = await balancer.Connect();
            await proxy.SendInPieces(header + Get, size);
            Assert.Equal("hello", (await proxy.ReadResponse()).Text);
        }
    }

    [Theory]
    [InlineData(Get)]
    [InlineData("PROXY TCP4 203.0.113.7 192.0.2.1 4711\r\n" + Get)]
    [InlineData("PROXY TCP4 203.0.113.07 192.0.2.1 4711 443\r\n" + Get)]
    [InlineData("PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\n" + Get)]
    public async Task A_trusted_proxy_without_a_right_header_is_broken_off(string bytes)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = StartBelieving(origin.Address);
        using var proxy = await balancer.Connect();
        await proxy.Send(bytes);

        Assert.Equal(Ending.Reset, await proxy.ReadEnding());
        Assert.Equal(1, balancer.Counters.ProxyHeadersRefused);
        Assert.Empty(origin.Connections);
    }

    [Fact]
    public async Task A_header_that_does_not_come_in_time_ends_the_connection()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = StartBelieving(origin.Address, change: snapshot => snapshot with { Timeouts = new() { ClientHeader = TimeSpan.FromMilliseconds(150) } });
        using var proxy = await balancer.Connect();
        await proxy.Send(Line[..10]);

        Assert.Equal(Ending.Reset, await proxy.ReadEnding());
    }

    [Fact]
    public async Task A_header_of_anybody_else_is_a_bad_request_and_its_lack_is_none()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = StartBelieving(origin.Address, network: "10.0.0.0/8");

        Assert.Equal(400, (await balancer.Ask(Line + Get)).Status);
        Assert.Equal("hello", (await balancer.Ask(Get)).Text);
    }

    [Fact]
    public async Task A_header_stands_before_TLS_from_the_client_and_to_the_server()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(
            [origin.Address],
            snapshot => snapshot with
            {
                Listeners = [snapshot.Listeners[0] with { ProxyProtocol = [IPNetwork.Parse("127.0.0.1/32")] }],
                Pools = [snapshot.Pools[0] with { ProxyProtocol = ProxyProtocolVersion.V1, Tls = new() { Authorities = "ca.pem", Name = "example.com" } }],
            },
            tls: true);
        using var client = await RawClient.Connect(balancer.Address);
        await client.Send(Line);
        await client.Secure(TestCertificates.Shared.Client());
        await client.Send(Get);
        using var server = await origin.Accept();
        var line = new byte[Line.Length];
        for (var read = 0; read < line.Length;)
            read += await server.Socket.ReceiveAsync(line.AsMemory(read), TestContext.Current.CancellationToken);
        Assert.Equal(Line, RawSocket.Latin1.GetString(line));
        await server.Secure(new SslServerAuthenticationOptions { ServerCertificate = TestCertificates.Shared.Load(new("site.pem", "site.key")) });
        var request = await server.Serve(Hello);
        Assert.Equal(("203.0.113.7", "https"), (request["X-Forwarded-For"], request["X-Forwarded-Proto"]));
        Assert.Equal("hello", (await client.ReadResponse()).Text);
    }

    [Fact]
    public async Task A_stop_ends_connections_that_have_not_said_whose_they_are()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = StartBelieving(origin.Address);
        using var proxy = await balancer.Connect();
        await Patience.Until(() => balancer.Counters.OpenConnections == 1);

        Assert.Equal(0, await balancer.Stop(TimeSpan.FromSeconds(25)));
        Assert.Equal(Ending.Closed, await proxy.ReadEnding());
    }

    [Fact]
    public async Task A_chain_of_two_balancers_tells_the_server_of_the_first_client()
    {
        await using var origin = RecordingOrigin.Start();
        await using var inner = StartBelieving(origin.Address, mode: ListenerMode.Tcp, change: snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { ProxyProtocol = ProxyProtocolVersion.V1 }],
        });
        var outerTarget = NetworkAddress.ForHost("127.0.0.1", ((IPEndPoint)inner.Address).Port);
        await using var outer = StartTelling(outerTarget, ProxyProtocolVersion.V2, ListenerMode.Tcp);
        using var client = await outer.Connect();
        using var server = await origin.Accept();
        await client.Send("x");

        var (from, to) = ((IPEndPoint)client.Socket.LocalEndPoint!, (IPEndPoint)client.Socket.RemoteEndPoint!);
        var line = $"PROXY TCP4 127.0.0.1 127.0.0.1 {from.Port} {to.Port}\r\nx";
        Assert.Equal(line, RawSocket.Latin1.GetString(await server.ReadExactly(line.Length)));
    }

    [Fact]
    public async Task A_server_that_is_told_hears_it_before_a_client_that_waits_says_a_word()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTelling(origin.Address, ProxyProtocolVersion.V2, ListenerMode.Tcp);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();

        var (from, to) = ((IPEndPoint)client.Socket.LocalEndPoint!, (IPEndPoint)client.Socket.RemoteEndPoint!);
        byte[] expected =
        [
            .. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, 12, 127, 0, 0, 1, 127, 0, 0, 1,
            (byte)(from.Port >> 8), (byte)from.Port, (byte)(to.Port >> 8), (byte)to.Port,
        ];
        Assert.Equal(expected, await server.ReadExactly(expected.Length));
    }

    [Fact]
    public async Task A_connection_that_was_told_of_one_client_serves_no_other()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            var line = new StringBuilder();
            while (line.Length < 2 || line.ToString(line.Length - 2, 2) != "\r\n")
                line.Append(RawSocket.Latin1.GetString(await connection.ReadExactly(1)));
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {line.Length - 2}\r\n\r\n{line.ToString(0, line.Length - 2)}");
        });
        await using var balancer = StartTelling(origin.Address, ProxyProtocolVersion.V1, ListenerMode.Http);
        for (var i = 0; i < 3; i++)
        {
            using var client = await balancer.Connect();
            var port = ((IPEndPoint)client.Socket.LocalEndPoint!).Port;
            Assert.Contains($" {port} ", (await client.Ask(Get)).Text, StringComparison.Ordinal);
            Assert.Contains($" {port} ", (await client.Ask(Get)).Text, StringComparison.Ordinal);
        }

        // Each client's second request goes over the connection that is its own.
        Assert.Equal((3, 3), (origin.Connections.Count, balancer.Counters.UpstreamReuses));
    }

    [Fact]
    public async Task A_client_on_a_unix_socket_has_no_address_to_tell()
    {
        var path = Path.Combine(Path.GetTempPath(), $"steelyard-{Guid.NewGuid():N}.sock");
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Listeners = [TestBalancer.Listener(NetworkAddress.ForUnix(path)) with { Mode = ListenerMode.Tcp }],
            Pools = [snapshot.Pools[0] with { ProxyProtocol = ProxyProtocolVersion.V1, Servers = [snapshot.Pools[0].Servers[0] with { ProxyProtocol = ProxyProtocolVersion.V2 }] }],
        });
        using var client = await balancer.Connect();
        using var server = await origin.Accept();

        byte[] expected = [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0, 0, 0];
        Assert.Equal(expected, await server.ReadExactly(expected.Length));
    }
}
