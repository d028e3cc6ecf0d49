using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class RequestTimeoutTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static TestBalancer Start(RecordingOrigin origin, int milliseconds) => TestBalancer.Start(
        [origin.Address],
        snapshot => snapshot with { Timeouts = new() { Request = TimeSpan.FromMilliseconds(milliseconds) } });

    [Fact]
    public async Task A_server_that_does_not_answer_costs_no_more_than_the_whole_may_take()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 200);
        using var client = await balancer.Connect();

        // The second one came with the first: its time starts when the first has ended.
        await client.Send(Get + Get);
        using var first = await origin.Accept();
        await first.ReadRequest();
        var answer = await client.ReadResponse();
        using var second = await origin.Accept();
        await second.Serve(Hello);

        Assert.Equal((504, null), (answer.Status, answer["Connection"]));
        Assert.Contains("altogether", answer.Text, StringComparison.Ordinal);
        Assert.Equal("hello", (await client.ReadResponse()).Text);
        await Patience.Until(() => balancer.Servers[0].LastFailure == Balancing.ServerFailure.None);
        Assert.Equal(1, balancer.Servers[0].Failures);
    }

    [Fact]
    public async Task An_answer_that_never_ends_is_broken_off()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (true)
            {
                await connection.Send("1\r\na\r\n");
                await Task.Delay(5);
            }
        });
        await using var balancer = Start(origin, 1000);
        using var client = await balancer.Connect();

        await client.Send(Get);

        Assert.Equal(200, new HttpMessage(await client.ReadHead()).Status);
        Assert.Equal(Ending.Reset, await client.Drain());
        await Patience.Until(() => balancer.Counters.Cut == 1);
        Assert.Equal(0, balancer.Servers[0].Failures);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_broken_off_with_its_server()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 1500);
        using var client = await balancer.Connect(receiveBuffer: 4096);

        // Made before the clock runs: an answer that begins too late is a 504 on a connection that stays.
        var answer = RawSocket.Latin1.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n" + new string('a', 50_000_000));
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();
        var sending = server.Send(answer);

        Assert.Equal(200, new HttpMessage(await client.ReadHead()).Status);
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => sending);
        Assert.Equal(Ending.Reset, await client.Drain());
    }

    [Fact]
    public async Task A_body_that_comes_too_slowly_for_it_is_the_clients_fault()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 300);
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na");
        using var server = await origin.Accept();
        await server.ReadRequestHead();

        Assert.Equal(408, (await client.ReadResponse()).Status);
        Assert.Equal(0, balancer.Servers[0].Failures);
    }

    [Fact]
    public async Task What_has_become_another_protocol_lives_on()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, 1000);
        using var client = await balancer.Connect();

        await client.Send("GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
        using var server = await origin.Accept();
        await server.ReadRequest();
        await server.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
        await client.ReadInterim();
        await Task.Delay(1200, TestContext.Current.CancellationToken);
        await client.Send("ping");

        Assert.Equal("ping", RawSocket.Latin1.GetString(await server.ReadExactly(4)));
        server.Close();
        await client.Drain();
    }
}
