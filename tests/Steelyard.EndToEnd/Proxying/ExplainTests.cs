using System.Net;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;
using Steelyard.Engine.Explain;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Who is told how its server was chosen, and what.</summary>
public class ExplainTests
{
    private const string Plain = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Asking = "GET / HTTP/1.1\r\nHost: x\r\nSteelyard-Explain: 1\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static TestBalancer Start(string[] trusted, NetworkAddress[] servers, Func<ListenerSettings, ListenerSettings>? change = null) => TestBalancer.Start(
        servers,
        snapshot => snapshot with { Listeners = [(change ?? (listener => listener))(snapshot.Listeners[0] with { Explain = trusted.Select(IPNetwork.Parse).ToValueList() })] });

    [Fact]
    public async Task A_trusted_caller_that_asks_is_told_and_the_server_never_sees_the_question()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(["127.0.0.0/8"], [origin.Address, RecordingOrigin.Refusing()]);
        using var client = await balancer.Connect();

        await client.Send(Asking);
        var connection = await origin.Accept();
        var request = await connection.Serve(Hello);
        var answer = await client.ReadResponse();

        Assert.Null(request["Steelyard-Explain"]);
        var told = answer["Steelyard-Explain"];
        Assert.NotNull(told);
        Assert.StartsWith($"route=\"* *\"; pool=web; policy=least-connections; server={origin.Address}; reason=turn-of-least-active; considered=\"{origin.Address} active 0 share 1 score 0, ", told, StringComparison.Ordinal);
        Assert.Equal("hello", answer.Text);
    }

    [Theory]
    [InlineData(Plain, "127.0.0.0/8")]
    [InlineData(Asking, "10.0.0.0/8")]
    [InlineData(Asking)]
    public async Task Who_does_not_ask_or_is_not_trusted_is_told_nothing_and_the_server_sees_no_question(string request, params string[] trusted)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(trusted, [origin.Address]);
        using var client = await balancer.Connect();

        await client.Send(request);
        var seen = await (await origin.Accept()).Serve("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSteelyard-Explain: forged\r\n\r\nhello");
        var answer = await client.ReadResponse();

        Assert.Null(seen["Steelyard-Explain"]);
        Assert.Null(answer["Steelyard-Explain"]);
    }

    [Theory]
    [InlineData("127.0.0.7", true)]
    [InlineData("203.0.113.7", false)]
    public async Task A_stranger_behind_a_trusted_proxy_is_a_stranger(string client, bool told)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(["127.0.0.0/8"], [origin.Address], listener => listener with { TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")] });

        var answer = await balancer.Ask($"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\nSteelyard-Explain: 1\r\n\r\n");

        Assert.Equal(told, answer["Steelyard-Explain"] is not null);
    }

    [Fact]
    public async Task Each_attempt_has_a_line_and_an_error_of_the_proxys_own_tells_too()
    {
        await using var balancer = Start(["127.0.0.1/32"], [RecordingOrigin.Refusing(), RecordingOrigin.Refusing()]);

        var answer = await balancer.Ask(Asking);

        Assert.Equal(503, answer.Status);
        var lines = answer.Head.Split("\r\n").Where(line => line.StartsWith("Steelyard-Explain: ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(3, lines.Length);
        Assert.Contains("; attempt=2; ", lines[1], StringComparison.Ordinal);
        Assert.Contains(" tried", lines[1], StringComparison.Ordinal);
        Assert.Contains("; server=none; reason=none-left", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_waited_for_a_server_is_told_which_had_room()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Explain = [IPNetwork.Parse("127.0.0.1/32")] }],
            Pools = [snapshot.Pools[0] with { MaxConnections = 1 }],
        });
        using var first = await balancer.Connect();
        using var second = await balancer.Connect();
        await first.Send(Plain);
        var connection = await origin.Accept();
        await connection.ReadRequest();
        await second.Send(Asking);
        await Patience.Until(() => balancer.Counters.QueueWaits == 1);

        await connection.Send(Hello);
        await first.ReadResponse();
        await connection.Serve(Hello);
        var lines = (await second.ReadResponse()).All("Steelyard-Explain");

        Assert.Equal(2, lines.Length);
        Assert.Contains($"server=none; reason=all-full; left-out=\"{origin.Address} full limit 1\"", lines[0], StringComparison.Ordinal);
        Assert.EndsWith($"; server={origin.Address}; reason=had-room-for-one-that-waited", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_that_answers_itself_is_named()
    {
        await using var balancer = Start(["127.0.0.1/32"], [RecordingOrigin.Refusing()], listener => listener with
        {
            Routes = [new RouteSettings { Host = "x", Path = "/*", Respond = new(200, "here") }, new RouteSettings { Pool = "web" }],
        });

        Assert.Equal("route=\"x /*\"", (await balancer.Ask(Asking))["Steelyard-Explain"]);
    }

    [Fact]
    public async Task A_running_engine_answers_what_it_would_do_and_nobody_loses_a_turn()
    {
        await using var first = RecordingOrigin.Answering(Hello);
        await using var second = RecordingOrigin.Answering(Hello);
        await using var balancer = Start([], [first.Address, second.Address]);
        await balancer.Ask(Plain);

        var answer = balancer.Explain(new Question { Request = "GET /", Fields = [new("Host", "x")], Repeat = 10 });

        Assert.Equal(second.Address, answer.Pools[0].First.Server!.Settings.Address);
        Assert.Equal([5, 5], answer.Pools[0].Counts);
        await balancer.Ask(Plain);
        Assert.Equal((1, 1), (first.Requests, second.Requests));
    }
}
