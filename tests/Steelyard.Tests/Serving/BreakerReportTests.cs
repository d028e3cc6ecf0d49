using Steelyard.Balancing;
using Steelyard.Engine;
using Steelyard.Serving;

namespace Steelyard.Tests.Serving;

public sealed class BreakerReportTests
{
    [Fact]
    public void A_line_says_that_a_breaker_opens_tries_and_closes_and_none_that_nothing_happens()
    {
        var (reports, breaker) = (new BreakerReports(), new Breaker(new() { Volume = 1 }));
        Assert.Empty(Look(0));
        breaker.Enter(1);
        breaker.Failed(1);
        Assert.EndsWith("the breaker of web has opened: too many calls failed (1 since the last look)", Assert.Single(Look(2)), StringComparison.Ordinal);
        Assert.Empty(Look(3));
        Assert.EndsWith("lets one call through, which decides", Assert.Single(Look(30_001)), StringComparison.Ordinal);
        breaker.Enter(30_002);
        breaker.Succeeded(30_003);
        Assert.EndsWith("has closed again; it has refused 0 calls so far", Assert.Single(Look(30_004)), StringComparison.Ordinal);

        string[] Look(long now) => [.. reports.Look([new BreakerStatus("web", null, breaker.StateAt(now), breaker.Hold, breaker.Counts)], DateTimeOffset.UnixEpoch)];
    }
}
