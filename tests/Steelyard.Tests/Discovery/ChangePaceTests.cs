using Steelyard.Discovery;
using Steelyard.Docker;

namespace Steelyard.Tests.Discovery;

/// <summary>How often a manager is asked while it replaces tasks.</summary>
public sealed class ChangePaceTests
{
    private const long Minute = 60_000;

    private static readonly TimeSpan s_often = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(2);
    private static readonly ServiceSpec s_service = new() { Name = "web" };

    private readonly ChangePace _pace = new(s_most);

    [Fact]
    public void Nothing_that_changes_is_not_its_affair()
    {
        _pace.Saw("t1:running", 0);
        Assert.Null(_pace.Next([], 0));
    }

    [Fact]
    public void What_was_told_may_be_the_beginning_of_a_change()
    {
        _pace.Told(1_000);
        Assert.Equal(s_often, _pace.Next([], 3_999));
        Assert.Null(_pace.Next([], 4_000));
    }

    [Fact]
    public void A_change_that_comes_to_nothing_is_looked_at_ever_more_seldom_but_never_left()
    {
        _pace.Saw("t1:running", 0);
        Assert.Equal(s_often, _pace.Next([s_service], Minute / 2));
        Assert.Equal(TimeSpan.FromMilliseconds(640), _pace.Next([s_service], Minute));
        Assert.Equal(s_most, _pace.Next([s_service], 10 * Minute));
        Assert.Equal(s_most, _pace.Next([s_service], 10_000 * Minute));
    }

    [Fact]
    public void It_is_looked_at_often_again_once_something_comes_of_it()
    {
        _pace.Saw("t1:running", 0);
        _pace.Saw("t1:running t2:starting", 10 * Minute);
        Assert.Equal(s_often, _pace.Next([s_service], 10 * Minute));
        _pace.Saw("t1:running t2:starting", 20 * Minute);
        Assert.Equal(s_most, _pace.Next([s_service], 20 * Minute));
        _pace.Told(20 * Minute);
        Assert.Equal(s_often, _pace.Next([s_service], 20 * Minute));
    }

    [Fact]
    public void The_rests_that_a_service_wants_between_its_tasks_are_no_standstill()
    {
        var patient = s_service with { UpdateConfig = new() { Delay = 600_000_000_000, Monitor = 5_000_000_000 } };
        _pace.Saw("t1:running", 0);
        Assert.Equal(s_often, _pace.Next([s_service, patient], 10 * Minute));
        Assert.Equal(s_most, _pace.Next([s_service, patient], 20 * Minute));
    }
}
