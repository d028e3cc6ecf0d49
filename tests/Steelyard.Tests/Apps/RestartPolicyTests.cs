using Steelyard.Apps.Restarts;
using Steelyard.Config;

namespace Steelyard.Tests.Apps;

/// <summary>Crash loops in simulated time.</summary>
public sealed class RestartPolicyTests
{
    private static readonly RestartSettings s_defaults = new();

    [Fact]
    public void Pauses_double_up_to_the_longest_and_begin_anew_after_a_stable_life()
    {
        var policy = new RestartPolicy();
        var settings = s_defaults with { Most = null };
        var pauses = Enumerable.Range(0, 10).Select(i => policy.Ended(settings, 1, default, i * 20_000, chance: 0.5).Pause.TotalMilliseconds).ToArray();

        Assert.Equal([100, 200, 400, 800, 1600, 3200, 6400, 12800, 15000, 15000], pauses);
        Assert.Equal(100, policy.Ended(settings, 1, settings.Stable, 1_000_000, 0.5).Pause.TotalMilliseconds);
    }

    [Fact]
    public void Pauses_differ_by_a_tenth_so_that_not_all_come_at_once()
    {
        Assert.Equal(90, new RestartPolicy().Ended(s_defaults, 1, default, 0, chance: 0).Pause.TotalMilliseconds, 3);
        Assert.Equal(110, new RestartPolicy().Ended(s_defaults, 1, default, 0, chance: 1).Pause.TotalMilliseconds, 3);
    }

    // How long each life is; what it is after some seconds of good service; and by when the loop has to be caught.
    [Theory]
    [InlineData(0, 0, 200)]
    [InlineData(1.1, 0, 200)]
    [InlineData(18, 0, 600)]
    [InlineData(35, 0, 600)]
    [InlineData(1.1, 18, 250)]
    [InlineData(0, 3600, 3800)]
    public void Every_crash_loop_is_caught(double life, double goodBefore, double within)
    {
        var policy = new RestartPolicy();
        var lived = TimeSpan.FromSeconds(goodBefore > 0 ? goodBefore : life);
        var now = lived;
        var ends = 1;
        for (var decision = policy.Ended(s_defaults, 1, lived, (long)now.TotalMilliseconds, 0.5); decision.Action != RestartAction.GiveUp; ends++)
        {
            Assert.Equal(RestartAction.Again, decision.Action);
            lived = TimeSpan.FromSeconds(life);
            now += decision.Pause + lived;
            Assert.True(now < TimeSpan.FromSeconds(within), $"not caught after {ends} ends in {now}");
            decision = policy.Ended(s_defaults, 1, lived, (long)now.TotalMilliseconds, 0.5);
        }

        Assert.Equal(16, ends);
    }

    [Fact]
    public void A_worker_that_ends_now_and_then_is_always_started_again()
    {
        var policy = new RestartPolicy();
        for (var hour = 1; hour < 1000; hour++)
        {
            var decision = policy.Ended(s_defaults, 1, TimeSpan.FromHours(1), hour * 3_600_000L, 0.5);
            Assert.Equal(new(RestartAction.Again, s_defaults.Delay), decision);
        }
    }

    // As after so many requests, which under load are soon done.
    [Fact]
    public void Ends_after_a_life_of_the_least_length_do_not_count_but_a_loop_among_them_does()
    {
        var (policy, settings, now) = (new RestartPolicy(), s_defaults with { MinUptime = TimeSpan.FromSeconds(20) }, 0L);
        for (var i = 0; i < 100; i++)
            Assert.Equal(RestartAction.Again, policy.Ended(settings, 0, TimeSpan.FromSeconds(25), now += 25_000, 0.5).Action);
        for (var i = 1; i < settings.Most; i++)
            Assert.Equal(RestartAction.Again, policy.Ended(settings, 1, TimeSpan.FromSeconds(1.1), now += 5_000, 0.5).Action);

        Assert.Equal(RestartAction.GiveUp, policy.Ended(settings, 1, default, now + 5_000, 0.5).Action);
    }

    [Theory]
    [InlineData(RestartOn.Always, 0, RestartAction.Again)]
    [InlineData(RestartOn.Always, 3, RestartAction.Leave)]
    [InlineData(RestartOn.Failure, 0, RestartAction.Leave)]
    [InlineData(RestartOn.Failure, 1, RestartAction.Again)]
    [InlineData(RestartOn.Failure, null, RestartAction.Again)]
    [InlineData(RestartOn.Never, 1, RestartAction.Leave)]
    public void Some_ends_are_meant(RestartOn on, int? code, object expected)
    {
        var settings = s_defaults with { On = on, LeaveOn = [3] };

        Assert.Equal(expected, new RestartPolicy().Ended(settings, code, default, 0, 0.5).Action);
    }

    [Fact]
    public void What_was_is_forgotten_when_an_operator_steps_in()
    {
        var policy = new RestartPolicy();
        var settings = s_defaults with { Most = 2 };
        policy.Ended(settings, 1, default, 0, 0.5);
        Assert.Equal(RestartAction.GiveUp, policy.Ended(settings, 1, default, 1, 0.5).Action);

        policy.Reset();

        Assert.Equal(new(RestartAction.Again, settings.Delay), policy.Ended(settings, 1, default, 2, 0.5));
    }
}
