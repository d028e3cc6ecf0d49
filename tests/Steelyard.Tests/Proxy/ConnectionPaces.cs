using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>How many connections are accepted in a second.</summary>
public sealed class ConnectionPaces
{
    [Fact]
    public void As_many_as_may_come_at_once_and_the_others_as_the_second_behind_them_goes_by()
    {
        var pace = new ConnectionPace();
        Assert.Equal(10, Taken(pace, 10, 50_300));
        Assert.Equal(0, Taken(pace, 10, 50_999));
        Assert.Equal(0, Taken(pace, 10, 51_000));
        Assert.Equal(2, Taken(pace, 10, 51_101));
        Assert.Equal(4, Taken(pace, 10, 51_501));
        Assert.Equal(10, Taken(pace, 10, 53_500));
    }

    [Fact]
    public void What_came_to_nothing_is_not_counted()
    {
        var pace = new ConnectionPace();
        for (var i = 0; i < 100; i++)
        {
            Assert.True(pace.TryTake(1, 1_000));
            pace.GiveBack(1_000);
        }

        Assert.Equal(1, Taken(pace, 1, 1_000));
        pace.GiveBack(9_000);
        Assert.Equal(1, Taken(pace, 1, 9_000));
    }

    [Fact]
    public async Task All_loops_together_take_no_more()
    {
        var pace = new ConnectionPace();
        var taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Taken(pace, 1_000, 5_000), TestContext.Current.CancellationToken)));
        Assert.Equal(1_000, taken.Sum());
    }

    [Fact]
    public void A_loop_whose_clock_is_a_turn_behind_forgets_nothing()
    {
        var pace = new ConnectionPace();
        Assert.Equal(10, Taken(pace, 10, 50_999));
        Assert.Equal(5, Taken(pace, 10, 51_500));
        Assert.Equal(0, Taken(pace, 10, 50_999));
        Assert.Equal(0, Taken(pace, 10, 51_500));
    }

    private static int Taken(ConnectionPace pace, int most, long now)
    {
        var taken = 0;
        while (taken <= most && pace.TryTake(most, now))
            taken++;
        return taken;
    }
}
