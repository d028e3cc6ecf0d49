using System.Diagnostics;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>Connections beyond so many in a second wait as long as with the real HAProxy.</summary>
public sealed class HaproxyPace
{
    // Ten at once, and another three of which each waits for its part of the second behind it.
    private const int Rate = 10;
    private const int Connections = 13;

    [Theory]
    [InlineData("", "rate-limit sessions 10")]
    [InlineData("global\n maxconnrate 10\n", "")]
    public async Task Connections_wait_for_their_time(string global, string line)
    {
        var configuration = $"""
            {global}
            defaults
             mode http
             timeout client 10s
             {line}
            frontend front
             bind ADDRESS
             http-request return status 200

            """;
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            // Whoever looked whether it listens is no longer counted.
            await Task.Delay(TimeSpan.FromSeconds(2.1), TestContext.Current.CancellationToken);
            var clock = Stopwatch.StartNew();
            List<TimeSpan> took = [];
            for (var i = 0; i < Connections; i++)
            {
                using var client = await connect();
                await client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                took.Add(clock.Elapsed);
            }

            return took;
        });
        foreach (var took in (List<TimeSpan>[])[theirs, ours])
        {
            Assert.InRange(took[Rate - 1], TimeSpan.Zero, TimeSpan.FromMilliseconds(900));
            Assert.InRange(took[^1], TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
        }
    }
}
