using System.Net.Sockets;
using System.Security.Cryptography;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Listeners in TCP mode.</summary>
public sealed class TcpTests
{
    private static TestBalancer Start(params NetworkAddress[] servers) => Start(servers, snapshot => snapshot);

    private static TestBalancer Start(NetworkAddress[] servers, Func<Snapshot, Snapshot> change) => TestBalancer.Start(
        servers,
        snapshot => change(snapshot with { Listeners = [snapshot.Listeners[0] with { Mode = ListenerMode.Tcp }] }));

    [Fact]
    public async Task A_server_may_speak_first_and_a_half_close_leaves_the_other_way_open()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin.Address);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        await server.Send("220 hello\r\n");
        Assert.Equal("220 hello\r\n", RawSocket.Latin1.GetString(await client.ReadExactly(11)));
        await client.Send("\0\u0001 no HTTP \n\n");
        client.FinishSending();
        Assert.Equal("\0\u0001 no HTTP \n\n", RawSocket.Latin1.GetString(await server.ReadToEnd()));
        await server.Send("bye");
        server.FinishSending();
        Assert.Equal("bye", RawSocket.Latin1.GetString(await client.ReadToEnd()));
        Assert.Equal((1, 0), (balancer.Counters.Sessions, balancer.Counters.Requests));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(20_000_000)]
    public async Task What_comes_in_at_one_end_goes_out_at_the_other(int size)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin.Address);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        var (up, down) = (RandomNumberGenerator.GetBytes(size), RandomNumberGenerator.GetBytes(size));

        var sending = Task.WhenAll(SendAndFinish(client, up), SendAndFinish(server, down));
        var received = await Task.WhenAll(server.ReadToEnd(), client.ReadToEnd());
        await sending;

        Assert.True(received[0].AsSpan().SequenceEqual(up));
        Assert.True(received[1].AsSpan().SequenceEqual(down));

        static async Task SendAndFinish(RawSocket socket, byte[] bytes)
        {
            await socket.Send(bytes);
            socket.FinishSending();
        }
    }

    [Fact]
    public async Task Connections_take_turns_and_pass_by_a_server_that_refuses()
    {
        await using var one = RecordingOrigin.Start(connection => connection.Send("1"));
        await using var two = RecordingOrigin.Start(connection => connection.Send("2"));
        await using var balancer = Start([one.Address, RecordingOrigin.Refusing(), two.Address], snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Balance = BalancePolicy.RoundRobin }] });
        var seen = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            using var client = await balancer.Connect();
            seen.Add(RawSocket.Latin1.GetString(await client.ReadToEnd()));
        }

        Assert.Equal(6, seen.Count(name => name is "1" or "2"));
        Assert.Equal(2, balancer.Counters.Retries);
        Assert.Equal([0, 2, 0], balancer.Servers.Select(server => server.Failures));
    }

    [Fact]
    public async Task With_no_server_left_the_client_sees_a_reset()
    {
        await using var balancer = Start(RecordingOrigin.Refusing(), RecordingOrigin.Refusing());
        Assert.Equal(Ending.Reset, await EndingOf(balancer));
    }

    // The reset may be there before the connection is looked at for the first time.
    private static async Task<Ending> EndingOf(TestBalancer balancer)
    {
        try
        {
            using var client = await balancer.Connect();
            return await client.ReadEnding();
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return Ending.Reset;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reset_of_one_side_reaches_the_other(bool ofClient)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin.Address);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        await client.Send("a");
        await server.ReadExactly(1);

        (ofClient ? (RawSocket)client : server).Reset();

        Assert.Equal(Ending.Reset, await (ofClient ? (RawSocket)server : client).ReadEnding());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_breaks_off_after_it_has_finished_ends_the_connection_although_nothing_is_sent(bool ofClient)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin.Address);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        var (one, other) = ofClient ? ((RawSocket)client, (RawSocket)server) : (server, client);
        one.FinishSending();
        Assert.Equal(Ending.Closed, await other.ReadEnding());

        one.Reset();

        await Patience.Until(() => balancer.Counters.OpenConnections == 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Once_one_side_has_ended_the_other_one_has_little_time_where_that_is_said(bool ofClient)
    {
        await using var origin = RecordingOrigin.Start();
        var fin = TimeSpan.FromMilliseconds(300);
        await using var balancer = Start([origin.Address], snapshot => snapshot with { Timeouts = ofClient ? new() { ServerFin = fin } : new() { ClientFin = fin } });
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        var (one, other) = ofClient ? ((RawSocket)client, (RawSocket)server) : (server, client);
        one.FinishSending();
        Assert.Equal(Ending.Closed, await other.ReadEnding());

        // What is said within its time goes on.
        await other.Send("still here");
        Assert.Equal("still here", RawSocket.Latin1.GetString(await one.ReadExactly(10)));

        Assert.Equal(Ending.Closed, await one.ReadEnding());
        await Patience.Until(() => balancer.Counters.OpenConnections == 0);
    }

    [Fact]
    public async Task A_stop_gives_sessions_their_time_and_then_cuts_them()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin.Address);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();

        var force = new TaskCompletionSource();
        var stopping = balancer.Stop(TimeSpan.FromMinutes(1), force.Task);
        await client.Send("still");
        Assert.Equal("still"u8.ToArray(), await server.ReadExactly(5));
        force.SetResult();

        Assert.Equal(1, await stopping);
        Assert.Equal((Ending.Reset, Ending.Reset), (await client.ReadEnding(), await server.ReadEnding()));
    }

    [Fact]
    public async Task A_reader_that_does_not_read_holds_the_writer_and_no_memory()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin.Address);
        using var client = await balancer.Connect(receiveBuffer: 4096);
        using var server = await origin.Accept();
        var sending = server.Send(new byte[64 * 1024 * 1024]);

        Assert.NotSame(sending, await Task.WhenAny(sending, Task.Delay(500, TestContext.Current.CancellationToken)));
        Assert.InRange(await balancer.RentedBlocks(), 0, 2);
        client.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
    }

    [Fact]
    public async Task Idle_sessions_hold_no_buffer_and_end_in_time()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start([origin.Address], snapshot => snapshot with { Timeouts = new() { Tunnel = TimeSpan.FromMilliseconds(400) } });
        using var client = await balancer.Connect();
        using var server = await origin.Accept();
        await client.Send("a");
        await server.ReadExactly(1);

        Assert.Equal(0, await balancer.RentedBlocks());
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(Ending.Closed, await server.ReadEnding());
    }

    [Fact]
    public async Task A_session_outlives_a_reload_that_takes_its_server_away()
    {
        await using var origin = RecordingOrigin.Start();
        await using var other = RecordingOrigin.Start();
        await using var balancer = Start(origin.Address);
        using var client = await balancer.Connect();
        using var server = await origin.Accept();

        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Servers = [new() { Address = other.Address }] }] });
        await client.Send("a");
        Assert.Equal("a", RawSocket.Latin1.GetString(await server.ReadExactly(1)));
        using var next = await balancer.Connect();
        using var _ = await other.Accept();
    }
}
