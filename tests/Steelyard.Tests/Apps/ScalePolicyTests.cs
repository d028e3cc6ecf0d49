using Steelyard.Apps.Scaling;
using Steelyard.Config;

namespace Steelyard.Tests.Apps;

/// <summary>How many workers an app is to have, in simulated time: a look each second.</summary>
public sealed class ScalePolicyTests
{
    private static readonly ScaleSettings s_settings = new() { Min = 2, Max = 8, Concurrency = 10, UpAfter = TimeSpan.FromSeconds(5), DownAfter = TimeSpan.FromSeconds(60) };

    private readonly ScalePolicy _policy = new();
    private int _now;
    private int _count = 2;

    [Fact]
    public void Load_that_stays_gets_as_many_workers_as_it_needs_at_once()
    {
        Assert.Equal([2, 2, 2, 2, 2, 5], Looks(6, 45));
        Assert.Equal(5, Looks(600, 45)[^1]);
    }

    [Fact]
    public void A_peak_that_is_shorter_than_the_time_for_more_changes_nothing()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.All(Looks(4, 80), count => Assert.Equal(2, count));
            Looks(1, 15);
        }
    }

    [Fact]
    public void A_lull_that_is_shorter_than_the_time_for_fewer_changes_nothing()
    {
        _count = 8;
        for (var i = 0; i < 100; i++)
        {
            Assert.All(Looks(59, 0), count => Assert.Equal(8, count));
            Looks(1, 80);
        }
    }

    [Fact]
    public void After_a_long_lull_there_are_as_many_as_its_highest_moment_needed()
    {
        _count = 8;
        Looks(30, 80);
        Looks(30, 5);
        Looks(1, 35);

        Assert.Equal(8, Looks(29, 5)[^1]);
        Assert.Equal(4, Looks(2, 5)[^1]);
        Assert.Equal(2, Looks(61, 5)[^1]);
    }

    // 10 each: more above 11, fewer when one fewer would have less than 9.
    [Theory]
    [InlineData(44, 4)]
    [InlineData(45, 5)]
    [InlineData(28, 4)]
    [InlineData(27, 3)]
    public void Between_two_bounds_nothing_changes(int load, int expected)
    {
        _count = 4;

        Assert.Equal(expected, Looks(200, load)[^1]);
    }

    [Fact]
    public void A_load_that_swings_between_the_bounds_never_changes_the_number()
    {
        _count = 4;
        var random = new Random(1);

        for (var i = 0; i < 10_000; i++)
            Assert.Equal(4, Looks(1, random.Next(28, 45))[0]);
    }

    [Theory]
    [InlineData(1000, 8)]
    [InlineData(0, 2)]
    public void There_are_never_more_and_never_fewer_than_the_settings_allow(int load, int expected) => Assert.Equal(expected, Looks(300, load)[^1]);

    [Theory]
    [InlineData(1, 2)]
    [InlineData(12, 8)]
    public void A_number_that_new_settings_rule_out_does_not_wait(int count, int expected)
    {
        _count = count;

        Assert.Equal(expected, Looks(1, 15)[0]);
    }

    [Fact]
    public void Those_who_wait_for_room_bring_more_workers_and_their_absence_alone_brings_no_fewer()
    {
        var settings = s_settings with { Concurrency = null, Queue = 3 };

        Assert.Equal(2, Looks(20, 20, waiting: 3, settings, most: 10)[^1]);
        Assert.Equal([2, 2, 2, 2, 2, 4], Looks(6, 20, waiting: 15, settings, most: 10));

        // Busy, but nobody waits: 4 of 10 each would be 27 of 40.
        Assert.Equal(4, Looks(300, 28, waiting: 0, settings, most: 10)[^1]);
        Assert.Equal(3, Looks(300, 21, waiting: 0, settings, most: 10)[^1]);
    }

    [Fact]
    public void Of_two_measures_the_one_that_wants_more_counts()
    {
        var settings = s_settings with { Queue = 0 };

        Assert.Equal(6, Looks(6, 40, waiting: 20, settings, most: 20)[^1]);
        Assert.Equal(6, Looks(300, 60, waiting: 0, settings, most: 20)[^1]);
    }

    /// <summary>So many looks at the same load; each time there are as many workers as were decided on.</summary>
    private int[] Looks(int looks, int active, int waiting = 0, ScaleSettings? settings = null, int? most = null) => [.. Enumerable.Range(0, looks).Select(_ =>
        _count = _policy.Decide(settings ?? s_settings, _count, new(active, waiting, most), 1000L * _now++))];
}
