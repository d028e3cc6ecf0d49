using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>Rise, fall, and when the next check is.</summary>
public sealed class HealthCounting
{
    private static readonly HealthSettings s_usual = new();

    [Theory]
    [InlineData(true, "+", "U")]
    [InlineData(true, "-", "D")] // The first check decides alone.
    [InlineData(false, "+", "U")]
    [InlineData(false, "-", "D")]
    [InlineData(true, "+--+---+-++", "UUUUUUDDDDU")] // Three in a row take it out, two in a row bring it back.
    [InlineData(true, "+--+--+--+", "UUUUUUUUUU")]
    [InlineData(true, "-+-+-++", "DDDDDDU")]
    public void So_many_checks_in_a_row_turn_a_server(bool up, string checks, string expected)
    {
        var count = new HealthCount(s_usual, up);
        var seen = "";
        foreach (var check in checks)
        {
            var before = count.Up;
            Assert.Equal(count.Report(check == '+'), count.Up != before);
            seen += count.Up ? 'U' : 'D';
        }

        Assert.Equal(expected, seen);
    }

    [Theory]
    [InlineData(HealthOnError.FastInterval, "!!!!", "UUUU")]
    [InlineData(HealthOnError.FailCheck, "!!!", "UUD")]
    [InlineData(HealthOnError.FailCheck, "!+!!!", "UUUUD")]
    [InlineData(HealthOnError.SuddenDeath, "!-", "UD")]
    [InlineData(HealthOnError.SuddenDeath, "!+!-", "UUUD")]
    [InlineData(HealthOnError.MarkDown, "!", "D")]
    [InlineData(HealthOnError.MarkDown, "!!++", "DDDU")]
    public void Requests_speak_against_a_server_as_HAProxy_lets_them(HealthOnError onError, string checks, string expected)
    {
        var count = new HealthCount(s_usual with { OnError = onError }, up: true);
        count.Report(passed: true);
        var seen = "";
        foreach (var check in checks)
        {
            if (check == '!')
                count.Suspect();
            else
                count.Report(check == '+');
            seen += count.Up ? 'U' : 'D';
        }

        Assert.Equal(expected, seen);
    }

    [Fact]
    public void With_rise_and_fall_of_one_every_check_decides()
    {
        var count = new HealthCount(s_usual with { Rise = 1, Fall = 1 }, up: true);
        foreach (var passed in (bool[])[true, false, true, true, false, false])
        {
            count.Report(passed);
            Assert.Equal(passed, count.Up);
        }
    }

    [Fact]
    public void The_interval_is_fast_while_nothing_is_sure_and_slow_while_down()
    {
        var settings = s_usual with { Jitter = 0, Interval = TimeSpan.FromSeconds(2), FastInterval = TimeSpan.FromMilliseconds(500), DownInterval = TimeSpan.FromSeconds(5) };
        var count = new HealthCount(settings, up: true);
        List<double> seen = [count.Next(0).TotalSeconds];
        foreach (var check in "+--+---++-")
        {
            count.Report(check == '+');
            seen.Add(count.Next(0).TotalSeconds);
        }

        Assert.Equal([0.5, 2, 0.5, 0.5, 2, 0.5, 0.5, 5, 0.5, 2, 0.5], seen);
    }

    [Theory]
    [InlineData(0, 2.0, 2.0)]
    [InlineData(10, 1.9, 2.1)]
    [InlineData(50, 1.5, 2.5)]
    public void Chance_moves_the_interval_by_half_the_jitter_either_way(int jitter, double least, double most)
    {
        var count = new HealthCount(s_usual with { Jitter = jitter }, up: true);
        Assert.Equal(least, count.Next(0).TotalSeconds, 6);
        Assert.Equal(most, count.Next(ulong.MaxValue).TotalSeconds, 6);
        Assert.Equal(2.0, count.Next(1UL << 63).TotalSeconds, 6);
    }

    [Fact]
    public void First_checks_are_spread_by_a_millisecond_each_and_within_an_interval()
    {
        var count = new HealthCount(s_usual, up: true);
        Assert.Equal(TimeSpan.Zero, count.First(0, 3));
        Assert.Equal(TimeSpan.FromMilliseconds(2), count.First(2, 3));
        Assert.Equal(TimeSpan.FromSeconds(1), count.First(5000, 10_000));
    }

    [Theory]
    [InlineData(30, 10_000, 48)]
    [InlineData(2, 10_000, 3)]
    [InlineData(2, 1000, 32)]
    [InlineData(2, 256, 100)]
    [InlineData(2, 255, 1)]
    [InlineData(0.1, 10_000, 1)]
    public void Many_checks_begin_sixteen_at_a_time(double seconds, int count, long step)
    {
        var health = new HealthCount(s_usual with { Interval = TimeSpan.FromSeconds(seconds) }, up: true);
        Assert.Equal(Enumerable.Range(1, 1000).Select(due => (due + step - 1) / step * step), Enumerable.Range(1, 1000).Select(due => health.InStep(due, count)));
    }
}
