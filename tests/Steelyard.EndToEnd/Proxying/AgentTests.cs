using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Agents say how much their servers can do, over real sockets.</summary>
public sealed class AgentTests
{
    private static readonly AgentSettings s_agent = new() { Send = @"web\n", Interval = TimeSpan.FromMilliseconds(10) };

    /// <summary>An agent that says what it is told to.</summary>
    private sealed class Agent : IAsyncDisposable
    {
        private readonly RecordingOrigin _origin;
        private volatile string _line = "up 100%\n";
        private int _asked;

        public Agent() => _origin = RecordingOrigin.Start(async connection =>
        {
            Assert.Equal("web\n", RawSocket.Latin1.GetString(await connection.ReadExactly(4)));
            Interlocked.Increment(ref _asked);
            await connection.Send(_line);
            connection.Close();
        });

        public int Port => _origin.Address.Port;

        /// <summary>Says something else, and waits until it was asked for it.</summary>
        public async Task Say(string line)
        {
            _line = line;
            var asked = Volatile.Read(ref _asked);
            await Patience.Until(() => Volatile.Read(ref _asked) > asked + 1);
        }

        public ValueTask DisposeAsync() => _origin.DisposeAsync();
    }

    [Fact]
    public async Task An_agent_may_be_asked_at_another_address_than_its_server()
    {
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        await using var one = new Agent();
        await using var balancer = TestBalancer.Start([a.Address, b.Address], snapshot => snapshot with
        {
            // Nobody is at the first server's address, where its agent would be.
            Pools = [snapshot.Pools[0] with { Agent = s_agent, Servers = [new() { Address = NetworkAddress.ForHost("127.0.0.77", a.Address.Port), AgentPort = one.Port, AgentAddress = "127.0.0.1" }, new() { Address = b.Address, AgentPort = 0 }] }],
        });
        await one.Say("down\n");
        await Patience.Until(() => balancer.Servers[0].DownByAgent);
        Assert.Equal(["b", "b"], await Served(balancer, 2));
    }

    [Fact]
    public async Task A_server_does_what_its_agent_says()
    {
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        await using var one = new Agent();
        await using var two = new Agent();
        await using var balancer = TestBalancer.Start([a.Address, b.Address], snapshot => snapshot with
        {
            Loops = 2,
            Pools = [snapshot.Pools[0] with { Agent = s_agent, Servers = [new() { Address = a.Address, Weight = 2, AgentPort = one.Port }, new() { Address = b.Address, Weight = 2, AgentPort = two.Port }] }],
        });
        await one.Say("50%");
        await Patience.Until(() => balancer.Pool.Servers[0].Weight == 1);
        Assert.Equal(["a", "b", "b"], (await Served(balancer, 3)).Order());
        await one.Say("drain\n");
        Assert.Equal(["b", "b", "b"], await Served(balancer, 3));
        await two.Say("down#maintenance of its disk\n");
        Assert.Equal(503, (await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).Status);
        Assert.Equal([false, true], balancer.Servers.Select(server => server.DownByAgent));
        await one.Say("ready 100%\n");
        Assert.Equal(["a", "a", "a"], await Served(balancer, 3));
    }

    [Fact]
    public async Task An_agent_that_cannot_be_asked_changes_nothing()
    {
        await using var a = StickyTests.Named("a");
        var agent = new Agent();
        await using var balancer = TestBalancer.Start([a.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { Agent = s_agent with { Port = agent.Port }, Servers = [new() { Address = a.Address, Weight = 100 }] }],
        });
        await agent.Say("30%\n");
        await Patience.Until(() => balancer.Pool.Servers[0].Weight == 30);
        await agent.DisposeAsync();
        await using var other = new Agent();
        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Panic = 1 }] });
        Assert.Equal((30, true), (balancer.Pool.Servers[0].Weight, balancer.Pool.Servers[0].Up));
        Assert.Equal(["a", "a"], await Served(balancer, 2));
    }

    [Fact]
    public async Task A_server_that_has_no_agent_is_not_asked()
    {
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        await using var agent = new Agent();
        await using var balancer = TestBalancer.Start([a.Address, b.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { Agent = s_agent with { Port = agent.Port }, Servers = [new() { Address = a.Address }, new() { Address = b.Address, AgentPort = 0 }] }],
        });
        await agent.Say("down\n");
        await Patience.Until(() => balancer.Servers[0].DownByAgent);
        Assert.False(balancer.Servers[1].DownByAgent);
        Assert.Equal(["b", "b"], await Served(balancer, 2));
    }

    private static async Task<string[]> Served(TestBalancer balancer, int times)
    {
        var answers = new string[times];
        for (var i = 0; i < times; i++)
            answers[i] = (await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).Text;
        return answers;
    }
}
