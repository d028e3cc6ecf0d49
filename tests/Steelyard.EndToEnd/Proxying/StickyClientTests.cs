using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Clients that are remembered: by a cookie of the application's, a field or their address.</summary>
public sealed class StickyClientTests
{
    private static readonly StickySettings s_learn = new() { Learn = "connect.sid" };

    private static long Now => Environment.TickCount64;

    // In turn: whose answer a client has is still counted as having something to do for a moment, and least connections sees that.
    private static TestBalancer Start(StickySettings sticky, params RecordingOrigin[] servers) => TestBalancer.Start(
        [.. servers.Select(server => server.Address)],
        snapshot => snapshot with { Loops = 2, Pools = [snapshot.Pools[0] with { Balance = BalancePolicy.RoundRobin, Sticky = sticky }] });

    private static Task<HttpMessage> Ask(TestBalancer balancer, string field = "", string target = "/") =>
        balancer.Ask($"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{(field.Length == 0 ? "" : field + "\r\n")}\r\n");

    private static async Task<string> Served(TestBalancer balancer, string field, int times = 3)
    {
        var servers = "";
        for (var i = 0; i < times; i++)
            servers += (await Ask(balancer, field)).Text[..1];
        return servers;
    }

    [Fact]
    public async Task The_client_of_a_cookie_belongs_to_who_has_set_it()
    {
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        await using var balancer = Start(s_learn, a, b);
        var answers = new[] { await Ask(balancer, target: "/?set=connect.sid=s%3Aone.x;Path=/;HttpOnly"), await Ask(balancer, target: "/?set=connect.sid=s%3Atwo.y") };

        // It passes both ways as it is.
        Assert.Equal(["connect.sid=s%3Aone.x;Path=/;HttpOnly", "connect.sid=s%3Atwo.y"], answers.Select(answer => answer["Set-Cookie"]));
        Assert.Equal("a a=1; connect.sid=s%3Aone.x", (await Ask(balancer, "Cookie: a=1; connect.sid=s%3Aone.x")).Text);
        Assert.Equal("aaa", await Served(balancer, "Cookie: connect.sid=s%3Aone.x"));
        Assert.Equal("bbb", await Served(balancer, "Cookie: connect.sid=s%3Atwo.y"));

        // Of what nobody has set nothing is learned.
        Assert.Equal("abab", await Served(balancer, "Cookie: connect.sid=made-up", 4));

        // Who sets it anew has the client, and a reload changes nothing.
        Assert.Equal("a", (await Ask(balancer, target: "/?set=connect.sid=s%3Atwo.y")).Text);
        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Sticky = s_learn with { Size = 10 } }] });
        Assert.Equal("aaa", await Served(balancer, "Cookie: connect.sid=s%3Atwo.y"));
    }

    [Theory]
    [InlineData(RequestKeyKind.Header, "X-User: one", "X-User: two")]
    [InlineData(RequestKeyKind.Cookie, "Cookie: X-User=one", "Cookie: X-User=two")]
    public async Task Who_was_chosen_first_for_a_key_has_its_client(RequestKeyKind kind, string one, string two)
    {
        var on = new RequestKey(kind, "X-User");
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        await using var balancer = Start(new() { On = on }, a, b);
        Assert.Equal("aaa", await Served(balancer, one));
        Assert.Equal("bbb", await Served(balancer, two));
        Assert.Equal("ab", await Served(balancer, "", 2));
    }

    [Fact]
    public async Task A_client_whose_server_is_gone_belongs_to_the_next_from_then_on()
    {
        var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        await using var balancer = Start(new() { On = new(RequestKeyKind.Header, "X-User") }, a, b);
        Assert.Equal("aa", await Served(balancer, "X-User: one", 2));
        Assert.Equal("b", await Served(balancer, "X-User: two", 1));

        // One that drains keeps them.
        balancer.Pool.SetState(balancer.Pool.Servers[0], ServerState.Drain, Now);
        Assert.Equal("aa", await Served(balancer, "X-User: one", 2));
        balancer.Pool.SetState(balancer.Pool.Servers[0], ServerState.Maintenance, Now);
        Assert.Equal("bb", await Served(balancer, "X-User: one", 2));
        balancer.Pool.SetState(balancer.Pool.Servers[0], ServerState.Ready, Now);
        Assert.Equal("bb", await Served(balancer, "X-User: one", 2));

        // Nobody listens any more.
        Assert.Contains("a", await Served(balancer, "", 2), StringComparison.Ordinal);
        await a.DisposeAsync();
        Assert.Equal("bbb", await Served(balancer, "X-User: three"));
    }

    [Fact]
    public async Task A_client_is_known_by_its_address_with_and_without_HTTP()
    {
        await using var a = StickyTests.Named("a");
        await using var b = StickyTests.Named("b");
        foreach (var mode in Enum.GetValues<ListenerMode>())
        {
            await using var balancer = TestBalancer.Start(
                [a.Address, b.Address],
                snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Mode = mode }], Pools = [snapshot.Pools[0] with { Sticky = new() { On = RequestKey.Address } }] });
            var first = await Served(balancer, "", 1);
            Assert.Equal(first + first + first, await Served(balancer, ""));

            // It is forgotten with its server.
            balancer.Pool.SetState(balancer.Pool.Servers[first == "a" ? 0 : 1], ServerState.Maintenance, Now);
            Assert.Equal(first == "a" ? "bb" : "aa", await Served(balancer, "", 2));
        }
    }
}
