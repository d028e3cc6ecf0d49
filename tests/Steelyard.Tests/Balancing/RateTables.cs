using CsCheck;
using Steelyard.Balancing;

namespace Steelyard.Tests.Balancing;

/// <summary>How many requests of a key are let through, and when.</summary>
public sealed class RateTables
{
    private const long Now = 1_000_000;
    private const long Second = 1_000_000_000;

    [Fact]
    public void So_many_as_the_burst_and_one_pass_at_once_and_then_as_the_rate_says()
    {
        var (table, rule) = (new RateTable(64), new RateRule(Second / 10, Burst: 4, Delay: 4));
        Assert.Equal(5, Enumerable.Range(0, 20).Count(_ => table.Take(1, rule, Now).Passes));
        Assert.Equal(new RateVerdict(false, 100), table.Take(1, rule, Now));
        Assert.Equal(new RateVerdict(false, 1), table.Take(1, rule, Now + 99));
        Assert.Equal(new RateVerdict(true, 0), table.Take(1, rule, Now + 100));
        Assert.False(table.Take(1, rule, Now + 100).Passes);
        Assert.Equal(5, Enumerable.Range(0, 20).Count(_ => table.Take(2, rule, Now + 100).Passes));
    }

    [Fact]
    public void What_is_asked_without_counting_stays_as_it_was()
    {
        var (table, rule) = (new RateTable(64), new RateRule(Second / 10, Burst: 0, Delay: 0));
        Assert.True(table.Peek(1, rule, Now).Passes);
        Assert.True(table.Take(1, rule, Now).Passes);
        Assert.Equal(new RateVerdict(false, 100), table.Peek(1, rule, Now));
        Assert.True(table.Peek(1, rule, Now + 100).Passes);
    }

    [Fact]
    public void Those_beyond_the_delay_wait_until_the_rate_has_room()
    {
        var (table, rule) = (new RateTable(64), new RateRule(Second / 10, Burst: 4, Delay: 2));
        Assert.Equal([0L, 0, 0, 100, 200], Enumerable.Range(0, 5).Select(_ => table.Take(1, rule, Now).Milliseconds));
        Assert.False(table.Take(1, rule, Now).Passes);
    }

    /// <summary>nginx counts in thousandths of a request and whole milliseconds: at rates that both can write they agree exactly.</summary>
    [Fact]
    public void It_decides_as_the_formulas_of_nginx() => Gen.Select(Gen.Int[0, 5].Select(i => new[] { 1, 2, 5, 10, 20, 100 }[i]), Gen.Int[0, 6], Gen.Int[0, 6], Gen.Int[0, 400].Array[1, 60]).Sample((rate, burst, delay, pauses) =>
    {
        var (table, rule) = (new RateTable(64), new RateRule(Second / rate, burst, Math.Min(delay, burst)));
        var (now, last, excess, known) = (Now, 0L, 0L, false);
        foreach (var pause in pauses)
        {
            now += pause;
            var next = known ? Math.Max(0, excess - (rate * (now - last)) + 1000) : 0;
            var passes = next <= burst * 1000;
            var wait = passes ? Math.Max(0, (next - (rule.Delay * 1000)) / rate) : 0;
            var verdict = table.Take(7, rule, now);
            Assert.Equal(passes, verdict.Passes);
            if (passes)
            {
                Assert.Equal(wait, verdict.Milliseconds);
                (excess, last, known) = (next, now, true);
            }
        }
    });

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Many_threads_get_no_more_together_than_one(int threads)
    {
        var (table, rule, passed) = (new RateTable(64), new RateRule(Second / 100, Burst: 1000, Delay: 1000), 0);
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (table.Take(5, rule, Now + (i / 200)).Passes)
                    Interlocked.Increment(ref passed);
            }
        })).ToArray();
        foreach (var worker in workers)
            worker.Start();
        foreach (var worker in workers)
            worker.Join();

        // 1,001 at once, and one in each of the ten hundredths that pass; threads see the time a little out of order.
        Assert.InRange(passed, 1001, 1011);
    }

    [Fact]
    public void Memory_is_bounded_and_who_has_most_to_regain_is_remembered()
    {
        var (table, rule) = (new RateTable(64), new RateRule(Second, Burst: 9, Delay: 9));
        for (var i = 0; i < 10; i++)
            table.Take(0, rule, Now);
        for (var key = 1UL; key < 10_000; key++)
            table.Take(key << 20, rule, Now);
        Assert.False(table.Take(0, rule, Now).Passes);
        Assert.True(table.Forgotten > 9000);
    }

    [Fact]
    public void Who_has_all_requests_again_soon_can_be_left_out()
    {
        var (table, rule) = (new RateTable(64), new RateRule(Second, Burst: 9, Delay: 9));
        table.Take(1, rule, Now);
        for (var i = 0; i < 3; i++)
            table.Take(2, rule, Now);
        Assert.Equal([(2UL, 3 * Second)], table.Entries(Now, least: 2 * Second));
        Assert.Equal(2, table.Entries(Now).Count);

        var (of, all) = (table.Version(Now, 2 * Second), table.Version(Now));
        table.Take(1, rule, Now);
        Assert.Equal(of, table.Version(Now, 2 * Second));
        Assert.NotEqual(all, table.Version(Now));
        table.Take(1, rule, Now);
        Assert.NotEqual(of, table.Version(Now, 2 * Second));
    }

    [Theory]
    [InlineData(1_000_000_000, 9, 10_000_000_000)]
    [InlineData(86_400_000_000_000, int.MaxValue, long.MaxValue)]
    public void The_longest_of_the_rules_of_a_table_is_known(long interval, int burst, long longest)
    {
        var table = new RateTable(64);
        table.Expect(new(interval, burst, burst));
        table.Expect(new(1, 0, 0));
        Assert.Equal(longest, table.Longest);
    }

    [Fact]
    public void Who_has_all_requests_again_gives_his_place_without_loss()
    {
        var (table, rule) = (new RateTable(64), new RateRule(Second, Burst: 0, Delay: 0));
        for (var key = 1UL; key < 1000; key++)
            Assert.True(table.Take(key << 20, rule, Now + ((long)key * 1000)).Passes);
        Assert.Equal(0, table.Forgotten);
    }
}
