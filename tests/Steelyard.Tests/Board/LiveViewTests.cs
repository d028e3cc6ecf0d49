using Steelyard.Board;
using Steelyard.Engine.Metering;

namespace Steelyard.Tests.Board;

/// <summary>What of many pools and servers is shown.</summary>
public sealed class LiveViewTests
{
    [Theory]
    [InlineData(240, 3, 3, 3)]
    [InlineData(240, 200)]
    [InlineData(240, 10_000)]
    [InlineData(117, 3, 3, 10_000, 10_000)]
    [InlineData(10, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000)]
    public void Small_pools_are_shown_whole_and_large_ones_share_the_rest(int expected, params int[] counts) =>
        Assert.Equal(expected, LiveView.ShareOf(counts));

    [Fact]
    public void Times_are_told_as_Prometheus_tells_them()
    {
        long[] bounds = [10, 20, 50];
        Distribution Of(params long[] counts) => new() { Counts = counts, Milliseconds = 90 };

        Assert.Equal(5, Quantiles.Of(Of(4, 0, 0, 0), bounds, 0.5));
        Assert.Equal(15, Quantiles.Of(Of(1, 2, 1, 0), bounds, 0.5));
        Assert.Equal(50, Quantiles.Of(Of(0, 0, 0, 3), bounds, 0.5));
        Assert.Null(Quantiles.Of(Of(0, 0, 0, 0), bounds, 0.5));
        Assert.Null(Quantiles.Of(default, bounds, 0.5));
        Assert.Equal(30, Quantiles.Mean(Of(1, 2, 0, 0)));
    }
}
