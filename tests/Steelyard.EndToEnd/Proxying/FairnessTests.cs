using System.Diagnostics;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>One loop serves many: who moves much at once must not hold up the others.</summary>
public class FairnessTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static readonly byte[] Piece = new byte[1 << 20];

    [Theory]
    [InlineData("counted")]
    [InlineData("chunked")]
    [InlineData("refused")]
    public async Task A_small_request_does_not_wait_for_a_large_one(string large)
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                await connection.Send(request.Target == "/small" ? Hello
                    : large == "counted" ? "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"
                    : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n");
                while (request.Target != "/small")
                    await connection.Send(Piece);
            }
        });
        await using var balancer = TestBalancer.Start([origin.Address], snapshot => snapshot with { Limits = new() { Body = new Config.ByteSize(1000) } });
        using var greedy = await balancer.Connect();
        greedy.Records = false;
        await greedy.Send(large == "refused" ? "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n" : "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
        var moving = large == "refused" ? Push(greedy) : greedy.Drain();
        using var client = await balancer.Connect();

        var longest = TimeSpan.Zero;
        for (var i = 0; i < 100; i++)
        {
            var since = Stopwatch.GetTimestamp();
            Assert.Equal("hello", (await client.Ask("GET /small HTTP/1.1\r\nHost: x\r\n\r\n")).Text);
            var took = Stopwatch.GetElapsedTime(since);
            longest = took > longest ? took : longest;
        }

        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        greedy.Close();
        await Assert.ThrowsAnyAsync<Exception>(() => moving.Patiently());
    }

    private static async Task Push(RawClient client)
    {
        while (true)
            await client.Send(Piece);
    }
}
