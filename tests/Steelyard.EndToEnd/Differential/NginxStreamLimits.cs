using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>How many connections a client may have at once to a server of stream, in nginx and in Steelyard.</summary>
public sealed class NginxStreamLimits
{
    private const string Configuration = """
        events { }
        stream {
          limit_conn_zone $binary_remote_addr zone=each:1m;
          limit_conn_zone $server_addr zone=all:1m;
          server { listen ADDRESS; limit_conn each 3; limit_conn all 2; proxy_pass SERVER; }
        }
        """;

    [Fact]
    public async Task A_connection_over_the_limit_is_closed_and_one_that_ends_makes_room()
    {
        await using var server = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
        var configuration = Configuration.Replace("SERVER", server.Address.ToString(), StringComparison.Ordinal);
        var (original, ours) = await SideBySide.Nginx(configuration, Try);

        Assert.Equal("200 200 closed 200 closed", original);
        Assert.Equal(original, ours);
    }

    private static async Task<string> Try(Func<Task<RawClient>> connect)
    {
        using var first = await connect();
        using var second = await connect();
        List<string> seen = [await Ask(first), await Ask(second)];
        using (var third = await connect())
            seen.Add(await Ask(third));

        // Its end is seen at some time.
        second.Dispose();
        RawClient? fourth = null;
        var answer = "closed";
        await Patience.Until(
            async () =>
            {
                fourth?.Dispose();
                fourth = await connect();
                return (answer = await Ask(fourth)) != "closed";
            },
            () => "room for another connection");
        using var held = fourth;
        using var fifth = await connect();
        return string.Join(' ', [.. seen, answer, await Ask(fifth)]);
    }

    private static async Task<string> Ask(RawClient client)
    {
        try
        {
            await client.Send("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
            return (await client.ReadResponse("GET")).StartLine.Split(' ')[1];
        }
        catch (Exception fault) when (fault is IOException or EndOfStreamException or System.Net.Sockets.SocketException or Xunit.Sdk.XunitException)
        {
            return "closed";
        }
    }
}
