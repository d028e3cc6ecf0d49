using Steelyard.Engine.Logging;
using Steelyard.Engine.Network;

namespace Steelyard.Tests.Logging;

/// <summary>Which time lines say.</summary>
public sealed class LogClocks
{
    [Fact]
    public void A_line_is_not_later_than_what_it_tells_of_when_its_loop_is_late()
    {
        using var network = new KernelDriver();
        var before = DateTime.UtcNow;

        // The loop's clock was read when it woke, an hour ago.
        var woken = network.Milliseconds - 3_600_000;

        Assert.InRange(new LogClock(network).At(woken, woken), before.AddHours(-1).AddSeconds(-10), before.AddHours(-1).AddSeconds(10));
    }
}
