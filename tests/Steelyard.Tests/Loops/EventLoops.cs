using Steelyard.Engine.Loops;

namespace Steelyard.Tests.Loops;

/// <summary>The way into a loop from other threads.</summary>
public sealed class EventLoops
{
    [Fact]
    public async Task What_other_threads_post_runs_on_the_loop_each_once_and_in_their_order()
    {
        const int Threads = 4;
        const int Posts = 5_000;
        var thread = OnLoop.Start(out var loop);
        var (seen, wrong) = (new int[Threads], 0);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var posters = Enumerable.Range(0, Threads).Select(poster => new Thread(() =>
        {
            for (var i = 0; i < Posts; i++)
            {
                var number = i;
                loop.Post(
                    _ =>
                    {
                        if (EventLoop.Current != loop || seen[poster]++ != number)
                            wrong++;
                        if (seen.Sum() == Threads * Posts)
                            all.SetResult();
                    },
                    loop);
            }
        })).ToArray();

        foreach (var poster in posters)
            poster.Start();
        await all.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(0, wrong);
        loop.Stop();
        thread.Join();
    }

    [Fact]
    public async Task A_loop_that_sleeps_without_a_deadline_is_woken_by_each_post()
    {
        var thread = OnLoop.Start(out var loop);
        for (var i = 0; i < 1_000; i++)
        {
            var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Post(static ran => ((TaskCompletionSource)ran).SetResult(), ran);
            await ran.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }

        loop.Stop();
        thread.Join();
    }

    [Fact]
    public void A_span_that_is_not_positive_is_no_deadline() => OnLoop.Run((loop, network) =>
    {
        loop.AdvanceTo(network, 5_000);
        Assert.Equal((TimerEntry.Never, TimerEntry.Never, 5_010), (loop.In(0), loop.In(-1), loop.In(10)));
    });

    [Fact]
    public void The_date_is_written_anew_when_its_second_is_over() => OnLoop.Run((loop, network) =>
    {
        Assert.Equal("Thu, 01 Jan 1970 00:00:00 GMT", At(0));
        Assert.Equal("Thu, 01 Jan 1970 00:00:00 GMT", At(999));
        Assert.Equal("Thu, 01 Jan 1970 00:00:01 GMT", At(1_000));
        Assert.Equal("Fri, 02 Jan 1970 00:00:00 GMT", At(86_400_500));
        Assert.Equal("Fri, 02 Jan 1970 00:00:01 GMT", At(86_401_000));

        string At(long time)
        {
            network.Time = time;
            return System.Text.Encoding.ASCII.GetString(loop.Date.At(time));
        }
    });
}
