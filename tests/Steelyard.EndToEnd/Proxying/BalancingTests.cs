using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class BalancingTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Fact]
    public async Task Round_robin_is_exact_over_two_loops_and_many_connections()
    {
        await using var a = RecordingOrigin.Answering(Hello);
        await using var b = RecordingOrigin.Answering(Hello);
        await using var c = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([], snapshot => snapshot with
        {
            Loops = 2,
            Pools = [new PoolSettings { Name = "web", Balance = BalancePolicy.RoundRobin, Servers = [new() { Address = a.Address, Weight = 3 }, new() { Address = b.Address }, new() { Address = c.Address }] }],
        });

        await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            using var client = await balancer.Connect();
            for (var i = 0; i < 20; i++)
                Assert.Equal(200, (await client.Ask(Get)).Status);
        }));

        Assert.Equal((600, 200, 200), (a.Requests, b.Requests, c.Requests));
    }

    [Fact]
    public async Task Least_connections_leaves_alone_who_is_busy()
    {
        await using var busy = RecordingOrigin.Start();
        await using var free = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([busy.Address, free.Address], snapshot => snapshot with
        {
            Loops = 2,
            Pools = [snapshot.Pools[0] with { Balance = BalancePolicy.LeastConnections }],
        });
        using var waiting = await balancer.Connect();
        await waiting.Send(Get);
        using var server = await busy.Accept();
        await server.ReadRequest();

        using var client = await balancer.Connect();
        for (var i = 0; i < 20; i++)
            Assert.Equal("hello", (await client.Ask(Get)).Text);

        Assert.Equal([1, 0], balancer.Servers.Select(status => status.Active));
        await server.Send(Hello);
        await waiting.ReadResponse();
    }

    [Fact]
    public async Task Connections_are_spread_over_the_loops()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Loops = 2 });
        var clients = new List<RawClient>();

        for (var i = 0; i < 40; i++)
            clients.Add(await balancer.Connect());
        await Task.WhenAll(clients.Select(client => client.Ask(Get)));

        Assert.Equal(40, balancer.OpenConnections.Sum());
        Assert.All(balancer.OpenConnections, open => Assert.InRange(open, 18, 22));
        foreach (var client in clients)
            client.Dispose();
    }

    [Fact]
    public async Task A_burst_of_connections_is_spread_as_well()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Loops = 2 });

        var clients = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => balancer.Connect()));
        await Task.WhenAll(clients.Select(client => client.Ask(Get)));

        Assert.All(balancer.OpenConnections, open => Assert.InRange(open, 40, 60));
        foreach (var client in clients)
            client.Dispose();
    }
}
