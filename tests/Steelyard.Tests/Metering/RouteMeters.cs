using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Metering;

namespace Steelyard.Tests.Metering;

/// <summary>What is counted of requests.</summary>
public sealed class RouteMeters
{
    private static readonly Buckets Bounds = new([100, 500]);

    private static long[] CountsOf(RouteMeter.Series series)
    {
        var sum = default(Distribution);
        series.Times.AddTo(ref sum);
        return sum.Counts!;
    }

    [Fact]
    public void A_time_is_in_the_first_bucket_it_does_not_exceed()
    {
        var meter = new RouteMeter(Bounds);

        foreach (var milliseconds in (long[])[0, 100, 101, 500, 501, 100_000])
            meter.Count(KnownMethod.Get, 200, milliseconds);

        Assert.Equal([2, 2, 2], CountsOf(Assert.Single(meter.All.ToArray())!));
    }

    [Fact]
    public void Fine_times_of_pools_fall_into_the_buckets_of_the_configuration()
    {
        var (coarse, fine) = (new Buckets([4, 500, 90_000]), new Buckets([4, 500, 90_000]).With(PoolMeter.FineBounds));
        var (meter, plain) = (new Histogram(fine), new Histogram(coarse));
        for (var time = 0L; time < 200_000; time = (time * 5 / 4) + 1)
        {
            meter.Add(time);
            plain.Add(time);
        }

        var (finely, plainly) = (default(Distribution), default(Distribution));
        meter.AddTo(ref finely);
        plain.AddTo(ref plainly);

        Assert.Equal(plainly.Counts, new Measures(coarse.Bounds, fine.Bounds).Coarse(finely).Counts);
        Assert.Equal(plainly.Milliseconds, finely.Milliseconds);
    }

    [Fact]
    public void A_server_that_invents_statuses_makes_no_more_than_so_many_series()
    {
        var meter = new RouteMeter(Bounds);

        for (var method = KnownMethod.Other; method <= KnownMethod.Connect; method++)
        {
            for (var status = 0; status < 1000; status++)
                meter.Count(method, status, 1);
        }

        Assert.InRange(meter.All.Length, 64, 64 + (6 * 9));
        Assert.Equal(9000, meter.All.ToArray().Sum(series => CountsOf(series!).Sum()));
        Assert.Contains(meter.All.ToArray(), series => series!.Status == RouteMeter.FirstClass + 2);
    }

    [Fact]
    public void Counting_allocates_nothing_once_a_series_is_there()
    {
        var meter = new RouteMeter(Bounds);
        void Count()
        {
            meter.Count(KnownMethod.Get, 200, 7);
            meter.Count(KnownMethod.Post, 201, 700);
        }

        Steady.RequireNone(Count);
    }

    [Theory]
    [InlineData(null, null, null, "*")]
    [InlineData(null, null, "/v1/*", "/v1/*")]
    [InlineData(null, "a.example", null, "a.example/*")]
    [InlineData(null, "a.example", "/login", "a.example/login")]
    [InlineData("login", "a.example", "/login", "login")]
    public void A_route_without_a_name_is_called_by_what_it_matches(string? name, string? host, string? path, string expected) =>
        Assert.Equal(expected, RouteNames.Of(new RouteSettings { Name = name, Host = host, Path = path }));
}
