using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;

namespace Steelyard.Tests.Loops;

/// <summary>One place to wait: woken by an event, a deadline or somebody who calls it off.</summary>
public sealed class Waiters
{
    [AsyncMethodBuilder(typeof(LoopMethod))]
    private static async ValueTask WaitInto(Waiter waiter, long due, List<Wake> woken) => woken.Add(await waiter.Wait(due));

    // The method goes on as its wait ends; nobody asks for the task.
    private static Task Begin(Waiter waiter, long due, List<Wake> woken) => WaitInto(waiter, due, woken).AsTask();

    [Fact]
    public void Who_waits_is_resumed_before_the_event_is_over() => OnLoop.Run((loop, _) =>
    {
        var (waiter, woken) = (new Waiter(loop), new List<Wake>());
        var task = WaitInto(waiter, TimerEntry.Never, woken);
        Assert.True(waiter.Waiting);

        waiter.Complete(Wake.Ready);

        Assert.Equal([Wake.Ready], woken);
        Assert.True(task.IsCompletedSuccessfully);
        Assert.False(waiter.Waiting);
    });

    [Fact]
    public void A_deadline_ends_a_wait_once() => OnLoop.Run((loop, network) =>
    {
        var (waiter, woken) = (new Waiter(loop), new List<Wake>());
        _ = Begin(waiter, 100, woken);

        loop.AdvanceTo(network, 99);
        Assert.Empty(woken);
        loop.AdvanceTo(network, 104);
        Assert.Equal([Wake.TimedOut], woken);
        waiter.Complete(Wake.Ready);
        loop.AdvanceTo(network, 1_000);
        Assert.Equal([Wake.TimedOut], woken);
    });

    [Fact]
    public void A_wait_that_was_called_off_leaves_no_deadline_to_the_next() => OnLoop.Run((loop, network) =>
    {
        var (waiter, woken) = (new Waiter(loop), new List<Wake>());
        _ = Begin(waiter, 100, woken);
        waiter.Complete(Wake.Aborted);
        _ = Begin(waiter, TimerEntry.Never, woken);
        loop.AdvanceTo(network, 10_000);
        Assert.Equal([Wake.Aborted], woken);
        waiter.Complete(Wake.Ready);

        // A deadline that is nearer than the one the wheel still holds.
        _ = Begin(waiter, 30_000, woken);
        waiter.Complete(Wake.Ready);
        _ = Begin(waiter, 10_050, woken);
        loop.AdvanceTo(network, 10_060);
        Assert.Equal([Wake.Aborted, Wake.Ready, Wake.Ready, Wake.TimedOut], woken);
    });

    [Fact]
    public void An_event_between_wait_and_await_is_not_lost() => OnLoop.Run((loop, _) =>
    {
        var waiter = new Waiter(loop);
        var wait = waiter.Wait(TimerEntry.Never);
        waiter.Complete(Wake.Ready);

        Assert.True(wait.IsCompletedSuccessfully);
        Assert.Equal(Wake.Ready, wait.AsTask().Result);
    });

    [Fact]
    public void To_complete_without_a_wait_does_nothing() => OnLoop.Run((loop, network) =>
    {
        var (waiter, woken) = (new Waiter(loop), new List<Wake>());
        waiter.Complete(Wake.Aborted);
        _ = Begin(waiter, TimerEntry.Never, woken);
        Assert.True(waiter.Waiting);
        loop.AdvanceTo(network, 1_000);
        Assert.Empty(woken);
        waiter.Complete(Wake.Ready);
        Assert.Equal([Wake.Ready], woken);
    });
}
