using Steelyard.Admin;
using Steelyard.Commands;

namespace Steelyard.Tests.Admin;

/// <summary>What <c>steelyard status</c> shows.</summary>
public sealed class StatusTableTests
{
    private static ServerView Server(int number, string state = "up", int? live = null, string? name = null, bool backup = false) => new(
        "web", number, $"10.0.0.{number}:3000", state, "ready", new(state == "up", state == "up" ? "passed" : "refused", null), false, 0, live ?? 1, 1, live, number, null, 0, null, name, Backup: backup);

    private static string Show(bool all, params ServerView[] servers) => Show(1000, [], all, servers);

    private static string Show(int width, BreakerView[] breakers, bool all, params ServerView[] servers)
    {
        using var writer = new StringWriter();
        StatusTable.Write(Terminal.To(writer, width), new(
            new("0.1.0", 42, DateTimeOffset.UnixEpoch, 7384, ".NET"),
            new("/etc/steelyard.yaml", "ab", DateTimeOffset.UnixEpoch, 60 * 60 * 49, 3, [.. servers.Where(server => server.LiveWeight is not null).Select(server => new DifferenceView("web", server.Address, "weight", "1", server.LiveWeight!.Value.ToString()))]),
            [new(["localhost:8080"], "http", false, 5, null, 1)],
            [new("web", "round-robin", servers.Length, servers.Count(server => server.State == "up"), servers.Sum(server => server.Active), servers)],
            new(0, 5, 0, 0, 1_234_567, 12, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null))
        { Breakers = breakers }, all);
        return string.Join('\n', writer.ToString().Split('\n').Select(line => line.TrimEnd()));
    }

    [Fact]
    public void Every_server_has_a_line_and_what_differs_is_said() => Assert.Equal(
        """
        steelyard 0.1.0, engine 42 up for 2h 3m
        /etc/steelyard.yaml, generation 3, read 2d 1h ago
        1,234,567 requests, 12 answered with an error, 3 cut, 4 retries

        Listener       Speaks Open Most
        localhost:8080 http      5

        web: round-robin, 1 of 2 usable, 3 active
        # Server        State     Weight Active Failed Check
        1 10.0.0.1:3000 up    9 (file 1)      1      0 passed
        2 10.0.0.2:3000 down           1      2      0 refused

        not as in the file: web/10.0.0.1:3000 has weight 9, the file says 1

        """,
        Show(all: false, Server(1, live: 9), Server(2, "down")));

    [Fact]
    public void A_server_that_the_file_has_named_is_shown_with_its_name() =>
        Assert.Contains("\n1 node1 10.0.0.1:3000 up ", Show(all: false, Server(1, name: "node1")), StringComparison.Ordinal);

    [Fact]
    public void Of_a_large_pool_those_are_shown_that_are_not_up()
    {
        var servers = Enumerable.Range(1, 200).Select(number => Server(number, number == 50 ? "down" : "up")).ToArray();

        var some = Show(all: false, servers);
        Assert.Contains("10.0.0.50:3000", some, StringComparison.Ordinal);
        Assert.DoesNotContain("10.0.0.51:3000", some, StringComparison.Ordinal);
        Assert.Contains("199 more, 199 of them up", some, StringComparison.Ordinal);
        Assert.Contains("10.0.0.51:3000", Show(all: true, servers), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_there_is_little_room_the_least_needed_columns_are_left_out_and_no_word_is_broken()
    {
        var servers = new[] { Server(1, name: "node1.example.com"), Server(2, "down"), Server(3, backup: true) };
        string Lines(int width)
        {
            var lines = Show(width, [], all: false, servers).Split('\n');
            Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
            return string.Join('\n', lines.SkipWhile(line => !line.Contains("Server", StringComparison.Ordinal)));
        }

        Assert.Equal(
            """
            # Server            State      Weight Active Failed Check
            1 node1.example.com up              1      1      0 passed
            2 10.0.0.2:3000     down            1      2      0 refused
            3 10.0.0.3:3000     up, backup      1      3      0 passed

            """,
            Lines(60));
        Assert.Equal(
            """
            # Server            State      Check
            1 node1.example.com up         passed
            2 10.0.0.2:3000     down       refused
            3 10.0.0.3:3000     up, backup passed

            """,
            Lines(40));
    }

    [Fact]
    public void A_breaker_that_lets_not_everything_through_is_said_with_its_pool()
    {
        static BreakerView Breaker(string? server, string state, string hold = "none") => new("web", server, state, hold, 9, 5, 0, 4, 0, 1);
        string Head(params BreakerView[] breakers) => Show(1000, breakers, all: false, Server(1)).Split('\n').Single(line => line.StartsWith("web: ", StringComparison.Ordinal));

        Assert.EndsWith("1 active", Head(Breaker(null, "closed")), StringComparison.Ordinal);
        Assert.EndsWith("1 active, breaker half-open", Head(Breaker(null, "half-open")), StringComparison.Ordinal);
        Assert.EndsWith("1 active, breaker held open", Head(Breaker(null, "open", "open")), StringComparison.Ordinal);
        Assert.EndsWith("1 active, breakers of 2 servers open", Head(Breaker("10.0.0.1:3000", "open"), Breaker("10.0.0.2:3000", "closed"), Breaker("10.0.0.3:3000", "open")), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_server_that_nobody_checks_the_last_failure_is_told() =>
        Assert.Contains(" 7 last failure: it refused the connection\n", Show(all: false, Server(1) with { Health = null, Failures = 7, LastFailure = "it refused the connection" }), StringComparison.Ordinal);
}
