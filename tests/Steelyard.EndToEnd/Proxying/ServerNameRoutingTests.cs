using System.Net;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>TLS that is not ended here: routed by the name in its hello, passed on untouched.</summary>
public sealed class ServerNameRoutingTests
{
    private static TestBalancer StartRouting(NetworkAddress exact, NetworkAddress below, NetworkAddress? rest, TimeSpan? header = null) => TestBalancer.Start([exact], snapshot => snapshot with
    {
        Timeouts = new() { ClientHeader = header ?? TimeSpan.FromSeconds(10) },
        Listeners =
        [
            snapshot.Listeners[0] with
            {
                Mode = ListenerMode.Tcp,
                Routes =
                [
                    new RouteSettings { Host = "one.example.com", Pool = "web" },
                    new RouteSettings { Host = "*.example.com", Pool = "below" },
                    .. rest is null ? Array.Empty<RouteSettings>() : [new RouteSettings { Pool = "rest" }],
                ],
            },
        ],
        Pools =
        [
            snapshot.Pools[0],
            new PoolSettings { Name = "below", Servers = [new ServerSettings { Address = below }] },
            .. rest is null ? Array.Empty<PoolSettings>() : [new PoolSettings { Name = "rest", Servers = [new ServerSettings { Address = rest }] }],
        ],
    });

    private static byte[] Hello(string name) => ClientHello.For(name);

    [Theory]
    [InlineData("one.example.com", 0)]
    [InlineData("ONE.Example.COM", 0)]
    [InlineData("two.example.com", 1)]
    [InlineData("a.two.example.com", 1)]
    [InlineData("example.com", 2)]
    [InlineData("other.net", 2)]
    [InlineData("", 2)]
    public async Task A_hello_goes_where_its_name_leads_and_arrives_untouched(string name, int place)
    {
        await using var one = RecordingOrigin.Start();
        await using var below = RecordingOrigin.Start();
        await using var rest = RecordingOrigin.Start();
        await using var balancer = StartRouting(one.Address, below.Address, rest.Address);
        using var client = await balancer.Connect();
        byte[] sent = [.. Hello(name), .. "and more"u8];
        await client.Send(sent);

        using var server = await new[] { one, below, rest }[place].Accept();
        Assert.Equal(sent, await server.ReadExactly(sent.Length));
        await server.Send("hello back");
        Assert.Equal("hello back"u8.ToArray(), await client.ReadExactly(10));
    }

    [Fact]
    public async Task A_hello_may_come_byte_by_byte()
    {
        await using var one = RecordingOrigin.Start();
        await using var balancer = StartRouting(one.Address, RecordingOrigin.Refusing(), null);
        using var client = await balancer.Connect();
        var sent = Hello("one.example.com");
        await client.SendInPieces(RawSocket.Latin1.GetString(sent), 1);

        using var server = await one.Accept();
        Assert.Equal(sent, await server.ReadExactly(sent.Length));
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: one.example.com\r\n\r\n")]
    public async Task What_is_no_tls_goes_where_no_name_leads(string text)
    {
        await using var rest = RecordingOrigin.Start();
        await using var balancer = StartRouting(RecordingOrigin.Refusing(), RecordingOrigin.Refusing(), rest.Address);
        using var client = await balancer.Connect();
        await client.Send(text);

        using var server = await rest.Accept();
        Assert.Equal(text, RawSocket.Latin1.GetString(await server.ReadExactly(text.Length)));
    }

    [Theory]
    [InlineData("other.net", 0)]
    [InlineData("one.example.com", 1)]
    [InlineData("one.example.com", -30)]
    public async Task A_client_that_leads_nowhere_is_reset(string name, int kind)
    {
        await using var balancer = StartRouting(RecordingOrigin.Refusing(), RecordingOrigin.Refusing(), null, header: TimeSpan.FromMilliseconds(200));
        using var client = await balancer.Connect();
        var hello = Hello(name);
        if (kind == 1)
            hello[5] = 2; // no hello
        await client.Send(kind < 0 ? hello[..^-kind] : hello); // or never a whole one

        Assert.Equal(Ending.Reset, await client.ReadEnding());
        Assert.Equal(1, balancer.Counters.SessionsRefused);
    }

    [Fact]
    public async Task A_client_that_goes_before_its_hello_is_whole_costs_no_server_a_connection()
    {
        await using var one = RecordingOrigin.Start();
        await using var balancer = StartRouting(one.Address, one.Address, one.Address);
        using var client = await balancer.Connect();
        await client.Send(Hello("one.example.com").AsMemory()[..^1]);
        client.FinishSending();

        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Empty(one.Connections);
    }

    [Fact]
    public async Task A_proxy_header_before_the_hello_is_read_and_not_passed_on()
    {
        await using var one = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([one.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Mode = ListenerMode.Tcp, ProxyProtocol = [IPNetwork.Parse("127.0.0.1/32")], Routes = [new RouteSettings { Host = "one.example.com", Pool = "web" }] }],
        });
        using var client = await balancer.Connect();
        var hello = Hello("one.example.com");
        await client.Send((byte[])[.. "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n"u8, .. hello]);

        using var server = await one.Accept();
        Assert.Equal(hello, await server.ReadExactly(hello.Length));
    }

    [Fact]
    public async Task Real_clients_reach_the_certificate_of_the_name_they_ask_for()
    {
        using var certificates = new TestCertificates();
        await using var first = StartTls(certificates, "one.example.com");
        await using var second = StartTls(certificates, "two.example.com");
        await using var balancer = StartRouting(first.Address, second.Address, null);
        var port = ((IPEndPoint)balancer.Address).Port;

        foreach (var name in new[] { "one.example.com", "two.example.com" })
        {
            var (_, shown) = await ShortProgram.Run("openssl", "", "s_client", "-connect", $"127.0.0.1:{port}", "-servername", name);
            Assert.Contains($"subject=CN={name}", shown.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
            var (status, page) = await ShortProgram.Run("curl", "", "-sS", "--cacert", certificates.PathOf("ca.pem"), "--resolve", $"{name}:{port}:127.0.0.1", $"https://{name}:{port}/");
            Assert.Equal((0, name), (status, page));
        }
    }

    private static RecordingOrigin StartTls(TestCertificates certificates, string name) => RecordingOrigin.StartTls(
        new() { ServerCertificate = certificates.Load(certificates.Issue(name, name)) },
        RecordingOrigin.Always($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}"));
}
