using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>What agents say, and what it does to their servers.</summary>
public sealed class AgentReplies
{
    [Theory]
    [InlineData("75%", "weight 75%")]
    [InlineData("weight:50", "weight 50")]
    [InlineData("weight:50%\n", "weight 50%")]
    [InlineData("0%\r\n100%", "weight 0%")]
    [InlineData("up ready 200%", "weight 200% Ready up")]
    [InlineData("UP,Drain\t10%", "weight 10% Drain up")]
    [InlineData("down#no disk 90%", "down")]
    [InlineData("stopped", "down")]
    [InlineData("fail maint\n", "Maintenance down")]
    [InlineData("maxconn:30 up", "up most 30")]
    [InlineData("maxconn:x maxconn:-1", "")]
    [InlineData("weight:257 -1% 1.5% % weight: 99999%", "")]
    [InlineData("", "")]
    [InlineData("\0\xff hello", "")]
    public void Words_are_read_as_HAProxy_reads_them(string line, string expected)
    {
        var reply = AgentReply.Read(Encoding.Latin1.GetBytes(line));
        var said = $"{(reply.Weight is { } weight ? $"weight {weight}{(reply.IsPercent ? "%" : "")} " : "")}{reply.Wanted} {(reply.Up is { } up ? up ? "up" : "down" : "")} {(reply.Limit is { } limit ? $"most {limit}" : "")}";
        Assert.Equal(expected, string.Join(' ', said.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Theory]
    [InlineData("drain #disk full\r\nmore", "disk full")]
    [InlineData("down#no disk 90%", "no disk 90%")]
    [InlineData("maint # \t a#b\x1b[2J\xff ", "a#b?[2J?")]
    [InlineData("down #", null)]
    [InlineData("down", null)]
    public void Behind_the_mark_stands_why(string line, string? reason) => Assert.Equal(reason, AgentReply.Read(Encoding.Latin1.GetBytes(line)).Reason);

    [Fact]
    public void A_reason_stays_for_as_long_as_nothing_else_is_said_of_the_server()
    {
        var pool = Make(s_settings);
        var server = pool.Servers[0];
        Say(pool, 0, "drain #" + new string('x', 200));
        Say(pool, 0, "75%");
        Assert.Equal((ServerState.Drain, new string('x', 128)), (server.WantedByAgent, server.ReasonOfAgent));
        Say(pool, 0, "ready");
        Assert.Equal((ServerState.Ready, null), (server.WantedByAgent, server.ReasonOfAgent));
    }

    private static Pool Make(PoolSettings settings, Pool? before = null)
    {
        var ordinal = 0;
        return new(settings, () => ordinal++, before);
    }

    private static readonly PoolSettings s_settings = new()
    {
        Name = "web",
        Agent = new() { Port = 1 },
        Servers = [new() { Address = NetworkAddress.ForHost("10.0.0.1", 1), Weight = 100 }, new() { Address = NetworkAddress.ForHost("10.0.0.1", 2), Weight = 1 }],
    };

    private static void Say(Pool pool, int server, string line) => pool.Heard(pool.Servers[server], AgentReply.Read(Encoding.ASCII.GetBytes(line)), 1000);

    [Fact]
    public void What_is_not_spoken_of_stays_and_the_operator_has_the_last_word()
    {
        var pool = Make(s_settings);
        var server = pool.Servers[0];
        Say(pool, 0, "50% drain down");
        Assert.Equal((50, ServerState.Drain, false), (server.Weight, server.State, server.Up));
        Say(pool, 0, "up");
        Assert.Equal((50, ServerState.Drain, true), (server.Weight, server.State, server.Up));
        Say(pool, 0, "ready");
        Assert.Equal((50, ServerState.Ready, true), (server.Weight, server.State, server.Up));

        pool.SetWeight(server, 7, 1000);
        pool.SetState(server, ServerState.Maintenance, 1000);
        Say(pool, 0, "ready 80%");
        Assert.Equal((7, ServerState.Maintenance), (server.Weight, server.State));
        pool.SetWeight(server, null, 1000);
        pool.SetState(server, ServerState.Ready, 1000);
        Assert.Equal((80, ServerState.Ready), (server.Weight, server.State));

        // It outlives a reload, and ends with the agent.
        Say(pool, 0, "down");
        Assert.Equal((80, false), (Make(s_settings with { Panic = 1 }, pool).Servers[0].Weight, Make(s_settings with { Panic = 1 }, pool).Servers[0].Up));
        Assert.Equal((100, true), (Make(s_settings with { Agent = null }, pool).Servers[0].Weight, Make(s_settings with { Agent = null }, pool).Servers[0].Up));
    }

    [Fact]
    public void A_limit_is_the_agents_to_say()
    {
        var pool = Make(s_settings with { MaxConnections = 10 });
        Say(pool, 0, "maxconn:1");
        Assert.Equal([1, 10], pool.Servers.Select(server => server.Limit));
        Say(pool, 0, "up");
        Assert.Equal(1, pool.Servers[0].Limit);
        Say(pool, 0, "maxconn:0");
        Assert.Equal([int.MaxValue, 10], pool.Servers.Select(server => server.Limit));

        // Nobody has a limit but who is told to.
        pool = Make(s_settings);
        Say(pool, 1, "maxconn:2");
        Assert.Equal([int.MaxValue, 2], pool.Servers.Select(server => server.Limit));
    }

    [Theory]
    [InlineData(1, "10%", 1)]
    [InlineData(1, "0%", 0)]
    [InlineData(1, "1000%", 10)]
    [InlineData(0, "1000%", 256)]
    [InlineData(0, "33%", 33)]
    public void A_share_of_the_weight_is_never_rounded_to_none(int server, string line, int weight)
    {
        var pool = Make(s_settings);
        Say(pool, server, line);
        Assert.Equal(weight, pool.Servers[server].Weight);
    }

    [Fact]
    public void Who_is_down_by_its_agent_is_not_chosen_and_a_check_does_not_bring_it_back()
    {
        var pool = Make(s_settings with { Health = new() });
        Say(pool, 0, "down");
        pool.Checked(pool.Servers[0], up: false, ProbeFault.Refused, 0, 1000);
        pool.Checked(pool.Servers[0], up: true, ProbeFault.None, 0, 1000);
        var tried = new ServerSet();
        tried.Clear(2);
        for (var i = 0; i < 5; i++)
            Assert.Equal(1, pool.Choose(new() { Tried = tried, Now = 1000 }).Server!.Index);
        Say(pool, 0, "up");
        Assert.Equal(0, pool.Choose(new() { Tried = tried, Now = 1000 }).Server!.Index);
    }
}
