using System.Net;
using System.Net.Sockets;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;
using Steelyard.Engine;

namespace Steelyard.EndToEnd.Proxying;

public sealed class ListenerTests : IDisposable
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("steelyard-listen-");

    public void Dispose() => _folder.Delete(recursive: true);

    private NetworkAddress InFolder(string name) => NetworkAddress.ForUnix(Path.Combine(_folder.FullName, name));

    [Fact]
    public async Task Unix_sockets_serve_on_both_sides()
    {
        var body = new string('b', 1_000_000);
        await using var origin = RecordingOrigin.Listen(InFolder("origin"), async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
                await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {request.Body.Length}\r\n\r\n{request.Text}");
        });
        await using (var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Listeners = [TestBalancer.Listener(InFolder("front"))] }))
        {
            using var client = await balancer.Connect();
            for (var i = 0; i < 3; i++)
            {
                var sending = client.Send($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}");
                Assert.Equal(body, (await client.ReadResponse()).Text);
                await sending;
            }

            Assert.Equal("127.0.0.1", new HttpMessage(origin.Connections[0].Received.Split("\r\n\r\n")[0] + "\r\n\r\n")["X-Forwarded-For"]);
            Assert.Single(origin.Connections);
        }

        Assert.False(File.Exists(Path.Combine(_folder.FullName, "front")));
    }

    [Fact]
    public async Task A_unix_server_that_is_not_there_is_passed_over()
    {
        await using var origin = RecordingOrigin.Listen(InFolder("good"), RecordingOrigin.Always(Hello));
        await using var balancer = TestBalancer.Start(InFolder("missing"), origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 4; i++)
            Assert.Equal(200, (await client.Ask(Get)).Status);
    }

    [Fact]
    public async Task A_socket_file_left_behind_is_replaced_and_a_live_one_is_not()
    {
        var address = InFolder("front");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            dead.Bind(new UnixDomainSocketEndPoint(address.UnixPath!));
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Listeners = [TestBalancer.Listener(address)] });

        Assert.Throws<BindException>(() => TestBalancer.Start([origin.Address], snapshot => snapshot with { Listeners = [TestBalancer.Listener(address)] }));
        Assert.Equal(200, (await balancer.Ask(Get)).Status);
    }

    [Fact]
    public async Task An_ipv6_listener_tells_an_ipv6_client()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Listeners = [TestBalancer.Listener(NetworkAddress.ForHost("::1", 0))] });
        using var client = await balancer.Connect();

        await client.Send(Get);
        using var server = await origin.Accept();
        var request = await server.Serve(Hello);

        Assert.Equal("::1", request["X-Forwarded-For"]);
        Assert.Equal(200, (await client.ReadResponse()).Status);
    }

    [Fact]
    public async Task A_port_alone_is_served_in_ipv4_and_ipv6()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Listeners = [TestBalancer.Listener(NetworkAddress.ForHost("", 0))] });
        var port = ((IPEndPoint)balancer.Address).Port;
        OriginConnection? server = null;

        foreach (var address in Socket.OSSupportsIPv6 ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : new[] { IPAddress.Loopback })
        {
            using var client = await RawClient.Connect(new IPEndPoint(address, port));
            await client.Send(Get);
            server ??= await origin.Accept();
            var request = await server.Serve(Hello);

            Assert.Equal(address.ToString(), request["X-Forwarded-For"]);
            Assert.Equal(200, (await client.ReadResponse()).Status);
        }
    }

    [Fact]
    public async Task Several_listeners_serve_their_own_routes()
    {
        await using var a = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
        await using var b = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
        var loopback = NetworkAddress.ForHost("127.0.0.1", 0);
        await using var balancer = TestBalancer.Start([], snapshot => snapshot with
        {
            Listeners = [new() { Bind = [loopback, loopback], Routes = [new() { Pool = "a" }] }, new() { Bind = [loopback], Routes = [new() { Pool = "b" }] }],
            Pools = [new() { Name = "a", Servers = [new() { Address = a.Address }] }, new() { Name = "b", Servers = [new() { Address = b.Address }] }],
        });

        var answers = new List<string>();
        foreach (var endPoint in balancer.EndPoints)
        {
            using var client = await RawClient.Connect(endPoint);
            answers.Add((await client.Ask(Get)).Text);
        }

        Assert.Equal(["a", "a", "b"], answers);
    }

    [Fact]
    public async Task A_unix_address_never_costs_a_file_that_is_no_socket()
    {
        var path = Path.Combine(_folder.FullName, "notes.txt");
        await File.WriteAllTextAsync(path, "precious", TestContext.Current.CancellationToken);

        var failure = Assert.Throws<BindException>(() => TestBalancer.Start(
            [RecordingOrigin.Refusing()],
            snapshot => snapshot with { Listeners = [TestBalancer.Listener(NetworkAddress.ForUnix(path))] }));

        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }
}
