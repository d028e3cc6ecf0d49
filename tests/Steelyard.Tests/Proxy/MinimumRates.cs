using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Simulation;

namespace Steelyard.Tests.Proxy;

/// <summary>The least rate of a body, on simulated time.</summary>
public sealed class MinimumRates
{
    private readonly EventLoop _loop = new(0, new SimulatedDriver(1, SimulatedConditions.Clean));

    [Fact]
    public void Any_rate_will_do_for_the_grace()
    {
        var rate = Begin(100, 5000);

        Wait(rate, 4999);
        Assert.False(rate.IsTooSlow);
        Wait(rate, 1);
        Assert.True(rate.IsTooSlow);
    }

    [Fact]
    public void What_has_come_buys_time_at_the_rate()
    {
        var rate = Begin(100, 5000);

        rate.Moved(1000);
        Wait(rate, 9_999);
        Assert.False(rate.IsTooSlow);
        rate.Moved(1);
        Wait(rate, 10);
        Assert.False(rate.IsTooSlow);
        Wait(rate, 10);
        Assert.True(rate.IsTooSlow);
    }

    [Fact]
    public void Only_the_time_spent_waiting_counts()
    {
        var rate = Begin(100, 5000);

        Pass(60_000);
        Wait(rate, 4_000);
        Pass(60_000);

        Assert.False(rate.IsTooSlow);
        Assert.Equal(1_000, rate.Within(30_000));
        Assert.Equal(500, rate.Within(500));
    }

    [Fact]
    public void A_rate_that_starts_during_a_wait_counts_from_then_on()
    {
        var rate = Begin(0, 5000);
        var since = _loop.Now;

        Pass(20_000);
        rate.Begin(100, 5000);
        Pass(3_000);
        rate.WaitedSince(since);

        Assert.Equal(2_000, rate.Within(30_000));
    }

    [Fact]
    public void No_rate_is_never_too_slow()
    {
        var rate = Begin(0, 0);

        Wait(rate, 1_000_000);

        Assert.False(rate.IsTooSlow);
        Assert.Equal(30_000, rate.Within(30_000));
    }

    [Fact]
    public void Bodies_beyond_any_size_do_not_overflow()
    {
        var rate = Begin(1, 5000);

        rate.Moved(long.MaxValue / 2);
        Wait(rate, 1_000_000);

        Assert.False(rate.IsTooSlow);
    }

    private MinimumRate Begin(long bytesPerSecond, long grace)
    {
        var rate = new MinimumRate(_loop);
        rate.Begin(bytesPerSecond, grace);
        return rate;
    }

    private void Wait(MinimumRate rate, int milliseconds)
    {
        var since = _loop.Now;
        Pass(milliseconds);
        rate.WaitedSince(since);
    }

    private void Pass(int milliseconds) => _loop.Network.Wait(milliseconds);
}
