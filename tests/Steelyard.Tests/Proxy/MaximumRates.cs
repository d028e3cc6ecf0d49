using System.Text;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Simulation;

namespace Steelyard.Tests.Proxy;

/// <summary>The greatest rate of an answer.</summary>
public sealed class MaximumRates
{
    private readonly EventLoop _loop = new(0, new SimulatedDriver(1, SimulatedConditions.Clean));

    private MaximumRate Begin(long rate, long free = 0, long ago = 0)
    {
        var maximum = new MaximumRate(_loop);
        maximum.Begin(rate, free, _loop.Now - ago);
        return maximum;
    }

    [Fact]
    public void The_bytes_of_one_second_pass_at_once_and_then_what_a_tenth_of_one_lets_pass()
    {
        var rate = Begin(1000);

        Assert.Equal(1000, rate.Allow(5000, out _));
        rate.Sent(1000);
        Assert.Equal(0, rate.Allow(5000, out var wait));
        Assert.Equal(100, wait);
        Assert.Equal(0, rate.Allow(7, out wait));
        Assert.Equal(7, wait);
    }

    [Fact]
    public void What_was_left_out_while_a_server_thought_may_be_made_up_for()
    {
        var rate = Begin(1000, ago: 2000);

        Assert.Equal(3000, rate.Allow(5000, out _));
    }

    [Fact]
    public void The_first_bytes_may_pass_at_any_rate()
    {
        var rate = Begin(10, free: 4000);

        Assert.Equal(4010, rate.Allow(5000, out _));
        rate.Sent(4010);
        Assert.Equal(0, rate.Allow(5000, out var wait));
        Assert.Equal(100, wait);
    }

    [Fact]
    public void Nothing_is_limited_by_no_rate()
    {
        var rate = Begin(0);

        Assert.False(rate.IsOn);
        rate.Begin(1, 0, 0);
        Assert.True(rate.IsOn);
        rate.End();
        Assert.False(rate.IsOn);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("100", 100)]
    [InlineData(" 4k ", 4096)]
    [InlineData("2M", 2 << 20)]
    [InlineData("1g", 1 << 30)]
    [InlineData("", -1)]
    [InlineData("k", -1)]
    [InlineData("-1", -1)]
    [InlineData("1.5k", -1)]
    [InlineData("9223372036854775807g", -1)]
    public void A_rate_is_read_as_nginx_reads_sizes(string text, long bytes) => Assert.Equal(bytes, Bandwidth.Parse(Encoding.ASCII.GetBytes(text)));
}
