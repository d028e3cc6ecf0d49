using System.Net.Sockets;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class MinimumRateTests
{
    private static TestBalancer Start(RecordingOrigin origin, Limits limits) => TestBalancer.Start([origin.Address], snapshot => snapshot with { Limits = limits });

    private static Limits Fast(int graceMilliseconds) => new() { RequestRate = new(1_000_000), ResponseRate = new(1L << 30), RateGrace = TimeSpan.FromMilliseconds(graceMilliseconds) };

    [Theory]
    [InlineData("Content-Length: 100000\r\n\r\n", "a")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n")]
    public async Task A_body_that_trickles_is_refused_however_often_a_byte_comes(string fields, string piece)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, Fast(300));
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\n" + fields);
        using var server = await origin.Accept();
        var answer = client.ReadResponse();
        while (!answer.IsCompleted)
        {
            try
            {
                await client.Send(piece);
            }
            catch (SocketException)
            {
                break;
            }

            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Equal((408, "close"), ((await answer).Status, (await answer)["Connection"]));
        Assert.Equal(1, balancer.Counters.TooSlow);
    }

    [Fact]
    public async Task A_large_body_that_trickles_is_refused_too()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, Fast(200));
        using var client = await balancer.Connect();

        await client.Send($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n{new string('a', 50_000)}");
        using var server = await origin.Accept();

        Assert.Equal(408, (await client.ReadResponse()).Status);
        Assert.Equal(1, balancer.Counters.TooSlow);
    }

    [Fact]
    public async Task Who_waits_to_be_told_to_go_on_is_not_slow()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = Start(origin, Fast(1000));
        using var client = await balancer.Connect();

        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
        using var server = await origin.Accept();
        var head = await server.ReadRequestHead();
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        await server.Send("HTTP/1.1 100 Continue\r\n\r\n");
        Assert.Equal(100, (await client.ReadInterim()).Status);
        await client.Send("abc");
        await server.ReadRequestBody(head);
        await server.Send("HTTP/1.1 204 No Content\r\n\r\n");

        Assert.Equal(204, (await client.ReadResponse()).Status);
    }

    [Fact]
    public async Task A_server_that_reads_slowly_is_not_the_clients_fault()
    {
        await using var origin = RecordingOrigin.Listen(NetworkAddress.ForHost("127.0.0.1", 0), script: null, receiveBuffer: 4096);
        await using var balancer = Start(origin, Fast(200));
        using var client = await balancer.Connect();
        const int length = 20_000_000;

        var sending = client.Send($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{new string('a', length)}");
        using var server = await origin.Accept();
        await server.ReadRequestHead();
        await Task.Delay(600, TestContext.Current.CancellationToken);
        server.Records = false;
        await server.ReadExactly(length);
        await server.Send("HTTP/1.1 204 No Content\r\n\r\n");

        Assert.Equal(204, (await client.ReadResponse()).Status);
        await sending;
    }

    [Theory]
    [InlineData("Content-Length: 50000000\r\n\r\n", "")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2faf080\r\n", "\r\n0\r\n\r\n")]
    public async Task A_client_that_takes_its_answer_in_sips_is_cut_off(string fields, string end)
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.Send("HTTP/1.1 200 OK\r\n" + fields + new string('a', 50_000_000) + end);
            await connection.ReadRequestOrEnd();
        });
        await using var balancer = Start(origin, Fast(300));
        using var client = await balancer.Connect(receiveBuffer: 4096);

        await client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        await client.ReadHead();
        await Patience.Until(() => balancer.Counters.TooSlow == 1);

        Assert.Equal(Ending.Reset, await client.Drain());
    }

    [Fact]
    public async Task A_server_with_long_pauses_does_not_make_its_client_slow()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            await connection.ReadRequest();
            await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
            await Task.Delay(500);
            await connection.Send("def");
        });
        await using var balancer = Start(origin, Fast(200));

        Assert.Equal("abcdef", (await balancer.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).Text);
    }
}
