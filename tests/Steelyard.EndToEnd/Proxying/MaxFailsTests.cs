using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>max_fails and fail_timeout: a real nginx and we try a failing server at the same times.</summary>
public sealed class MaxFailsTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    // The second of nginx's clock in which a failure falls is not ours to choose: a second more than fail_timeout, and some.
    private static readonly TimeSpan s_afterFailTimeout = TimeSpan.FromSeconds(2.3);

    /// <summary>A server that closes the connection instead of answering while it is bad, and counts what reaches it.</summary>
    private sealed class Fickle : IAsyncDisposable
    {
        private readonly RecordingOrigin _origin;

        public Fickle() => _origin = RecordingOrigin.Start(async connection =>
        {
            // One request for each connection: on a kept one a failure is tried anew.
            if (await connection.ReadRequestOrEnd() is not null && !Bad)
                await connection.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na");
            connection.Close();
        });

        public volatile bool Bad = true;

        public NetworkAddress Address => _origin.Address;

        public int Requests => _origin.Requests;

        public ValueTask DisposeAsync() => _origin.DisposeAsync();
    }

    private static string Nginx(string servers) => $$"""
        events { }
        http {
          upstream web { {{servers}} }
          server { listen ADDRESS; location / { proxy_pass http://web; proxy_next_upstream off; } }
        }
        """;

    private static TestBalancer Ours(int maxFails, params NetworkAddress[] servers) => TestBalancer.Start(servers, snapshot => snapshot with
    {
        Pools = [snapshot.Pools[0] with { Outlier = new() { MaxFails = maxFails, FailTimeout = TimeSpan.FromSeconds(1) }, Retries = new() { On = RetryConditions.None } }],
    });

    /// <summary>Asks so many times, one after the other.</summary>
    /// <returns>How often the server was tried, and how many answers were good.</returns>
    private static async Task<string> Ask(Func<Task<RawClient>> connect, Fickle server, int times)
    {
        var (before, good) = (server.Requests, 0);
        for (var i = 0; i < times; i++)
        {
            using var client = await connect();
            good += (await client.Ask(Get)).Status == 200 ? 1 : 0;
        }

        return $"tried {server.Requests - before}, {good} good";
    }

    [Fact]
    public async Task A_server_is_tried_when_nginx_tries_it()
    {
        await using Fickle one = new(), other = new();
        await using var well = StickyTests.Named("b");
        await using var theirs = ForeignProxy.StartNginx(Nginx($"server {one.Address} max_fails=2 fail_timeout=1s; server {well.Address} max_fails=2 fail_timeout=1s;"));
        await using var ours = Ours(maxFails: 2, other.Address, well.Address);
        var seen = await Task.WhenAll(Script(theirs.Connect, one), Script(() => ours.Connect(), other));
        Assert.Equal(seen[0], seen[1]);
        Assert.Equal(["out: tried 2, 8 good", "still out: tried 0, 6 good", "a trial: tried 1, 5 good", "mended: tried 0, 6 good", "back: True"], seen[0][..5]);

        static async Task<string[]> Script(Func<Task<RawClient>> connect, Fickle server)
        {
            var out1 = "out: " + await Ask(connect, server, 10);
            var still = "still out: " + await Ask(connect, server, 6);
            await Task.Delay(s_afterFailTimeout);
            var trial = "a trial: " + await Ask(connect, server, 6);
            server.Bad = false;
            var mended = "mended: " + await Ask(connect, server, 6);
            await Task.Delay(s_afterFailTimeout);
            var asked = await Ask(connect, server, 6);
            var back = asked.EndsWith("6 good", StringComparison.Ordinal) && server.Requests > 4 ? "True" : $"{asked}, {server.Requests} in all";

            // One failure is not forgotten by time, but by an answer that is good after it.
            server.Bad = true;
            while (!(await Ask(connect, server, 1)).EndsWith("0 good", StringComparison.Ordinal))
            {
            }

            await Task.Delay(s_afterFailTimeout);
            var second = "the second failure, late: " + await Ask(connect, server, 6);
            server.Bad = false;
            await Task.Delay(s_afterFailTimeout);
            await Ask(connect, server, 4);
            server.Bad = true;
            while (!(await Ask(connect, server, 1)).EndsWith("0 good", StringComparison.Ordinal))
            {
            }

            server.Bad = false;
            await Task.Delay(s_afterFailTimeout);
            await Ask(connect, server, 4);
            server.Bad = true;
            var afresh = "afresh: " + await Ask(connect, server, 8);
            return [out1, still, trial, mended, $"back: {back}", second, afresh];
        }
    }

    [Fact]
    public async Task The_only_server_is_always_tried_and_of_two_both_may_be_out()
    {
        await using Fickle one = new(), other = new(), third = new(), fourth = new();
        var refusing = RecordingOrigin.Refusing();
        await using var theirsAlone = ForeignProxy.StartNginx(Nginx($"server {one.Address} max_fails=1 fail_timeout=1s;"));
        await using var oursAlone = Ours(maxFails: 1, other.Address);
        await using var theirs = ForeignProxy.StartNginx(Nginx($"server {third.Address} max_fails=1 fail_timeout=60s; server {refusing} max_fails=1 fail_timeout=60s;"));
        await using var ours = Ours(maxFails: 1, fourth.Address, refusing);
        Assert.Equal(["tried 4, 0 good", "tried 4, 0 good"], [await Ask(theirsAlone.Connect, one, 4), await Ask(() => oursAlone.Connect(), other, 4)]);
        Assert.Equal("tried 1, 0 good", await Ask(theirs.Connect, third, 6));
        Assert.Equal("tried 1, 0 good", await Ask(() => ours.Connect(), fourth, 6));
    }
}
