using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class ConnectionLimitTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static TestBalancer Start(RecordingOrigin origin, Func<ListenerSettings, ListenerSettings>? listener = null, Limits? limits = null, int loops = 1) => TestBalancer.Start(
        [origin.Address],
        snapshot => snapshot with
        {
            Loops = loops,
            Limits = limits ?? new(),
            Listeners = [listener?.Invoke(snapshot.Listeners[0]) ?? snapshot.Listeners[0]],
        });

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    public async Task Connections_beyond_the_limit_wait_for_their_turn(int loops, bool wholeProcess)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = wholeProcess
            ? Start(origin, limits: new() { Connections = 2 }, loops: loops)
            : Start(origin, listener => listener with { MaxConnections = 2 }, loops: loops);
        using var first = await balancer.Connect();
        using var second = await balancer.Connect();
        Assert.Equal("hello", (await first.Ask(Get)).Text);
        Assert.Equal("hello", (await second.Ask(Get)).Text);

        using var third = await balancer.Connect();
        await third.Send(Get);
        await Patience.Until(() => balancer.Counters.AcceptPauses > 0);
        Assert.Equal("hello", (await first.Ask(Get)).Text);
        Assert.Equal(2, balancer.Counters.OpenConnections);
        first.Close();

        Assert.Equal("hello", (await third.ReadResponse()).Text);
        Assert.Equal("hello", (await second.Ask(Get)).Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Many_clients_pass_through_few_places_quickly(int loops)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, listener => listener with { MaxConnections = 3 }, loops: loops);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            for (var i = 0; i < 50; i++)
                Assert.Equal("hello", (await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).Text);
        })).Patiently();

        Assert.Equal(1000, balancer.Counters.Requests);
    }

    [Fact]
    public async Task A_reload_opens_and_narrows_the_door()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, listener => listener with { MaxConnections = 1 });
        using var first = await balancer.Connect();
        Assert.Equal("hello", (await first.Ask(Get)).Text);
        using var second = await balancer.Connect();
        await second.Send(Get);
        await Patience.Until(() => balancer.Counters.AcceptPauses > 0);

        await balancer.Apply(snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { MaxConnections = 2 }] });
        Assert.Equal("hello", (await second.ReadResponse()).Text);

        await balancer.Apply(snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { MaxConnections = 1 }] });
        var pauses = balancer.Counters.AcceptPauses;
        using var third = await balancer.Connect();
        await third.Send(Get);
        await Patience.Until(() => balancer.Counters.AcceptPauses > pauses);
        first.Close();
        await Patience.Until(() => balancer.Counters.AcceptPauses > pauses + 1);
        Assert.Equal("hello", (await second.Ask(Get)).Text);
        second.Close();
        Assert.Equal("hello", (await third.ReadResponse()).Text);
    }

    [Fact]
    public async Task An_address_with_as_many_connections_as_it_may_have_is_turned_away()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, listener => listener with { MaxConnectionsPerAddress = 2 }, loops: 2);
        using var first = await balancer.Connect();
        using var second = await balancer.Connect();
        await first.Ask(Get);
        await second.Ask(Get);

        Assert.True(await IsTurnedAway());
        Assert.Equal(1, balancer.Counters.ConnectionsRefused);
        first.Close();
        await Patience.Until(() => balancer.Counters.OpenConnections == 1);
        using var fourth = await balancer.Connect();
        Assert.Equal("hello", (await fourth.Ask(Get)).Text);

        // The reset may come before the client has heard that its connection stands.
        async Task<bool> IsTurnedAway()
        {
            try
            {
                using var third = await balancer.Connect();
                return await third.ReadEnding() == Ending.Reset;
            }
            catch (System.Net.Sockets.SocketException error)
            {
                return error.SocketErrorCode == System.Net.Sockets.SocketError.ConnectionReset;
            }
        }
    }

    [Fact]
    public async Task A_trusted_proxy_may_have_any_number()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, listener => listener with { MaxConnectionsPerAddress = 1, TrustedProxies = [System.Net.IPNetwork.Parse("127.0.0.0/8")] });
        using var first = await balancer.Connect();
        using var second = await balancer.Connect();

        Assert.Equal("hello", (await first.Ask(Get)).Text);
        Assert.Equal("hello", (await second.Ask(Get)).Text);
    }

    [Fact]
    public async Task The_last_request_of_a_connection_is_told_so()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, limits: new() { RequestsPerConnection = 3 });
        using var client = await balancer.Connect();

        Assert.Null((await client.Ask(Get))["Connection"]);
        Assert.Null((await client.Ask(Get))["Connection"]);
        var last = await client.Ask(Get);

        Assert.Equal(("hello", "close"), (last.Text, last["Connection"]));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal("hello", (await balancer.Ask(Get)).Text);
    }

    [Fact]
    public async Task Requests_behind_the_last_one_are_not_served()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, limits: new() { RequestsPerConnection = 2 });
        using var client = await balancer.Connect();

        await client.Send(Get + Get + Get);

        Assert.Equal("hello", (await client.ReadResponse()).Text);
        Assert.Equal("close", (await client.ReadResponse())["Connection"]);
        await client.Drain();
        Assert.Equal(2, origin.Requests);
    }

    [Theory]
    [InlineData(100, 200)]
    [InlineData(101, 414)]
    public async Task A_request_line_has_a_limit_of_its_own(int length, int status)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = Start(origin, limits: new() { RequestLine = new(100) });

        var answer = await balancer.Ask($"GET /{new string('a', length - 14)} HTTP/1.1\r\nHost: x\r\nX-Long: {new string('b', 500)}\r\n\r\n");

        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task Buffers_that_take_up_the_memory_keep_others_out_until_some_are_free()
    {
        const int Budget = 1024 * 1024;
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Loops = 2, Limits = new() { Memory = new ByteSize(Budget) } });

        // Each holds a buffer with half a head in it.
        var holders = new List<RawClient>();
        while (balancer.Counters.AcceptPauses == 0)
        {
            holders.Add(await balancer.Connect());
            await holders[^1].Send("GET / HTTP/1.1\r\n");
            Assert.InRange(holders.Count, 0, 200);
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        using var late = await balancer.Connect();
        var answer = late.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.NotSame(answer, await Task.WhenAny(answer, Task.Delay(200, TestContext.Current.CancellationToken)));
        Assert.InRange(await balancer.RentedBlocks() * 32 * 1024, Budget * 7 / 8, Budget + (4 * 32 * 1024));

        // Who was there before is served all the same.
        await holders[0].Send("Host: x\r\n\r\n");
        Assert.Equal("hello", (await holders[0].ReadResponse()).Text);
        foreach (var holder in holders)
            holder.Dispose();
        Assert.Equal("hello", (await answer.Patiently()).Text);
    }
}
