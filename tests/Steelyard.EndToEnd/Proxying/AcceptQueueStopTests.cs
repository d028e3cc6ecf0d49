using System.Net.Sockets;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>What a stop does for those whom the kernel has let in and nobody has taken yet. Not over TLS, where they could say nothing before.</summary>
public sealed class AcceptQueueStopTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(25);

    [Fact]
    public async Task Who_waits_in_the_queue_of_the_socket_is_answered()
    {
        var (asked, mayAnswer) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
            {
                asked.TrySetResult();
                await mayAnswer.Task;
                await connection.Send(Hello);
            }
        });
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Limits = snapshot.Limits with { Connections = 1 } });
        using var first = await balancer.Connect();
        await first.Send(Get);
        await asked.Task.Patiently();
        using var second = await balancer.Connect();
        await second.Send(Get);
        balancer.LastRequests = TimeSpan.Zero;

        var stopping = balancer.Stop(Long);
        mayAnswer.SetResult();
        Assert.Equal("hello", (await first.ReadResponse()).Text);
        var answer = await second.ReadResponse();

        Assert.Equal(("hello", "close"), (answer.Text, answer["Connection"]));
        Assert.Equal(0, await stopping);
    }

    [Fact]
    public async Task Nobody_who_could_connect_is_lost()
    {
        await using var origin = RecordingOrigin.Answering(Hello);
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Loops = 2 });
        balancer.LastRequests = TimeSpan.FromSeconds(1);
        var clients = Enumerable.Range(0, 16).Select(async _ =>
        {
            for (var answered = 0; ; answered++)
            {
                using var client = new TcpClient();
                try
                {
                    await client.ConnectAsync((System.Net.IPEndPoint)balancer.EndPoints[0]);
                }
                catch (SocketException)
                {
                    return answered;
                }

                await client.GetStream().WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray());
                using var reader = new StreamReader(client.GetStream());
                Assert.Contains("hello", await reader.ReadToEndAsync(), StringComparison.Ordinal);
            }
        }).ToArray();
        await Patience.Until(() => balancer.Counters.Requests > 200);

        Assert.Equal(0, await balancer.Stop(Long));
        balancer.Unbind();

        Assert.All(await Task.WhenAll(clients).Patiently(), answered => Assert.NotEqual(0, answered));
    }
}
