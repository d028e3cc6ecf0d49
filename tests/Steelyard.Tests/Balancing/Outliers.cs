using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>When the requests of a server speak against it, on a clock of the test's own.</summary>
public sealed class Outliers
{
    private static readonly OutlierSettings s_usual = new() { Ejection = TimeSpan.FromSeconds(10), MostEjection = TimeSpan.FromMinutes(5) };
    private long _now = 1_000_000;

    [Fact]
    public void Five_in_a_row_are_too_many()
    {
        var state = new OutlierState(s_usual);
        for (var round = 0; round < 10; round++)
        {
            for (var i = 0; i < 4; i++)
                Assert.False(state.Failed(_now));
            Assert.False(state.Succeeded(_now));
        }

        for (var i = 0; i < 4; i++)
            Assert.False(state.Failed(_now));
        Assert.True(state.Failed(_now));
    }

    [Fact]
    public void Who_is_left_out_is_tried_by_one_request_when_its_time_is_over()
    {
        var state = Ejected(s_usual);
        Assert.False(state.TryAgain(_now + 9_999));
        _now += 10_000;
        Assert.True(state.TryAgain(_now));
        Assert.False(state.TryAgain(_now));

        Assert.True(state.Admits(_now));
        Assert.False(state.Admits(_now + 9_999));
        Assert.True(state.Admits(_now + 10_000)); // The first has not been heard of.
        Assert.False(state.Admits(_now + 10_001));

        Assert.True(state.Succeeded(_now));
        Assert.False(state.Trying);
        Assert.True(state.Admits(_now));
        Assert.True(state.Admits(_now));
    }

    [Fact]
    public void Each_time_in_a_row_is_longer_up_to_the_longest()
    {
        var state = Ejected(s_usual with { MostEjection = TimeSpan.FromSeconds(35) });
        List<long> spans = [state.Until - _now];
        for (var i = 0; i < 4; i++)
        {
            _now = state.Until;
            Assert.True(state.TryAgain(_now));
            Assert.True(state.Failed(_now)); // One is enough on trial.
            Assert.True(state.Eject(_now));
            spans.Add(state.Until - _now);
        }

        Assert.Equal([10_000, 20_000, 30_000, 35_000, 35_000], spans);
    }

    [Theory]
    [InlineData(19_999, 30_000)]
    [InlineData(20_000, 10_000)] // Well for as long as it was out the last time.
    public void A_server_that_was_well_for_long_enough_begins_anew(long wellFor, long nextSpan)
    {
        var state = Ejected(s_usual);
        _now = state.Until;
        state.TryAgain(_now);
        state.Eject(_now);
        _now = state.Until;
        state.TryAgain(_now);
        Assert.True(state.Succeeded(_now));
        _now += wellFor;
        FailUntilTooMany(state);
        Assert.True(state.Eject(_now));
        Assert.Equal(nextSpan, state.Until - _now);
    }

    [Fact]
    public void Only_one_of_several_loops_leaves_it_out()
    {
        var state = new OutlierState(s_usual);
        Assert.True(state.Eject(_now));
        Assert.False(state.Eject(_now));
    }

    [Fact]
    public void A_share_counts_once_there_is_enough_to_judge_by()
    {
        var state = new OutlierState(s_usual with { Consecutive = null, Ratio = 50, Volume = 10, Window = TimeSpan.FromSeconds(10) });
        for (var i = 0; i < 9; i++)
            Assert.False(state.Failed(_now));
        Assert.True(state.Failed(_now));

        // Five of ten within the window, then five of fifteen.
        var mixed = new OutlierState(state.Settings);
        for (var i = 0; i < 10; i++)
            mixed.Succeeded(_now);
        for (var i = 0; i < 4; i++)
            Assert.False(mixed.Failed(_now));
        Assert.False(mixed.Failed(_now));

        // The ten that went well are forgotten after the window.
        _now += 9_500;
        for (var i = 0; i < 4; i++)
            Assert.False(mixed.Failed(_now));
        _now += 1_000;
        for (var i = 0; i < 5; i++)
            Assert.False(mixed.Failed(_now));
        Assert.True(mixed.Failed(_now));
    }

    [Theory]
    [InlineData(ServerFailure.Refused, 0, OutlierConditions.ConnectFailure)]
    [InlineData(ServerFailure.ConnectTimeout, 0, OutlierConditions.ConnectFailure)]
    [InlineData(ServerFailure.CertificateExpired, 0, OutlierConditions.ConnectFailure)]
    [InlineData(ServerFailure.ClosedEarly, 0, OutlierConditions.Reset)]
    [InlineData(ServerFailure.BrokeOff, 200, OutlierConditions.Reset)]
    [InlineData(ServerFailure.AnswerTimeout, 0, OutlierConditions.Timeout)]
    [InlineData(ServerFailure.BreakerTimeout, 0, OutlierConditions.Timeout)]
    [InlineData(ServerFailure.Stalled, 200, OutlierConditions.Timeout)]
    [InlineData(ServerFailure.BadAnswer, 0, OutlierConditions.BadAnswer)]
    [InlineData(ServerFailure.None, 200, OutlierConditions.None)]
    [InlineData(ServerFailure.None, 404, OutlierConditions.None)]
    [InlineData(ServerFailure.None, 429, OutlierConditions.Status429)]
    [InlineData(ServerFailure.None, 500, OutlierConditions.Status500 | OutlierConditions.Status5xx)]
    [InlineData(ServerFailure.RetriedStatus, 503, OutlierConditions.Status503 | OutlierConditions.Status5xx)]
    [InlineData(ServerFailure.None, 599, OutlierConditions.Status5xx)]
    [InlineData(ServerFailure.None, 600, OutlierConditions.None)]
    public void What_went_wrong_counts_as(ServerFailure failure, int status, OutlierConditions expected) =>
        Assert.Equal(expected, FailureKinds.Of(failure, status));

    private OutlierState Ejected(OutlierSettings settings)
    {
        var state = new OutlierState(settings);
        FailUntilTooMany(state);
        Assert.True(state.Eject(_now));
        return state;
    }

    private void FailUntilTooMany(OutlierState state)
    {
        for (var i = 0; i < state.Settings.Consecutive - 1; i++)
            Assert.False(state.Failed(_now));
        Assert.True(state.Failed(_now));
    }

    private static OutlierState ByNginx(int most) => new(new() { MaxFails = most, FailTimeout = TimeSpan.FromSeconds(10) });

    [Fact]
    public void By_nginxs_rule_a_server_is_tried_once_after_fail_timeout_in_whole_seconds()
    {
        var state = ByNginx(2);
        Assert.Equal((false, true), (state.Failed(1_900), state.Failed(2_100)));
        Assert.True(state.Eject(2_100));
        Assert.False(state.TryAgain(12_999));
        Assert.True(state.TryAgain(13_000));
        Assert.Equal((true, false, false), (state.Admits(13_000), state.Admits(13_001), state.Admits(23_999)));

        // It fails, and is out for as long as the first time.
        Assert.True(state.Failed(13_500));
        Assert.True(state.Eject(13_500));
        Assert.Equal((false, true), (state.TryAgain(23_999), state.TryAgain(24_000)));
        Assert.True(state.Admits(24_000));
        Assert.True(state.Succeeded(24_100));
        Assert.False(state.Failed(24_200));
    }

    [Fact]
    public void By_nginxs_rule_the_window_does_not_slide()
    {
        // Failures 8 s apart, with fail_timeout 10 s, add up; nothing good between them within that time changes it.
        var state = ByNginx(3);
        Assert.False(state.Failed(1_000));
        Assert.False(state.Succeeded(2_000));
        Assert.False(state.Failed(9_000));
        Assert.False(state.Succeeded(10_000));
        Assert.True(state.Failed(17_000));

        // What goes well after fail_timeout makes it forget.
        state = ByNginx(2);
        Assert.False(state.Failed(1_000));
        Assert.False(state.Succeeded(12_000));
        Assert.False(state.Failed(12_500));

        // What goes wrong first counts on.
        state = ByNginx(2);
        Assert.False(state.Failed(1_000));
        Assert.True(state.Failed(60_000));
    }
}
