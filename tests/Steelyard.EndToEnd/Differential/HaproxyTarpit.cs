using System.Diagnostics;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>Whoever is refused by <c>http-request tarpit</c> waits as long as HAProxy lets him wait.</summary>
public sealed class HaproxyTarpit
{
    // As a section says it, or as it says how long a connection to a server may take.
    [Theory]
    [InlineData("timeout tarpit 300ms\n timeout connect 10s")]
    [InlineData("timeout connect 300ms")]
    public async Task A_client_waits_until_it_is_refused(string times)
    {
        var configuration = $"""
            defaults
             mode http
             timeout client 5s
             timeout server 5s
             {times}
            listen l
             bind ADDRESS
             http-request tarpit if METH_POST
             http-request return status 200

            """;
        await SideBySide.Haproxy(configuration, Waits);
    }

    private static async Task<bool> Waits(Func<Task<RawClient>> connect)
    {
        using var client = await connect();
        await client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponse("GET")).Status);
        var begun = Stopwatch.GetTimestamp();
        await client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(500, (await client.ReadResponse("POST")).Status);
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalMilliseconds, 295, 10_000);
        return true;
    }
}
