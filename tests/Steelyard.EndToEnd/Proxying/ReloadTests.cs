using System.Net.Sockets;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Another configuration under connections that are open.</summary>
public class ReloadTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    private static string Named(string name) => $"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}";

    private static Snapshot With(Snapshot snapshot, params NetworkAddress[] servers) => snapshot with
    {
        Pools = [snapshot.Pools[0] with { Servers = [.. servers.Select(server => new ServerSettings { Address = server })] }],
    };

    [Fact]
    public async Task A_connection_without_TLS_ends_when_its_listener_asks_for_TLS()
    {
        await using var origin = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Tls = null }] });
        using var plain = await balancer.Connect();
        Assert.Equal("ok", (await plain.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).Text);

        await balancer.Apply(snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Tls = TestBalancer.Tls("site") }] });

        Assert.Equal(Ending.Closed, await plain.Drain());
        Assert.Equal("ok", (await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).Text);
    }

    [Fact]
    public async Task A_kept_connection_goes_to_the_new_servers_from_its_next_request()
    {
        await using var old = RecordingOrigin.Answering(Named("old"));
        await using var other = RecordingOrigin.Answering(Named("other"));
        await using var balancer = TestBalancer.Start(old.Address);
        using var client = await balancer.Connect();
        Assert.Equal("old", (await client.Ask(Get)).Text);

        await balancer.Apply(snapshot => With(snapshot, other.Address));

        // What was kept open to a server that has left is closed.
        await old.Connections[0].ScriptEnded.Task.Patiently();
        Assert.Equal("other", (await client.Ask(Get)).Text);
        Assert.Equal(1, balancer.Counters.Connections);
    }

    [Fact]
    public async Task A_server_that_stays_keeps_its_connections_and_its_history()
    {
        await using var origin = RecordingOrigin.Answering(Named("a"));
        await using var added = RecordingOrigin.Answering(Named("b"));
        var refusing = RecordingOrigin.Refusing();
        await using var balancer = TestBalancer.Start(refusing, origin.Address);
        using var client = await balancer.Connect();
        await client.Ask(Get);
        Assert.Equal(1, balancer.Servers[0].Failures);

        await balancer.Apply(snapshot => With(snapshot, added.Address, origin.Address, refusing));

        Assert.Equal([0, 0, 1], balancer.Servers.Select(server => server.Failures));
        for (var i = 0; i < 6; i++)
            Assert.Equal(200, (await client.Ask(Get)).Status);
        Assert.Single(origin.Connections);
    }

    [Fact]
    public async Task A_request_in_flight_ends_with_the_server_that_has_left()
    {
        await using var origin = RecordingOrigin.Start();
        await using var other = RecordingOrigin.Answering(Named("other"));
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf");
        using var server = await origin.Accept();
        var head = await server.ReadRequestHead();

        await balancer.Apply(snapshot => With(snapshot, other.Address));
        await client.Send("done");
        await server.ReadRequestBody(head);
        await server.Send(Named("old"));

        Assert.Equal("old", (await client.ReadResponse()).Text);
        await server.ReadEnding();
        Assert.Equal("other", (await client.Ask(Get)).Text);
    }

    [Fact]
    public async Task A_request_whose_head_is_half_here_goes_by_the_configuration_of_the_rest()
    {
        await using var old = RecordingOrigin.Answering(Named("old"));
        await using var other = RecordingOrigin.Answering(Named("other"));
        await using var balancer = TestBalancer.Start(old.Address);
        using var client = await balancer.Connect();
        await client.Send("GET / HTTP/1.1\r\nHo");
        await Patience.Until(async () => (await balancer.Connections()) is [{ State: Engine.ConnectionState.Request }], () => "the first half was not read");

        // As where workers are replaced: those that left have nothing to do, and are closed.
        await balancer.Apply(snapshot => With(snapshot, other.Address) with { Limits = new() { Header = new(256) } });
        Assert.False(balancer.IsBusy(old.Address));
        await client.Send("st: x\r\n\r\n");

        var answer = await client.ReadResponse();
        Assert.Equal((200, "other"), (answer.Status, answer.Text));
        Assert.Empty(old.Connections);

        // And by nothing of the one before.
        await client.Send("G");
        await Patience.Until(async () => (await balancer.Connections()) is [{ State: Engine.ConnectionState.Request }], () => "the first byte was not read");
        await balancer.Apply(snapshot => snapshot with { Limits = new() { Header = new(64) } });
        Assert.Equal(431, (await client.Ask($"ET / HTTP/1.1\r\nHost: x\r\nX: {new string('x', 100)}\r\n\r\n")).Status);
    }

    /// <summary>What a request was decided on stays; the servers that it waited for may be gone.</summary>
    [Theory]
    [InlineData("rate")]
    [InlineData("ask")]
    [InlineData("queue")]
    [InlineData("tcp")]
    public async Task A_request_that_waits_goes_to_the_servers_of_the_new_configuration(string reason)
    {
        await using var asked = RecordingOrigin.Start();
        await using var old = RecordingOrigin.Start();
        await using var other = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([old.Address], snapshot => snapshot with
        {
            Listeners =
            [
                snapshot.Listeners[0] with
                {
                    Mode = reason == "tcp" ? ListenerMode.Tcp : ListenerMode.Http,
                    Routes = reason switch
                    {
                        "rate" => [new() { Pool = "web", RateLimit = new() { Rate = new(2, TimeSpan.FromSeconds(1)), Burst = 5, Delay = 0 } }],
                        "ask" => [new() { Path = "/asked", Pool = "asked" }, new() { Pool = "web", Ask = TextTemplate.Literal("/asked") }],
                        _ => [new() { Pool = "web" }],
                    },
                },
            ],
            Pools =
            [
                snapshot.Pools[0] with { MaxConnections = reason is "queue" or "tcp" ? 1 : null, Queue = new() { Timeout = TimeSpan.FromMinutes(1) } },
                snapshot.Pools[0] with { Name = "asked", Servers = [new() { Address = asked.Address }] },
            ],
        });
        using var first = await balancer.Connect();
        using var client = await balancer.Connect();
        await (reason == "ask" ? Task.CompletedTask : first.Send(Get));
        using var held = reason == "ask" ? null : await old.Accept();
        await (held?.ReadRequest() ?? Task.CompletedTask);
        await client.Send(Get);
        using var question = reason == "ask" ? await asked.Accept() : null;
        if (question is null)
            await Patience.Until(() => (reason == "rate" ? balancer.Counters.LimitDelays : balancer.Counters.QueueWaits) == 1);

        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Servers = [new() { Address = other.Address }] }, snapshot.Pools[1]] });
        if (question is not null)
            await question.Send("HTTP/1.1 204 No Content\r\n\r\n");

        using var server = await other.Accept();
        await server.ReadRequest();
        await server.Send(Named("other"));
        Assert.Equal("other", (await client.ReadResponse()).Text);
        Assert.Equal(reason == "ask" ? 0 : 1, old.Connections.Count);
        if (held is null)
            return;
        await held.Send(Named("old"));
        Assert.Equal("old", (await first.ReadResponse()).Text);
    }

    [Fact]
    public async Task A_session_whose_hello_is_awaited_goes_by_the_configuration_of_its_hello()
    {
        await using var old = RecordingOrigin.Start();
        await using var other = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start([old.Address], snapshot => snapshot with
        {
            Listeners = [TestBalancer.Listener(NetworkAddress.ForHost("127.0.0.1", 0)) with { Mode = ListenerMode.Tcp, Routes = [new() { Host = "one.example.com", Pool = "web" }] }],
        });
        using var client = await balancer.Connect();
        await Patience.Until(() => balancer.Counters.Sessions == 1);

        await balancer.Apply(snapshot => With(snapshot, other.Address));
        Assert.False(balancer.IsBusy(old.Address));
        var hello = ClientHello.For("one.example.com");
        await client.Send(hello);

        using var server = await other.Accept();
        Assert.Equal(hello, await server.ReadExactly(hello.Length));
    }

    [Fact]
    public async Task Routes_limits_and_fields_of_the_new_configuration_hold_for_kept_connections()
    {
        await using var origin = RecordingOrigin.Answering(Named("a"));
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        Assert.Equal(200, (await client.Ask(Get)).Status);

        await balancer.Apply(snapshot => snapshot with
        {
            Limits = new() { Body = new(1) },
            Listeners = [snapshot.Listeners[0] with { Forwarded = ForwardedStyle.None, Routes = [new() { Pool = "web" }, new() { Path = "/gone", Respond = new(410) }] }],
        });

        Assert.Equal(410, (await client.Ask(Get.Replace("/ ", "/gone ", StringComparison.Ordinal))).Status);
        Assert.Equal(200, (await client.Ask(Get)).Status);
        Assert.Equal(413, (await client.Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")).Status);
    }

    [Fact]
    public async Task A_listener_is_added_and_another_leaves()
    {
        await using var origin = RecordingOrigin.Answering(Named("a"));
        await using var balancer = TestBalancer.Start(origin.Address);
        var first = balancer.Address;
        using var kept = await balancer.Connect();
        Assert.Equal(200, (await kept.Ask(Get)).Status);
        using var busy = await balancer.Connect();
        await busy.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf");
        await Patience.Until(() => balancer.Counters.Requests == 2);

        await balancer.Apply(snapshot => snapshot with { Listeners = [TestBalancer.Listener(NetworkAddress.ForHost("127.0.0.2", 0))] });

        // Idle connections of the one that left end, others after their exchange.
        await kept.ReadEnding();
        await busy.Send("done");
        var last = await busy.ReadResponse();
        Assert.Equal((200, "close"), (last.Status, last["Connection"]));
        await busy.ReadEnding();
        await Assert.ThrowsAnyAsync<SocketException>(async () => await RawClient.Connect(first));
    }

    [Fact]
    public async Task An_address_that_cannot_be_bound_changes_nothing()
    {
        await using var origin = RecordingOrigin.Answering(Named("a"));
        await using var balancer = TestBalancer.Start(origin.Address);
        using var other = new TcpListener(System.Net.IPAddress.Loopback, 0);
        other.Start();
        var taken = NetworkAddress.ForHost("127.0.0.1", ((System.Net.IPEndPoint)other.LocalEndpoint).Port);

        await Assert.ThrowsAsync<Engine.BindException>(() => balancer.Apply(snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0], TestBalancer.Listener(NetworkAddress.ForHost("127.0.0.1", 0), taken)],
        }));

        Assert.Equal("a", (await balancer.Ask(Get)).Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_hundred_reloads_under_load_cost_no_request(int loops)
    {
        await using var one = RecordingOrigin.Answering(Named("one"));
        await using var two = RecordingOrigin.Answering(Named("two"));
        await using var balancer = TestBalancer.Start([one.Address, two.Address], snapshot => snapshot with { Loops = loops });
        var done = false;
        var asked = 0;
        var clients = Enumerable.Range(0, 16).Select(number => Task.Run(async () =>
        {
            while (!Volatile.Read(ref done))
            {
                using var client = await balancer.Connect();
                for (var i = 0; i < 20 && !Volatile.Read(ref done); i++)
                {
                    Assert.Equal(200, (await client.Ask(number % 2 == 0 ? Get : "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")).Status);
                    Interlocked.Increment(ref asked);
                }
            }
        })).ToArray();

        for (var reload = 0; reload < 100; reload++)
        {
            var before = Volatile.Read(ref asked);
            await balancer.Apply(snapshot => (reload % 4) switch
            {
                0 => With(snapshot, one.Address),
                1 => With(snapshot, two.Address, one.Address),
                2 => snapshot with { Listeners = [snapshot.Listeners[0], TestBalancer.Listener(NetworkAddress.ForHost("127.0.0.1", 0))] },
                _ => With(snapshot, two.Address) with { Listeners = [snapshot.Listeners[0]] },
            });
            await Patience.Until(() => Volatile.Read(ref asked) > before || clients.Any(client => client.IsFaulted));
        }

        Volatile.Write(ref done, true);
        await Task.WhenAll(clients).Patiently();
    }
}
