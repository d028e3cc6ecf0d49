using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>How much a server may have to do at once, found out by how long its answers take.</summary>
public sealed class AdaptiveLimits
{
    /// <summary>A server that works on so many requests at once; what it is given beyond waits its turn there.</summary>
    private sealed class Played(AdaptiveLimit limit, int hands, double work)
    {
        public double Now { get; private set; } = 1000;

        public int Hands { get; set; } = hands;

        public double Work { get; set; } = work;

        /// <summary>Gives it as much to do as it may have, and no more than so much, for a time.</summary>
        /// <returns>The answers in a second, on average.</returns>
        public double Serve(double milliseconds, int most = int.MaxValue)
        {
            var (end, answers) = (Now + milliseconds, 0);
            while (Now < end)
            {
                var active = Math.Min(limit.Limit, most);
                var latency = Work * Math.Max(1, (double)active / Hands);
                Now += latency / active;
                answers++;
                limit.Answered(latency, active, (long)Now);
            }

            return answers * 1000 / milliseconds;
        }
    }

    private static AdaptiveLimit Limit(Func<AdaptiveLimitSettings, AdaptiveLimitSettings>? change = null) => new(change?.Invoke(new()) ?? new());

    [Theory]
    [InlineData(1, 8, 10)]
    [InlineData(20, 8, 10)]
    [InlineData(500, 8, 10)]
    [InlineData(20, 64, 2)]
    [InlineData(20, 2, 100)]
    [InlineData(20, 200, 30)]
    public void A_server_with_as_much_to_do_as_it_may_gets_what_it_can_do_and_little_more(int start, int hands, double work)
    {
        var limit = Limit(settings => settings with { Start = start, Least = 1 });
        var server = new Played(limit, hands, work);
        server.Serve(300_000);

        // Less than it can do at once only for as long as it is measured; beyond, what is within the tolerance and the root.
        var (sum, least, most) = (0, int.MaxValue, 0);
        for (var i = 0; i < 600; i++)
        {
            server.Serve(100);
            (sum, least, most) = (sum + limit.Limit, Math.Min(least, limit.Limit), Math.Max(most, limit.Limit));
        }

        Assert.InRange(sum / 600.0, hands, (hands * 1.6) + 6);
        Assert.InRange(least, hands / 4, hands * 2);
        Assert.InRange(most, hands, (hands * 1.8) + 8);
        Assert.InRange(server.Serve(60_000), hands * 1000 / work * 0.93, hands * 1000 / work * 1.01);
        Assert.InRange(limit.Status.Unloaded, work * 0.99, work * 1.2);
    }

    [Fact]
    public void A_server_that_becomes_slower_for_good_is_measured_anew_and_not_held_for_overloaded()
    {
        var limit = Limit();
        var server = new Played(limit, hands: 20, work: 10);
        server.Serve(30_000);
        server.Work = 40;
        server.Serve(10_000);
        Assert.InRange(server.Serve(10_000), 20 * 1000 / 40 * 0.9, 20 * 1000 / 40 * 1.01);
        server.Work = 10;
        server.Serve(10_000);
        Assert.InRange(server.Serve(10_000), 20 * 1000 / 10 * 0.9, 20 * 1000 / 10 * 1.01);
    }

    [Fact]
    public void A_server_that_can_do_less_at_once_gets_less()
    {
        var limit = Limit();
        var server = new Played(limit, hands: 40, work: 10);
        server.Serve(60_000);
        Assert.InRange(limit.Limit, 40, 80);
        server.Hands = 5;
        server.Serve(60_000);
        Assert.InRange(limit.Limit, 4, 16);
    }

    [Fact]
    public void Where_little_is_to_be_done_the_limit_stays_and_it_is_seen_what_that_takes()
    {
        var limit = Limit(settings => settings with { Start = 50 });
        new Played(limit, hands: 100, work: 7).Serve(120_000, most: 10);
        Assert.Equal((50, 7, 7), (limit.Limit, Math.Round(limit.Status.Unloaded, 3), Math.Round(limit.Status.Last, 3)));
    }

    [Fact]
    public void Answers_that_do_not_come_in_time_take_a_tenth_for_each_window_and_never_more_than_down_to_the_least()
    {
        var limit = Limit(settings => settings with { Start = 100, Least = 30 });
        limit.Answered(10, 50, 0);
        for (var i = 0; i < 50; i++)
            limit.Dropped(100, 50);
        Assert.Equal(100, limit.Limit);
        Assert.True(limit.Dropped(100, 100));
        Assert.Equal(90, limit.Limit);
        Assert.True(limit.Dropped(90, 200));
        Assert.Equal(81, limit.Limit);
        for (var now = 300; now < 10_000; now += 100)
            limit.Dropped(100, now);
        Assert.Equal(30, limit.Limit);
    }

    [Fact]
    public void It_stays_within_its_bounds()
    {
        var limit = Limit(settings => settings with { Start = 20, Most = 60 });
        new Played(limit, hands: 1000, work: 5).Serve(60_000);
        Assert.Equal(60, limit.Limit);
    }

    [Fact]
    public void To_measure_takes_half_of_the_limit_for_so_few_answers()
    {
        var limit = Limit(settings => settings with { Measure = TimeSpan.FromSeconds(2) });
        var server = new Played(limit, hands: 20, work: 10);
        server.Serve(1900);
        var (before, halved, longest) = (limit.Limit, 0, 0.0);
        while (server.Now < 20_000)
        {
            var begun = server.Now;
            server.Serve(1);
            if (limit.Limit > before * 3 / 4)
                before = limit.Limit;
            else
                (halved, longest) = (halved + 1, Math.Max(longest, server.Now - begun));
        }

        // Eight or nine times, each a few turns of the server long.
        Assert.InRange(halved, 5, 200);
    }

    [Fact]
    public void What_its_pool_learns_is_its_limit_and_who_waits_gets_what_it_may_have_more()
    {
        var settings = new PoolSettings
        {
            Name = "pool",
            AdaptiveLimit = new() { Start = 4, Least = 1 },
            Outlier = null,
            MaxConnections = 6,
            Servers = [new() { Address = NetworkAddress.ForHost("10.0.0.1", 1) }],
        };
        var pool = new Pool(settings, 0);
        pool.TakeOver(0);
        var server = pool.Servers[0];
        Assert.Equal(4, server.Limit);
        for (var i = 0; i < 4; i++)
            Assert.NotNull(pool.Choose(new() { Tried = Pools.None }).Server);
        Assert.Equal(DecisionReason.AllFull, pool.Choose(new() { Tried = Pools.None }).Reason);
        var waits = Enumerable.Range(0, 4).Select(_ => new Waiting()).ToArray();
        foreach (var request in waits)
            pool.Join(request, Pools.Tried(pool), null, 0, again: false, 0);
        for (var now = 0; now < 1000; now += 5)
            pool.Learn(server, ServerFailure.None, 200, now, latency: 5);

        // No more than the configuration says, and those that fail at once are no sign of room.
        Assert.Equal((6, 6, 2), (server.Limit, server.Active, pool.Waiting));
        Assert.True(server.Adaptive!.Limit > 6);
        for (var now = 1000; now < 3000; now += 5)
            pool.Learn(server, ServerFailure.None, now % 10 == 0 ? 500 : 503, now, latency: 0);
        Assert.Equal(1, server.Limit);

        // A reload keeps what was found out, unless it says something else.
        var ordinal = 0;
        var after = new Pool(settings with { MaxConnections = null }, () => ordinal++, pool);
        after.TakeOver(3000);
        Assert.Equal(1, after.Servers[0].Limit);
        for (var now = 3000; now < 6000; now += 5)
            pool.Learn(server, ServerFailure.None, 200, now, latency: 5);
        Assert.True(after.Servers[0].Limit > 6);
        after = new Pool(settings with { AdaptiveLimit = new() { Start = 3 } }, () => ordinal++, after);
        after.TakeOver(3000);
        Assert.Equal(3, after.Servers[0].Limit);
    }

    [Fact]
    public void Loops_report_at_once_and_nothing_is_allocated()
    {
        var limit = Limit();
        var allocated = 0L;
        var threads = Enumerable.Range(0, 3).Select(thread => new Thread(() =>
        {
            var bytes = Steady.AllocatedBy(() =>
            {
                for (var now = 0; now < 50_000; now++)
                {
                    limit.Answered(5 + (now % 3), 20, now);
                    if (now % 1000 == 0)
                        limit.Dropped(20, now);
                }
            });
            Interlocked.Add(ref allocated, bytes);
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(0, allocated);
        Assert.InRange(limit.Limit, 3, 1000);
    }

    private sealed class Waiting : QueuedRequest
    {
        protected internal override void Called()
        {
        }
    }
}
