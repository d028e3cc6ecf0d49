using Steelyard.Balancing;

namespace Steelyard.Tests.Balancing;

/// <summary>How many retries a pool has, second by second.</summary>
public sealed class RetryBudgets
{
    [Fact]
    public void A_share_of_the_requests_may_be_sent_again()
    {
        var budget = new RetryBudget(percent: 20, leastPerSecond: 0);
        Requests(budget, 100, at: 5_000);

        Assert.Equal(20, Taken(budget, at: 5_000));
    }

    [Fact]
    public void A_little_traffic_has_a_few_whatever_the_share()
    {
        var budget = new RetryBudget(percent: 20, leastPerSecond: 3);
        Requests(budget, 1, at: 5_000);

        Assert.Equal(30, Taken(budget, at: 5_000));
        Assert.Equal(0, Taken(budget, at: 14_999));
        Assert.Equal(30, Taken(budget, at: 15_000));
    }

    [Fact]
    public void Only_the_last_ten_seconds_count()
    {
        var budget = new RetryBudget(percent: 50, leastPerSecond: 0);
        Requests(budget, 100, at: 1_000);
        Requests(budget, 10, at: 9_000);

        Assert.Equal(55, Taken(budget, at: 10_999));
        Assert.Equal(0, Taken(budget, at: 11_000));

        // Once what was taken has passed out of sight, and the requests have not, there is some again.
        Requests(budget, 40, at: 20_000);
        Assert.Equal(20, Taken(budget, at: 21_000));
        Assert.Equal(0, Taken(budget, at: 500_000));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(100, 0, 1000)]
    public void The_ends_of_the_range_mean_none_and_one_each(int percent, int leastPerSecond, int expected)
    {
        var budget = new RetryBudget(percent, leastPerSecond);
        Requests(budget, 1000, at: 123_456_789);

        Assert.Equal(expected, Taken(budget, at: 123_456_789));
    }

    [Fact]
    public void A_steady_failure_of_everything_adds_no_more_than_the_share()
    {
        var (budget, retries) = (new RetryBudget(percent: 20, leastPerSecond: 0), 0);
        for (var now = 0; now < 100_000; now += 10)
        {
            budget.Request(now);
            retries += budget.TryTake(now) ? 1 : 0;
        }

        Assert.InRange(retries, 1_900, 2_000);
    }

    [Fact]
    public void Threads_that_share_it_lose_no_request_and_take_hardly_too_much()
    {
        var (budget, taken) = (new RetryBudget(percent: 20, leastPerSecond: 0), 0);
        const int threads = 4, requests = 10_000;
        Requests(budget, 1, at: 5_000);

        var all = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < requests; i++)
            {
                budget.Request(5_000);
                if (budget.TryTake(5_000))
                    Interlocked.Increment(ref taken);
            }
        })).ToList();
        all.ForEach(thread => thread.Start());
        all.ForEach(thread => thread.Join());

        // Each thread may be one ahead of what the others have counted.
        Assert.InRange(taken + Taken(budget, at: 5_000), threads * requests / 5, (threads * requests / 5) + threads);
    }

    [Fact]
    public void It_allocates_nothing()
    {
        var budget = new RetryBudget(percent: 20, leastPerSecond: 1);

        Steady.RequireNone(() =>
        {
            for (var now = 0; now < 50_000; now += 100)
            {
                budget.Request(now);
                budget.TryTake(now);
            }
        });
    }

    private static void Requests(RetryBudget budget, int count, long at)
    {
        for (var i = 0; i < count; i++)
            budget.Request(at);
    }

    private static int Taken(RetryBudget budget, long at)
    {
        var taken = 0;
        while (budget.TryTake(at))
            taken++;
        return taken;
    }
}
