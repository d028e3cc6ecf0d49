using System.Net;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>Servers without a port of their own are asked at the port that the client came to, as by the real HAProxy.</summary>
public sealed class HaproxyClientPorts
{
    [Theory]
    [InlineData("http", "127.0.0.2", 0)]
    [InlineData("http", "127.0.0.2:+7", 7)]
    [InlineData("http", "127.0.0.2:-7", -7)]
    [InlineData("tcp", "127.0.0.2", 0)]
    [InlineData("tcp", "127.0.0.2:+7", 7)]
    public async Task Servers_are_asked_at_the_port_of_the_client(string mode, string server, int offset)
    {
        var configuration = $"""
            listen both
             mode {mode}
             bind ADDRESS
             timeout client 5s
             timeout server 5s
             timeout connect 2s
             server one {server}

            """;
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async (connect, balancer) =>
        {
            var port = (balancer?.Address as IPEndPoint)?.Port ?? await PortOf(connect);
            await using var origin = RecordingOrigin.Listen(NetworkAddress.ForHost("127.0.0.2", port + offset), RecordingOrigin.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
            using var client = await connect();
            var answers = "";
            for (var i = 0; i < 2; i++)
                answers += (await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).Text;
            return (answers, origin.Requests);
        });
        Assert.Equal((("hihi", 2), ("hihi", 2)), (theirs, ours));
    }

    private static async Task<int> PortOf(Func<Task<RawClient>> connect)
    {
        using var client = await connect();
        return ((IPEndPoint)client.Socket.RemoteEndPoint!).Port;
    }
}
