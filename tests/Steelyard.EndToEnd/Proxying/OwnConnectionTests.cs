using System.Net;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Connections to a server that serve one client alone are kept for its next request, and for nobody else's.</summary>
public sealed class OwnConnectionTests : IAsyncLifetime
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Step = "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: NTLM TlRMTVNTUAABAAAA\r\n\r\n";

    // Two servers, each of which lets in who has shown it two messages of NTLM over one connection.
    private readonly RecordingOrigin[] _servers = [RecordingOrigin.Start(LetIn), RecordingOrigin.Start(LetIn)];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
    }

    private static async Task LetIn(OriginConnection connection)
    {
        var steps = 0;
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            steps += request["Authorization"] is null ? 0 : 1;
            await connection.Send(steps switch
            {
                0 => "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n",
                1 => "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM TlRMTVNTUAACAAAAAAAAACgAAAABggAAU3J2Tm9uY2UAAAAAAAAAAA==\r\nContent-Length: 0\r\n\r\n",
                _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nin",
            });
        }
    }

    private TestBalancer Start(Func<Snapshot, Snapshot>? change = null) => TestBalancer.Start([.. _servers.Select(server => server.Address)], change ?? (snapshot => snapshot));

    private int Connections => _servers.Sum(server => server.Connections.Count);

    [Fact]
    public async Task A_login_over_a_connection_comes_to_its_end_and_holds_for_its_client_alone()
    {
        await using var balancer = Start();
        using var client = await balancer.Connect();
        using var other = await balancer.Connect();

        Assert.Equal((401, 401, 200), ((await client.Ask(Get)).Status, (await client.Ask(Step)).Status, (await client.Ask(Step)).Status));
        for (var i = 0; i < 4; i++)
            Assert.Equal((200, 401), ((await client.Ask(Get)).Status, (await other.Ask(Get)).Status));

        Assert.Equal(2, Connections);
    }

    [Fact]
    public async Task Curl_logs_in()
    {
        await using var balancer = Start();
        var url = $"http://{balancer.Address}/";

        var (status, output) = await ShortProgram.Run("curl", "", "-sS", "--ntlm", "-u", "user:secret", "-w", " %{http_code} %{num_connects}\n", url, url, url);

        Assert.Equal((0, "in 200 1\nin 200 0\nin 200 0\n"), (status, output));
    }

    [Fact]
    public async Task Behind_a_proxy_nobody_is_taken_for_the_one_before()
    {
        await using var balancer = Start(snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] }] });
        using var proxy = await balancer.Connect();

        for (var i = 0; i < 4; i++)
            Assert.Equal(401, (await proxy.Ask(Step)).Status);
        Assert.Equal(4, Connections);
    }

    [Fact]
    public async Task What_is_kept_for_a_client_goes_with_it()
    {
        await using var balancer = Start();
        using (var client = await balancer.Connect())
            Assert.Equal(401, (await client.Ask(Step)).Status);

        await _servers.Single(server => server.Connections.Count > 0).Connections[0].ScriptEnded.Task.Patiently("the end of the server's connection");
    }

    [Fact]
    public async Task After_the_server_has_closed_it_the_client_begins_anew()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.Send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
        });
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();

        for (var i = 0; i < 3; i++)
            Assert.Equal(401, (await client.Ask(Step)).Status);
        Assert.Equal(3, origin.Connections.Count);
    }
}
