using System.Net.Sockets;
using System.Security.Cryptography;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Tcp;

/// <summary>A listener with <c>mode: tcp</c>: a connection is joined to one server, and every byte passed on untouched.</summary>
public sealed class TcpModeTests
{
    internal static TestBalancer StartTcp(NetworkAddress[] servers, Func<Snapshot, Snapshot>? change = null) => TestBalancer.Start(servers, snapshot =>
    {
        snapshot = snapshot with { Listeners = [snapshot.Listeners[0] with { Mode = ListenerMode.Tcp }] };
        return change is null ? snapshot : change(snapshot);
    });

    private static async Task Echo(OriginConnection connection)
    {
        connection.Records = false;
        for (var piece = await connection.ReadSome(); !piece.IsEmpty; piece = await connection.ReadSome())
            await connection.Send(piece);
        connection.FinishSending();
        await connection.Drain();
    }

    [Fact]
    public async Task What_is_no_http_comes_back_from_an_echo_server()
    {
        await using var origin = RecordingOrigin.Start(Echo);
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect();

        for (var i = 0; i < 20; i++)
        {
            var bytes = RandomNumberGenerator.GetBytes(1 + (i * 37));
            await client.Send(bytes);
            Assert.Equal(bytes, await client.ReadExactly(bytes.Length));
        }

        client.FinishSending();
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(1, balancer.Counters.Sessions);
    }

    [Fact]
    public async Task A_server_that_speaks_first_is_heard_before_the_client_has_said_a_word()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();

        await server.Send("220 mail.example.com ESMTP\r\n");
        Assert.Equal("220 mail.example.com ESMTP\r\n"u8.ToArray(), await client.ReadExactly(28));
    }

    [Fact]
    public async Task A_client_that_has_finished_sending_still_gets_all_of_the_answer()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();

        await client.Send("how many?");
        client.FinishSending();
        Assert.Equal("how many?"u8.ToArray(), await server.ReadToEnd());
        await server.Send("seven ");
        Assert.Equal("seven "u8.ToArray(), await client.ReadExactly(6));
        await server.Send("of them");
        server.FinishSending();
        Assert.Equal("of them"u8.ToArray(), await client.ReadToEnd());
    }

    [Fact]
    public async Task A_server_that_has_finished_sending_still_gets_all_of_the_request()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();

        await server.Send("enough");
        server.FinishSending();
        Assert.Equal("enough"u8.ToArray(), await client.ReadToEnd());
        await client.Send("but wait");
        Assert.Equal("but wait"u8.ToArray(), await server.ReadExactly(8));
        client.FinishSending();
        Assert.Equal(Ending.Closed, await server.ReadEnding());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reset_on_one_side_is_a_reset_on_the_other(bool byClient)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        await client.Send("x");
        await server.ReadExactly(1);

        RawSocket breaks = byClient ? client : server;
        RawSocket hears = byClient ? server : client;
        breaks.Reset();

        Assert.Equal(Ending.Reset, await hears.ReadEnding());
    }

    [Fact]
    public async Task A_reset_of_a_client_that_had_finished_sending_ends_the_session()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        client.FinishSending();
        Assert.Equal(Ending.Closed, await server.ReadEnding());

        client.Reset();

        await Patience.Until(() => balancer.Counters.OpenConnections == 0);
    }

    [Fact]
    public async Task A_refusing_server_costs_the_client_nothing()
    {
        await using var origin = RecordingOrigin.Start(Echo);
        await using var balancer = StartTcp([RecordingOrigin.Refusing(), origin.Address]);
        for (var i = 0; i < 6; i++)
        {
            using var client = await balancer.Connect();
            await client.Send("ping");
            Assert.Equal("ping"u8.ToArray(), await client.ReadExactly(4));
        }

        Assert.True(balancer.Servers[0].Failures > 0);
        Assert.True(balancer.Counters.Retries > 0);
    }

    [Fact]
    public async Task Without_a_server_the_client_is_reset()
    {
        await using var balancer = StartTcp([RecordingOrigin.Refusing(), RecordingOrigin.Refusing()]);

        Assert.Equal(Ending.Reset, await ConnectOnly(balancer));
        Assert.Equal(1, balancer.Counters.SessionsRefused);
    }

    // The reset may come before the client has looked whether its connection stands.
    internal static async Task<Ending> ConnectOnly(TestBalancer balancer)
    {
        try
        {
            using var client = await balancer.Connect();
            return await client.ReadEnding();
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            return Ending.Reset;
        }
    }

    [Fact]
    public async Task Sessions_go_to_the_servers_in_turn()
    {
        await using var first = RecordingOrigin.Start(Echo);
        await using var second = RecordingOrigin.Start(Echo);
        await using var balancer = StartTcp([first.Address, second.Address]);
        for (var i = 0; i < 10; i++)
        {
            using var client = await balancer.Connect();
            await client.Send("x");
            await client.ReadExactly(1);
        }

        Assert.Equal(5, first.Connections.Count);
        Assert.Equal(5, second.Connections.Count);
    }

    [Fact]
    public async Task Many_megabytes_each_way_arrive_as_they_were_sent()
    {
        await using var origin = RecordingOrigin.Start(Echo);
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect();
        client.Records = false;
        var sent = RandomNumberGenerator.GetBytes(24 * 1024 * 1024);

        var sending = Task.Run(async () =>
        {
            // Bulk, then small pieces, then bulk again: copies and pipes take turns.
            await client.Send(sent.AsMemory(0, 10_000_000));
            for (var at = 10_000_000; at < 10_050_000; at += 100)
                await client.Send(sent.AsMemory(at, 100));
            await client.Send(sent.AsMemory(10_050_000));
            client.FinishSending();
        }, TestContext.Current.CancellationToken);
        var received = await client.ReadToEnd();
        await sending.Patiently();

        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    [Fact]
    public async Task A_slow_reader_holds_the_sender_back_and_little_memory()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect(receiveBuffer: 64 * 1024);
        using var server = await origin.Accept();
        server.Socket.SendBufferSize = 64 * 1024;
        var sent = RandomNumberGenerator.GetBytes(32 * 1024 * 1024);
        var sending = server.Send(sent);

        await Patience.Until(() => balancer.Counters.OpenConnections == 1);
        Assert.NotSame(sending, await Task.WhenAny(sending, Task.Delay(300, TestContext.Current.CancellationToken)));
        Assert.InRange(await balancer.RentedBlocks(), 0, 1);

        client.Records = false;
        var received = await client.ReadExactly(sent.Length);
        Assert.True(sent.AsSpan().SequenceEqual(received));
        await sending.Patiently();
    }

    [Fact]
    public async Task A_session_where_nothing_moves_is_closed_on_both_sides()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTcp([origin.Address], snapshot => snapshot with { Timeouts = new() { TcpIdle = TimeSpan.FromMilliseconds(200) } });
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        await client.Send("x");
        await server.ReadExactly(1);

        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(Ending.Closed, await server.ReadEnding());
    }

    [Fact]
    public async Task Bytes_one_way_keep_a_session_alive()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTcp([origin.Address], snapshot => snapshot with { Timeouts = new() { TcpIdle = TimeSpan.FromMilliseconds(600) } });
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        for (var i = 0; i < 12; i++)
        {
            await server.Send("tick");
            await client.ReadExactly(4);
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        await client.Send("x");
        Assert.Equal("x"u8.ToArray(), await server.ReadExactly(1));
    }

    [Fact]
    public async Task A_stop_lets_sessions_end_in_the_grace()
    {
        await using var origin = RecordingOrigin.Start(Echo);
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect();
        await client.Send("x");
        await client.ReadExactly(1);

        var stopping = balancer.Stop(TimeSpan.FromSeconds(20));
        await client.Send("still here");
        Assert.Equal("still here"u8.ToArray(), await client.ReadExactly(10));
        client.FinishSending();
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(0, await stopping);
    }

    [Fact]
    public async Task A_stop_cuts_what_outlives_the_grace()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = StartTcp([origin.Address]);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        await client.Send("x");
        await server.ReadExactly(1);

        Assert.Equal(1, await balancer.Stop(TimeSpan.FromMilliseconds(50)));
        Assert.Equal(Ending.Reset, await client.ReadEnding());
        Assert.Equal(Ending.Reset, await server.ReadEnding());
    }

    [Fact]
    public async Task A_reload_leaves_sessions_alone_and_new_ones_follow_it()
    {
        await using var before = RecordingOrigin.Start(Echo);
        await using var after = RecordingOrigin.Start(Echo);
        await using var balancer = StartTcp([before.Address]);
        using var old = await balancer.Connect();
        await old.Send("x");
        await old.ReadExactly(1);

        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Servers = [new ServerSettings { Address = after.Address }] }] });
        using var young = await balancer.Connect();
        await young.Send("y");
        await young.ReadExactly(1);
        await old.Send("z");

        Assert.Equal("z"u8.ToArray(), await old.ReadExactly(1));
        Assert.Single(before.Connections);
        Assert.Single(after.Connections);
    }
}
