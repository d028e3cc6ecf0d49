using Steelyard.Apps;
using Steelyard.Apps.Upkeep;
using Steelyard.Config;

namespace Steelyard.Tests.Apps;

/// <summary>What is done on schedule and for memory, in simulated time.</summary>
public sealed class AppUpkeepTests
{
    private static readonly DateTime s_evening = new(2026, 11, 28, 18, 29, 50);

    private readonly List<string> _done = [];
    private readonly AppUpkeep _upkeep;
    private AppSettings _app = new() { Command = ["node", "app.js"], Schedule = "30 18 * * *" };
    private DateTime _now = s_evening;
    private bool _fails;

    public AppUpkeepTests() => _upkeep = new(
        "web",
        () => _app,
        "/",
        _ =>
        {
            _done.Add($"{_now:HH:mm:ss}");
            return _fails ? throw new AppStartException("no") : Task.CompletedTask;
        },
        (most, _) =>
        {
            _done.Add($"{_now:HH:mm:ss} {most}");
            return Task.CompletedTask;
        });

    [Fact]
    public async Task Workers_are_replaced_once_at_each_time_of_the_schedule()
    {
        await LookAsync(TimeSpan.FromSeconds(1), 100_000);

        Assert.Equal(["18:30:00", "18:30:00"], _done);
    }

    // As on a machine that slept, or while a replacement before took its time.
    [Fact]
    public async Task A_time_that_is_seen_late_counts_once()
    {
        await LookAsync(TimeSpan.FromSeconds(1), 1);
        _now = s_evening.AddHours(3);
        await LookAsync(TimeSpan.FromSeconds(1), 10);

        Assert.Equal(["21:29:50"], _done);
    }

    [Fact]
    public async Task A_failure_is_not_repeated_before_the_next_time()
    {
        _fails = true;
        await LookAsync(TimeSpan.FromSeconds(1), 10);
        await Assert.ThrowsAsync<AppStartException>(() => LookAsync(TimeSpan.FromSeconds(1), 1));
        await LookAsync(TimeSpan.FromSeconds(1), 1000);

        Assert.Equal(["18:30:00"], _done);
    }

    [Fact]
    public async Task Another_schedule_counts_from_when_it_is_there()
    {
        await LookAsync(TimeSpan.FromSeconds(1), 1);
        _app = _app with { Schedule = "*/10 * * * *" };
        await LookAsync(TimeSpan.FromSeconds(1), 1200);
        _app = _app with { Schedule = null };
        await LookAsync(TimeSpan.FromSeconds(1), 1200);

        Assert.Equal(["18:30:00", "18:40:00"], _done);
    }

    [Fact]
    public async Task Memory_is_looked_at_every_five_seconds()
    {
        _app = _app with { Schedule = null, MostMemory = ByteSize.FromKibibytes(1024) };
        await LookAsync(TimeSpan.FromSeconds(1), 11);

        Assert.Equal(["18:29:50 1MiB", "18:29:55 1MiB", "18:30:00 1MiB"], _done);
    }

    private async Task LookAsync(TimeSpan every, int times)
    {
        for (var i = 0; i < times; i++, _now += every)
            await _upkeep.LookAsync(_now, CancellationToken.None);
    }
}
