using CsCheck;
using Steelyard.Config;
using Steelyard.Discovery;

namespace Steelyard.Tests.Discovery;

/// <summary>What becomes of servers by the answers of a source, in simulated time.</summary>
public sealed class KeptServersTests
{
    private static readonly ResolverSettings s_resolver = new() { LeastTtl = Seconds(2), MostTtl = Seconds(40), Hold = Seconds(100), HoldEmpty = Seconds(30), HoldMissing = Seconds(5) };

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private static SourceAnswer Found(double ttl, params int[] servers) => SourceAnswer.Found([.. servers.Select(last => new ServerSettings { Address = NetworkAddress.ForHost($"10.0.0.{last}", 80) })], Seconds(ttl));

    private static IEnumerable<int> LastOf(KeptServers kept) => kept.Servers.Select(server => int.Parse(server.Address.Host.Split('.')[3]));

    [Fact]
    public void What_a_source_says_controls_no_terminal()
    {
        var kept = new KeptServers(new(), s_resolver);
        kept.Take(Found(10, 1) with { Why = "a label '\e[2J\r\n\u202e'" }, Seconds(0));
        Assert.Equal("a label '\u241b[2J\u240d\u240a<U+202E>'", kept.Why);
        kept.Take(SourceAnswer.Failed("no \a"), Seconds(1));
        Assert.Equal("no \u2407", kept.Why);
    }

    [Fact]
    public void The_order_of_an_answer_changes_nothing()
    {
        var kept = new KeptServers(new(), s_resolver);

        Assert.True(kept.Take(Found(10, 3, 1, 2), Seconds(0)));
        Assert.Equal([1, 2, 3], LastOf(kept));
        Assert.False(kept.Take(Found(10, 2, 3, 1, 1), Seconds(10)));
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(10, 10)]
    [InlineData(600, 40)]
    public void The_time_of_an_answer_counts_within_bounds(double ttl, double wait)
    {
        var kept = new KeptServers(new(), s_resolver);
        var answer = Found(ttl, 1);
        kept.Take(answer, Seconds(0));

        Assert.Equal(Seconds(wait), kept.Next(answer, Seconds(0)));
    }

    [Fact]
    public void The_last_good_answer_outlives_failures_for_as_long_as_it_may()
    {
        var kept = new KeptServers(new(), s_resolver);
        kept.Take(Found(10, 1, 2), Seconds(0));
        List<double> waits = [];
        var (now, failed) = (10d, SourceAnswer.Failed("nobody answers"));
        while (now < 109.9)
        {
            Assert.False(kept.Take(failed, Seconds(now)));
            Assert.Equal([1, 2], LastOf(kept));
            waits.Add(kept.Next(failed, Seconds(now)).TotalSeconds);
            now += waits[^1];
        }

        Assert.Equal([2, 4, 8, 10], waits.Take(4));
        Assert.Equal(110, now);
        Assert.Equal(("nobody answers", Seconds(0)), (kept.Why, kept.LastGood));
        Assert.True(kept.Take(failed, Seconds(now)));
        Assert.Empty(kept.Servers);
        Assert.True(kept.Take(Found(10, 2), Seconds(200)));
        Assert.Null(kept.Why);
    }

    [Fact]
    public void Without_an_end_it_outlives_them_for_ever()
    {
        var kept = new KeptServers(new(), new());
        kept.Take(Found(10, 1), Seconds(0));

        Assert.False(kept.Take(SourceAnswer.Failed("x"), Seconds(10)));
        Assert.False(kept.Take(SourceAnswer.Failed("x"), TimeSpan.FromDays(1000)));
        Assert.Equal([1], LastOf(kept));
    }

    [Fact]
    public void An_answer_of_nothing_has_a_time_of_its_own()
    {
        var kept = new KeptServers(new(), s_resolver);
        kept.Take(Found(10, 1), Seconds(0));
        var empty = SourceAnswer.Empty("no such name", Seconds(5));

        Assert.False(kept.Take(empty, Seconds(10)));
        Assert.Equal(Seconds(2), kept.Next(empty, Seconds(10)));
        Assert.False(kept.Take(empty, Seconds(39)));
        Assert.True(kept.Take(empty, Seconds(40)));
        Assert.Empty(kept.Servers);
    }

    [Fact]
    public void One_that_is_missing_stays_for_a_while_and_goes_when_that_is_over()
    {
        var kept = new KeptServers(new(), s_resolver);
        kept.Take(Found(40, 1, 2), Seconds(0));
        var answer = Found(40, 1);

        Assert.False(kept.Take(answer, Seconds(40)));
        Assert.Equal(Seconds(5), kept.Next(answer, Seconds(40)));
        Assert.False(kept.Take(null, Seconds(44)));
        Assert.True(kept.Take(null, Seconds(45)));
        Assert.Equal([1], LastOf(kept));
    }

    [Fact]
    public void Those_that_are_there_go_before_new_ones_where_room_is_short()
    {
        var kept = new KeptServers(new() { MostServers = 3 }, s_resolver with { HoldMissing = default });
        kept.Take(Found(10, 8, 9), Seconds(0));
        kept.Take(Found(10, 1, 2, 8, 9, 3), Seconds(10));

        Assert.Equal([1, 8, 9], LastOf(kept));
        Assert.Equal(2, kept.TooMany);
        kept.Take(Found(10, 2, 8, 9), Seconds(20));
        Assert.Equal([2, 8, 9], LastOf(kept));
        Assert.Equal(0, kept.TooMany);
    }

    [Fact]
    public void One_that_returns_gets_its_number_again()
    {
        var kept = new KeptServers(new() { NamePrefix = "web", FirstNumber = 4 }, s_resolver with { HoldMissing = default });
        kept.Take(Found(10, 9, 5), Seconds(0));
        Assert.Equal(["web4 10.0.0.5", "web5 10.0.0.9"], kept.Servers.Select(server => $"{server.Name} {server.Address.Host}"));

        kept.Take(Found(10, 9), Seconds(10));
        kept.Take(Found(10, 5, 9, 1), Seconds(20));
        Assert.Equal(["web4 10.0.0.5", "web5 10.0.0.9", "web6 10.0.0.1"], kept.Servers.Select(server => $"{server.Name} {server.Address.Host}"));
    }

    [Fact]
    public void Whatever_comes_the_rules_hold() => Gen.Select(Gen.Int[0, 2], Gen.Int[0, 12].Array[1, 8], Gen.Double[0, 60]).Array[1, 60].Sample(steps =>
    {
        var kept = new KeptServers(new() { MostServers = 6, NamePrefix = "s" }, s_resolver);
        var now = 0d;
        foreach (var (kind, servers, after) in steps)
        {
            now += after;
            var before = kept.Servers;
            var answer = kind switch { 0 => SourceAnswer.Failed("x"), 1 => SourceAnswer.Empty("y", null), _ => Found(after, servers) };
            var changed = kept.Take(answer, Seconds(now));

            Assert.Equal(changed, !before.SequenceEqual(kept.Servers));
            Assert.InRange(kept.Servers.Count, 0, 6);
            Assert.Equal(kept.Servers.Count, kept.Servers.Select(server => server.Name).Distinct().Count());
            Assert.Equal(kept.Servers.Count, kept.Servers.Select(server => server.Address).Distinct().Count());
            Assert.InRange(kept.Next(answer, Seconds(now)).TotalSeconds, 0, 40);
            if (kind != 2)
                Assert.Subset(before.Select(server => server.Address).ToHashSet(), kept.Servers.Select(server => server.Address).ToHashSet());
        }
    });
}
