using System.Net.Sockets;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

public class StopTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(25);

    [Fact]
    public async Task What_is_in_flight_ends_well_and_says_close()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var idle = await balancer.Connect();
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();

        // The end of the idle connection shows that the stop has begun.
        var stopping = balancer.Stop(Long);
        Assert.Equal(Ending.Closed, await idle.ReadEnding());
        await server.Send(Hello);
        var answer = await client.ReadResponse();

        Assert.Equal(("hello", "close"), (answer.Text, answer["Connection"]));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(0, await stopping);
        Assert.Equal(Ending.Closed, await server.ReadEnding());
    }

    [Fact]
    public async Task Idle_connections_end_at_once()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Loops = 2 });
        using var fresh = await balancer.Connect();
        using var kept = await balancer.Connect();
        await kept.Ask(Get);
        await Patience.Until(() => balancer.Counters.OpenConnections == 2);

        var since = Environment.TickCount64;
        Assert.Equal(0, await balancer.Stop(Long));

        Assert.InRange(Environment.TickCount64 - since, 0, 5000);
        Assert.Equal(Ending.Closed, await fresh.ReadEnding());
        Assert.Equal(Ending.Closed, await kept.ReadEnding());
    }

    [Fact]
    public async Task A_request_that_would_cross_the_end_of_a_kept_connection_is_answered()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Ask(Get);
        balancer.LastRequests = TimeSpan.FromSeconds(2);

        var stopping = balancer.Stop(Long);
        var answer = await client.Ask(Get);

        Assert.Equal(("hello", "close"), (answer.Text, answer["Connection"]));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        Assert.Equal(0, await stopping);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(100_000)]
    [InlineData(32_768 - 32)]
    public async Task A_client_that_is_idle_after_an_upload_is_idle(int size)
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Ask($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n{new string('a', size)}");

        var since = Environment.TickCount64;
        Assert.Equal(0, await balancer.Stop(Long));

        Assert.InRange(Environment.TickCount64 - since, 0, 5000);
        Assert.Equal(Ending.Closed, await client.ReadEnding());
    }

    [Fact]
    public async Task Afterwards_connections_are_refused()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start(origin.Address);
        await balancer.Ask(Get);

        await balancer.Stop(Long);
        balancer.Unbind();

        await Assert.ThrowsAsync<SocketException>(() => balancer.Connect());
    }

    [Fact]
    public async Task After_the_grace_what_is_left_is_cut()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var waiting = await balancer.Connect();
        using var uploading = await balancer.Connect();
        using var half = await balancer.Connect();
        await waiting.Send(Get);
        using var first = await origin.Accept();
        await uploading.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc");
        using var second = await origin.Accept();
        await half.Send("GET / HTTP/1.1\r\nHo");
        await second.ReadRequestHead();

        var since = Environment.TickCount64;
        var cut = await balancer.Stop(TimeSpan.FromMilliseconds(300));

        Assert.InRange(Environment.TickCount64 - since, 250, 10_000);
        Assert.InRange(cut, 2, 3);
        Assert.Equal("", RawSocket.Latin1.GetString((await waiting.ReadToEnding()).Bytes));
        Assert.Equal("", RawSocket.Latin1.GetString((await uploading.ReadToEnding()).Bytes));
        await half.ReadToEnding();
        await second.Drain();
    }

    [Fact]
    public async Task The_token_ends_the_grace()
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(Get);
        using var server = await origin.Accept();
        await server.ReadRequest();
        var force = new TaskCompletionSource();

        var stopping = balancer.Stop(TimeSpan.FromHours(1), force.Task);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(stopping.IsCompleted);
        force.SetResult();

        Assert.Equal(1, await stopping);
        await client.ReadToEnding();
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Content-Length: 100000\r\n\r\nhello")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("GET / HTTP/1.0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("GET / HTTP/1.0\r\n\r\n", "X: y\r\n\r\nhello")]
    public async Task A_client_can_tell_an_answer_that_was_cut(string request, string rest)
    {
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var client = await balancer.Connect();
        await client.Send(request);
        using var server = await origin.Accept();
        await server.Serve($"HTTP/1.1 200 OK\r\n{rest}");
        await client.ReadHead();
        while (!client.Received.Contains("hello", StringComparison.Ordinal))
            await client.ReadSome();

        Assert.Equal(1, await balancer.Stop(TimeSpan.Zero));

        Assert.Equal(Ending.Reset, (await client.ReadToEnding()).Ending);
    }

    [Fact]
    public async Task A_request_behind_the_last_one_does_not_cost_its_answer()
    {
        var body = new string('b', 20_000_000);
        await using var origin = RecordingOrigin.Start();
        await using var balancer = TestBalancer.Start(origin.Address);
        using var idle = await balancer.Connect();
        using var client = await balancer.Connect(receiveBuffer: 8192);
        await client.Send(Get + Get);
        using var server = await origin.Accept();
        await server.ReadRequest();

        var stopping = balancer.Stop(Long);
        Assert.Equal(Ending.Closed, await idle.ReadEnding());
        var sending = server.Send($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        var answer = await client.ReadResponse();

        Assert.Equal((body.Length, "close"), (answer.Body.Length, answer["Connection"]));
        Assert.Equal(Ending.Closed, await client.ReadEnding());
        await sending;
        Assert.Equal(0, await stopping);
    }

    [Fact]
    public async Task Stopping_under_load_cuts_no_answer()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        var descriptors = Directory.GetFiles("/proc/self/fd").Length;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Loops = 2 });
            var clients = Enumerable.Range(0, 16).Select(_ => Hammer(balancer)).ToArray();
            await Patience.Until(() => balancer.Counters.Requests > 100);

            Assert.Equal(0, await balancer.Stop(Long));

            balancer.Unbind();
            await Task.WhenAll(clients).Patiently();
        }));

        // A few may be of the runtime's own; a connection lost in each round would be twenty.
        await Patience.Until(() => Directory.GetFiles("/proc/self/fd").Length < descriptors + 10);
    }

    /// <summary>Asks until the balancer is gone. An answer that has begun must come whole.</summary>
    private static async Task Hammer(TestBalancer balancer)
    {
        try
        {
            while (true)
            {
                using var client = await balancer.Connect();
                while (true)
                {
                    var before = client.Received.Length;
                    try
                    {
                        var answer = await client.Ask(Get);
                        Assert.Equal("hello", answer.Text);
                        if (answer["Connection"] == "close")
                            break;
                    }
                    catch (Exception ended) when (ended is EndOfStreamException or SocketException)
                    {
                        Assert.Equal(before, client.Received.Length);
                        break;
                    }
                }
            }
        }
        catch (SocketException)
        {
            // Nobody listens any more.
        }
    }
}
